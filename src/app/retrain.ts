/** The winner of a study trained again beside the defaults, under fresh seeds. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { UsageError, deriveSeed, unknownTrial } from "../core/index.js";
import type { Direction, Metrics, Params, StudyHeader, StudyState, Trial } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { metricsOfPlugins } from "../plugins/load-plugins.js";
import { evaluateCheckpoint, resolveConfig, run } from "../training/index.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { configOfTrials } from "./optimize-study.js";
import { headerOfTrial } from "../search-space/earlier-spaces.js";
import { studyBackend } from "./study-backend.js";
import { studyKernels } from "./study-kernels.js";
import { meanInterval } from "./student-t.js";
import type { Interval } from "./student-t.js";
import { cannotWrite } from "../io/atomic-write.js";
import { makeFolder } from "../io/make-folder.js";
import type { RetrainedSide, RetrainPlan } from "./retrain-plan.js";
import { hasFolds, retrainPlan } from "./retrain-plan.js";
import { winnerOf, winnersOf } from "./winners.js";

/** One training under one fresh seed. */
export interface RetrainRun {
  readonly who: "winner" | "defaults";
  readonly seed: number;
  /** Of the best epoch; empty after folds, where nothing is left to validate on. */
  readonly val: Metrics;
  /** Null where the study has no test part. */
  readonly test: Metrics | null;
}

/** One part and metric: both sides, and the paired difference winner - defaults. */
export interface RetrainRow {
  readonly part: "val" | "test";
  readonly metric: string;
  /** Which way is better: that of the objective, of an error `minimize`. */
  readonly direction: Direction;
  readonly winner: Interval;
  readonly defaults: Interval;
  readonly difference: Interval;
}

/** The best trial and the defaults, retrained with the same fresh seeds. */
export interface RetrainResult {
  /** The number of the winner, and its parameters. */
  readonly trial: number;
  readonly params: Params;
  /**
   * How many epochs each side was trained for, on all cells but those of the test; null in a study without folds, whose
   * sides are trained on the training part, for all epochs.
   */
  readonly epochs: { readonly winner: number; readonly defaults: number } | null;
  /** Empty after folds where no cells are set aside for the test: there is nothing to score. */
  readonly runs: readonly RetrainRun[];
  readonly rows: readonly RetrainRow[];
  readonly baselines: { readonly val: Metrics; readonly test: Metrics | null };
}

/** What one {@link retrain} is told. */
export interface RetrainOptions {
  /** The number of the winner. @default the only best trial */
  readonly trial?: number | undefined;
  /** How many fresh seeds, two or more. @default 5 */
  readonly seeds?: number | undefined;
  /** A file for the weights of the winner under the first fresh seed; a relative path starts at the current folder. @default none */
  readonly checkpoint?: string | undefined;
  /** Hears each training that has ended, and how many of them. */
  readonly onRun?: ((run: RetrainRun, done: number, total: number) => void) | undefined;
  /** Ends the trainings early. */
  readonly signal?: AbortSignal | undefined;
}

const keys: KnownKeys<RetrainOptions> = { trial: true, seeds: true, checkpoint: true, onRun: true, signal: true };

async function hasTestPart({ config }: RetrainedSide): Promise<boolean> {
  const resolved = resolveConfig(config);
  const dataset = await buildDataset(resolved.dataset, resolved.data, {
    seed: resolved.dataSeed,
    ...(resolved.alignWindow === undefined ? {} : { alignWindow: resolved.alignWindow }),
  });
  return dataset.split("test").windows > 0;
}

/**
 * Trains the winner of a study over a model and the defaults under the same fresh seeds and scores both on the test part,
 * which no search has seen, where there is one. Without folds they are trained with all epochs on the training part, and
 * scored on validation as well; with folds on all cells but those of the test, for as many epochs as was best in the mean
 * over the folds.
 * @throws UsageError `not-trainable` for a study over a plain objective, `unknown-trial`, `several-winners`,
 * `unknown-option`, `invalid-option`, `kernels-unavailable`, `backend-unavailable`; MlbenchError `no-best-trial`, `no-feasible-trial`.
 * @example
 * const { trial, rows } = await retrain({ name: "tuned", storage: "studies" }, { seeds: 5 });
 */
export async function retrain(target: StudyTarget, options: RetrainOptions = {}): Promise<RetrainResult> {
  requireKnownKeys("retrain", options, keys);
  const { seeds = 5, onRun, signal, checkpoint = null } = options;
  if (!Number.isInteger(seeds) || seeds < 2)
    throw new UsageError("invalid-option", `retrain: seeds must be a whole number of at least 2, got ${seeds}`);
  const { storage, name } = await locate("retrain", target);
  const state = await storage.read(name);
  if (state.header.task.dataset === undefined)
    throw new UsageError("not-trainable", `study "${name}" has a plain objective: there is nothing to retrain`);
  const winner = chosenTrial(state, options.trial);
  const header = headerOfTrial(state.header, winner);
  const configOf = await configOfTrials(header, storage.baseDirectory(name), {
    // Neither can be chosen: both sides are trained as the study's trials were.
    backend: await studyBackend({ name, trials: state.trials }, "auto", "retrain"),
    kernels: studyKernels({ name, trials: state.trials }, "auto", "retrain"),
  });
  const plan = await retrainPlan({ header, trials: state.trials }, winner, { configOf, signal });
  const runs: RetrainRun[] = [];
  const baselines = await trainBoth(plan, { header, seeds, signal, checkpoint }, (entry) => {
    runs.push(entry);
    onRun?.(entry, runs.length, 2 * seeds);
  });
  const { winner: ours, defaults: theirs } = plan;
  const epochs = hasFolds(header) ? { winner: ours.epochs ?? 0, defaults: theirs.epochs ?? 0 } : null;
  const { number: trial, params } = winner;
  return { trial, params, epochs, runs, rows: await compare(runs, header), baselines };
}

