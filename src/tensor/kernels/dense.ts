/** A dense layer as one TensorFlow.js kernel each way: product, bias and activation. */
import type { Activation } from "../ops/ops.js";
import type { KernelBackend, Tensor, Tensor1D, Tensor2D, TensorInfo } from "../tf.js";
import { tapeIsOn } from "../own-tape.js";
import type { KernelMemory } from "./memory.js";
import type { Infos } from "./registration.js";
import { registerFused, runFused } from "./registration.js";
import { tensorOf, valuesOf } from "./tensors.js";
import type { Workspace } from "./workspaces.js";
import { Workspaces } from "./workspaces.js";

const NAME = "MlbenchDense";
/** The numbers of `activatePanels`. */
export const activationKinds: Readonly<Record<Activation, number>> = { linear: 0, tanh: 1, relu: 2, gelu: 3 };

/** Addresses in one workspace: panels (x, y, derivative d, dy, dx), packed weights both ways, dW and db. */
interface DenseLayout {
  readonly stride: number;
  readonly at: Readonly<Record<(typeof blocks)[number], number>>;
}
const blocks = ["x", "y", "d", "dy", "dx", "forward", "backward", "bias", "dW", "dBias"] as const;

interface DenseCall {
  readonly kernels: DenseKernels;
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
  readonly onTape: boolean;
  workspace?: Workspace<DenseLayout>;
  pass?: number;
}

/** The products write whole panels, and eight columns at least. */
export const whole = (n: number, lanes: number): number => Math.ceil(n / Math.max(8, lanes)) * Math.max(8, lanes);

function layDense(lanes: number, batch: number, inputs: number, outputs: number) {
  const stride = Math.ceil(batch / 4) * 4 + 4;
  const [i, o] = [whole(inputs, lanes), whole(outputs, lanes)];
  const floats = [i, o, o, o, i].map((columns) => columns * stride);
  floats.push(o * inputs, i * outputs, o, o * i, o);
  const offsets: number[] = [];
  let bytes = 0;
  for (const count of floats) {
    offsets.push(bytes);
    bytes += Math.ceil(count / 16) * 64;
  }
  const layout = (base: number): DenseLayout => ({
    stride,
    at: Object.fromEntries(blocks.map((name, k) => [name, base + (offsets[k] as number)])) as DenseLayout["at"],
  });
  return { bytes, layout };
}

/** The dense layers of one memory. */
export class DenseKernels {
  readonly workspaces: Workspaces<DenseLayout>;

  constructor(readonly memory: KernelMemory) {
    this.workspaces = new Workspaces(memory, (_, key) =>
      layDense(memory.lanes, ...(JSON.parse(key) as [number, number, number])),
    );
  }

  forward(infos: Infos, call: DenseCall, backend: KernelBackend): TensorInfo {
    const { memory } = this;
    const { exports } = memory;
    const { batch, inputs, outputs, activation } = call;
    const workspace = this.workspaces.acquire(JSON.stringify([batch, inputs, outputs]));
    const { stride, at } = workspace.layout;
    const [x, weight, bias] = (["x", "weight", "bias"] as const).map((name) =>
      valuesOf(backend, infos[name] as TensorInfo),
    ) as [Float32Array, Float32Array, Float32Array];
    const scratch = memory.scratch((Math.max(batch * inputs, batch * outputs) + inputs * outputs) * 4);
    memory.f32.set(x, scratch >> 2);
    exports.toPanels(scratch, inputs * 4, batch, inputs, at.x, stride);
    memory.f32.set(weight, scratch >> 2);
    exports.packRows(scratch, outputs, inputs, at.forward);
    if (call.onTape) exports.packColumns(scratch, outputs, inputs, at.backward);
    memory.f32.set(bias, at.bias >> 2);
    exports.gemmPanels(at.x, stride, at.forward, at.bias, at.y, stride, batch, inputs, outputs, 0);
    const d = call.onTape ? at.d : 0;
    if (activation !== "linear") exports.activatePanels(activationKinds[activation], at.y, d, batch, outputs, stride);
    exports.fromPanels(at.y, stride, batch, outputs, scratch, outputs * 4);
    const result = tensorOf(backend, [batch, outputs], memory.floats(scratch, batch * outputs));
    if (call.onTape) {
      this.workspaces.hold(workspace, result.dataId);
      call.workspace = workspace;
      call.pass = workspace.pass;
    }
    return result;
  }

