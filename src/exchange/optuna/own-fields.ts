/** What Optuna's trials and studies have no place for, and the system attributes in which it travels. */
import { blankTrial, canonicalJson } from "../../core/index.js";
import type { Trial } from "../../core/index.js";

/** What every such attribute's name begins with. */
export const PREFIX = "mlbench:";

/** The study's header; its directions stand in the study as well. */
export const HEADER = `${PREFIX}study`;

/** The user attribute of an imported trial or study that holds Optuna's system attributes there is no other place for. */
export const FOREIGN = "optuna:system_attrs";

/** Fields that Optuna's trials have, in whole or in part; what they lack of them has keys of its own. */
const said: ReadonlySet<string> = new Set([
  ...["number", "state", "values", "value", "params", "intermediate", "user_attrs"],
  ...["started_at", "finished_at", "distributions", "constraints"],
]);

/** Fields that stay true whatever happens to a trial after its export; all others tell of the run that it had. */
export const lasting: ReadonlySet<string> = new Set(["seed", "attempt", "attempts", "retry_of"]);

const blank = blankTrial(0) as unknown as Readonly<Record<string, unknown>>;

/** The fields of a record that Optuna has no place for, but for those that every trial begins with. */
export function ownFieldsOf(trial: Trial): Readonly<Record<string, unknown>> {
  const entries = Object.entries(trial).filter(
    ([key, value]) =>
      !said.has(key) && value !== undefined && !(key in blank && canonicalJson(value) === canonicalJson(blank[key])),
  );
  return Object.fromEntries(entries);
}

/** `failed_trial` and `retry_history`, as Optuna's own retries have them: the first trial, and all of them. */
export function retryAttributes(trial: Trial, retryOf: (number: number) => number | null): Record<string, unknown> {
  const history: number[] = [];
  for (let at = trial.retry_of; at !== null && !history.includes(at); at = retryOf(at)) history.unshift(at);
  return history.length === 0 ? {} : { failed_trial: history[0], retry_history: history };
}

/** The attributes by which Optuna knows what a record has fields for: constraints, retries, the values of a queued trial. */
export function sharedAttributes(trial: Trial, retryOf: (number: number) => number | null): Record<string, unknown> {
  const constraints = Object.values(trial.constraints);
  return {
    ...(constraints.length > 0 ? { constraints } : {}),
    ...retryAttributes(trial, retryOf),
    ...(trial.state === "waiting" ? { fixed_params: trial.params } : {}),
  };
}
