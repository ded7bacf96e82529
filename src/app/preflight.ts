/** The check before the first trial: data loaded and model built once. */
import type { Dataset, RunConfig } from "../core/index.js";
import { inOneLine, MlbenchError, moduleErrorOf, UsageError } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import { useBackend, useKernels } from "../tensor/index.js";
import type { ResolvedConfig } from "../training/config.js";
import { resolveConfig } from "../training/config.js";
import { Trainer } from "../training/trainer.js";

/** The dataset of a run, its tables from the process's cache. */
export function datasetOf({ dataset, data, dataSeed, alignWindow }: ResolvedConfig): Promise<Dataset> {
  return buildDataset(dataset, data, {
    seed: dataSeed,
    ...(alignWindow === undefined ? {} : { alignWindow }),
  });
}

/**
 * Loads the data and builds the model once, so that a mistake that every trial would repeat is found before the first.
 * @returns the data.
 * @throws UsageError for whatever is wrong.
 */
export async function preflight(config: RunConfig): Promise<Dataset> {
  const resolved = resolveConfig(config);
  try {
    const dataset = await datasetOf(resolved);
    await useBackend(resolved.backend);
    await useKernels(resolved.kernels);
    const trainer = await Trainer.create(resolved, dataset);
    trainer.dispose();
    return dataset;
  } catch (error) {
    if (error instanceof MlbenchError) throw error;
    const what = `model "${resolved.model}" on dataset "${resolved.dataset}"`;
    throw new UsageError(
      "preflight-failed",
      `${what} cannot be built: ${moduleErrorOf(error)?.message ?? inOneLine(error)}`,
      { cause: error },
    );
  }
}
