/** One line of a form: its label, its text, and what is wrong with it. */
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
}

/** The line. */
export function Field(props: FieldProps) {
  const { label, value, onInput, problem, hint, placeholder, inputMode, disabled, list, class: className = "" } = props;
  const id = useId();
  const told = problem ?? hint;
  return (
    <div class={`field ${className}`}>
      <label for={id} class="user">
        {label}
      </label>
      <input
        {...{ id, value, placeholder, disabled, list, type: "text", autocomplete: "off", spellcheck: false }}
        inputMode={inputMode}
        aria-invalid={problem === undefined ? undefined : true}
        aria-describedby={told === undefined ? undefined : `${id}-told`}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      {told !== undefined && (
        <span id={`${id}-told`} class={problem === undefined ? "hint user" : "hint warn user"}>
          {told}
        </span>
      )}
    </div>
  );
}
