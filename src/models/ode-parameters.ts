/** The parameters that the models with an ODE share, and what the solver is told by them. */
import { z } from "zod";
import { categorical, float, int } from "../core/distribution.js";
import type { MetricMeta } from "../core/metrics.js";
import { parameter } from "../registry/index.js";
import { tableaus } from "../tensor/ops/ode-methods.js";
import type { OdeCounts, OdeMethod } from "../tensor/ops/ode-types.js";
import { odeActivations, odeMethods } from "../tensor/ops/ode-types.js";

/**
 * One unit of an ODE's time is so many discharges, whatever the horizon: a network's slopes of order 1 then say something
 * about tens of cycles. A power of two, so that steps of whole cycles end exactly at the times asked for.
 */
export const CYCLES_PER_UNIT = 16;

/** Methods by their names as a solver: those of the fused op, and those that `odeint` takes op by op. */
export const odeSolvers = [...odeMethods, "explicit_adams", "dopri8", "esdirk54"] as const;
export type OdeSolver = (typeof odeSolvers)[number];

/** Whether the fused op has the method. */
export const isFused = (solver: OdeSolver): solver is OdeMethod => Object.hasOwn(tableaus, solver);
const isAdaptive = (solver: OdeSolver): boolean =>
  isFused(solver) ? tableaus[solver].error !== null : solver !== "explicit_adams";
/** Solvers that choose their steps by `rtol` and `atol`. */
export const adaptiveSolvers: readonly OdeSolver[] = odeSolvers.filter(isAdaptive);
/** Solvers of steps of `step_size`. */
export const fixedSolvers: readonly OdeSolver[] = odeSolvers.filter((solver) => !isAdaptive(solver));

/** The state's size; a model whose state has another name leaves it out. */
const latentSize = parameter(z.number().int().min(1).max(256).default(16), {
  description: "size of the latent state that the ODE moves",
  search: { distribution: int(4, 64, { log: true }), default: true },
});

/** The right-hand side: an MLP of `depth` hidden layers. */
const dynamics = {
  width: parameter(z.number().int().min(1).max(1024).default(32), {
    description: "hidden units per layer of the ODE's right-hand side",
    search: { distribution: int(8, 128, { log: true }), default: true },
  }),
  depth: parameter(z.number().int().min(1).max(3).default(1), {
    description: "hidden layers of the ODE's right-hand side",
    search: { distribution: int(1, 3), default: "on request" },
  }),
  activation: parameter(z.enum(odeActivations).default("tanh"), {
    description: "activation of the ODE's right-hand side",
    search: { distribution: categorical(odeActivations), default: "on request" },
  }),
};

const solver = {
  solver: parameter(z.enum(odeSolvers).default("rk4"), {
    description: "method that solves the ODE",
    search: { distribution: categorical(["euler", "rk4", "dopri5"]), default: true },
  }),
  step_size: parameter(z.number().gt(0).max(1000).default(1), {
    description: "step of a solver of fixed steps; the path between two steps is a line",
    unit: "cycles",
    when: { solver: fixedSolvers },
    search: { distribution: categorical([1, 2, 5]), default: "on request" },
  }),
  rtol: parameter(z.number().min(1e-8).max(1).default(1e-3), {
    description: "relative tolerance of an adaptive solver",
    when: { solver: adaptiveSolvers },
    search: { distribution: float(1e-5, 1e-2, { log: true }), default: true },
  }),
  atol: parameter(z.number().min(1e-10).max(1).default(1e-4), {
    description: "absolute tolerance of an adaptive solver",
    when: { solver: adaptiveSolvers },
    search: { distribution: float(1e-6, 1e-3, { log: true }), default: "on request" },
  }),
  adjoint: parameter(z.boolean().default(false), {
    description:
      "gradient by the adjoint system solved backwards, in memory that does not grow with the steps, instead of through the steps taken",
    search: { distribution: categorical([false, true]), default: "on request" },
  }),
  max_evaluations: parameter(z.number().int().min(1).max(1_000_000).default(10_000), {
    description: "evaluations of the right-hand side that one solve may cost; past them the trial has diverged",
  }),
};

/** For a model's schema: `z.object({ ...odeParameters, … })`. */
export const odeParameters = { latent_size: latentSize, ...dynamics, ...solver };

/** Their values; those whose condition does not hold are absent from a run's parameters, and the schema fills them in. */
export type OdeParameters = z.output<z.ZodObject<typeof odeParameters>>;

/** How a solver is told to go on by a model's parameters, in the ODE's units of time. */
export function odeControl({ solver, step_size, rtol, atol }: Pick<OdeParameters, ControlParameter>): OdeControl {
  return isAdaptive(solver) ? { rtol, atol } : { stepSize: step_size / CYCLES_PER_UNIT };
}
type ControlParameter = "solver" | "step_size" | "rtol" | "atol";
/** Either the tolerances or the step. */
export type OdeControl = { readonly rtol: number; readonly atol: number } | { readonly stepSize: number };

/** What a solve costs, as the model's own metrics: means over windows, each with the numbers of its batch's solve. */
export const odeMetrics = {
  evaluations: { summary: "evaluations of the ODE's right-hand side a solve", direction: "minimize" },
  steps_accepted: { summary: "steps of the ODE's solver", direction: "minimize" },
  steps_rejected: {
    summary: "steps that the ODE's solver took back because their error was too large",
    direction: "minimize",
  },
} as const satisfies Readonly<Record<string, MetricMeta>>;

/** For `LossResult.metrics`. */
export function odeMetricsOf({ evaluations, accepted, rejected }: OdeCounts): Record<keyof typeof odeMetrics, number> {
  return { evaluations, steps_accepted: accepted, steps_rejected: rejected };
}

/**
 * The times of a path in the ODE's units, the window's end before them.
 * @param cycles discharges after the window's last, as in `tEval`
 */
export function odeTimes(cycles: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: cycles.length + 1 }, (_, i) => (cycles[i - 1] ?? 0) / CYCLES_PER_UNIT);
}

/** Inputs and outputs of each layer of a right-hand side from `inputs` to `outputs` numbers. */
export function dynamicsSizes(
  { width, depth }: Pick<OdeParameters, "width" | "depth">,
  inputs: number,
  outputs = inputs,
): readonly (readonly [inputs: number, outputs: number])[] {
  const sizes = [inputs, ...Array<number>(depth).fill(width), outputs];
  return sizes.slice(1).map((size, l) => [sizes[l] as number, size] as const);
}
