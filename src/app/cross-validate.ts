/** Cross-validation of a training run: a fold a cell, each held out in turn; `datasets/splits.ts` cuts the windows. */
import { resolve } from "node:path";
import type { ConfigValue, FinishEvent, Metrics, RunConfig, RunEvent } from "../core/index.js";
import { drawSeed, MlbenchError, UsageError } from "../core/index.js";
import { listOf, loadTables } from "../datasets/index.js";
import { loadPlugins } from "../plugins/load-plugins.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { resolveConfig } from "../training/config.js";
import type { RunResult } from "../training/run.js";
import { run } from "./run.js";

/** One cell held out. */
export interface FoldResult {
  readonly cell: string;
  readonly finish: FinishEvent;
}

/** What {@link crossValidate} comes to. */
export interface CrossValidation {
  readonly folds: readonly FoldResult[];
  /** The folds' means; null when the call was ended before its last fold. */
  readonly mean: FinishEvent | null;
  /** The run that was under way when the call was ended; null when none was. */
  readonly interrupted: RunResult | null;
}

/** What one {@link crossValidate} is told. */
export interface CrossValidateOptions {
  /** Where relative paths start. @default the current folder */
  readonly directory?: string | undefined;
  /** Aborting ends the call within one batch. */
  readonly signal?: AbortSignal | undefined;
  /** Where the weights of a fold go; null: nowhere. @default nowhere */
  readonly checkpoint?: ((cell: string) => string | null) | undefined;
  /** As of a single run. @default false */
  readonly keepEarlier?: boolean | undefined;
  /** A checkpoint to go on from; `train.epochs` is the total. */
  readonly resume?: string | undefined;
  /** Hears every event of every fold; waited for. */
  readonly onEvent?: ((event: RunEvent, cell: string) => void | Promise<void>) | undefined;
  /** Called when a fold's run has ended, however it has. */
  readonly onFoldEnd?: ((cell: string, result: RunResult) => void) | undefined;
}

const keys: KnownKeys<CrossValidateOptions> = {
  ...({ directory: true, signal: true, checkpoint: true, keepEarlier: true, resume: true } as const),
  ...({ onEvent: true, onFoldEnd: true } as const),
};

/**
 * Trains a configuration once a cell, with that cell as the validation part and the same seed; cells that are set aside
 * for the test (`data.test_cells`) are left alone.
 * @throws UsageError as {@link run}, `invalid-split` where the test part is drawn anew by each run; MlbenchError
 * `diverged`.
 * @example
 * const { folds, mean } = await crossValidate({ model: "mlp", dataset: "dummy", seed: 1 });
 * mean?.metrics["val_rmse"]; // over so many cells: folds.length
 */
export async function crossValidate(config: RunConfig, options: CrossValidateOptions = {}): Promise<CrossValidation> {
  requireKnownKeys("crossValidate", options, keys);
  await loadPlugins(config.plugins ?? [], options.directory);
  const seed = config.seed ?? drawSeed();
  const folds: FoldResult[] = [];
  for (const cell of await foldCells({ ...config, seed }, options.directory)) {
    const params: Record<string, ConfigValue> = { ...config.params, "data.val_cells": [cell] };
    const { result, finish } = await runFold({ ...config, seed, params }, cell, options);
    if (result.state === "diverged") throw new MlbenchError("diverged", result.message);
    if (!finish) return { folds, mean: null, interrupted: result };
    folds.push({ cell, finish });
  }
  return { folds, mean: meanOf(folds.map(({ finish }) => finish)), interrupted: null };
}

async function runFold(config: RunConfig, cell: string, options: CrossValidateOptions) {
  let finish: FinishEvent | undefined;
  const result = await run(config, {
    directory: options.directory,
    checkpoint: options.checkpoint?.(cell) ?? null,
    keepEarlier: options.keepEarlier ?? false,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.resume === undefined ? {} : { resume: options.resume }),
    onEvent: async (event) => {
      await options.onEvent?.(event, cell);
      if (event.event === "finish") finish = event;
    },
  });
  options.onFoldEnd?.(cell, result);
  return { result, finish };
}

/** The cells to hold out in turn: all but those that are set aside for the test. */
async function foldCells(config: RunConfig & { readonly seed: number }, directory = "."): Promise<string[]> {
  const { data, dataSeed } = resolveConfig(config);
  if (data["test_split"] !== null)
    throw new UsageError(
      "invalid-split",
      "data.val_cells=each with data.test_split would set other cells aside in each turn: name data.test_cells",
    );
  const aside = listOf(data["test_cells"] as string | readonly string[] | null) ?? [];
  const tables = await loadTables(config.dataset, data, { seed: dataSeed, baseDir: resolve(directory) });
  const cells = tables.cells.map(({ cell }) => cell).filter((cell) => !aside.includes(cell));
  if (cells.length > 0) return cells;
  throw new UsageError("invalid-split", "data.val_cells=each: every cell is among data.test_cells; leave some out");
}

/** A metric that some folds cannot score, as the life of a cell that does not end, is the mean of those that can. */
function meanOfThose(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function meanOf(finishes: readonly FinishEvent[]): FinishEvent {
  const made_by = finishes[0]?.made_by;
  const average = (pick: (finish: FinishEvent) => number): number =>
    finishes.reduce((sum, finish) => sum + pick(finish), 0) / finishes.length;
  const mean = (pick: (finish: FinishEvent) => Metrics): Metrics => {
    const names = [...new Set(finishes.flatMap((finish) => Object.keys(pick(finish))))];
    return Object.fromEntries(names.map((name) => [name, meanOfThose(finishes.map((finish) => pick(finish)[name]))]));
  };
  return {
    event: "finish",
    metrics: mean((finish) => finish.metrics),
    last_metrics: mean((finish) => finish.last_metrics),
    baselines: mean((finish) => finish.baselines),
    checkpoint: null,
    best_epoch: Math.round(average((finish) => finish.best_epoch)),
    seconds: finishes.reduce((sum, finish) => sum + finish.seconds, 0),
    warnings: [...new Set(finishes.flatMap((finish) => finish.warnings))],
    ...(made_by ? { made_by } : {}),
  };
}
