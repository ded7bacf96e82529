/**
 * The loss, the sums that metrics are made of, and the way from a model's output to SOH. Few numbers, so plain loops in
 * f64 over the tensors' memory; what matters is that each is one op and reads nothing back.
 */
import type { PathLoss } from "../ops/ops.js";
import type { KernelBackend, Scalar, Tensor, Tensor1D, Tensor2D, TensorInfo } from "../tf.js";
import { tapeIsOn } from "../own-tape.js";
import type { Infos } from "./registration.js";
import { registerFused, runFused } from "./registration.js";
import { tensorOf, valuesOf } from "./tensors.js";

interface LossCall {
  readonly shape: readonly number[];
  readonly onTape: boolean;
  /** dLoss/dPrediction, kept by the forward kernel. */
  gradient?: Float32Array;
}

function lossForward(infos: Infos, call: LossCall, backend: KernelBackend): TensorInfo[] {
  const prediction = valuesOf(backend, infos["prediction"] as TensorInfo);
  const target = valuesOf(backend, infos["target"] as TensorInfo);
  const inverseStd = valuesOf(backend, infos["inverseStd"] as TensorInfo);
  const steps = inverseStd.length;
  const count = prediction.length;
  if (call.onTape) call.gradient = new Float32Array(count);
  let [loss, squares, magnitudes, lastSquares, largest] = [0, 0, 0, 0, 0];
  for (let i = 0, h = 0; i < count; i++) {
    // In f32 as a subtraction of tensors would be: a difference of close numbers is then the same in both.
    const error = Math.fround((prediction[i] as number) - (target[i] as number));
    const weight = inverseStd[h] as number;
    const magnitude = Math.abs(error);
    const weighed = error * weight;
    loss += weighed * weighed;
    squares += error * error;
    magnitudes += magnitude;
    // Written so that a NaN, once met, stays.
    if (!(magnitude <= largest)) largest = Number.isNaN(largest) ? largest : magnitude;
    if (call.gradient) call.gradient[i] = (2 * error * weight * weight) / count;
    if (++h === steps) {
      lastSquares += error * error;
      h = 0;
    }
  }
  return [
    tensorOf(backend, [], Float32Array.of(loss / count)),
    tensorOf(backend, [4], Float32Array.of(squares, magnitudes, lastSquares, largest)),
  ];
}

function lossBackward(infos: Infos, call: LossCall, backend: KernelBackend): TensorInfo {
  const gradient = call.gradient as Float32Array;
  const scale = valuesOf(backend, infos["dy"] as TensorInfo)[0] as number;
  return tensorOf(backend, call.shape, scale === 1 ? gradient : gradient.map((g) => g * scale));
}

/** The mean squared error and the sums as one op. */
export function fusedPathLoss(prediction: Tensor2D, target: Tensor2D, inverseStd: Tensor1D): PathLoss {
  registerFused<LossCall>("MlbenchPathLoss", lossForward, ([dy], call) => ({
    prediction: () => runFused("MlbenchPathLossGrad", { dy: dy as Tensor }, call)[0] as Tensor,
  }));
  registerFused<LossCall>("MlbenchPathLossGrad", lossBackward);
  const call: LossCall = { shape: prediction.shape, onTape: tapeIsOn() };
  const [loss, sums] = runFused("MlbenchPathLoss", { prediction, target, inverseStd }, call);
  return { loss: loss as Scalar, sums: sums as Tensor1D };
}

interface PathCall {
  readonly way: "forward" | "normalised" | "lastSoh";
  readonly std: Tensor1D;
}

function pathKernel(infos: Infos, { way }: PathCall, backend: KernelBackend): TensorInfo {
  const source = valuesOf(backend, infos["source"] as TensorInfo);
  const shape = (infos["source"] as TensorInfo).shape;
  const steps = shape[1] as number;
  if (way === "lastSoh") {
    const sums = new Float32Array(shape[0] as number);
    source.forEach((value, i) => (sums[Math.trunc(i / steps)] = (sums[Math.trunc(i / steps)] as number) + value));
    return tensorOf(backend, [sums.length, 1], sums);
  }
  const std = valuesOf(backend, infos["std"] as TensorInfo);
  const out = new Float32Array(source.length);
  if (way === "normalised")
    for (let i = 0; i < out.length; i++) out[i] = (source[i] as number) * (std[i % steps] as number);
  else {
    const mean = valuesOf(backend, infos["mean"] as TensorInfo);
    const last = infos["lastSoh"] ? valuesOf(backend, infos["lastSoh"]) : null;
    for (let i = 0, row = 0; row < (shape[0] as number); row++)
      for (let h = 0; h < steps; h++, i++) {
        const value = (source[i] as number) * (std[h] as number) + (mean[h] as number);
        out[i] = last ? value + (last[row] as number) : value;
      }
  }
  return tensorOf(backend, shape, out);
}

/** `normalised * std + mean (+ lastSoh)` as one op. */
export function fusedToPath(normalised: Tensor2D, mean: Tensor1D, std: Tensor1D, lastSoh: Tensor2D | null): Tensor2D {
  registerFused<PathCall>("MlbenchToPath", pathKernel, ([dy], call) => {
    const run = (way: PathCall["way"]) => (): Tensor =>
      runFused<PathCall>("MlbenchToPathGrad", { source: dy as Tensor, std: call.std }, { ...call, way })[0] as Tensor;
    return { source: run("normalised"), lastSoh: run("lastSoh") };
  });
  registerFused<PathCall>("MlbenchToPathGrad", pathKernel);
  const inputs = { source: normalised, mean, std, ...(lastSoh ? { lastSoh } : {}) };
  return runFused<PathCall>("MlbenchToPath", inputs, { way: "forward", std })[0] as Tensor2D;
}
