/** Cross-validation of a training run: a model a fold and seed, in lockstep, and their mean. */
import type { FinishEvent, FinishOfPart, RunConfig, RunEvent } from "../core/index.js";
import { MlbenchError } from "../core/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { RunOptions as TrainingOptions, RunResult } from "../training/run.js";
import { partitionOf } from "../training/run-parts.js";
import { spreadOf } from "../training/trial-scores.js";
import { run } from "./run.js";

/** What one part came to: one fold under one seed. */
export interface FoldResult {
  /** What it is called: the cell held out, `fold-2` of several cells, `2/5` of time; `B0005 seed-2` of several seeds. */
  readonly cell: string;
  /** The cells held out; empty where the fold is no cells. */
  readonly fold: readonly string[];
  readonly seed: number;
  /** In the epoch that is the best in the mean over all parts. */
  readonly finish: FinishEvent;
}

/** What {@link crossValidate} comes to. */
export interface CrossValidation {
  /** Empty when the call was ended before its end. */
  readonly folds: readonly FoldResult[];
  /** The best epoch of the mean, and the means in it; null when the call was ended before its end. */
  readonly mean: FinishEvent | null;
  /** The sample standard deviation (n - 1) of the parts' `val_rmse` there; null where fewer than two have one. */
  readonly spread: number | null;
  /** The run as far as it came when the call was ended; null when it was not. */
  readonly interrupted: RunResult | null;
  /** The run itself: the mean curve, and each part's. */
  readonly result: RunResult;
}

/** What one {@link crossValidate} is told. */
export interface CrossValidateOptions {
  /** Where relative paths start. @default the current folder */
  readonly directory?: string | undefined;
  /** Aborting ends the call within one batch. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Where the weights go: a file, beside which each part's has the part's name before its end, or a function of that
   * name; null: nowhere. @default nowhere
   */
  readonly checkpoint?: TrainingOptions["checkpoint"] | undefined;
  /** As of a single run. @default false */
  readonly keepEarlier?: boolean | undefined;
  /** Hears every event of every part, with its name, and then that of the mean, with null; waited for. */
  readonly onEvent?: ((event: RunEvent, cell: string | null) => void | Promise<void>) | undefined;
}

const keys: KnownKeys<CrossValidateOptions> = {
  ...({ directory: true, signal: true, checkpoint: true, keepEarlier: true, onEvent: true } as const),
};

/**
 * Trains a configuration once a fold and seed, in lockstep, and scores the mean: by `folds` and `seeds`, and where it
 * names neither, with each cell held out in turn. Cells that are set aside for the test (`data.test_cells`) are in no
 * fold.
 * @throws UsageError as {@link run}, `invalid-split` for folds that cannot be; MlbenchError `diverged`.
 * @example
 * const { folds, mean } = await crossValidate({ model: "mlp", dataset: "dummy", seed: 1 });
 * mean?.metrics["val_rmse"]; // over so many cells: folds.length
 */
export async function crossValidate(config: RunConfig, options: CrossValidateOptions = {}): Promise<CrossValidation> {
  requireKnownKeys("crossValidate", options, keys);
  const { directory, signal, checkpoint, keepEarlier, onEvent } = options;
  const plain = (config.folds ?? "none") === "none" && (config.seeds ?? 1) === 1;
  let finish: FinishEvent | null = null;
  const result = await run(plain ? { ...config, folds: "cells" } : config, {
    directory,
    checkpoint: checkpoint ?? null,
    keepEarlier: keepEarlier ?? false,
    ...(signal ? { signal } : {}),
    onEvent: async (event) => {
      for (const part of partsOfEvent(event)) await onEvent?.(part, part.label);
      await onEvent?.(event, null);
      if (event.event === "finish") finish = event;
    },
  });
  if (result.state === "diverged") throw new MlbenchError("diverged", result.message);
  const { parts = [] } = (finish ?? {}) as Partial<FinishEvent>;
  const spread = spreadOf(parts.map(({ metrics }) => metrics["val_rmse"] ?? NaN));
  return { folds: parts.map(foldResult), mean: finish, spread, interrupted: finish ? null : result, result };
}

/**
 * Whether a configuration names folds or seeds to train over.
 * @throws UsageError for folds and seeds that cannot be.
 */
export function isCrossValidated(config: RunConfig): boolean {
  return partitionOf(config) !== null;
}

function partsOfEvent(event: RunEvent) {
  return event.event === "epoch" || event.event === "finish" ? (event.parts ?? []) : [];
}

function foldResult(finish: FinishOfPart): FoldResult {
  const { fold, seed, label } = finish;
  return { cell: label, fold, seed, finish };
}
