/** The SOH paths that a model predicts for a loader's windows. */
import type { Batch, Loader } from "../core/index.js";
import type { ForwardModel } from "../models/index.js";
import { batchToTensors } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";

/** A loader's batches, each with the paths predicted for it: [B,H], row-major, SOH units. */
export function* pathBatches(
  model: ForwardModel,
  loader: Loader,
): Generator<{ readonly batch: Batch; readonly path: Float32Array }, void, undefined> {
  model.training = false;
  for (const batch of loader.epoch(0)) {
    const path = tf.tidy(() => {
      const tensors = batchToTensors(batch);
      return model.forward(tensors, tensors.tEval).outputs.soh_r.dataSync();
    }) as Float32Array;
    yield { batch, path };
  }
}

/** Row-major [N,H], SOH units, windows in the loader's order. */
export function predictPaths(model: ForwardModel, loader: Loader): Float32Array {
  const soh = new Float32Array(loader.windows * model.facts.horizon);
  let at = 0;
  for (const { path } of pathBatches(model, loader)) {
    soh.set(path, at);
    at += path.length;
  }
  return soh;
}
