/** The winner of a study trained again beside the defaults, under fresh seeds. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError, deriveSeed, unknownTrial } from "../core/index.js";
import type { Direction, Metrics, Params, RunConfig, StudyHeader, StudyState, Trial } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { metricsOfPlugins } from "../plugins/load-plugins.js";
import { evaluateCheckpoint, resolveConfig, run } from "../training/index.js";
import { defaultTrial } from "./default-trial.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { configOfTrials } from "./optimize-study.js";
import { studyBackend } from "./study-backend.js";
import { studyKernels } from "./study-kernels.js";
import { meanInterval } from "./student-t.js";
import type { Interval } from "./student-t.js";
import { winnerOf, winnersOf } from "./winners.js";

/** One training under one fresh seed. */
export interface RetrainRun {
  readonly who: "winner" | "defaults";
  readonly seed: number;
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
  /** Hears each training that has ended, and how many of them. */
  readonly onRun?: ((run: RetrainRun, done: number, total: number) => void) | undefined;
  /** Ends the trainings early. */
  readonly signal?: AbortSignal | undefined;
}

const keys: KnownKeys<RetrainOptions> = { trial: true, seeds: true, onRun: true, signal: true };

async function hasTestPart(config: RunConfig): Promise<boolean> {
  const resolved = resolveConfig(config);
  const dataset = await buildDataset(resolved.dataset, resolved.data, {
    seed: resolved.dataSeed,
    ...(resolved.alignWindow === undefined ? {} : { alignWindow: resolved.alignWindow }),
  });
  return dataset.split("test").windows > 0;
}

/**
 * Trains the winner of a study over a model and the defaults under the same fresh seeds, with all epochs, and scores both
 * on validation and, where there is one, the test part, which no search has seen.
 * @throws UsageError `not-trainable` for a study over a plain objective, `unknown-trial`, `several-winners`,
 * `unknown-option`, `invalid-option`, `kernels-unavailable`, `backend-unavailable`; MlbenchError `no-best-trial`, `no-feasible-trial`.
 * @example
 * const { trial, rows } = await retrain({ name: "tuned", storage: "studies" }, { seeds: 5 });
 */
export async function retrain(target: StudyTarget, options: RetrainOptions = {}): Promise<RetrainResult> {
  requireKnownKeys("retrain", options, keys);
  const { seeds = 5, onRun, signal } = options;
  if (!Number.isInteger(seeds) || seeds < 2)
    throw new UsageError("invalid-option", `retrain: seeds must be a whole number of at least 2, got ${seeds}`);
  const { storage, name } = await locate("retrain", target);
  const state = await storage.read(name);
  const { header } = state;
  if (header.task.dataset === undefined)
    throw new UsageError("not-trainable", `study "${name}" has a plain objective: there is nothing to retrain`);
  const winner = chosenTrial(state, options.trial);
  const configOf = await configOfTrials(header, storage.baseDirectory(name), {
    // Neither can be chosen: both sides are trained as the study's trials were.
    backend: await studyBackend({ name, trials: state.trials }, "auto", "retrain"),
    kernels: studyKernels({ name, trials: state.trials }, "auto", "retrain"),
  });
  const sides = { winner: configOf(winner), defaults: configOf({ params: defaultTrial(header.task, header.space) }) };
  const runs: RetrainRun[] = [];
  const baselines = await trainBoth(sides, { header, seeds, signal }, (entry) => {
    runs.push(entry);
    onRun?.(entry, runs.length, 2 * seeds);
  });
  return { trial: winner.number, params: winner.params, runs, rows: await compare(runs, header), baselines };
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
}

async function trainBoth(
  sides: Readonly<Record<RetrainRun["who"], RunConfig>>,
  { header, seeds, signal }: Retraining,
  onRun: (run: RetrainRun) => void,
): Promise<RetrainResult["baselines"]> {
  const tested = await hasTestPart(sides.winner);
  const metrics = metricsOfPlugins(sides.winner.plugins ?? []).map(({ name }) => name);
  const folder = await mkdtemp(join(tmpdir(), "mlbench-hpo-retrain-"));
  let baselines: RetrainResult["baselines"] = { val: {}, test: null };
  try {
    for (let i = 0; i < seeds; i++)
      for (const who of ["winner", "defaults"] as const) {
        signal?.throwIfAborted();
        const checkpoint = join(folder, "weights.safetensors");
        const seed = deriveSeed(header.seed, "retrain", i);
        const result = await run(
          { ...sides[who], seed },
          { checkpoint, resumable: false, metrics, baselines: i === 0, ...(signal ? { signal } : {}) },
        );
        const test = tested ? await evaluateCheckpoint(checkpoint, { split: "test", metrics }) : null;
        if (i === 0 && who === "winner") baselines = { val: result.baselines, test: test?.baselines ?? null };
        onRun({ who, seed, val: result.best?.metrics ?? {}, test: test?.metrics ?? null });
      }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return baselines;
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
