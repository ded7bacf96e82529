/** The kernels of LSTM and GRU stacks: the whole stack and sequence in one forward and one backward pass. */
import { dropoutKey } from "../ops/dropout-mask.js";
import type { DropoutOptions } from "../ops/ops.js";
import type { KernelBackend, TensorInfo } from "../tf.js";
import type { KernelMemory } from "./memory.js";
import { type LayerPlan, layRecurrent, type RecurrentShape, writePlan } from "./recurrent-layout.js";
import type { Infos } from "./registration.js";
import { tensorOf, valuesOf } from "./tensors.js";
import { type Workspace, Workspaces } from "./workspaces.js";

/** One call of the op, as its forward kernel hands it to its backward kernel. */
export interface RecurrentCall {
  readonly kernels: RecurrentKernels;
  readonly shape: RecurrentShape;
  readonly initial: boolean;
  /** Outputs: every step's (first) and the last's, or the last's only. */
  readonly sequence: boolean;
  readonly dropout: DropoutOptions | undefined;
  readonly onTape: boolean;
  workspace?: Workspace<LayerPlan[]>;
  pass?: number;
}

/** A cell's layout of weights, in which LSTM and GRU differ. */
export interface Cell {
  readonly gates: number;
  /** In WebAssembly; natively gates stand in their own order. */
  readonly wasm: Slots;
  run(memory: KernelMemory, part: "Forward" | "Backward" | "InputGradient", plan: number): void;
}

export interface Slots {
  /** dWh's gate q stands in slot (q + shift) % modulus of the accumulator, dWx's likewise. */
  readonly slotsH: readonly [shift: number, modulus: number];
  readonly slotsX: readonly [shift: number, modulus: number];
  /** The gate that comes first in the backward operand of x. */
  readonly rotateX: number;
}

export const cells: Record<RecurrentShape["cell"], Cell> = {
  lstm: {
    gates: 4,
    wasm: { slotsH: [0, 4], slotsX: [0, 4], rotateX: 0 },
    run: (memory, part, plan) => memory.exports[`lstm${part}`](plan),
  },
  gru: {
    gates: 3,
    wasm: { slotsH: [1, 4], slotsX: [1, 3], rotateX: 2 },
    run: (memory, part, plan) => memory.exports[`gru${part}`](plan),
  },
};

/** Where a cell's gates stand in the layouts of these kernels. */
export function slotsOf({ lanes }: KernelMemory, cell: RecurrentShape["cell"]): Slots {
  const { gates, wasm } = cells[cell];
  return lanes === 4 ? wasm : { slotsH: [0, gates], slotsX: [0, gates], rotateX: 0 };
}

/** The layer's four tensors in the inputs' record: `w0`, `u0`, `b0`, `v0` (weight_ih, weight_hh, bias_ih, bias_hh). */
const inputNames = ["w", "u", "b", "v"] as const;

/** The stacks of one memory. */
export class RecurrentKernels {
  readonly workspaces: Workspaces<LayerPlan[]>;

  constructor(readonly memory: KernelMemory) {
    this.workspaces = new Workspaces(memory, (_, key) => layRecurrent(JSON.parse(key) as RecurrentShape, memory.lanes));
  }

  forward(inputs: Infos, call: RecurrentCall, backend: KernelBackend): TensorInfo[] {
    const { shape, sequence } = call;
    const workspace = this.workspaces.acquire(JSON.stringify(shape));
    this.#loadInput(workspace.layout, valuesOf(backend, inputs["x"] as TensorInfo), shape);
    workspace.layout.forEach((plan, l) => {
      this.#loadLayer(plan, l, inputs, call, backend);
      if (l > 0 && call.dropout) this.#dropout(workspace.layout, l - 1, call.dropout, "forward");
      cells[shape.cell].run(this.memory, "Forward", plan.address);
    });
    const outputs = this.#outputs(workspace.layout.at(-1) as LayerPlan, sequence, backend);
    if (call.onTape) {
      this.workspaces.hold(workspace, outputs[0]?.dataId as object);
      call.workspace = workspace;
      call.pass = workspace.pass;
    }
    return outputs;
  }

