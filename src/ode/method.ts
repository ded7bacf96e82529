/** The contract of a method: what one step takes and gives. Everything else (control, times, budgets) is written once, for all. */
import type { Evaluations } from "./evaluations.js";
import type { Linearizer } from "./linearize.js";
import type { Time } from "./time.js";
import type { Tolerance, Vectors } from "./vectors.js";

/** Polynomials without a constant term, one a vector of a step: row i has the coefficients of x, x^2, … */
export type PathPolynomials = readonly (readonly number[])[];

export interface Step<V> {
  /** The state at t + h. */
  readonly end: V;
  /** The estimate of the step's error; null for methods of fixed steps. */
  readonly error: V | null;
  /** The slope at the step's end, where the method has it: the next step begins with it. */
  readonly slope: V | null;
  /** The vectors that `path` weighs, and whatever else of this step is still needed behind it. */
  readonly k: readonly V[];
  /**
   * The state at the fraction x of the step is y + h * sum of path[i](x) * k[i]. Null: the method takes a step of its own
   * to each time asked for, where no polynomial is as good as its steps.
   */
  readonly path: PathPolynomials | null;
  /** Of a step that could not be computed, and has nothing else: try again with so much of its size. */
  readonly shrink?: number;
}

/** What takes the steps of one solution; it may remember earlier ones. */
export interface Stepper<V> {
  /**
   * @param slope f(t, y), where it is known
   */
  step(t: Time, h: Time, y: V, slope: V | null): Step<V>;
  /** Vectors of earlier steps that must outlive the present one. */
  readonly held?: readonly V[];
}

/** What a stepper works with: states, the right-hand side (each call is an evaluation, and counted), and options of its own. */
export interface StepperContext<V> {
  readonly vectors: Vectors<V>;
  readonly evaluations: Evaluations<V>;
  readonly linearizer: Linearizer<V>;
  readonly tolerance: Tolerance;
  /** Take the polynomial that torchdiffeq takes. */
  readonly torchdiffeqPath: boolean;
}

export interface Method {
  readonly name: string;
  /** The order of convergence at the ends of steps. */
  readonly order: number;
  /** The order of the embedded error estimate; null for methods of fixed steps. */
  readonly estimate: number | null;
  /** Whether it is meant for stiff problems. */
  readonly stiff: boolean;
  start<V>(context: StepperContext<V>): Stepper<V>;
}
