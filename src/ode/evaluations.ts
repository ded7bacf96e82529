/** Calls of the right-hand side: counted, and held to a budget and a time limit. */
import { OdeError } from "../tensor/ops/ode-types.js";
import type { Time } from "./time.js";

export interface OdeLimits {
  readonly maxEvaluations: number;
  /** Of the clock on the wall. */
  readonly maxSeconds: number;
}

export class Evaluations<V> {
  /** Evaluations so far. */
  count = 0;
  /** Jacobians so far, whose evaluations are among those. */
  jacobians = 0;
  /** The time up to which there is a solution, for messages. */
  reached: number;
  readonly #f: (t: Time, y: V) => V;
  readonly #limits: OdeLimits;
  readonly #deadline: number;

  constructor(f: (t: Time, y: V) => V, start: number, limits: OdeLimits) {
    this.#f = f;
    this.reached = start;
    this.#limits = limits;
    this.#deadline = performance.now() + limits.maxSeconds * 1000;
  }

  /** @throws OdeError `ode-budget`, `ode-time-limit` */
  at(t: Time, y: V): V {
    this.spend(1);
    return this.#f(t, y);
  }

  /**
   * Accounts for evaluations that are made otherwise, such as those of a Jacobian.
   * @throws OdeError `ode-budget`, `ode-time-limit`
   */
  spend(evaluations: number): void {
    const { maxEvaluations, maxSeconds } = this.#limits;
    if (this.count + evaluations > maxEvaluations) throw new OdeError("budget", this.reached, maxEvaluations);
    if (performance.now() > this.#deadline) throw new OdeError("time-limit", this.reached, maxSeconds);
    this.count += evaluations;
  }
}
