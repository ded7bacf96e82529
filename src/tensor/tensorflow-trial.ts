/** The trial of a TensorFlow installation: loaded, and made to compute and to differentiate. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadTensorflowFrom } from "./tensorflow.js";
import { INSTALLED } from "./tensorflow-files.js";
import type { InstalledTensorflow } from "./tensorflow-files.js";
import * as tf from "./tf.js";

/** @throws whatever is wrong with it, or an error that says which number came out wrong */
export async function tryTensorflow(folder: string): Promise<void> {
  const installed = JSON.parse(readFileSync(join(folder, INSTALLED), "utf8")) as InstalledTensorflow;
  const files = { code: join(folder, "tfjs-node"), addon: join(folder, "tfjs_binding.node") };
  const { tensorflow } = loadTensorflowFrom({ source: "cache", folder, ...files, installed });
  if (!(await tf.setBackend("tensorflow"))) throw new Error("the backend does not start");
  // d/dx of sum((x·w)²) at x = (1, 2), w = (3, 4): 2 * 11 * w
  const w = tf.tensor2d([[3], [4]]);
  const gradient = tf
    .grad((x: tf.Tensor) => tf.sum(tf.square(tf.matMul(x, w))))(tf.tensor2d([[1, 2]]))
    .dataSync();
  if (gradient[0] !== 66 || gradient[1] !== 88)
    throw new Error(`TensorFlow ${tensorflow} gives ${gradient.join(", ")}`);
}
