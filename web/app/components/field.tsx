/** One line of a form, or some: its label, its text, and what is wrong with it. */
import { useId } from "preact/hooks";

/** What it takes. */
export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** What would be right, where the text is not. */
  readonly problem?: string | undefined;
  readonly hint?: string | undefined;
  readonly placeholder?: string | undefined;
  readonly inputMode?: "numeric" | "decimal" | "text" | undefined;
  readonly disabled?: boolean | undefined;
  readonly list?: string | undefined;
  readonly class?: string | undefined;
  /** So many lines of text. @default one */
  readonly rows?: number | undefined;
}

/** The line. */
export function Field(props: FieldProps) {
  const { label, value, onInput, problem, hint, placeholder, inputMode, disabled, list, rows } = props;
  const id = useId();
  const told = problem ?? hint;
  const shared = {
    ...{ id, value, placeholder, disabled, spellcheck: false },
    "aria-invalid": problem === undefined ? undefined : true,
    "aria-describedby": told === undefined ? undefined : `${id}-told`,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => onInput(currentTarget.value),
  };
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label for={id} class="user">
        {label}
      </label>
      {rows === undefined ? (
        <input {...shared} type="text" autocomplete="off" list={list} inputMode={inputMode} />
      ) : (
        <textarea {...shared} rows={rows} />
      )}
      {told !== undefined && (
        <span id={`${id}-told`} class={problem === undefined ? "hint user" : "hint warn user"}>
          {told}
        </span>
      )}
    </div>
  );
}
