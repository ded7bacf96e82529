/** What few studies need: where to begin from, how trials are judged, constraints, folds and seeds. */
import { Field } from "../../components/field.js";
import { studies } from "../../store/studies-store.js";
import { rules } from "./form-state.js";
import type { PartProps } from "./part-props.js";

function WarmStart({ form, change, problemOf }: PartProps) {
  const known = [...(studies.value?.keys() ?? [])];
  const problem = problemOf("from");
  return (
    <fieldset>
      <legend>Begin from</legend>
      <div class="fields">
        <label class="field grow">
          Another study's best trials
          <select
            value={form.from}
            aria-invalid={problem === undefined ? undefined : true}
            onChange={({ currentTarget: { value } }) => change({ from: value })}
          >
            <option value="">none</option>
            {known.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {form.from !== "" && (
          <Field
            label="How many of them"
            value={form.top}
            onInput={(top) => change({ top })}
            placeholder="10"
            inputMode="numeric"
          />
        )}
      </div>
      {problem !== undefined && (
        <p class="hint warn user" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

function Rules({ form, change }: PartProps) {
  return (
    <>
      {Object.entries(rules)
        .filter(([, { ofModel = false }]) => !ofModel || form.kind === "model")
        .map(([key, { label, options }]) => (
          <label key={key} class="field">
            {label}
            <select
              value={form.rules[key] ?? ""}
              onChange={({ currentTarget: { value } }) => change({ rules: { ...form.rules, [key]: value } })}
            >
              {options.map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        ))}
    </>
  );
}

/** Folded, but for the other study. */
export function MoreFields(props: PartProps) {
  const { form, change, problemOf } = props;
  return (
    <>
      <WarmStart {...props} />
      <details>
        <summary>More</summary>
        <div class="stack">
          <Field
            label="Constraints, one a line"
            rows={2}
            placeholder="parameters <= 50000"
            value={form.constraints}
            onInput={(constraints) => change({ constraints })}
            problem={problemOf("constraints")}
          />
          <div class="fields">
            {form.kind === "model" && (
              <>
                <Field
                  label="Folds"
                  value={form.folds}
                  onInput={(folds) => change({ folds })}
                  placeholder="none, cells, or a number"
                />
                <Field
                  label="Seeds a trial"
                  value={form.seeds}
                  onInput={(seeds) => change({ seeds })}
                  placeholder="1"
                  inputMode="numeric"
                />
              </>
            )}
            <Field
              label="Seed of the study"
              value={form.seed}
              onInput={(seed) => change({ seed })}
              placeholder="drawn"
              inputMode="numeric"
            />
            <Field
              label="Pruned by"
              value={form.pruneBy}
              onInput={(pruneBy) => change({ pruneBy })}
              placeholder="the first metric"
              problem={problemOf("pruneBy")}
            />
            <Rules {...props} />
          </div>
        </div>
      </details>
    </>
  );
}
