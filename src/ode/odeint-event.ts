/** `odeintEvent`: solves until a function of time and state crosses zero, differentiable in when that is. */
import { isTensor } from "../tensor/is-tensor.js";
import { onOwnTape, tapeIsOn, untapedIfThrown } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor, Tensor1D } from "../tensor/tf.js";
import { adjointPath, noticing } from "./adjoint.js";
import { Evaluations } from "./evaluations.js";
import { rerouted } from "./event-gradient.js";
import { type Crossing, type CrossingSearch, findCrossing } from "./event.js";
import { Integration } from "./integrate.js";
import { type AdjointChoices, adjointKeys, readParams, resolveAdjoint, withoutAdjoint } from "./odeint-adjoint.js";
import { requireTensors } from "./odeint.js";
import { flatten, type OdeintOptions, refuse, type Resolved, resolveSolver, type SolverCounts } from "./options.js";
import { countsOf } from "./solve.js";
import type {
  AnyFunction,
  AnyState,
  NumberFunction,
  PartsFunction,
  System,
  TensorFunction,
  TensorSystem,
} from "./system.js";
import { inWords, isList, numberSystem, requireFunction, tensorSystem } from "./system.js";
import { type Parts, partsOf } from "./tensor-vectors.js";
import { constant, plus, type Time } from "./time.js";

/** What an event is looked for with, besides the function. */
export interface EventOptions extends OdeintOptions, AdjointChoices {
  /** Search back in time. @default false */
  readonly reverseTime?: boolean | undefined;
  /** Where the search ends: no event by then is an error. @default when the evaluations' budget is spent */
  readonly until?: number | undefined;
  /** How gradients reach the state at the event. @default "direct" */
  readonly gradient?: "direct" | "adjoint" | undefined;
}

/** Options for a Float64Array; of several numbers the first that changes its sign is the event. */
export interface NumberEventOptions extends EventOptions {
  /** Its zero is the event. */
  readonly eventFn: (t: number, y: Float64Array) => number | ArrayLike<number>;
}
/** Options for a state of one tensor. */
export interface TensorEventOptions<T extends Tensor = Tensor> extends EventOptions {
  /** Its zero is the event; of several numbers the first that changes its sign. */
  readonly eventFn: (t: Scalar, y: T) => Tensor;
}
/** Options for a state of several tensors. */
export interface PartsEventOptions extends EventOptions {
  /** Its zero is the event; of several numbers the first that changes its sign. */
  readonly eventFn: (t: Scalar, y: readonly Tensor[]) => Tensor;
}
type AnyEventOptions = NumberEventOptions | TensorEventOptions | PartsEventOptions;

/** What is found: when, and the state then. */
export interface EventResult<T, S> {
  readonly eventTime: T;
  readonly state: S;
  readonly counts: SolverCounts;
}

/**
 * Solves y' = func(t, y) from y0 at t0 until `eventFn(t, y)` crosses zero, as torchdiffeq's `odeint_event`: a change of sign
 * over a step is looked for within it, up to a width of `atol`. Two crossings within one step are not seen: `maxStep` bounds it.
 * An event at t0 itself is found there.
 *
 * On tensors, time and state of the event are differentiable in y0, what `func` computes with, and t0 where it is a tensor, by
 * the implicit function theorem: the event moves with the state.
 * @throws UsageError `invalid-ode`, `unknown-option`; OdeError `ode-no-event` by `until`, and as `odeint`
 * @example
 * const fade = (t: number, [soh]: Float64Array) => [-0.004 * (soh ?? 0)];
 * const { eventTime } = odeintEvent(fade, Float64Array.of(1), 0, { eventFn: (t, [soh]) => (soh ?? 0) - 0.8, until: 1000 });
 */
export function odeintEvent(
  func: NumberFunction,
  y0: Float64Array,
  t0: number,
  options: NumberEventOptions,
): EventResult<number, Float64Array>;
export function odeintEvent<T extends Tensor>(
  func: TensorFunction<T>,
  y0: T,
  t0: number | Tensor,
  options: TensorEventOptions<T>,
): EventResult<Scalar, Tensor>;
export function odeintEvent(
  func: PartsFunction,
  y0: readonly Tensor[],
  t0: number | Tensor,
  options: PartsEventOptions,
): EventResult<Scalar, readonly Tensor[]>;
export function odeintEvent(
  func: AnyFunction,
  y0: AnyState,
  t0: number | Tensor,
  options: AnyEventOptions,
): EventResult<number, Float64Array> | EventResult<Scalar, Tensor | readonly Tensor[]> {
  const where = "odeintEvent";
  const flat = flatten(where, options, eventKeys);
  const { eventFn, reverseTime, until, gradient = "direct", ...rest } = flat;
  requireFunction(where, "eventFn", eventFn);
  const params = readParams(where, rest.adjointParams);
  if (gradient !== "direct" && gradient !== "adjoint")
    refuse(where, `gradient is "${String(gradient)}": direct or adjoint`);
  const adjoint = resolveAdjoint(where, rest);
  const resolved = resolveSolver(where, withoutAdjoint(rest));
  const start = readStart(t0);
  const direction = reverseTime ? -1 : 1;
  const search = { direction, until: readUntil(until, start, direction) };
  if (y0 instanceof Float64Array) {
    const system = numberSystem(where, func as NumberFunction, y0, start, resolved.jacobian);
    const event = (t: number, y: Float64Array): ArrayLike<number> => {
      const found = (eventFn as NumberEventOptions["eventFn"])(t, y);
      if (typeof found === "number") return [found];
      if (isList(found)) return found;
      return refuse(where, `eventFn gave ${inWords(found)}: a number, or a list of them`);
    };
    const found = solveUntil(system, constant(start), resolved, { ...search, event });
    return {
      eventTime: found.time,
      state: found.state === y0 ? Float64Array.from(y0) : found.state,
      counts: found.counts,
    };
  }
  requireTensors(where, y0, resolved);
  const { eventTime, state, counts } = tensorEvent({
    ...{ where, func: func as TensorFunction, y0, t0, start, resolved, adjoint, search },
    eventFn: eventFn as TensorEventOptions["eventFn"],
    params,
    direct: gradient === "direct",
  });
  return { eventTime, state: isTensor(y0) ? (state[0] as Tensor) : state, counts };
}