  /** The gradients of every input but x, in the inputs' order. */
  backward(dys: TensorInfo[], call: RecurrentCall, backend: KernelBackend): TensorInfo[] {
    const workspace = claim(call);
    const { layout } = workspace;
    const top = layout.length - 1;
    this.#loadOutputGradient(layout[top] as LayerPlan, dys, call, backend);
    const gradients: TensorInfo[][] = [];
    for (let l = top; l >= 0; l--) {
      const plan = layout[l] as LayerPlan;
      cells[call.shape.cell].run(this.memory, "Backward", plan.address);
      gradients[l] = this.#gradients(plan, call, backend);
      if (l === 0) break;
      cells[call.shape.cell].run(this.memory, "InputGradient", plan.address);
      if (call.dropout) this.#dropout(layout, l - 1, call.dropout, "backward");
    }
    workspace.state = "done";
    return gradients.flat();
  }

  /** The gradient of x, after `backward` of the same call and before any other kernel of this kind. */
  inputGradient(call: RecurrentCall, backend: KernelBackend): TensorInfo {
    const { batch, steps, features } = call.shape;
    const plan = (call.workspace as Workspace<LayerPlan[]>).layout[0] as LayerPlan;
    cells[call.shape.cell].run(this.memory, "InputGradient", plan.address);
    const { dx, stepX } = plan.values;
    return this.#toRows(backend, dx, stepX, plan.values.stride, [batch, steps, features]);
  }

