/** The ODE op's arguments and results, and the checks of what a caller gives it. */
import { MlbenchError, UsageError } from "../../core/errors.js";
import { didYouMean } from "../../core/nearest.js";
import type { Tensor1D, Tensor2D, Tensor3D } from "../tf.js";

/** Methods of fixed steps (`rk4` is Kutta's 3/8 rule, `heun` torchdiffeq's `heun2`), then the adaptive ones. */
export const odeMethods = ["euler", "midpoint", "heun", "rk4", "bosh3", "dopri5", "tsit5"] as const;
/** The methods of the fused op. */
export type OdeMethod = (typeof odeMethods)[number];
/** The activations of a fused right-hand side. */
export const odeActivations = ["tanh", "relu", "gelu", "silu"] as const;
/** One of {@link odeActivations}. */
export type OdeActivation = (typeof odeActivations)[number];

/** PyTorch's `nn.Linear`. */
export interface LinearLayer {
  /** [outputs, inputs] */
  readonly weight: Tensor2D;
  /** [outputs] */
  readonly bias: Tensor1D;
}

/** How steps are chosen. */
export interface OdeControl {
  readonly method: OdeMethod;
  /** Of methods of fixed steps; the path between steps is linear. @default from one time asked for to the next */
  readonly stepSize?: number | undefined;
  /** Of adaptive methods, as is `atol`: a step's error is held to atol + rtol * |y|, as the mean square of all rows. @default 1e-3 */
  readonly rtol?: number | undefined;
  /** @default 1e-4 */
  readonly atol?: number | undefined;
  /** A step that would have to be smaller ends the solution. @default 0 */
  readonly minStep?: number | undefined;
}

export interface OdeOptions extends OdeControl {
  /** Between the layers. @default "tanh" */
  readonly activation?: OdeActivation | undefined;
  /** Time is one more input of the first layer, behind the state's. @default false */
  readonly time?: boolean | undefined;
  /** Further dimensions of the state that start at 0, behind those of y0. @default 0 */
  readonly augment?: number | undefined;
  /**
   * `direct` goes back through the steps that were taken, `adjoint` solves the adjoint system backwards, in memory that
   * does not grow with the steps. Either takes the steps' sizes as constants. @default "direct"
   */
  readonly gradient?: "direct" | "adjoint" | undefined;
  /** The adjoint system's own control; what is absent is the solution's. */
  readonly adjoint?: Partial<OdeControl> | undefined;
  /** Evaluations that a solution, and its adjoint system once more, may cost. @default 10000 */
  readonly maxEvaluations?: number | undefined;
}

/** What solving has cost. */
export interface OdeCounts {
  /** Of the right-hand side. */
  readonly evaluations: number;
  /** Steps. */
  readonly accepted: number;
  readonly rejected: number;
}

/** The path of a fused solve, and what it has cost. */
export interface OdeResult {
  /** `[times, B, D + augment]`: the states at the times asked for, y0 the first. Differentiable in y0 and the layers, not in the times. */
  readonly path: Tensor3D;
  readonly counts: OdeCounts;
  /** What the adjoint system cost; null before its gradient was taken, and for `direct`. */
  readonly adjointCounts: () => OdeCounts | null;
}

/** A control with nothing left open. */
export type ResolvedControl = { readonly [K in keyof OdeControl]-?: Exclude<OdeControl[K], undefined> };

/** What a set of ops is given: everything checked, y0 with all dimensions of the state. */
export interface OdeProblem extends ResolvedControl {
  /** [B, D] */
  readonly y0: Tensor2D;
  readonly layers: readonly LinearLayer[];
  readonly times: Float64Array;
  readonly activation: OdeActivation;
  readonly time: boolean;
  readonly gradient: "direct" | "adjoint";
  readonly adjoint: ResolvedControl;
  readonly maxEvaluations: number;
}

const endings = {
  underflow: () => "underflow in dt",
  budget: (limit: number) => `budget of ${limit} evaluations spent`,
  "time-limit": (limit: number) => `time limit of ${limit} s spent`,
  "not-finite": () => "the right-hand side is not finite",
  "no-scale": () => "atol is 0 and so is a number of the state, whose error has no scale then (give atol)",
  "state-not-finite": () => "the state is not finite",
  "event-not-finite": () => "eventFn is not finite",
  "no-event": () => "no event by the limit",
} as const;

/** The end of a solution that can't be carried on: a run that meets it has diverged. */
export class OdeError extends MlbenchError {
  /** What becomes of a trial that ends by it. */
  readonly failureClass = "diverged";

  /**
   * @param at the time that was reached
   * @param limit evaluations of a budget, seconds of a time limit
   */
  constructor(
    readonly kind: keyof typeof endings,
    readonly at: number,
    limit = 0,
  ) {
    super(
      kind === "underflow"
        ? "ode-underflow"
        : kind === "budget"
          ? "ode-budget"
          : kind === "time-limit"
            ? "ode-time-limit"
            : kind === "no-event"
              ? "ode-no-event"
              : "ode-not-finite",
      `${endings[kind](limit)} at t=${Number(at.toPrecision(6))}`,
    );
    this.name = "OdeError";
  }
}

const MAX_WIDTH = 4096;

