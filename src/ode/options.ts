/** What a caller may choose of a solution, and the checks of it. */
import { didYouMean } from "../core/nearest.js";
import { UsageError } from "../core/errors.js";
import { type KnownKeys, requireKnownKeys } from "../core/known-keys.js";
import { type ControlName, controlNames } from "./control.js";
import type { OdeLimits } from "./evaluations.js";
import type { StepSettings } from "./integrate.js";
import type { NumberJacobian } from "./linearize.js";
import type { Method } from "./method.js";
import { methods, type SolverName, solverNames } from "./methods/index.js";

/** How steps are chosen and when to give up. */
export interface SolverOptions {
  /** @default "dopri5" */
  readonly method?: SolverName | undefined;
  /** Of adaptive methods, as is `atol`: a step's error is held to atol + rtol * |y|, in the mean square. @default 1e-7 */
  readonly rtol?: number | undefined;
  /** @default 1e-9 */
  readonly atol?: number | undefined;
  /** Of methods of fixed steps; the path between steps is linear. @default from one time asked for to the next */
  readonly stepSize?: number | undefined;
  /** A step that would have to be smaller ends the solution. @default 0 */
  readonly minStep?: number | undefined;
  /** Of adaptive methods. @default Infinity */
  readonly maxStep?: number | undefined;
  /** Of adaptive methods. @default chosen by the slopes */
  readonly firstStep?: number | undefined;
  /** Of adaptive methods. @default "integral" */
  readonly control?: ControlName | undefined;
  /** The next step aims at this part of the tolerance's step. @default 0.9 */
  readonly safety?: number | undefined;
  /** A step is at most so many times as large as the one before. @default 10 */
  readonly maxFactor?: number | undefined;
  /** A step is at least so large, relative to the one before. @default 0.2 */
  readonly minFactor?: number | undefined;
  /**
   * Between an adaptive method's steps: `own` is the best the method has, `torchdiffeq` that one's polynomial, which is rough
   * for `bosh3` and `dopri8` and the same for the others. @default "own"
   */
  readonly interpolation?: "own" | "torchdiffeq" | undefined;
  /**
   * Of an implicit method on a state in float64: row i has the derivatives of the i-th slope by the state.
   * @default forward differences
   */
  readonly jacobian?: NumberJacobian | undefined;
  /** Evaluations of the right-hand side that a solution may cost. @default 100000 */
  readonly maxEvaluations?: number | undefined;
  /** Seconds on the wall's clock that a solution may take. @default Infinity */
  readonly maxSeconds?: number | undefined;
}

/** {@link SolverOptions}; those of `options` are the same, one level down, where torchdiffeq has them, and win. */
export interface OdeintOptions extends SolverOptions {
  /** As torchdiffeq's. @default nothing */
  readonly options?: Omit<SolverOptions, "method"> | undefined;
}

/** What a solution cost. */
export interface SolverCounts {
  /** Of the right-hand side. */
  readonly evaluations: number;
  /** Steps. */
  readonly accepted: number;
  readonly rejected: number;
  /** Jacobians of an implicit method; their evaluations are among those above. */
  readonly jacobians?: number;
}

/** A control with nothing left open. */
export interface Resolved {
  readonly method: Method;
  readonly settings: StepSettings;
  readonly limits: OdeLimits;
  readonly jacobian: NumberJacobian | null;
}

const solverKeys: KnownKeys<SolverOptions> = {
  method: true,
  rtol: true,
  atol: true,
  stepSize: true,
  minStep: true,
  maxStep: true,
  firstStep: true,
  control: true,
  safety: true,
  maxFactor: true,
  minFactor: true,
  interpolation: true,
  jacobian: true,
  maxEvaluations: true,
  maxSeconds: true,
};
const { method: _method, ...innerKeys } = solverKeys;

/** @throws UsageError `invalid-ode` */
export function refuse(where: string, what: string): never {
  throw new UsageError("invalid-ode", `${where}: ${what}`);
}

/**
 * Refuses unknown keys and puts `options` among the others; what is undefined is absent.
 * @param further keys of the calling function's own
 */