const eventKeys = { ...adjointKeys, eventFn: true, reverseTime: true, until: true, gradient: true } as const;

function readStart(t0: number | Tensor): number {
  const start = isTensor(t0) ? t0.dataSync()[0] : t0;
  if (isTensor(t0) && t0.size !== 1) refuse("odeintEvent", `t0 has the shape [${t0.shape.join(", ")}]: one time`);
  if (typeof start !== "number" || !Number.isFinite(start))
    refuse("odeintEvent", `t0 is ${String(start)}: a finite number`);
  return start;
}

function readUntil(until: number | undefined, start: number, direction: number): number {
  const limit = until ?? direction * Infinity;
  if (typeof limit === "number" && direction * limit > direction * start) return limit;
  return refuse("odeintEvent", `until is ${String(until)}: a time ${direction > 0 ? "after" : "before"} t0 = ${start}`);
}

/** Steps until the event, and finds it in the last one. */
function solveUntil<V>(
  { vectors, f, y0, linearizer }: System<V>,
  start: Time,
  { method, settings, limits }: Resolved,
  search: CrossingSearch<V>,
): Crossing & { readonly state: V; readonly counts: SolverCounts } {
  const { direction } = search;
  if (method.estimate === null && settings.stepSize === 0)
    refuse("odeintEvent", `${method.name} has no steps of its own: give stepSize`);
  const evaluations = new Evaluations(f, start.value, limits);
  const grid = (step: number): Time => plus(start, direction * (step + 1), constant(settings.stepSize));
  const integration = new Integration({
    ...{ vectors, evaluations, linearizer, method, settings },
    ...{ y0, start, direction, grid },
  });
  const crossing = findCrossing(integration, vectors, search, settings.atol);
  const state = integration.stateAt(constant(crossing.time));
  return { ...crossing, state, counts: countsOf(evaluations, integration) };
}

interface TensorEvent {
  readonly where: string;
  readonly func: TensorFunction | PartsFunction;
  readonly eventFn: (t: Scalar, y: Tensor & readonly Tensor[]) => Tensor;
  readonly y0: Tensor | readonly Tensor[];
  readonly t0: number | Tensor;
  readonly start: number;
  readonly resolved: Resolved;
  readonly adjoint: Resolved;
  readonly search: Pick<CrossingSearch<Parts>, "direction" | "until">;
  readonly params: readonly Tensor[] | undefined;
  readonly direct: boolean;
}

function tensorEvent(call: TensorEvent): { eventTime: Scalar; state: readonly Tensor[]; counts: SolverCounts } {
  const { where, func, eventFn, y0, t0, start, resolved, search, direct } = call;
  const recorded = tapeIsOn();
  let counts: SolverCounts | null = null;
  const found = untapedIfThrown(() =>
    tf.tidy(() => {
      const asked = recorded && isTensor(t0) ? tf.reshape<tf.Rank.R1>(t0, [1]) : null;
      const evaluate = (t: Scalar, y: Parts): Tensor =>
        eventFn(t, (isTensor(y0) ? y[0] : y) as Tensor & readonly Tensor[]);
      const event = (t: number, y: Parts): ArrayLike<number> =>
        tf.tidy(() => requireEvent(evaluate(tf.scalar(t), y)).dataSync());
      const system = tensorSystem(where, func, y0, direct ? asked : null, start);
      const solve = (of: TensorSystem, from: Time): Crossing & { state: Parts } => {
        const solution = solveUntil(of, from, resolved, { ...search, event });
        ({ counts } = solution);
        return solution;
      };
      if (!recorded || direct) {
        const { state, ...crossing } = solve(system, { value: start, by: asked ? Float64Array.of(1) : null });
        return rerouted(system, evaluate, crossing, state);
      }
      const noticed = call.params ? { system, found: () => call.params ?? [] } : noticing(system);
      const { state, ...crossing } = onOwnTape(() => solve(noticed.system, constant(start)));
      const moving = adjointState(call, system, asked, noticed.found(), crossing.time, state);
      return rerouted(system, evaluate, crossing, moving);
    }),
  );
  const [eventTime, ...state] = found as unknown as [Scalar, ...Tensor[]];
  return { eventTime, state, counts: counts as unknown as SolverCounts };
}

function requireEvent(value: Tensor): Tensor {
  return isTensor(value) ? value : refuse("odeintEvent", `eventFn gave ${inWords(value)}: a tensor`);
}

/** The state at the event, its gradients by the adjoint system. */
function adjointState(
  { adjoint, start, y0 }: TensorEvent,
  system: TensorSystem,
  asked: Tensor1D | null,
  ...[params, time, state]: [readonly Tensor[], number, Parts]
): Parts {
  if (time === start) return partsOf(y0);
  const solved = {
    ...{ system, adjoint, params, times: Float64Array.of(start, time), states: [system.y0, state] },
    asked: asked && tf.concat<Tensor1D>([asked, tf.tensor1d([time])]),
    onCounts: () => {},
  };
  return adjointPath(solved).map((path) => tf.squeeze(tf.slice(path, 1, 1), [0]));
}
