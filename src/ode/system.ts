/** What a caller hands over, a right-hand side and a state in one of the carriers, as the stepping loop takes it. */
import { isTensor } from "../tensor/is-tensor.js";
import { OdeError } from "../tensor/ops/ode-types.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor, Tensor1D } from "../tensor/tf.js";
import { float64Vectors } from "./float64-vectors.js";
import { type Linearizer, type NumberJacobian, numberLinearizer } from "./linearize.js";
import { tensorLinearizer } from "./linearize-tensors.js";
import { refuse } from "./options.js";
import { type Parts, partsOf, scalarOf, tensorVectors } from "./tensor-vectors.js";
import type { Time } from "./time.js";
import type { Vectors } from "./vectors.js";

/** f(t, y) in float64. It must not change y. */
export type NumberFunction = (t: number, y: Float64Array) => ArrayLike<number>;
/** f(t, y) of a state of one tensor, of any shape. */
export type TensorFunction<T extends Tensor = Tensor> = (t: Scalar, y: T) => Tensor;
/** f(t, y) of a state of several tensors. */
export type PartsFunction = (t: Scalar, y: readonly Tensor[]) => readonly Tensor[];
export type AnyFunction = NumberFunction | TensorFunction | PartsFunction;
export type AnyState = Float64Array | Tensor | readonly Tensor[];
/** Times asked for: rising or falling throughout, the state's own the first. Of a tensor gradients are had, too. */
export type AskedTimes = Tensor1D | ArrayLike<number>;

export interface System<V> {
  readonly vectors: Vectors<V>;
  readonly f: (t: Time, y: V) => V;
  readonly y0: V;
  readonly linearizer: Linearizer<V>;
}

export interface TensorSystem extends System<Parts> {
  /** The caller's function, its result checked; where it is not new, a copy. */
  readonly call: (now: Scalar, y: Parts) => Tensor[];
}

export function requireFunction(where: string, name: string, given: unknown): void {
  if (typeof given !== "function") refuse(where, `${name} is ${inWords(given)}: a function of t and y`);
}

export function isList(given: unknown): given is ArrayLike<unknown> {
  return Array.isArray(given) || (ArrayBuffer.isView(given) && "length" in given);
}

/** What a caller's function gave, for a message. */
export function inWords(given: unknown): string {
  if (isTensor(given)) return `a tensor [${given.shape.join(", ")}]`;
  if (isList(given)) return `a list of ${given.length}`;
  if (given instanceof Promise) return "a promise";
  return given === null || given === undefined ? String(given) : `a ${typeof given}`;
}

/** @throws UsageError `invalid-ode`; OdeError `ode-not-finite` */
export function numberSystem(
  where: string,
  func: NumberFunction,
  y0: Float64Array,
  start: number,
  jacobian: NumberJacobian | null = null,
): System<Float64Array> {
  requireFunction(where, "func", func);
  if (y0.length === 0) refuse(where, "y0 is empty");
  if (!y0.every(Number.isFinite)) throw new OdeError("state-not-finite", start);
  const f = (t: Time, y: Float64Array): Float64Array => {
    const slope = func(t.value, y);
    if (typeof slope !== "object" || slope?.length !== y.length)
      refuse(where, `func gave ${inWords(slope)} for a state of ${y.length}`);
    // A copy: func may give the same array each time.
    return Float64Array.from(slope);
  };
  return { vectors: float64Vectors, f, y0, linearizer: numberLinearizer(jacobian) };
}

/**
 * @param times the times asked for, where gradients go to them
 * @throws UsageError `invalid-ode`; OdeError `ode-not-finite`
 */
export function tensorSystem(
  where: string,
  func: TensorFunction | PartsFunction,
  given: Tensor | readonly Tensor[],
  ...[times, start]: [Tensor1D | null, number]
): TensorSystem {
  requireFunction(where, "func", func);
  const y0 = partsOf(given);
  if (y0.length === 0) refuse(where, "y0 is empty");
  y0.forEach((part, p) => {
    const name = isTensor(given) ? "y0" : `y0[${p}]`;
    if (!isTensor(part)) refuse(where, `${name} is ${inWords(part)}: a tensor`);
    if (part.size === 0) refuse(where, `${name} is empty: [${part.shape.join(", ")}]`);
    if (part.dtype !== "float32") refuse(where, `${name} is ${part.dtype}: float32`);
    if (!part.dataSync<"float32">().every(Number.isFinite)) throw new OdeError("state-not-finite", start);
  });
  const call = (now: Scalar, y: Parts): Tensor[] => {
    const one = isTensor(given);
    const slopes = one ? [(func as TensorFunction)(now, y[0] as Tensor)] : (func as PartsFunction)(now, y);
    requireShapes(where, slopes, y);
    // What is not new is someone else's, and must outlive the step.
    return slopes.map((slope) => (slope.id > now.id ? slope : tf.clone(slope)));
  };
  const f = (t: Time, y: Parts): Parts => tf.tidy(() => call(scalarOf(t, times), y));
  return { vectors: tensorVectors(times), f, call, y0, linearizer: tensorLinearizer(call) };
}

function requireShapes(where: string, slopes: readonly Tensor[], y: Parts): void {
  if (!Array.isArray(slopes) || slopes.length !== y.length)
    refuse(where, `func gave ${inWords(slopes)} for a state of ${y.length} tensors`);
  slopes.forEach((slope, p) => {
    const shape = (y[p] as Tensor).shape;
    if (!isTensor(slope) || slope.shape.join() !== shape.join())
      refuse(where, `func gave ${inWords(slope)} for a state of [${shape.join(", ")}]`);
  });
}
