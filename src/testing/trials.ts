/** Trial records for tests: every builder of them, all from the blank record. */
import { blankTrial, isFinished } from "../core/index.js";
import type { Params, Trial, TrialState } from "../core/index.js";

export const AT = "2026-01-02T03:04:05.678Z";

type Given = Partial<Omit<Trial, "number">>;

/** A trial with these parameters, complete unless `given` says otherwise, finished in the order of the numbers. */
export function trialOf(number: number, params: Params, given: Given = {}): Trial {
  const { state = "complete" } = given;
  const finish_index = isFinished({ state }) ? number : null;
  return Object.freeze(blankTrial(number, { state, params, finish_index, ...given }));
}

/** A trial with these reports; without steps they are 1, 2, 3 … Finished ones are frozen, as a study's are. */
export function reportedTrial(
  number: number,
  state: TrialState,
  values: readonly number[],
  steps?: readonly number[] | null,
  given: Given = {},
): Trial {
  const trial = blankTrial(number, {
    state,
    ...(state === "complete" ? { value: 0 } : {}),
    intermediate: values.map((value, i) => [steps?.[i] ?? i + 1, value] as const),
    seen: values.map(() => 0),
    finish_index: isFinished({ state }) ? number : null,
    ...given,
  });
  return isFinished(trial) ? Object.freeze(trial) : trial;
}

/** A trial as a study makes it before anyone takes it. */
export function waitingTrial(number: number, given: Given = {}): Trial {
  const params = {
    "train.lr": 0.001 + number / 1e6,
    "model.hidden_size": 8 + (number % 120),
    "train.optimizer": "adamw",
  };
  return blankTrial(number, { params, seed: 1000 + number, ...given });
}

export function runningTrial(number: number, given: Given = {}): Trial {
  return waitingTrial(number, { state: "running", started_at: AT, owner: "1@boot", slot: 0, ...given });
}
