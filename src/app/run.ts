/** One training run of a program: its plug-ins are loaded, its paths start where it says. */
import { isAbsolute, join, resolve } from "node:path";
import type { RunConfig, RunEvent } from "../core/index.js";
import { loadPlugins, metricsOfPlugins } from "../plugins/load-plugins.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { readCheckpointConfig } from "../training/checkpoint.js";
import type { RunOptions as TrainingOptions, RunProbe, RunResult } from "../training/run.js";
import { madeBy } from "./made-by.js";

/** What one {@link run} is told. */
export interface RunOptions extends TrainingOptions {
  /** Where relative paths start: of plug-ins, data and checkpoints. @default the current folder */
  readonly directory?: string | undefined;
}

const configKeys: KnownKeys<RunConfig> = {
  ...({ model: true, dataset: true, seed: true, dataSeed: true, params: true, backend: true } as const),
  ...({ kernels: true, plugins: true, alignWindow: true, folds: true, seeds: true } as const),
};

const optionKeys: KnownKeys<RunOptions> = {
  ...({ directory: true, signal: true, cancelFlag: true, onEvent: true, tables: true, checkpoint: true } as const),
  ...({ keepEarlier: true, resumable: true, resume: true, baselines: true, metrics: true, baseDir: true } as const),
  ...({ unvalidated: true } as const),
};

function withMaker(event: RunEvent, { kernels }: RunProbe): RunEvent {
  return event.event === "finish" ? { ...event, made_by: madeBy(kernels) } : event;
}

/** Where a run names its plug-ins, another's metrics are none of its. */
function metricsInForce(files: readonly string[]): Pick<TrainingOptions, "metrics"> {
  return files.length === 0 ? {} : { metrics: metricsOfPlugins(files).map(({ name }) => name) };
}

/** Where weights go, with relative paths seen from a directory. */
function checkpointFrom(directory: string, checkpoint: NonNullable<RunOptions["checkpoint"]>) {
  if (typeof checkpoint === "string") return from(directory, checkpoint);
  return (part: string): string | null => {
    const path = checkpoint(part);
    return path === null ? null : from(directory, path);
  };
}

/** A path of the user's, seen from the current folder. */
function from(directory: string, path: string): string {
  return directory === "." || isAbsolute(path) ? path : join(directory, path);
}

/**
 * Trains a model: what the command line's `train` and every trial do, parameter for parameter. The same configuration
 * and seed give the same numbers on the same platform, bit for bit. With `folds` or `seeds` the configuration is trained
 * once a part, in lockstep, and the result is the mean's.
 * @returns how the run ended; a diverged, pruned or cancelled run is a result, not an error
 * @throws UsageError for what the user can mend: unknown names and options, values out of range, missing data, a
 * checkpoint that does not fit
 * @example
 * const { best } = await run({ model: "mlp", dataset: "dummy", seed: 1, params: { "train.epochs": 5 } });
 * best?.metrics["val_rmse"];
 */
export async function run(config: RunConfig, options: RunOptions = {}): Promise<RunResult> {
  requireKnownKeys("run", config, configKeys);
  requireKnownKeys("run", options, optionKeys);
  const { directory = ".", checkpoint, resume, onEvent, ...rest } = options;
  const resumed = resume === undefined ? undefined : from(directory, resume);
  const files = await loadPlugins(config.plugins ?? [], directory);
  if (resumed !== undefined)
    files.push(...(await loadPlugins((await readCheckpointConfig(resumed, directory)).plugins ?? [], directory)));
  const { run: train } = await import("../training/run.js");
  return train(config, {
    ...{ baseDir: resolve(directory), ...metricsInForce(files), ...rest },
    ...(onEvent ? { onEvent: async (event, probe) => onEvent(withMaker(event, probe), probe) } : {}),
    ...(checkpoint ? { checkpoint: checkpointFrom(directory, checkpoint) } : {}),
    ...(resumed === undefined ? {} : { resume: resumed }),
  });
}
