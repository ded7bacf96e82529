/** The generations of a history: which trials are parents of the next one, from the records alone. */
import type { Direction, Trial } from "../../core/index.js";
import type { Observation, SpaceEncoding } from "../tpe/encoding.js";
import { observationAt } from "../tpe/encoding.js";
import { selectSurvivors } from "./survivors.js";

/** One of the trials that a generation's children are made of. */
export interface Parent extends Observation {
  readonly rank: number;
  readonly room: number;
}

/** Those who survived up to a generation, and the trials that came in with it, for finding them again. */
interface Generation {
  readonly joined: readonly Observation[];
  readonly parents: readonly Parent[];
}

/** The generations found for one space, for the next ask. */
const known = new WeakMap<SpaceEncoding, Map<string, Generation[]>>();

/**
 * The complete trials in the order in which they finished, cut into generations of `size`: a trial belongs to that in
 * which it finished, whoever asked for it and when, so that any number may be under way. Each generation's parents are
 * the survivors of it and of the parents before. Failed and pruned trials, and those that don't fit, are in none.
 * @returns the parents after the last full generation; null before there is one.
 */
export function parentsOf(
  encoding: SpaceEncoding,
  trials: readonly Trial[],
  directions: readonly Direction[],
  size: number,
): readonly Parent[] | null {
  const complete = inOrderOfFinishing(encoding, trials);
  const generations = generationsOf(encoding, `${size} ${directions.join(" ")}`);
  let parents: readonly Parent[] | null = null;
  for (let g = 0; (g + 1) * size <= complete.length; g++) {
    const joined = complete.slice(g * size, (g + 1) * size);
    let generation = generations[g];
    if (!generation || !sameTrials(generation.joined, joined)) {
      // What follows a generation that has changed is another one too.
      generations.length = g;
      generation = { joined, parents: survivorsOf([...joined, ...(parents ?? [])], directions, size) };
      generations.push(generation);
    }
    ({ parents } = generation);
  }
  return parents;
}

function generationsOf(encoding: SpaceEncoding, key: string): Generation[] {
  let bySettings = known.get(encoding);
  if (!bySettings) known.set(encoding, (bySettings = new Map<string, Generation[]>()));
  let generations = bySettings.get(key);
  if (!generations) bySettings.set(key, (generations = []));
  return generations;
}

/** Records that are the same objects are the same trials: finished ones are frozen. */
function sameTrials(a: readonly Observation[], b: readonly Observation[]): boolean {
  return a.every(({ trial }, i) => trial === b[i]?.trial && Object.isFrozen(trial));
}

function inOrderOfFinishing(encoding: SpaceEncoding, trials: readonly Trial[]): readonly Observation[] {
  const complete: Observation[] = [];
  let sorted = true;
  for (const [place, trial] of trials.entries()) {
    if (trial.state !== "complete" || trial.values === null) continue;
    const observation = observationAt(encoding, trials, place);
    if (!observation) continue;
    const last = complete.at(-1);
    sorted &&= last === undefined || finishing(last.trial) <= finishing(trial);
    complete.push(observation);
  }
  return sorted ? complete : complete.sort((a, b) => finishing(a.trial) - finishing(b.trial) || byNumber(a, b));
}

/** Records of one's own may lack it: then they finished by number. */
function finishing({ finish_index, number }: Trial): number {
  return finish_index ?? number;
}

function byNumber(a: Observation, b: Observation): number {
  return a.trial.number - b.trial.number;
}

function survivorsOf(
  population: readonly Observation[],
  directions: readonly Direction[],
  size: number,
): readonly Parent[] {
  const values = new Map(population.map((o) => [o.trial, o.values]));
  const survivors = selectSurvivors([...values.keys()], directions, size);
  return survivors.map(({ trial, rank, room }) => ({ trial, rank, room, values: values.get(trial) as Float64Array }));
}
