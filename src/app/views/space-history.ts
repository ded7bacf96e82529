/** What has become of a study's earlier trials after its space was changed. */
import { contains } from "../../core/index.js";
import type { ConfigValue, Distribution, StudyHeader, StudyState, Trial } from "../../core/index.js";
import { fitOf } from "../../search-space/earlier-spaces.js";

/** How the trials of a study's earlier spaces stand to the one that it has now. */
export interface EarlierTrials {
  /** How often the space was changed. */
  readonly version: number;
  /** How many started trials fit: the sampler learns from them. */
  readonly fit: number;
  /** How many of those by a value that was fixed when they ran, by the parameter that is searched now. */
  readonly completed_by: Readonly<Record<string, number>>;
  /** How many do not: they are kept, and the sampler does not see them. */
  readonly left_out: number;
  /** How many of those by the first parameter that keeps them out. */
  readonly left_out_by: Readonly<Record<string, number>>;
  /** The numbers of waiting trials with a value that the space does not have: they run all the same. */
  readonly waiting_outside: readonly number[];
}

/** Null where the space never changed. */
export function earlierTrials({ header, trials }: Pick<StudyState, "header" | "trials">): EarlierTrials | null {
  const { earlier_spaces: { length: version } = [] } = header;
  if (version === 0) return null;
  const [completed, out] = [new Map<string, number>(), new Map<string, number>()];
  const count = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  let [fit, leftOut] = [0, 0];
  for (const trial of trials) {
    if (trial.state === "waiting" || (trial.space_version ?? 0) >= version) continue;
    const found = fitOf(header, trial);
    if (!found.fits) {
      leftOut += 1;
      count(out, found.name);
      continue;
    }
    fit += 1;
    for (const name of Object.keys(found.params)) if (!Object.hasOwn(trial.params, name)) count(completed, name);
  }
  return {
    ...{ version, fit, completed_by: Object.fromEntries(completed) },
    ...{ left_out: leftOut, left_out_by: Object.fromEntries(out) },
    waiting_outside: trials.filter((trial) => isOutside(header, trial)).map(({ number }) => number),
  };
}

/** Whether a waiting trial has a value that the space does not have. */
function isOutside({ space, task }: StudyHeader, { state, params }: Trial): boolean {
  if (state !== "waiting" || Object.keys(space).length === 0) return false;
  const fixed = (task.params ?? {}) as Readonly<Record<string, ConfigValue>>;
  return Object.entries(params).some(([name, value]) =>
    Object.hasOwn(space, name) ? !contains(space[name] as Distribution, value) : fixed[name] !== value,
  );
}
