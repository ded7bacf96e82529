/** The choice of a sampler or a pruner, with its options. */
import type { ParameterInfo, RegistryEntry } from "../../api/types.js";
import { Field } from "../../components/field.js";
import type { ComponentFields as Fields } from "./form-state.js";

/** What it takes. */
export interface ComponentFieldsProps {
  readonly label: string;
  readonly entries: readonly RegistryEntry[];
  readonly value: Fields;
  readonly onChange: (value: Fields) => void;
}

const placeholderOf = ({ default: value, type }: ParameterInfo): string =>
  value === null || value === undefined ? type : JSON.stringify(value);

/** An empty choice is the default. */
export function ComponentFields({ label, entries, value, onChange }: ComponentFieldsProps) {
  const chosen = entries.find(({ name }) => name === value.name);
  return (
    <div class="stack">
      <label class="field">
        {label}
        <select
          value={value.name}
          onChange={({ currentTarget }) => onChange({ name: currentTarget.value, options: {} })}
        >
          <option value="">default</option>
          {entries.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        {chosen && <span class="hint user">{chosen.summary}</span>}
      </label>
      {chosen && chosen.parameters.length > 0 && (
        <details>
          <summary>Options of {chosen.name}</summary>
          <div class="fields">
            {chosen.parameters.map((info) => {
              const text = value.options[info.name] ?? "";
              const set = (given: string): void =>
                onChange({ ...value, options: { ...value.options, [info.name]: given } });
              if (info.choices === null)
                return (
                  <Field
                    key={info.name}
                    label={info.name}
                    hint={info.description}
                    value={text}
                    placeholder={placeholderOf(info)}
                    onInput={set}
                  />
                );
              return (
                <label key={info.name} class="field" title={info.description}>
                  {info.name}
                  <select value={text} onChange={({ currentTarget }) => set(currentTarget.value)}>
                    <option value="">{placeholderOf(info)}</option>
                    {info.choices.map((choice) => (
                      <option key={String(choice)}>{String(choice)}</option>
                    ))}
                  </select>
                  <span class="hint user">{info.description}</span>
                </label>
              );
            })}
          </div>
        </details>
      )}
    </div>
  );
}
