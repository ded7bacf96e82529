/** The predictions of a checkpoint on a part of a dataset. */
import type { Batch, Loader } from "../core/index.js";
import type { CheckpointOptions } from "./checkpoint-data.js";
import { openOnData } from "./checkpoint-data.js";
import { predictPaths } from "./predict-paths.js";
import { Prediction } from "./prediction.js";

/** The whole of a loader's pass as one batch. */
function gathered(loader: Loader, whole: Batch): Batch {
  const x = new Float32Array(whole.x.length);
  let at = 0;
  for (const batch of loader.epoch(0)) {
    x.set(batch.x, at);
    at += batch.x.length;
  }
  return { ...whole, x };
}

/**
 * Predicts a part of a checkpoint's dataset, or of another one.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`, `unknown-option`
 */
export async function predictCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Prediction> {
  const { model, dataset, split, loader } = await openOnData("predictCheckpoint", path, options);
  try {
    const soh = predictPaths(model, loader);
    return new Prediction(dataset.metadata.cells, gathered(loader, dataset.split(split).all()), soh);
  } finally {
    model.dispose();
  }
}
