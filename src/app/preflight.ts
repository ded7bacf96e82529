/** The check before the first trial: data loaded and model built once. */
import type { BackendName, RunConfig } from "../core/index.js";
import { inOneLine, MlbenchError, moduleErrorOf, UsageError } from "../core/index.js";
import { useKernels } from "../tensor/index.js";
import { chooseBackend } from "../training/choose-backend.js";
import { Trainer } from "../training/trainer.js";
import type { PartOfData } from "./parts-of-data.js";
import { partsOfData } from "./parts-of-data.js";

export interface Preflight {
  readonly parts: readonly PartOfData[];
  readonly backend: BackendName;
}

/**
 * Loads the data and builds the model once, so that a mistake that every trial would repeat is found before the first.
 * @returns the data, and the backend that the run's choice stands for here.
 * @throws UsageError for whatever is wrong.
 */
export async function preflight(config: RunConfig): Promise<Preflight> {
  const parts = await partsOfData(config);
  const [{ config: resolved, dataset }] = parts as readonly [PartOfData];
  try {
    const { name: backend } = await chooseBackend(resolved, dataset);
    await useKernels(resolved.kernels);
    const trainer = await Trainer.create(resolved, dataset);
    trainer.dispose();
    return { parts, backend };
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
