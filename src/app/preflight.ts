/** The check before the first trial: data loaded and model built once. */
import type { RunConfig } from "../core/index.js";
import { inOneLine, MlbenchError, UsageError, moduleErrorOf } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import { useBackend, useKernels } from "../tensor/index.js";
import { resolveConfig } from "../training/config.js";
import { Trainer } from "../training/trainer.js";

/**
 * Loads the data and builds the model once, so that a mistake that every trial would repeat is found before the first.
 * @throws UsageError for whatever is wrong.
 */
export async function preflight(config: RunConfig): Promise<void> {
  const resolved = resolveConfig(config);
  try {
    const dataset = await buildDataset(resolved.dataset, resolved.data, {
      seed: resolved.dataSeed,
      ...(resolved.alignWindow === undefined ? {} : { alignWindow: resolved.alignWindow }),
    });
    await useBackend(resolved.backend);
    await useKernels(resolved.kernels);
    const trainer = await Trainer.create(resolved, dataset);
    trainer.dispose();
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
