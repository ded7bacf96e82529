/** What a model costs: its number of trained weights, and the time that a prediction takes. */
import type { Batch, Dataset } from "../core/index.js";
import type { ForwardModel } from "../models/index.js";
import { batchToTensors } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";

/** Passes before the clock starts: buffers are allocated and the code is compiled in them. */
const WARM_UP = 20;
const PASSES = 100;

/** How many numbers training changes. */
export function countParameters(model: ForwardModel): number {
  let count = 0;
  for (const variable of model.variables.values()) if (variable.trainable) count += variable.size;
  return count;
}

/**
 * Microseconds from one window to its path, in evaluation: the median of 100 passes with a batch of one, after a
 * warm-up. A wall-clock measure: what else the machine does shows in it.
 */
export function measureInference(model: ForwardModel, dataset: Dataset): number {
  const batch = oneWindow(dataset);
  const { training } = model;
  model.training = false;
  try {
    for (let i = 0; i < WARM_UP; i++) predict(model, batch);
    const times = Float64Array.from({ length: PASSES }, () => {
      const started = performance.now();
      predict(model, batch);
      return 1000 * (performance.now() - started);
    }).sort();
    return ((times[PASSES / 2 - 1] as number) + (times[PASSES / 2] as number)) / 2;
  } finally {
    model.training = training;
  }
}

function oneWindow(dataset: Dataset): Batch {
  const [batch] = dataset.split("val").loader({ batchSize: 1 }).epoch(0);
  return batch as Batch;
}

/** The path is read back: until then the pass may not have been computed. */
function predict(model: ForwardModel, batch: Batch): void {
  tf.tidy(() => {
    const tensors = batchToTensors(batch);
    model.forward(tensors, tensors.tEval).outputs.soh_r.dataSync();
  });
}
