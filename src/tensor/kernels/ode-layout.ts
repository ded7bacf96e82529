/** The plan of an ODE for the kernels, and the layout of its workspace. */
import { tableaus } from "../ops/ode-methods.js";
import type { OdeActivation, OdeProblem, ResolvedControl } from "../ops/ode-types.js";
import type { KernelMemory } from "./memory.js";

/** The fields of `OdePlan` in ../native/checks.h and ../assembly/ode.ts, in their order; four bytes each. */
const planFields = [
  ...["B", "D", "layers", "units0", "units1", "units2", "activation", "time", "points", "stages", "fsal", "order"],
  ...["adaptive", "steps", "kept", "mode", "budget"],
  ...["numbers", "y0", "weights", "path", "work", "dPath", "dY0", "dWeights"],
] as const;
type PlanField =
  | ("B" | "D" | "layers" | "units0" | "units1" | "units2" | "activation" | "time" | "points" | "stages" | "fsal")
  | ("order" | "adaptive" | "steps" | "kept" | "mode" | "budget")
  | ("numbers" | "y0" | "weights" | "path" | "work" | "dPath" | "dY0" | "dWeights");
export const ODE_PLAN_BYTES = planFields.length * 4;

/** Before the tableau and the times: rtol, atol, step size, least step, and what a solution has cost and reached. */
const NUMBERS = 8;
const kinds: Readonly<Record<OdeActivation, number>> = { tanh: 1, relu: 2, gelu: 3, silu: 4 };
/** Hidden layers of at most so many floats are kept for the gradient; steps beyond are computed once more. */
const KEPT_FLOATS = 1 << 22;

/** What a workspace is laid out for: a method and sizes, but none of the numbers. */
export interface OdeShape {
  readonly batch: number;
  readonly D: number;
  /** Of the hidden layers. */
  readonly units: readonly number[];
  readonly activation: OdeActivation;
  readonly time: boolean;
  readonly points: number;
  readonly method: OdeProblem["method"];
  readonly mode: "plain" | "direct" | "adjoint";
  /** The adjoint system's, for that mode. */
  readonly adjointMethod: OdeProblem["method"] | null;
  /** Steps that are kept for the direct gradient. */
  readonly steps: number;
}

export interface OdeLayout {
  /** Addresses of the solution's plan and of that of its gradient: the same but for `adjoint`. */
  readonly solve: number;
  readonly gradient: number;
  readonly at: Readonly<Record<"y0" | "weights" | "path" | "dPath" | "dY0" | "dWeights", number>>;
  readonly weights: number;
}

/** A workspace: how large it is, and where its parts stand from a base on. */
interface LaidOde {
  readonly bytes: number;
  /** Writes nothing. */
  readonly place: (base: number) => OdeLayout;
  /** Writes the plans. */
  readonly layout: (base: number) => OdeLayout;
}

/** The numbers of a control, its method's tableau and the times, as the kernels read them. */
function numbersOf(control: ResolvedControl, times: Float64Array): Float64Array {
  const { c, a, b, error, middle } = tableaus[control.method];
  const square = a.flatMap((row) => [...row, ...Array<number>(c.length - row.length).fill(0)]);
  const { rtol, atol, stepSize, minStep } = control;
  return Float64Array.of(
    ...[rtol, atol, stepSize, minStep, 0, 0, 0, 0],
    ...[...c, ...square, ...b, ...(error ?? b.map(() => 0)), ...middle],
    ...times,
  );
}

function fieldsOf(shape: OdeShape, method: OdeProblem["method"], mode: number): Record<PlanField, number> {
  const { order, c, error, fsal } = tableaus[method];
  const { batch, D, units, steps } = shape;
  const cost = c.length - (fsal ? 1 : 0);
  const hidden =
    units.reduce((sum, n) => sum + n, 0) * (shape.activation === "gelu" || shape.activation === "silu" ? 2 : 1);
  const slot = Math.ceil(batch / 16) * 16 * (D + hidden);
  return {
    ...{ B: batch, D, layers: units.length + 1, units0: units[0] ?? 0, units1: units[1] ?? 0, units2: units[2] ?? 0 },
    ...{ activation: kinds[shape.activation], time: shape.time ? 1 : 0, points: shape.points, stages: c.length },
    ...{
      fsal: fsal ? 1 : 0,
      order,
      adaptive: error ? 1 : 0,
      steps,
      kept: Math.min(steps, Math.floor(KEPT_FLOATS / slot / cost)),
    },
    ...{ mode, budget: 0, numbers: 0, y0: 0, weights: 0, path: 0, work: 0, dPath: 0, dY0: 0, dWeights: 0 },
  };
}