/** The trial that is named, or the only winner. */
function chosenTrial(state: StudyState, number: number | undefined): Trial {
  const { name } = state.header;
  if (number === undefined) return winnerOf(name, winnersOf(state));
  const trial = state.trial(number);
  if (trial) return trial;
  throw unknownTrial(name, number, state.size);
}

interface Retraining {
  readonly header: StudyHeader;
  readonly seeds: number;
  readonly signal: AbortSignal | undefined;
  readonly checkpoint: string | null;
}

async function trainBoth(
  plan: RetrainPlan,
  { header, seeds, signal, checkpoint: kept }: Retraining,
  onRun: (run: RetrainRun) => void,
): Promise<RetrainResult["baselines"]> {
  const tested = await hasTestPart(plan.winner);
  // After folds there is nothing else to score on: then only what is to be handed over is trained.
  const scored = tested || !hasFolds(header);
  const folder = await mkdtemp(join(tmpdir(), "mlbench-hpo-retrain-"));
  const checkpoint = join(folder, "weights.safetensors");
  let baselines: RetrainResult["baselines"] = { val: {}, test: null };
  try {
    for (let i = 0; i < (scored ? seeds : kept === null ? 0 : 1); i++)
      for (const who of scored ? (["winner", "defaults"] as const) : (["winner"] as const)) {
        signal?.throwIfAborted();
        const seed = deriveSeed(header.seed, "retrain", i);
        const { val, test, ...others } = await trainOne(plan[who], {
          seed,
          checkpoint,
          tested,
          signal,
          first: i === 0,
        });
        if (i === 0 && who === "winner") baselines = others.baselines;
        if (i === 0 && who === "winner" && kept !== null) await handOver(checkpoint, kept);
        if (scored) onRun({ who, seed, val, test });
      }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return baselines;
}

/** One side under one seed. */
async function trainOne(
  { config, epochs }: RetrainedSide,
  given: { seed: number; checkpoint: string; tested: boolean; first: boolean; signal: AbortSignal | undefined },
) {
  const { seed, checkpoint, tested, first, signal } = given;
  const metrics = metricsOfPlugins(config.plugins ?? []).map(({ name }) => name);
  const validated = epochs === null;
  const result = await run(
    { ...config, seed },
    {
      ...{ checkpoint, resumable: false, metrics, baselines: first && validated, unvalidated: !validated },
      // The schedule is that of all epochs, as in the folds.
      onEvent: (event) => (event.event === "epoch" && event.epoch === epochs ? "stop" : "continue"),
      ...(signal ? { signal } : {}),
    },
  );
  const test = tested ? await evaluateCheckpoint(checkpoint, { split: "test", metrics }) : null;
  return {
    val: validated ? (result.best?.metrics ?? {}) : {},
    test: test?.metrics ?? null,
    baselines: { val: result.baselines, test: test?.baselines ?? null },
  };
}

async function handOver(from: string, file: string): Promise<void> {
  try {
    await makeFolder(dirname(resolve(file)));
    await copyFile(from, file);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** What both sides are compared by, without the part's name: the errors that everyone knows, and what was optimized. */
function comparedBy({ objectives }: StudyHeader): Map<string, Direction> {
  const errors = ["rmse", "rmse_end", "mae"].map((name): [string, Direction] => [name, "minimize"]);
  const optimized = objectives.flatMap(({ metric, direction }): [string, Direction][] =>
    metric.startsWith("val_") ? [[metric.slice("val_".length), direction]] : [],
  );
  return new Map([...errors, ...optimized]);
}

async function compare(runs: readonly RetrainRun[], header: StudyHeader): Promise<RetrainRow[]> {
  const rows: RetrainRow[] = [];
  if (runs.length === 0) return rows;
  for (const part of ["val", "test"] as const)
    for (const [name, direction] of comparedBy(header)) {
      const metric = `${part}_${name}`;
      const values = (who: RetrainRun["who"]): number[] =>
        runs.filter((entry) => entry.who === who).map((entry) => entry[part]?.[metric] ?? NaN);
      const [winner, defaults] = [values("winner"), values("defaults")];
      if ([...winner, ...defaults].some(Number.isNaN)) continue;
      const difference = winner.map((value, i) => value - (defaults[i] as number));
      rows.push({
        part,
        metric,
        direction,
        winner: await meanInterval(winner),
        defaults: await meanInterval(defaults),
        difference: await meanInterval(difference),
      });
    }
  return rows;
}