export function flatten<T extends OdeintOptions>(where: string, given: T, further: Readonly<Record<string, true>>): T {
  requireKnownKeys(where, given, { ...solverKeys, options: true, ...further });
  const { options, ...rest } = given;
  if (options !== undefined) requireKnownKeys(`${where}: options`, options, innerKeys);
  const all = [...Object.entries(rest), ...Object.entries(options ?? {})].filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as unknown as T;
}

/**
 * Checks flat options and fills in what is absent.
 * @throws UsageError `invalid-ode`
 */
export function resolveSolver(where: string, given: SolverOptions): Resolved {
  const number = (
    name: keyof SolverOptions,
    otherwise: number,
    least: "0" | "above 0",
    most = Number.MAX_VALUE,
  ): number => {
    const value = given[name];
    if (value === undefined) return otherwise;
    const holds = typeof value === "number" && (least === "0" ? value >= 0 : value > 0) && value <= most;
    const right = (least === "0" ? "from 0 on" : "above 0") + (most === 1 ? ", at most 1" : "");
    if (!holds) refuse(where, `${name} is ${String(value)}: a number ${right}`);
    return value;
  };
  const choice = <T extends string>(name: keyof SolverOptions, known: readonly T[], otherwise: T): T => {
    const value = (given[name] ?? otherwise) as T;
    if (known.includes(value)) return value;
    return refuse(
      where,
      `unknown ${name} "${String(value)}":${didYouMean(String(value), known)} known: ${known.join(", ")}`,
    );
  };
  const method = methods.get(choice("method", solverNames, "dopri5")) as Method;
  const settings: StepSettings = {
    rtol: number("rtol", 1e-7, "0"),
    atol: number("atol", 1e-9, "0"),
    stepSize: number("stepSize", 0, "above 0"),
    minStep: number("minStep", 0, "0"),
    maxStep: number("maxStep", Infinity, "above 0", Infinity),
    firstStep: number("firstStep", 0, "above 0"),
    control: choice("control", controlNames, "integral"),
    safety: number("safety", 0.9, "above 0", 1),
    maxFactor: number("maxFactor", 10, "above 0"),
    minFactor: number("minFactor", 0.2, "above 0", 1),
    torchdiffeqPath: choice("interpolation", ["own", "torchdiffeq"], "own") === "torchdiffeq",
  };
  if (settings.rtol === 0 && settings.atol === 0) refuse(where, "rtol and atol are both 0");
  if (settings.maxFactor <= 1) refuse(where, `maxFactor is ${settings.maxFactor}: a number above 1`);
  const maxEvaluations = number("maxEvaluations", 100_000, "above 0");
  if (!Number.isInteger(maxEvaluations)) refuse(where, `maxEvaluations is ${maxEvaluations}: a whole number above 0`);
  const { jacobian = null } = given;
  if (jacobian !== null && typeof jacobian !== "function") refuse(where, "jacobian is no function of t and y");
  const limits = { maxEvaluations, maxSeconds: number("maxSeconds", Infinity, "above 0", Infinity) };
  return { method, settings, limits, jacobian };
}

/**
 * The times as numbers, rising or falling throughout.
 * @throws UsageError `invalid-ode`
 */
export function requireTimes(where: string, given: ArrayLike<number>): Float64Array {
  const times = Float64Array.from(given);
  if (times.length === 0) refuse(where, "no times");
  times.forEach((t, i) => {
    if (!Number.isFinite(t)) refuse(where, `time ${i} is ${t}: a finite number`);
  });
  const direction = directionOf(times);
  for (let i = 1; i < times.length; i++)
    if (((times[i] as number) - (times[i - 1] as number)) * direction <= 0)
      refuse(where, `times must rise or fall throughout, but ${times[i]} follows ${times[i - 1]}`);
  return times;
}

/** 1, or -1 for falling times. */
export function directionOf(times: Float64Array): number {
  return (times[1] ?? Infinity) < (times[0] as number) ? -1 : 1;
}
