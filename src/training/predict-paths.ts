/** The SOH paths that a model predicts for a loader's windows. */
import type { Loader } from "../core/index.js";
import type { ForwardModel } from "../models/index.js";
import { batchToTensors } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";

/** Row-major [N,H], SOH units, windows in the loader's order. */
export function predictPaths(model: ForwardModel, loader: Loader): Float32Array {
  model.training = false;
  const soh = new Float32Array(loader.windows * model.facts.horizon);
  let at = 0;
  for (const batch of loader.epoch(0)) {
    const path = tf.tidy(() => {
      const tensors = batchToTensors(batch);
      return model.forward(tensors, tensors.tEval).outputs.soh_r.dataSync();
    });
    soh.set(path, at);
    at += path.length;
  }
  return soh;
}
