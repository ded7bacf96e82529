/** The data of a study's trials, a dataset a fold. */
import type { Dataset, PartOfRun, RunConfig } from "../core/index.js";
import { defined, UsageError } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import type { ResolvedConfig } from "../training/config.js";
import { resolveConfig } from "../training/config.js";
import { partitionOf, partsOf } from "../training/run-parts.js";

/** The dataset of a run that trains once, its tables from the process's cache. */
function datasetOf({ dataset, data, dataSeed: seed, alignWindow }: ResolvedConfig): Promise<Dataset> {
  return buildDataset(dataset, data, defined({ seed, alignWindow }));
}

/** The data of one fold of a run; of a run without folds its data. */
export interface PartOfData {
  /** Null where there are no folds. */
  readonly part: PartOfRun | null;
  readonly config: ResolvedConfig;
  readonly dataset: Dataset;
}

/**
 * The data of a run, a dataset a fold: seeds change nothing of them.
 * @throws UsageError for whatever is wrong.
 */
export async function partsOfData(config: RunConfig): Promise<readonly PartOfData[]> {
  const partition = partitionOf(config);
  if (!partition || partition.folds === null) {
    const resolved = resolveConfig(partition?.config ?? config);
    return [{ part: null, config: resolved, dataset: await datasetOf(resolved) }];
  }
  const parts: PartOfData[] = [];
  for (const part of await partsOf({ ...partition, seeds: 1 }, resolveConfig(partition.config))) {
    const { config: own, label } = part;
    try {
      parts.push({ part, config: own, dataset: await datasetOf(own) });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(error.code, `fold "${label}": ${error.message}`, { cause: error });
    }
  }
  return parts;
}
