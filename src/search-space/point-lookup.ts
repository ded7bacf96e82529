/** Finds the trials of a history that stand at a point, without comparing it with each of them. */
import { recordsOf } from "../core/index.js";
import type { History, Params, SearchSpace, Trial, TrialList } from "../core/index.js";
import { pointKey } from "./points.js";

/**
 * The trials of a history by their points, followed from history to history: parameters are frozen and stay the same
 * objects, so that following one costs a comparison of references a trial and a key for each new one. Records are
 * compared before their parameters: both lists lie side by side in memory, what they hold does not.
 */
class PointLookup {
  readonly #space: SearchSpace;
  /** What was followed last, where it tells what is new in it. */
  #list: TrialList | undefined;
  #trials: Trial[] = [];
  #params: Params[] = [];
  #keys: (string | null)[] = [];
  readonly #numbers = new Map<string, number[]>();

  constructor(space: SearchSpace) {
    this.#space = space;
  }

  /** The places in the history of the trials at a point, ascending. */
  placesOf(history: History, params: Params): readonly number[] {
    const list = recordsOf(history);
    if (list && this.#list) this.#followChanges(list, this.#list);
    else this.#follow(history.trials);
    this.#list = list;
    const key = pointKey(this.#space, params);
    return (key === null ? undefined : this.#numbers.get(key)) ?? [];
  }

  #followChanges(list: TrialList, before: TrialList): void {
    this.#shorten(list.length);
    list.eachChange(before, (place, trial) => {
      this.#put(place, trial);
    });
  }

  #follow(trials: readonly Trial[]): void {
    this.#shorten(trials.length);
    const followed = this.#trials;
    for (let place = 0; place < trials.length; place++) {
      const trial = trials[place] as Trial;
      if (followed[place] !== trial) this.#put(place, trial);
    }
  }

  #shorten(length: number): void {
    for (let place = length; place < this.#params.length; place++) this.#forget(place);
    this.#params.length = Math.min(this.#params.length, length);
    this.#keys.length = this.#params.length;
    this.#trials.length = this.#params.length;
  }

  #put(place: number, trial: Trial): void {
    this.#trials[place] = trial;
    const { params } = trial;
    if (this.#params[place] === params) return;
    if (place < this.#params.length) this.#forget(place);
    this.#take(place, params);
  }

  #take(place: number, params: Params): void {
    const key = pointKey(this.#space, params);
    this.#params[place] = params;
    this.#keys[place] = key;
    if (key === null) return;
    const places = this.#numbers.get(key);
    if (!places) this.#numbers.set(key, [place]);
    else if ((places.at(-1) as number) < place) places.push(place);
    else
      places.splice(
        places.findIndex((other) => other > place),
        0,
        place,
      );
  }

  #forget(place: number): void {
    const key = this.#keys[place];
    if (key === null || key === undefined) return;
    const left = (this.#numbers.get(key) as number[]).filter((other) => other !== place);
    if (left.length > 0) this.#numbers.set(key, left);
    else this.#numbers.delete(key);
  }
}

const lookups = new WeakMap<SearchSpace, PointLookup>();

/** The trials with the same active parameters, whatever their state, in the order of the history. */
export function trialsAt(space: SearchSpace, history: History, params: Params): Trial[] {
  let lookup = lookups.get(space);
  if (!lookup) lookups.set(space, (lookup = new PointLookup(space)));
  const places = lookup.placesOf(history, params);
  return places.length === 0 ? [] : places.map((place) => history.trials[place] as Trial);
}
