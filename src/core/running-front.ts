/** The best value or the Pareto front as trials come in, one after another. */
import { isFeasible } from "./objectives.js";
import { isBetter } from "./trial.js";
import type { Direction, Trial } from "./trial.js";

/** The values that no complete feasible trial so far is better than; with one objective the best value alone. */
export class RunningFront {
  readonly #directions: readonly Direction[];
  #values: readonly (readonly number[])[] = [];

  /** @param trials what there is before: its complete feasible ones are taken in. */
  constructor(directions: readonly Direction[], trials: Iterable<Trial> = []) {
    this.#directions = directions;
    for (const trial of trials) this.take(trial);
  }

  /** One entry a point of the front; equal trials are one point. */
  get values(): readonly (readonly number[])[] {
    return this.#values;
  }

  /** The best value of a study with one objective; null before there is one. */
  get best(): number | null {
    return this.#values[0]?.[0] ?? null;
  }

  /** Takes in a trial; tells whether it changed the front: equal values, infeasible and unfinished trials do not. */
  take(trial: Trial): boolean {
    const { values } = trial;
    if (trial.state !== "complete" || values === null || !isFeasible(trial)) return false;
    if (this.#values.some((other) => this.#covers(other, values))) return false;
    this.#values = [...this.#values.filter((other) => !this.#covers(values, other)), values];
    return true;
  }

  /** Whether `a` is as good as `b` in every objective. */
  #covers(a: readonly number[], b: readonly number[]): boolean {
    return this.#directions.every((direction, i) => !isBetter(b[i] as number, a[i] as number, direction));
  }
}
