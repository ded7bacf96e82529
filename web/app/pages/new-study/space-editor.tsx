/** The search space of trials from outside. */
import { Field } from "../../components/field.js";
import { emptyParameter } from "./form-state.js";
import type { OutsideParameter } from "./form-state.js";

/** What it takes. */
export interface SpaceEditorProps {
  readonly space: readonly OutsideParameter[];
  readonly onChange: (space: readonly OutsideParameter[]) => void;
}

const types = ["float", "int", "categorical"] as const;

/** A row a parameter. */
export function SpaceEditor({ space, onChange }: SpaceEditorProps) {
  const set = (at: number, change: Partial<OutsideParameter>): void =>
    onChange(space.map((one, i) => (i === at ? { ...one, ...change } : one)));
  return (
    <fieldset>
      <legend>Search space</legend>
      {space.map((one, at) => (
        <div key={at} class="fields parameter-row" role="group" aria-label={`Parameter ${at + 1}`}>
          <Field label="Name" value={one.name} onInput={(name) => set(at, { name })} placeholder="lr" />
          <label class="field">
            Type
            <select
              value={one.type}
              onChange={({ currentTarget: { value } }) =>
                set(at, { type: types.find((type) => type === value) ?? "float" })
              }
            >
              {types.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </select>
          </label>
          {one.type === "categorical" ? (
            <Field
              label="Choices"
              value={one.choices}
              onInput={(choices) => set(at, { choices })}
              placeholder="adam, sgd"
              class="grow"
            />
          ) : (
            <>
              <Field label="From" value={one.low} onInput={(low) => set(at, { low })} inputMode="decimal" />
              <Field label="To" value={one.high} onInput={(high) => set(at, { high })} inputMode="decimal" />
              <Field
                label="Step"
                value={one.step}
                onInput={(step) => set(at, { step })}
                placeholder="any"
                inputMode="decimal"
              />
              <label class="check">
                <input
                  type="checkbox"
                  checked={one.log}
                  onChange={({ currentTarget: { checked } }) => set(at, { log: checked })}
                />
                Logarithmic
              </label>
            </>
          )}
          <button
            type="button"
            class="quiet"
            aria-label={`Remove parameter ${one.name || at + 1}`}
            disabled={space.length === 1}
            onClick={() => onChange(space.filter((_, i) => i !== at))}
          >
            ✕
          </button>
        </div>
      ))}
      <button type="button" onClick={() => onChange([...space, emptyParameter])}>
        Add a parameter
      </button>
    </fieldset>
  );
}
