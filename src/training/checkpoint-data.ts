/** A checkpoint together with the part of a dataset that it is used on. */
import type { BackendName, ConfigValue, Dataset, KernelsName, KnownKeys, Loader, SplitName } from "../core/index.js";
import { UsageError, defined, requireKnownKeys } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import type { ForwardModel } from "../models/index.js";
import { useBackend, useKernels } from "../tensor/index.js";
import type { Checkpoint } from "./checkpoint.js";
import { groupParams, loadCheckpoint } from "./load-checkpoint.js";
import { renormalised } from "./renormalise.js";

export interface CheckpointOptions {
  /** @default "val" */
  readonly split?: SplitName;
  /** Another dataset than the one trained on, with its defaults. */
  readonly dataset?: string;
  /** Parameters of group `data` that replace the stored ones, by qualified name. */
  readonly params?: Readonly<Record<string, ConfigValue>>;
  /** @default "wasm" */
  readonly backend?: BackendName | "auto";
  /** @default "auto" */
  readonly kernels?: KernelsName | "auto";
  /** Relative data paths start here. @default the current folder */
  readonly baseDir?: string;
}

const optionKeys: KnownKeys<CheckpointOptions> = {
  ...({ split: true, dataset: true, params: true, backend: true, kernels: true, baseDir: true } as const),
};

/** A loaded checkpoint and the part of a dataset that it is used on. */
export interface CheckpointOnData {
  readonly model: ForwardModel;
  readonly checkpoint: Checkpoint;
  readonly dataset: Dataset;
  readonly split: SplitName;
  readonly loader: Loader;
}

const BATCH = 256;

export async function datasetFor({ config }: Checkpoint, options: CheckpointOptions): Promise<Dataset> {
  const name = options.dataset ?? config.dataset;
  const stored = groupParams(config, "data");
  // Of another dataset only the task is kept: its own parameters mean nothing there.
  const base = name === config.dataset ? stored : { window: stored["window"], horizon: stored["horizon"] };
  const given = groupParams({ ...config, params: options.params ?? {} }, "data");
  return buildDataset(
    name,
    { ...base, ...given },
    defined({
      seed: config.dataSeed ?? config.seed,
      baseDir: options.baseDir,
      alignWindow: config.alignWindow,
    }),
  );
}

/** A model reads the inputs that it was trained on: as many, and paths of the same length. */
function requireFit(path: string, model: ForwardModel, { metadata }: Dataset): void {
  const { features, window, horizon } = model.facts;
  const facts: readonly [string, number, number][] = [
    ["features", features, metadata.featureNames.length],
    ["data.window", window, metadata.window],
    ["data.horizon", horizon, metadata.horizon],
  ];
  for (const [what, wanted, found] of facts)
    if (wanted !== found)
      throw new UsageError(
        "dataset-mismatch",
        `${path} was trained with ${what} ${wanted}, the dataset "${metadata.name}" has ${found}`,
      );
}

/**
 * Loads a checkpoint's model and the part of a dataset that the options name.
 * @param where the function that was called, for messages
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`, `unknown-option`
 */
export async function openOnData(where: string, path: string, options: CheckpointOptions): Promise<CheckpointOnData> {
  requireKnownKeys(where, options, optionKeys);
  await useBackend(options.backend ?? "wasm");
  await useKernels(options.kernels ?? "auto");
  const { model, checkpoint } = await loadCheckpoint(path);
  try {
    const dataset = await datasetFor(checkpoint, options);
    requireFit(path, model, dataset);
    const split = options.split ?? "val";
    const part = dataset.split(split);
    if (part.windows === 0)
      throw new UsageError(
        "no-windows",
        `the ${split} part has no windows${split === "test" ? ": set data.test_cells or data.test_split" : ""}`,
      );
    const loader = renormalised(part.loader({ batchSize: BATCH }), dataset.normalisation, model.facts.normalisation);
    return { model, checkpoint, dataset, split, loader };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
