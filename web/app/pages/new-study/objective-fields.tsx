/** What is optimized: one metric or several, each with its direction. */
import type { ModelList } from "../../api/types.js";
import { Field } from "../../components/field.js";
import type { ObjectiveFields as Fields } from "./form-state.js";

/** What it takes. */
export interface ObjectiveFieldsProps {
  readonly objectives: readonly Fields[];
  /** What models can be measured by; none for trials from outside, whose metrics have whatever names they are given. */
  readonly metrics: ModelList["metrics"];
  readonly onChange: (objectives: readonly Fields[]) => void;
}

const directions = ["", "minimize", "maximize"] as const;

/** A row an objective. */
export function ObjectiveFields({ objectives, metrics, onChange }: ObjectiveFieldsProps) {
  const set = (at: number, change: Partial<Fields>): void =>
    onChange(objectives.map((one, i) => (i === at ? { ...one, ...change } : one)));
  const isOutside = metrics.length === 0;
  return (
    <fieldset>
      <legend>Objectives</legend>
      {objectives.map((one, at) => (
        <div key={at} class="fields parameter-row" role="group" aria-label={`Objective ${at + 1}`}>
          {isOutside ? (
            <Field label="Metric" value={one.metric} onInput={(metric) => set(at, { metric })} placeholder="value" />
          ) : (
            <label class="field">
              Metric
              <select value={one.metric} onChange={({ currentTarget: { value } }) => set(at, { metric: value })}>
                <option value="">{at === 0 ? "val_rmse (default)" : "choose …"}</option>
                {metrics.map(({ name, summary }) => (
                  <option key={name} value={name} title={summary}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          )}
          <label class="field">
            Direction
            <select
              value={one.direction}
              onChange={({ currentTarget: { value } }) =>
                set(at, { direction: directions.find((direction) => direction === value) ?? "" })
              }
            >
              <option value="">{isOutside ? "minimize (default)" : "the metric's own"}</option>
              <option>minimize</option>
              <option>maximize</option>
            </select>
          </label>
          {objectives.length > 1 && (
            <button
              type="button"
              class="quiet"
              aria-label={`Remove objective ${at + 1}`}
              onClick={() => onChange(objectives.filter((_, i) => i !== at))}
            >
              ✕
            </button>
          )}
        </div>
      ))}
      <button type="button" onClick={() => onChange([...objectives, { metric: "", direction: "" }])}>
        Add an objective
      </button>
    </fieldset>
  );
}
