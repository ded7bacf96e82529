import { readFileSync } from "node:fs";
import type { OdeCounts, OdeOptions, Ops } from "../../../../src/tensor/index.js";
import { installOps, odeMlp } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { drawn } from "../../models/drawn.js";
import { tidied } from "./builds.js";
import type { Reference } from "./fixture.js";

/** A problem of test/fixtures/kernels/generate_ode.py. */
export interface OdeCase extends Required<Omit<OdeOptions, "adjoint" | "minStep" | "maxEvaluations">> {
  readonly batch: number;
  readonly D: number;
  readonly units: readonly number[];
  readonly times: readonly number[];
  readonly stepSize: number;
  /** Weights are drawn below scale / sqrt(inputs). */
  readonly scale: number;
  readonly adjoint?: OdeOptions["adjoint"];
  readonly minStep?: number;
  readonly maxEvaluations?: number;
  readonly counts: OdeCounts;
  readonly adjointCounts: OdeCounts | null;
  readonly tensors: Readonly<Record<string, Reference>>;
}
export type OdeInput = Omit<OdeCase, "counts" | "adjointCounts" | "tensors">;

const file = new URL("../../../fixtures/kernels/ode.json", import.meta.url);
export const odeCases = (JSON.parse(readFileSync(file, "utf8")) as { ode: OdeCase[] }).ode;

export const small: OdeInput = {
  ...{ method: "dopri5", gradient: "direct", batch: 5, D: 3, units: [7], activation: "tanh", time: false, augment: 0 },
  ...{ times: [0, 0.3, 0.5, 1.1], stepSize: 0, scale: 1.5, rtol: 1e-3, atol: 1e-4 },
};

export interface OdeSolution {
  readonly tensors: Map<string, Float32Array>;
  readonly counts: OdeCounts;
  readonly adjointCounts: OdeCounts | null;
}

/** The path and all gradients, of numbers drawn as the fixture's generator draws them. */
export function solveOde(ops: Ops, problem: OdeInput | OdeCase): OdeSolution {
  const { batch, D, units, times, scale, stepSize, ...others } = problem;
  // Of a case of the fixture, what is asserted.
  const { counts: _counts, adjointCounts: _adjoint, tensors: _tensors, ...rest } = others as Partial<OdeCase>;
  const size = D + (problem.augment ?? 0);
  const outputs = [...units, size];
  const inputs = [size + (problem.time ? 1 : 0), ...units];
  const options = { ...rest, ...(stepSize > 0 ? { stepSize } : {}) } as OdeOptions;
  const before = installOps(ops);
  try {
    return tidied(() => {
      const weights = outputs.flatMap((n, l) => {
        const k = inputs[l] as number;
        const weight = tf.tensor(drawn(`weight${l}`, n * k, scale / k ** 0.5), [n, k]);
        return [weight, tf.tensor(drawn(`bias${l}`, n, 0.5), [n])];
      });
      const tensors = new Map<string, Float32Array>();
      let counts: OdeCounts | undefined;
      let adjointCounts = (): OdeCounts | null => null;
      const { grads } = tf.valueAndGrads((...[y0, ...w]: tf.Tensor[]) => {
        const layers = outputs.map((_, l) => ({ weight: w[2 * l] as tf.Tensor2D, bias: w[2 * l + 1] as tf.Tensor1D }));
        const found = odeMlp(y0 as tf.Tensor2D, layers, times, options);
        tensors.set("path", Float32Array.from(found.path.dataSync()));
        ({ counts, adjointCounts } = found);
        return tf.sum(tf.mul(found.path, tf.tensor(drawn("dPath", found.path.size, 1), found.path.shape)));
      })([tf.tensor(drawn("y0", batch * D, 1.5), [batch, D]), ...weights]);
      const names = ["d y0", ...outputs.flatMap((_, l) => [`d weight${l}`, `d bias${l}`])];
      names.forEach((name, i) => tensors.set(name, Float32Array.from((grads[i] as tf.Tensor).dataSync())));
      return { tensors, counts: counts as OdeCounts, adjointCounts: adjointCounts() };
    });
  } finally {
    installOps(before);
  }
}
