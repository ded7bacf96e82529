/** The check before the first trial: data loaded and model built once. */
import type { BackendName, Dataset, RunConfig } from "../core/index.js";
import { inOneLine, MlbenchError, moduleErrorOf, UsageError } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import { useKernels } from "../tensor/index.js";
import { chooseBackend } from "../training/choose-backend.js";
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

export interface Preflight {
  readonly dataset: Dataset;
  readonly backend: BackendName;
}

/**
 * Loads the data and builds the model once, so that a mistake that every trial would repeat is found before the first.
 * @returns the data, and the backend that the run's choice stands for here.
 * @throws UsageError for whatever is wrong.
 */
export async function preflight(config: RunConfig): Promise<Preflight> {
  const resolved = resolveConfig(config);
  try {
    const dataset = await datasetOf(resolved);
    const { name: backend } = await chooseBackend(resolved, dataset);
    await useKernels(resolved.kernels);
    const trainer = await Trainer.create(resolved, dataset);
    trainer.dispose();
    return { dataset, backend };
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
