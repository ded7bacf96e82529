/** What the splits above a leaf leave of a categorical parameter. */
import type { Measure } from "./columns.js";

/** A leaf's side of the splits on the columns of one parameter's choices. */
interface ChoiceState {
  /** Choices that it is not; ascending. */
  readonly without: readonly number[];
  /** The one that it is; -1 while that is open. */
  readonly only: number;
}

/**
 * The states of one categorical parameter in a tree, numbered as they are met, and the share of the space that each two
 * have in common. Under the measure `range` the columns of the choices are numbers of their own, from 0 to 1 and split in
 * the middle, as Optuna weighs them: points with several choices, or none, count as well. Under `space` every choice has
 * the same share and nothing else has any.
 */
export class ChoiceStates {
  readonly #choices: number;
  readonly #measure: Measure;
  readonly #states: ChoiceState[] = [{ without: [], only: -1 }];
  readonly #numbers = new Map<string, number>([["-1", 0]]);
  readonly #steps = new Map<number, number>();
  #common = new Float64Array(0);

  constructor(choices: number, measure: Measure) {
    this.#choices = choices;
    this.#measure = measure;
  }

  get size(): number {
    return this.#states.length;
  }

  /** The state of the left child (not this choice) or the right one (this choice) of a node in a state. */
  after(state: number, choice: number, isRight: boolean): number {
    const step = (state * this.#choices + choice) * 2 + (isRight ? 1 : 0);
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    const { without, only } = this.#states[state] as ChoiceState;
    const next = isRight ? { without, only: choice } : { without: [...without, choice].sort((a, b) => a - b), only };
    const key = [next.only, ...next.without].join();
    const number = this.#numbers.get(key) ?? this.#states.push(next) - 1;
    this.#numbers.set(key, number);
    this.#steps.set(step, number);
    return number;
  }

  /** The share of the space in both of two states, at `a * size + b`: of all that are there by now. */
  common(): Float64Array {
    const { size } = this;
    if (this.#common.length === size * size) return this.#common;
    const shares = new Float64Array(size * size);
    for (let a = 0; a < size; a++)
      for (let b = 0; b <= a; b++) shares[a * size + b] = shares[b * size + a] = this.#shared(a, b);
    return (this.#common = shares);
  }

  #shared(a: number, b: number): number {
    const [first, second] = [this.#states[a], this.#states[b]] as [ChoiceState, ChoiceState];
    if (first.without.includes(second.only) || second.without.includes(first.only)) return 0;
    return this.#measure === "space" ? this.#commonChoices(first, second) : commonColumns(first, second);
  }

  #commonChoices(a: ChoiceState, b: ChoiceState): number {
    if (a.only !== -1 && b.only !== -1) return a.only === b.only ? 1 / this.#choices : 0;
    if (a.only !== -1 || b.only !== -1) return 1 / this.#choices;
    return (this.#choices - new Set([...a.without, ...b.without]).size) / this.#choices;
  }
}

function commonColumns(a: ChoiceState, b: ChoiceState): number {
  const split = new Set([...a.without, ...b.without, a.only, b.only]);
  split.delete(-1);
  return 0.5 ** split.size;
}