  /** The gradients of weight and bias. */
  backward(dy: TensorInfo, call: DenseCall, backend: KernelBackend): TensorInfo[] {
    const { memory } = this;
    const { exports } = memory;
    const { batch, inputs, outputs, workspace } = call;
    if (!workspace || workspace.pass !== call.pass || workspace.state !== "held")
      throw new Error("the gradient of a fused dense layer can be taken once, on the tape that recorded it");
    const { stride, at } = workspace.layout;
    const scratch = memory.scratch(Math.max(batch * outputs, inputs * outputs) * 4);
    memory.f32.set(valuesOf(backend, dy), scratch >> 2);
    exports.toPanels(scratch, outputs * 4, batch, outputs, at.dy, stride);
    if (call.activation !== "linear") exports.multiplyPanels(at.dy, at.d, batch, outputs, stride);
    exports.sumPanels(at.dy, batch, outputs, stride, at.dBias);
    exports.gemmTransposed(at.dy, 0, outputs, at.x, 0, inputs, stride, batch, 1, at.dW, 0);
    const pitch = Math.ceil(inputs / memory.lanes) * memory.lanes * 4;
    exports.copyRows(at.dW, pitch, outputs, inputs, scratch, inputs * 4);
    workspace.state = "done";
    return [
      tensorOf(backend, [outputs, inputs], memory.floats(scratch, outputs * inputs)),
      tensorOf(backend, [outputs], memory.floats(at.dBias, outputs)),
    ];
  }

  /** The gradient of x, after `backward` of the same call and before any other kernel of this kind. */
  inputGradient(call: DenseCall, backend: KernelBackend): TensorInfo {
    const { memory } = this;
    const { batch, inputs, outputs } = call;
    const { stride, at } = (call.workspace as Workspace<DenseLayout>).layout;
    const scratch = memory.scratch(batch * inputs * 4);
    memory.exports.gemmPanels(at.dy, stride, at.backward, 0, at.dx, stride, batch, outputs, inputs, 0);
    memory.exports.fromPanels(at.dx, stride, batch, inputs, scratch, inputs * 4);
    return tensorOf(backend, [batch, inputs], memory.floats(scratch, batch * inputs));
  }
}

function gradients([dy]: Tensor[], call: DenseCall): Record<string, () => Tensor> {
  const [dWeight, dBias] = runFused(`${NAME}Grad`, { dy: dy as Tensor }, call) as [Tensor, Tensor];
  return {
    x: () => runFused(`${NAME}InputGrad`, {}, call)[0] as Tensor,
    weight: () => dWeight,
    bias: () => dBias,
  };
}

/** `activation(x · weightᵀ + bias)` as one op. */
export function fusedDense(
  kernels: DenseKernels,
  ...[x, weight, bias, activation]: [x: Tensor2D, weight: Tensor2D, bias: Tensor1D, activation: Activation]
): Tensor2D {
  registerFused<DenseCall>(NAME, (infos, call, backend) => call.kernels.forward(infos, call, backend), gradients);
  registerFused<DenseCall>(`${NAME}Grad`, (infos, call, backend) =>
    call.kernels.backward(infos["dy"] as TensorInfo, call, backend),
  );
  registerFused<DenseCall>(`${NAME}InputGrad`, (_, call, backend) => call.kernels.inputGradient(call, backend));
  const [batch, inputs] = x.shape;
  const call: DenseCall = { kernels, batch, inputs, outputs: weight.shape[0], activation, onTape: tapeIsOn() };
  return runFused(NAME, { x, weight, bias }, call)[0] as Tensor2D;
}
