/** What a sampler is shown of a study. */
import type { Direction, History, Trial } from "../core/index.js";
import { blankTrial, directionsOf, historyOver, isBanned } from "../core/index.js";
import { trialInSpace, trialsInSpace } from "../search-space/earlier-spaces.js";
import type { StudyLog } from "./study-log.js";

/**
 * All records as they stand; banned trials are taken points and nothing to learn from. After a change of the space earlier
 * trials are shown as what they are there, those that do not fit as blank ones in their places.
 * @param number of the trial that is to be proposed. @default a new one's
 */
export function samplerHistory({ state, header, running }: StudyLog, number = state.size): Required<History> {
  const directions = directionsOf(header);
  const { annotations } = state;
  const prior = header.settings.from?.trials ?? [];
  const banned = [...annotations].flatMap(([of, annotation]) => {
    const trial = annotation.banned ? trialInSpace(header, state.trial(of) as Trial) : null;
    return trial ? [trial.params] : [];
  });
  const known = { direction: directions[0] as Direction, directions, running, seed: header.seed, number };
  const rest = { ...known, prior, banned };
  if (annotations.size === 0 && !header.earlier_spaces) return historyOver(state, rest);
  const shown = (trial: Trial): Trial => {
    const own = trialInSpace(header, trial) ?? leftOut(trial);
    return isBanned(annotations, trial.number) ? asWaiting(own) : own;
  };
  return { ...rest, running: trialsInSpace(header, running), trials: state.trials.map(shown) };
}

const leftOutRecords = new WeakMap<Trial, Trial>();

/** What a sampler sees of a trial that does not fit the space: nothing but that there is one. */
function leftOut(trial: Trial): Trial {
  let record = leftOutRecords.get(trial);
  if (!record) leftOutRecords.set(trial, (record = Object.freeze(blankTrial(trial.number))));
  return record;
}

const hiddenRecords = new WeakMap<Trial, Trial>();

/** What a sampler sees of a banned trial: parameters that are taken, and nothing to learn from. */
function asWaiting(trial: Trial): Trial {
  let record = hiddenRecords.get(trial);
  if (!record) hiddenRecords.set(trial, (record = Object.freeze(blankTrial(trial.number, { params: trial.params }))));
  return record;
}
