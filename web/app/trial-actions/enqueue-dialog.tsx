/** Queues trials: a trial's parameters, edited, with as many variants as there are combinations of the values typed. */
import { useId, useState } from "preact/hooks";
import type { Distribution, ParamValue } from "../api/types.js";
import { messageOf } from "../api/client.js";
import { announce } from "../components/announce.js";
import { CommandLine } from "../components/command-line.js";
import { Dialog } from "../components/dialog.js";
import { commands, enqueue } from "./actions.js";
import type { TrialParams } from "./actions.js";
import { combinations, isActive, rangeText, readValues } from "./parameter-values.js";

/** What it takes. */
export interface EnqueueDialogProps {
  readonly study: string;
  readonly space: Readonly<Record<string, Distribution>>;
  /** Where they come from; null: empty. */
  readonly from: { readonly number: number; readonly params: TrialParams } | null;
  readonly onClose: () => void;
  /** Heard after it was done, with the new trials' numbers. */
  readonly onDone?: ((numbers: readonly number[]) => void) | undefined;
}

const MOST_TRIALS = 100;

const textOf = (value: ParamValue | undefined): string => (value === undefined ? "" : String(value));

function Field(props: {
  readonly name: string;
  readonly distribution: Distribution;
  readonly text: string;
  readonly problem: string | null;
  readonly active: boolean;
  readonly onText: (text: string) => void;
}) {
  const { name, distribution, text, problem, active, onText } = props;
  const id = useId();
  const choices = distribution.type === "categorical" ? distribution.choices : null;
  const describedBy = `${id}-range${problem ? ` ${id}-problem` : ""}`;
  return (
    <div class="param-field">
      <label for={id} class="user">
        {name}
      </label>
      {choices ? (
        <select
          id={id}
          value={text}
          disabled={!active}
          aria-describedby={describedBy}
          onChange={({ currentTarget }) => onText(currentTarget.value)}
        >
          <option value="">drawn</option>
          {choices.map((choice) => (
            <option key={String(choice)} value={String(choice)}>
              {String(choice)}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...{ id, value: text, disabled: !active, placeholder: "drawn", autocomplete: "off" }}
          aria-describedby={describedBy}
          aria-invalid={problem !== null}
          onInput={({ currentTarget }) => onText(currentTarget.value)}
        />
      )}
      <span id={`${id}-range`} class="muted">
        {active ? rangeText(distribution) : "not with the values above"}
      </span>
      {problem && (
        <span id={`${id}-problem`} class="warn" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

/** The dialog. */
export function EnqueueDialog({ study, space, from, onClose, onDone }: EnqueueDialogProps) {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(Object.keys(space).map((name) => [name, textOf(from?.params[name])])),
  );
  const [isBusy, setBusy] = useState(false);
  const read = Object.fromEntries(
    Object.entries(space).map(([name, distribution]) => [name, readValues(distribution, texts[name] ?? "")]),
  );
  const chosen = (name: string): ParamValue | undefined => {
    const own = read[name];
    return own && "values" in own ? own.values[0] : undefined;
  };
  const active = (name: string): boolean => {
    const distribution = space[name];
    return distribution !== undefined && isActive(distribution, chosen);
  };
  const problems = Object.entries(read).filter(([name, own]) => "problem" in own && active(name));
  const values = Object.fromEntries(
    Object.entries(read).map(([name, own]) => [name, "values" in own && active(name) ? own.values : []]),
  );
  const trials = problems.length > 0 ? [] : combinations(values);
  const isTooMany = trials.length > MOST_TRIALS;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (problems.length > 0 || isTooMany || isBusy) return;
    setBusy(true);
    const made: number[] = [];
    try {
      for (const params of trials) made.push((await enqueue(study, params)).number);
      announce(made.length === 1 ? `Queued as trial ${made[0] as number}` : `Queued ${made.length} trials`);
      onDone?.(made);
      onClose();
    } catch (error) {
      announce(
        `${made.length > 0 ? `${made.length} of ${trials.length} are queued; then: ` : ""}${messageOf(error)}`,
        "problem",
      );
    } finally {
      setBusy(false);
    }
  };
  const shown = trials.slice(0, 10).map((params) => commands.enqueue(study, params));
  return (
    <Dialog title={from ? `Enqueue variants of trial ${from.number}` : "Enqueue a trial"} onClose={onClose} wide>
      <form onSubmit={(event) => void submit(event)}>
        <p class="muted">
          Several numbers with commas between them make a trial each. What is left empty is drawn by the sampler.
        </p>
        <div class="param-fields">
          {Object.entries(space).map(([name, distribution]) => {
            const own = read[name];
            return (
              <Field
                key={name}
                {...{ name, distribution, text: texts[name] ?? "", active: active(name) }}
                problem={own && "problem" in own && active(name) ? own.problem : null}
                onText={(text) => setTexts((before) => ({ ...before, [name]: text }))}
              />
            );
          })}
        </div>
        {isTooMany && (
          <p class="warn" role="alert">
            These are {trials.length} combinations; at most {MOST_TRIALS} are queued at once.
          </p>
        )}
        {!isTooMany && trials.length > 0 && (
          <CommandLine
            command={[
              ...shown,
              ...(trials.length > shown.length ? [`# and ${trials.length - shown.length} more`] : []),
            ].join("\n")}
          />
        )}
        <div class="actions">
          <button type="submit" class="primary" disabled={problems.length > 0 || isTooMany || isBusy}>
            {trials.length > 1 ? `Enqueue ${trials.length} trials` : "Enqueue"}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
