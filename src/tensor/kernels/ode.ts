/** The path of y' = MLP(y) as one TensorFlow.js kernel each way. */
import { tableaus } from "../ops/ode-methods.js";
import type { OdeCounts, OdeProblem, OdeResult } from "../ops/ode-types.js";
import { OdeError } from "../ops/ode-types.js";
import type { KernelBackend, Tensor, Tensor3D, TensorInfo } from "../tf.js";
import { tapeIsOn } from "../own-tape.js";
import type { KernelMemory } from "./memory.js";
import { layOde, type OdeLayout, type OdeShape, readNumbers, writeNumbers } from "./ode-layout.js";
import type { Infos } from "./registration.js";
import { registerFused, runFused } from "./registration.js";
import { tensorOf, valuesOf } from "./tensors.js";
import type { Workspace } from "./workspaces.js";
import { Workspaces } from "./workspaces.js";

const NAME = "MlbenchOde";

interface OdeCall {
  readonly kernels: OdeKernels;
  readonly problem: OdeProblem;
  readonly shape: OdeShape;
  workspace?: Workspace<OdeLayout>;
  pass?: number;
  counts?: OdeCounts;
  adjointCounts?: OdeCounts;
}

/** What the kernels' functions return. */
const [DONE, UNDERFLOW, BUDGET, NOT_FINITE] = [0, 1, 2, 3];
/** No room for another step that is kept for the gradient. */
export const FULL = 4;
/** Steps that adaptive methods find room for at first; twice as many whenever they are too few. */
export const FIRST_STEPS = 32;

/** @throws OdeError for a solution that ended early */
export function requireDone(status: number, at: number, { maxEvaluations }: Pick<OdeProblem, "maxEvaluations">): void {
  if (status === UNDERFLOW) throw new OdeError("underflow", at, maxEvaluations);
  if (status === BUDGET) throw new OdeError("budget", at, maxEvaluations);
  if (status === NOT_FINITE) throw new OdeError("not-finite", at, maxEvaluations);
  if (status !== DONE) throw new Error(`the kernels refused an ODE (${status})`);
}

/** Steps of a method of fixed steps, as far as its budget goes; of an adaptive one so many as have been enough before. */
export function stepsOf(
  { method, times, stepSize, maxEvaluations }: Omit<OdeProblem, "y0">,
  known: number | undefined,
): number {
  const { error, c } = tableaus[method];
  if (error) return known ?? FIRST_STEPS;
  const span = Math.abs((times[times.length - 1] as number) - (times[0] as number));
  const steps = stepSize === 0 ? times.length - 1 : Math.ceil(span / stepSize + 1);
  return Math.min(steps, Math.floor(maxEvaluations / c.length));
}

/** The ODEs of one memory. */
export class OdeKernels {
  readonly workspaces: Workspaces<OdeLayout>;
  /** By shape, the steps that an adaptive method needed. */
  readonly #steps = new Map<string, number>();

  constructor(readonly memory: KernelMemory) {
    this.workspaces = new Workspaces(memory, (_, key) => layOde(memory, JSON.parse(key) as OdeShape));
  }

