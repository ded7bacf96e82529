/** What a sampler is shown of a study. */
import type { Direction, History, Trial } from "../core/index.js";
import { blankTrial, directionsOf, historyOver, isBanned } from "../core/index.js";
import type { StudyLog } from "./study-log.js";

/**
 * All records as they stand; banned trials are taken points and nothing to learn from.
 * @param number of the trial that is to be proposed. @default a new one's
 */
export function samplerHistory({ state, header, running }: StudyLog, number = state.size): Required<History> {
  const directions = directionsOf(header);
  const { annotations } = state;
  const prior = header.settings.from?.trials ?? [];
  const banned = [...annotations].flatMap(([of, annotation]) =>
    annotation.banned ? [(state.trial(of) as Trial).params] : [],
  );
  const known = { direction: directions[0] as Direction, directions, running, seed: header.seed, number };
  const rest = { ...known, prior, banned };
  if (annotations.size === 0) return historyOver(state, rest);
  return { ...rest, trials: state.trials.map((t) => (isBanned(annotations, t.number) ? asWaiting(t) : t)) };
}

const hiddenRecords = new WeakMap<Trial, Trial>();

/** What a sampler sees of a banned trial: parameters that are taken, and nothing to learn from. */
function asWaiting(trial: Trial): Trial {
  let record = hiddenRecords.get(trial);
  if (!record) hiddenRecords.set(trial, (record = Object.freeze(blankTrial(trial.number, { params: trial.params }))));
  return record;
}