  #loadInput(layout: LayerPlan[], x: Float32Array, { batch, steps, features }: RecurrentShape): void {
    const { x: target, stepX, stride } = (layout[0] as LayerPlan).values;
    const source = this.memory.scratch(x.length * 4);
    this.memory.f32.set(x, source >> 2);
    const pitch = steps * features * 4;
    for (let t = 0; t < steps; t++)
      this.memory.exports.toPanels(source + t * features * 4, pitch, batch, features, target + t * stepX, stride);
  }

  #loadLayer(plan: LayerPlan, l: number, inputs: Infos, call: RecurrentCall, backend: KernelBackend): void {
    const { memory } = this;
    const { F, H, w, wh, wx, bias, biasH } = plan.values;
    const { gates } = cells[call.shape.cell];
    const { rotateX } = slotsOf(this.memory, call.shape.cell);
    const arrays = inputNames.map((name) => valuesOf(backend, inputs[`${name}${l}`] as TensorInfo));
    const scratch = memory.scratch(gates * H * (F + H + 2) * 4);
    let at = scratch;
    const [wIh, wHh, bIh, bHh] = arrays.map((values) => {
      memory.f32.set(values, at >> 2);
      const address = at;
      at += values.length * 4;
      return address;
    }) as [number, number, number, number];
    memory.exports.packUnits(wIh, H, F, gates, w, 0, F + H);
    memory.exports.packUnits(wHh, H, H, gates, w, F, F + H);
    memory.exports.packBias(bIh, call.shape.cell === "lstm" ? bHh : 0, H, gates, bias);
    if (call.shape.cell === "gru") memory.exports.packBias(bHh, 0, H, gates, biasH);
    if (call.onTape) {
      memory.exports.packUnitRows(wHh, H, H, gates, 0, wh);
      memory.exports.packUnitRows(wIh, H, F, gates, rotateX, wx);
    }
    this.#loadState(plan, l, inputs, call, backend);
    plan.values.initial = call.initial ? 1 : 0;
    plan.values.sequence = call.sequence || l < call.shape.units.length - 1 ? 1 : 0;
    writePlan(memory.i32, plan);
  }

  #loadState(plan: LayerPlan, l: number, inputs: Infos, call: RecurrentCall, backend: KernelBackend): void {
    const { B, H, h, c, stepH, stride } = plan.values;
    for (const [name, target] of call.shape.cell === "lstm"
      ? ([
          ["h", h],
          ["c", c],
        ] as const)
      : ([["h", h]] as const)) {
      if (!call.initial) {
        this.memory.floats(target, stepH / 4).fill(0);
        continue;
      }
      const values = valuesOf(backend, inputs[`${name}${l}`] as TensorInfo);
      const source = this.memory.scratch(values.length * 4);
      this.memory.f32.set(values, source >> 2);
      this.memory.exports.toPanels(source, H * 4, B, H, target, stride);
    }
  }

  /** Masks the outputs of layer `l` on their way up, or the gradient of the next layer's input on its way down. */
  #dropout(layout: LayerPlan[], l: number, options: DropoutOptions, way: "forward" | "backward"): void {
    const { T, B, H, h, stepH, stride, dy } = (layout[l] as LayerPlan).values;
    const key = dropoutKey(options.seed, options.step, l) | 0;
    const numbers = [key, Math.round(options.rate * 2 ** 24), 1 / (1 - options.rate)] as const;
    const [source, target] = way === "forward" ? [h + stepH, (layout[l + 1] as LayerPlan).values.x] : [dy, dy];
    this.memory.exports.dropoutPanels(source, target, stepH, T, B, H, stride, ...numbers);
  }

  #outputs(plan: LayerPlan, sequence: boolean, backend: KernelBackend): TensorInfo[] {
    const { T, B, H, h, stepH, stride } = plan.values;
    const last = (): TensorInfo => this.#toRows(backend, h + T * stepH, stepH, stride, [B, H]);
    if (!sequence) return [last()];
    return [this.#toRows(backend, h + stepH, stepH, stride, [B, T, H]), last()];
  }

  /** Time-major panels -> a tensor [B,T,C], or [B,C] for one step. */
  #toRows(backend: KernelBackend, source: number, step: number, stride: number, shape: number[]): TensorInfo {
    const { memory } = this;
    const [B, T, C] = (shape.length === 3 ? shape : [shape[0], 1, shape[1]]) as [number, number, number];
    const target = memory.scratch(B * T * C * 4);
    for (let t = 0; t < T; t++)
      memory.exports.fromPanels(source + t * step, stride, B, C, target + t * C * 4, T * C * 4);
    return tensorOf(backend, shape, memory.floats(target, B * T * C));
  }

  #loadOutputGradient(plan: LayerPlan, dys: TensorInfo[], call: RecurrentCall, backend: KernelBackend): void {
    const { memory } = this;
    const { T, B, H, dy, stepH, stride } = plan.values;
    const all = dys.map((info) => valuesOf(backend, info));
    const source = memory.scratch((all[0] as Float32Array).length * 4);
    memory.f32.set(all[0] as Float32Array, source >> 2);
    if (!call.sequence) return memory.exports.toPanels(source, H * 4, B, H, dy, stride);
    const last = all[1] as Float32Array;
    for (let b = 0; b < B; b++)
      for (let u = 0; u < H; u++) {
        const at = (source >> 2) + (b * T + T - 1) * H + u;
        memory.f32[at] = (memory.f32[at] as number) + (last[b * H + u] as number);
      }
    for (let t = 0; t < T; t++) memory.exports.toPanels(source + t * H * 4, T * H * 4, B, H, dy + t * stepH, stride);
  }

  #gradients(plan: LayerPlan, call: RecurrentCall, backend: KernelBackend): TensorInfo[] {
    const { memory } = this;
    const { exports } = memory;
    const { B, F, H, dWx, dWh, dBias, dh, dc, stride } = plan.values;
    const { gates } = cells[call.shape.cell];
    const { slotsH, slotsX } = slotsOf(this.memory, call.shape.cell);
    const target = memory.scratch(gates * H * Math.max(F, H) * 4);
    const take = (shape: number[]): TensorInfo =>
      tensorOf(
        backend,
        shape,
        memory.floats(
          target,
          shape.reduce((a, b) => a * b, 1),
        ),
      );
    exports.unpackUnitRows(dWx, H, F, gates, ...slotsX, Math.ceil(F / 4) * 4, target);
    const infos = [take([gates * H, F])];
    exports.unpackUnitRows(dWh, H, H, gates, ...slotsH, Math.ceil(H / 4) * 4, target);
    infos.push(take([gates * H, H]));
    exports.unpackUnitRows(dBias, H, 1, gates, ...slotsX, 1, target);
    infos.push(take([gates * H]));
    if (call.shape.cell === "gru") exports.unpackUnitRows(plan.dBiasH, H, 1, gates, ...slotsH, 1, target);
    infos.push(take([gates * H]));
    if (!call.initial) return infos;
    for (const source of call.shape.cell === "lstm" ? [dh, dc] : [dh]) {
      exports.fromPanels(source, stride, B, H, target, H * 4);
      infos.push(take([B, H]));
    }
    return infos;
  }
}

function claim(call: RecurrentCall): Workspace<LayerPlan[]> {
  const { workspace, pass } = call;
  if (!workspace || workspace.pass !== pass || workspace.state !== "held")
    throw new Error("the gradient of a fused recurrent op can be taken once, on the tape that recorded it");
  return workspace;
}
