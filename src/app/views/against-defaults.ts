/** How a trial stands to the defaults of what its study searches, in plain words. */
import { canonicalJson, comparableTrials, isBetter, isFeasible, shortNumber } from "../../core/index.js";
import type { Direction, StudyState, Trial } from "../../core/index.js";

/**
 * The first trial, where that is the defaults and has come to something. A study with plug-ins has none here: their code is
 * not loaded to look at it.
 */
async function triedDefaults(state: StudyState): Promise<Trial | null> {
  const { task, space, settings } = state.header;
  const first = state.trial(0);
  if (first?.state !== "complete" || task.dataset === undefined || settings.plugins.length > 0) return null;
  const { defaultTrial } = await import("../default-trial.js");
  return canonicalJson(defaultTrial(task, space)) === canonicalJson(first.params) ? first : null;
}

const percent = (ours: number, theirs: number): string =>
  `${((100 * Math.abs(ours - theirs)) / Math.abs(theirs)).toFixed(1)} %`;

/** What is said of the defaults themselves. */
function ofDefaults(state: StudyState, defaults: Trial, direction: Direction): string {
  const [theirs] = defaults.values ?? [];
  const others = comparableTrials(state).filter(
    (trial) => trial.number !== defaults.number && trial.state === "complete" && isFeasible(trial),
  );
  const isBeaten = others.some(({ values }) => isBetter(values?.[0] ?? NaN, theirs ?? NaN, direction));
  const name = `trial ${defaults.number} has the defaults`;
  return others.length === 0 || isBeaten ? name : `${name}: the search has NOT beaten them yet`;
}

/** Null where there is nothing to say: no such first trial, several objectives, no value. */
export async function againstDefaults(state: StudyState, trial: Trial): Promise<string | null> {
  const [objective, ...others] = state.header.objectives;
  if (objective === undefined || others.length > 0 || trial.state !== "complete") return null;
  const { direction } = objective;
  const defaults = await triedDefaults(state);
  if (defaults === null) return null;
  if (trial.number === defaults.number) return ofDefaults(state, defaults, direction);
  const [ours, theirs] = [trial.values?.[0] ?? NaN, defaults.values?.[0] ?? NaN];
  if (!Number.isFinite(ours) || !Number.isFinite(theirs)) return null;
  const rival = `the defaults (trial ${defaults.number}: ${shortNumber(theirs)})`;
  const apart = theirs === 0 ? shortNumber(Math.abs(ours - theirs), 3) : percent(ours, theirs);
  if (isBetter(ours, theirs, direction))
    return `trial ${trial.number} beats ${rival} by ${apart}, on the data that chose it`;
  return `trial ${trial.number} does NOT beat ${rival}: ${ours === theirs ? "it is as good" : `${apart} worse`}`;
}
