/** A dense layer in a batch's program: what is laid down where, and its calls both ways. */
import type { DenseLayer } from "../ops/ops.js";
import type { Tensor } from "../tf.js";
import { activationKinds, whole } from "./dense.js";
import type { KernelMemory } from "./memory.js";
import type { Program } from "./program.js";

/** Where a program finds the weights, and where it leaves their gradients (null: in evaluation). */
export interface WeightPlaces {
  weight(variable: Tensor): number;
  readonly gradient: ((variable: Tensor) => number) | null;
}

/** The addresses of one dense layer: panels, packed weights and gradients. */
export interface DensePlan {
  readonly layer: Omit<DenseLayer, "mask">;
  readonly rows: number;
  readonly stride: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Its input: a copy, or the output below in place. */
  readonly x: number;
  readonly y: number;
  readonly forward: number;
  readonly bias: number;
  readonly backward: number;
  readonly d: number;
  readonly dy: number;
  readonly dW: number;
  readonly dBias: number;
}

/** The rows of a panel. */
export const strideOf = (rows: number): number => Math.ceil(rows / 4) * 4 + 4;

interface DenseRequest {
  readonly layer: Omit<DenseLayer, "mask">;
  readonly rows: number;
  /** Panels of the output below that it reads in place; 0: panels of its own. */
  readonly below: number;
  readonly training: boolean;
}

/** @param take hands out so many floats */
export function layDense(
  { lanes }: KernelMemory,
  take: (floats: number) => number,
  { layer, rows, below, training }: DenseRequest,
): DensePlan {
  const stride = strideOf(rows);
  const panels = (columns: number): number => take(whole(columns, lanes) * stride);
  const [outputs, inputs] = layer.weight.shape;
  const [i, o] = [whole(inputs, lanes), whole(outputs, lanes)];
  const y = panels(outputs);
  return {
    ...{ layer, rows, stride, inputs, outputs, y },
    x: below === 0 ? panels(inputs) : below,
    forward: take(o * inputs),
    bias: take(o),
    backward: training ? take(i * outputs) : 0,
    d: training && layer.activation !== "linear" ? panels(outputs) : 0,
    dy: training ? panels(outputs) : 0,
    dW: training ? take(o * i) : 0,
    dBias: training ? take(o) : 0,
  };
}

export function packDense(
  program: Program,
  places: WeightPlaces,
  { layer, inputs, outputs, forward, bias, backward }: DensePlan,
): void {
  const weight = places.weight(layer.weight);
  program.add("packRows", weight, outputs, inputs, forward);
  program.add("copyRows", places.weight(layer.bias), 0, 1, outputs, bias, 0);
  if (backward) program.add("packColumns", weight, outputs, inputs, backward);
}

export function runDense(program: Program, plan: DensePlan): void {
  const { layer, rows, stride, inputs, outputs, x, y, d, forward, bias } = plan;
  program.add("gemmPanels", x, stride, forward, bias, y, stride, rows, inputs, outputs, 0);
  if (layer.activation === "linear") return;
  program.add("activatePanels", activationKinds[layer.activation], y, d, rows, outputs, stride);
}

/** The gradients of weight and bias from that of the output. */
export function addDenseGradients(
  program: Program,
  { lanes }: KernelMemory,
  gradient: NonNullable<WeightPlaces["gradient"]>,
  { layer, rows, stride, inputs, outputs, x, d, dy, dW, dBias }: DensePlan,
): void {
  if (d) program.add("multiplyPanels", dy, d, rows, outputs, stride);
  program.add("sumPanels", dy, rows, outputs, stride, dBias);
  program.add("copyRows", dBias, 0, 1, outputs, gradient(layer.bias), 0);
  program.add("gemmTransposed", dy, 0, outputs, x, 0, inputs, stride, rows, 1, dW, 0);
  const pitch = Math.ceil(inputs / lanes) * lanes * 4;
  program.add("copyRows", dW, pitch, outputs, inputs, gradient(layer.weight), inputs * 4);
}

/** The gradient of the input, to panels at `target`. */
export function addInputGradient(
  program: Program,
  target: number,
  { rows, stride, inputs, outputs, dy, backward }: DensePlan,
): void {
  program.add("gemmPanels", dy, stride, backward, 0, target, stride, rows, outputs, inputs, 0);
}