export const countWeights = ({ D, units, time }: OdeShape): number => {
  const sizes = [D, ...units, D];
  return sizes.slice(1).reduce((sum, n, l) => sum + n * ((sizes[l] as number) + 1 + (l === 0 && time ? 1 : 0)), 0);
};

const write = (memory: KernelMemory, address: number, fields: Record<PlanField, number>): void =>
  planFields.forEach((name, i) => (memory.i32[(address >> 2) + i] = fields[name]));

/** Lays out one workspace. */
export function layOde(memory: KernelMemory, shape: OdeShape): LaidOde {
  let bytes = 0;
  const take = (size: number): number => {
    const at = bytes;
    bytes += Math.ceil(size / 64) * 64;
    return at;
  };
  const path = shape.points * shape.batch * shape.D * 4;
  const state = shape.batch * shape.D * 4;
  const weights = countWeights(shape);
  const at = {
    ...{ y0: take(state), weights: take(weights * 4), path: take(path) },
    ...(shape.mode === "plain"
      ? { dPath: 0, dY0: 0, dWeights: 0 }
      : { dPath: take(path), dY0: take(state), dWeights: take(weights * 4) }),
  };
  const planned = (method: OdeProblem["method"], mode: number) => {
    const fields = fieldsOf(shape, method, mode);
    const plan = take(ODE_PLAN_BYTES);
    const stages = fields.stages;
    const numbers = take((NUMBERS + stages * (stages + 4) + shape.points) * 8);
    const scratch = memory.scratch(ODE_PLAN_BYTES);
    write(memory, scratch, fields);
    return { plan, fields: { ...fields, numbers, work: take(memory.exports.odeFloats(scratch) * 4) } };
  };
  const plans = [planned(shape.method, shape.mode === "direct" ? 1 : 0)];
  if (shape.adjointMethod) plans.push(planned(shape.adjointMethod, 2));
  const place = (base: number): OdeLayout => {
    const absolute = Object.fromEntries(
      Object.entries(at).map(([name, offset]) => [name, base + offset]),
    ) as OdeLayout["at"];
    const addresses = plans.map(({ plan }) => base + plan) as [number, ...number[]];
    return { solve: addresses[0], gradient: addresses[1] ?? addresses[0], at: absolute, weights };
  };
  const layout = (base: number): OdeLayout => {
    const placed = place(base);
    for (const { plan, fields } of plans)
      write(memory, base + plan, { ...fields, ...placed.at, numbers: base + fields.numbers, work: base + fields.work });
    return placed;
  };
  return { bytes, place, layout };
}

const fieldAt = (plan: number, name: PlanField): number => (plan >> 2) + planFields.indexOf(name);

const numbersAt = (memory: KernelMemory, plan: number, count: number): Float64Array =>
  new Float64Array(memory.f32.buffer, memory.i32[fieldAt(plan, "numbers")], count);

/** Writes into a plan what differs from call to call. */
export function writeNumbers(
  ...[memory, plan, control, times, budget]: [KernelMemory, number, ResolvedControl, Float64Array, number]
): void {
  memory.i32[fieldAt(plan, "budget")] = budget;
  const numbers = numbersOf(control, times);
  numbersAt(memory, plan, numbers.length).set(numbers);
}

/** What a call left behind: its counts and the time that it reached. */
export function readNumbers(memory: KernelMemory, plan: number) {
  const [evaluations, accepted, rejected, at] = numbersAt(memory, plan, NUMBERS).slice(4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  return { counts: { evaluations, accepted, rejected }, at };
}