  shapeOf(problem: OdeProblem, onTape: boolean): OdeShape {
    const { y0, layers, activation, time, times, method, gradient } = problem;
    const adjoint = onTape && gradient === "adjoint";
    const shape = {
      ...{ batch: y0.shape[0], D: y0.shape[1], units: layers.slice(0, -1).map(({ weight }) => weight.shape[0]) },
      ...{ activation, time, points: times.length, method, mode: onTape ? gradient : "plain" },
      ...{ adjointMethod: adjoint ? problem.adjoint.method : null, steps: 0 },
    } satisfies OdeShape;
    const steps = shape.mode === "direct" ? stepsOf(problem, this.#steps.get(JSON.stringify(shape))) : 0;
    return { ...shape, steps };
  }

  forward(infos: Infos, call: OdeCall, backend: KernelBackend): TensorInfo {
    const { memory } = this;
    const { problem } = call;
    for (let shape = call.shape; ;) {
      const workspace = this.workspaces.acquire(JSON.stringify(shape));
      const { solve, at } = workspace.layout;
      memory.f32.set(valuesOf(backend, infos["y0"] as TensorInfo), at.y0 >> 2);
      this.#setWeights(infos, problem, at.weights, backend);
      writeNumbers(memory, solve, problem, problem.times, problem.maxEvaluations);
      const status = memory.exports.odeSolve(solve);
      if (status === FULL) {
        this.#steps.set(JSON.stringify({ ...shape, steps: 0 }), shape.steps * 2);
        shape = { ...shape, steps: shape.steps * 2 };
        continue;
      }
      const { counts, at: reached } = readNumbers(memory, solve);
      requireDone(status, reached, problem);
      call.counts = counts;
      const size = [shape.points, shape.batch, shape.D] as const;
      const path = tensorOf(backend, size, memory.floats(at.path, size[0] * size[1] * size[2]));
      if (shape.mode !== "plain") {
        this.workspaces.hold(workspace, path.dataId);
        call.workspace = workspace;
        call.pass = workspace.pass;
      }
      return path;
    }
  }

  #setWeights(infos: Infos, { layers }: OdeProblem, address: number, backend: KernelBackend): void {
    let at = address >> 2;
    layers.forEach((_, l) => {
      for (const name of [`weight${l}`, `bias${l}`]) {
        const values = valuesOf(backend, infos[name] as TensorInfo);
        this.memory.f32.set(values, at);
        at += values.length;
      }
    });
  }

  /** The gradients of y0 and of every weight and bias. */
  backward(dPath: TensorInfo, call: OdeCall, backend: KernelBackend): TensorInfo[] {
    const { memory } = this;
    const { problem, shape, workspace } = call;
    if (!workspace || workspace.pass !== call.pass || workspace.state !== "held")
      throw new Error("the gradient of a fused ODE can be taken once, on the tape that recorded it");
    const { gradient, solve, at } = workspace.layout;
    memory.f32.set(valuesOf(backend, dPath), at.dPath >> 2);
    if (gradient !== solve) writeNumbers(memory, gradient, problem.adjoint, problem.times, problem.maxEvaluations);
    const status = memory.exports.odeBackward(gradient);
    workspace.state = "done";
    const { counts, at: reached } = readNumbers(memory, gradient);
    requireDone(status, reached, problem);
    if (gradient !== solve) call.adjointCounts = counts;
    const found = [tensorOf(backend, [shape.batch, shape.D], memory.floats(at.dY0, shape.batch * shape.D))];
    let address = at.dWeights;
    for (const tensor of problem.layers.flatMap(({ weight, bias }): Tensor[] => [weight, bias])) {
      found.push(tensorOf(backend, tensor.shape, memory.floats(address, tensor.size)));
      address += tensor.size * 4;
    }
    return found;
  }
}

function gradients([dPath]: Tensor[], call: OdeCall): Record<string, () => Tensor> {
  const found = runFused(`${NAME}Grad`, { dPath: dPath as Tensor }, call);
  const names = ["y0", ...call.problem.layers.flatMap((_, l) => [`weight${l}`, `bias${l}`])];
  return Object.fromEntries(names.map((name, i) => [name, () => found[i] as Tensor]));
}

/** `odeMlp` as one op. */
export function fusedOde(kernels: OdeKernels, problem: OdeProblem): OdeResult {
  registerFused<OdeCall>(NAME, (infos, call, backend) => call.kernels.forward(infos, call, backend), gradients);
  registerFused<OdeCall>(`${NAME}Grad`, (infos, call, backend) =>
    call.kernels.backward(infos["dPath"] as TensorInfo, call, backend),
  );
  const weights = problem.layers.flatMap(({ weight, bias }, l): [string, Tensor][] => [
    [`weight${l}`, weight],
    [`bias${l}`, bias],
  ]);
  const call: OdeCall = { kernels, problem, shape: kernels.shapeOf(problem, tapeIsOn()) };
  const path = runFused(NAME, { y0: problem.y0, ...Object.fromEntries(weights) }, call)[0] as Tensor3D;
  return { path, counts: call.counts as OdeCounts, adjointCounts: () => call.adjointCounts ?? null };
}