/** @throws UsageError `invalid-ode` */
export function refuseOde(what: string): never {
  throw new UsageError("invalid-ode", `odeMlp: ${what}`);
}

function requireNumber(name: string, value: number, holds: boolean, right: string): number {
  return holds ? value : refuseOde(`${name} is ${value}: ${right}`);
}

function resolveControl(control: OdeControl, where: string): ResolvedControl {
  const { method, stepSize = 0, rtol = 1e-3, atol = 1e-4, minStep = 0 } = control;
  if (!odeMethods.includes(method))
    refuseOde(
      `unknown ${where}method "${String(method)}":${didYouMean(String(method), odeMethods)} known: ${odeMethods.join(", ")}`,
    );
  if (control.stepSize !== undefined)
    requireNumber(`${where}stepSize`, stepSize, stepSize > 0 && Number.isFinite(stepSize), "a number above 0");
  requireNumber(`${where}rtol`, rtol, rtol >= 0 && Number.isFinite(rtol), "a number from 0 on");
  requireNumber(`${where}atol`, atol, atol >= 0 && Number.isFinite(atol), "a number from 0 on");
  if (rtol === 0 && atol === 0) refuseOde(`${where}rtol and atol are both 0`);
  requireNumber(`${where}minStep`, minStep, minStep >= 0 && Number.isFinite(minStep), "a number from 0 on");
  return { method, stepSize, rtol, atol, minStep };
}

function requireTimes(times: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(times);
  if (all.length === 0) refuseOde("no times");
  all.forEach((t, i) => requireNumber(`time ${i}`, t, Number.isFinite(t), "a finite number"));
  const direction = Math.sign((all[1] ?? 0) - (all[0] as number));
  for (let i = 1; i < all.length; i++)
    if (((all[i] as number) - (all[i - 1] as number)) * direction <= 0)
      refuseOde(`times must rise or fall throughout, but ${all[i]} follows ${all[i - 1]}`);
  return all;
}

function requireLayers(layers: readonly LinearLayer[], D: number, time: boolean): void {
  if (layers.length < 1 || layers.length > 4) refuseOde(`${layers.length} layers: 1 to 4`);
  let inputs = D + (time ? 1 : 0);
  layers.forEach(({ weight, bias }, i) => {
    const [outputs, found] = weight.shape;
    if (found !== inputs)
      refuseOde(`layer ${i} takes ${found} numbers, but gets ${inputs}${i === 0 && time ? " with time" : ""}`);
    if (bias.shape[0] !== outputs) refuseOde(`layer ${i} has ${outputs} outputs and ${bias.shape[0]} biases`);
    if (i === layers.length - 1 && outputs !== D)
      refuseOde(`the last layer gives ${outputs} numbers for a state of ${D}`);
    if (outputs > MAX_WIDTH || D > MAX_WIDTH) refuseOde(`at most ${MAX_WIDTH} units`);
    inputs = outputs;
  });
}

/** @throws UsageError `invalid-ode` */
export function requireAugment({ augment = 0 }: OdeOptions): number {
  const holds = Number.isInteger(augment) && augment >= 0 && augment <= MAX_WIDTH;
  return requireNumber("augment", augment, holds, "a whole number from 0 on");
}

/**
 * Checks an ODE's arguments and fills in what was left open.
 * @throws UsageError `invalid-ode`
 */
export function resolveOde(
  y0: Tensor2D,
  layers: readonly LinearLayer[],
  times: ArrayLike<number>,
  options: OdeOptions,
): OdeProblem {
  return { y0, ...resolveOdeOf(y0.shape, layers, times, options) };
}

/** {@link resolveOde} for a y0 of which only the shape is known. */
export function resolveOdeOf(
  shape: readonly [rows: number, dimensions: number],
  layers: readonly LinearLayer[],
  times: ArrayLike<number>,
  options: OdeOptions,
): Omit<OdeProblem, "y0"> {
  const { activation = "tanh", time = false, gradient = "direct", maxEvaluations = 10_000 } = options;
  if (!odeActivations.includes(activation))
    refuseOde(`unknown activation "${String(activation)}": known: ${odeActivations.join(", ")}`);
  if (gradient !== "direct" && gradient !== "adjoint")
    refuseOde(`gradient is "${String(gradient)}": direct or adjoint`);
  if (typeof time !== "boolean") refuseOde(`time is ${String(time)}: true or false`);
  if (shape[0] < 1 || shape[1] < 1) refuseOde(`y0 is empty: [${shape.join(", ")}]`);
  requireLayers(layers, shape[1], time);
  const whole = Number.isInteger(maxEvaluations) && maxEvaluations > 0 && maxEvaluations < 2 ** 31;
  requireNumber("maxEvaluations", maxEvaluations, whole, "a whole number above 0");
  const control = resolveControl(options, "");
  return {
    ...{ layers, times: requireTimes(times), activation, time, gradient, maxEvaluations },
    ...control,
    adjoint: resolveControl({ ...options, ...given(options.adjoint) }, "adjoint "),
  };
}

/** Without what is undefined, which is absent. */
function given(control: OdeOptions["adjoint"] = {}): Partial<OdeControl> {
  return Object.fromEntries(Object.entries(control).filter(([, value]) => value !== undefined));
}
