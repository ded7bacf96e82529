/** The search for the first zero of a function along a solution. */
import { OdeError } from "../tensor/ops/ode-types.js";
import type { Integration } from "./integrate.js";
import { constant } from "./time.js";
import type { Vectors } from "./vectors.js";

export interface CrossingSearch<V> {
  /** 1, or -1 back in time. */
  readonly direction: number;
  /** Where it ends; may be infinite. */
  readonly until: number;
  /** The numbers that may cross zero. */
  readonly event: (t: number, y: V) => ArrayLike<number>;
}

/** Where it was found. */
export interface Crossing {
  readonly time: number;
  /** Which of the numbers it was. */
  readonly which: number;
}

/**
 * The time at which the first of the numbers changes its sign.
 * @param width up to which it is halved
 * @throws OdeError `ode-no-event`, and as the steps
 */
export function findCrossing<V>(
  integration: Integration<V>,
  vectors: Vectors<V>,
  { direction, until, event }: CrossingSearch<V>,
  width: number,
): Crossing {
  const signsAt = (t: number, y: V): number[] => {
    const signs = Array.from(
      vectors.unrecorded(() => event(t, y)),
      Math.sign,
    );
    if (signs.length === 0 || signs.some(Number.isNaN)) throw new OdeError("event-not-finite", t);
    return signs;
  };
  const within = (t: number): number[] =>
    vectors.unrecorded(() => vectors.tidy(() => signsAt(t, integration.stateAt(constant(t)))));
  const first = signsAt(integration.reached.value, integration.state);
  const start = integration.reached.value;
  if (first.includes(0)) return { time: start, which: first.indexOf(0) };
  const crossedOf = (signs: number[]): number => signs.findIndex((sign, i) => sign !== first[i]);
  let [before, after, which] = [start, start, -1];
  for (;;) {
    before = after;
    integration.advance();
    after = integration.reached.value;
    const past = direction * after >= direction * until;
    if (past) after = until;
    which = crossedOf(past ? within(until) : signsAt(after, integration.state));
    if (which >= 0) break;
    if (past) throw new OdeError("no-event", until);
  }
  while (Math.abs(after - before) > width) {
    const middle = (before + after) / 2;
    if (middle === before || middle === after) break;
    const found = crossedOf(within(middle));
    if (found < 0) before = middle;
    else [after, which] = [middle, found];
  }
  return { time: (before + after) / 2, which };
}
