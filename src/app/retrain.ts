import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UsageError, deriveSeed } from "../core/index.js";
import type { Metrics, Params, RunConfig, StudyHeader } from "../core/index.js";
import { buildDataset } from "../datasets/index.js";
import { evaluateCheckpoint, resolveConfig, run } from "../training/index.js";
import { defaultTrial } from "./default-trial.js";
import { configOfTrials } from "./optimize-study.js";
import { meanInterval } from "./student-t.js";
import type { Interval } from "./student-t.js";

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
  readonly winner: Interval;
  readonly defaults: Interval;
  readonly difference: Interval;
}

export interface RetrainResult {
  readonly runs: readonly RetrainRun[];
  readonly rows: readonly RetrainRow[];
  readonly baselines: { readonly val: Metrics; readonly test: Metrics | null };
}

export interface RetrainOptions {
  readonly header: StudyHeader;
  readonly studyFile: string;
  readonly winner: Params;
  readonly seeds: number;
  readonly onRun?: (run: RetrainRun, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

async function hasTestPart(config: RunConfig): Promise<boolean> {
  const resolved = resolveConfig(config);
  const dataset = await buildDataset(resolved.dataset, resolved.data, {
    seed: resolved.dataSeed,
    ...(resolved.alignWindow === undefined ? {} : { alignWindow: resolved.alignWindow }),
  });
  return dataset.split("test").windows > 0;
}

/**
 * Trains the winner and the defaults under the same fresh seeds, with all epochs, and scores both on validation and,
 * where there is one, the test part, which no search has seen.
 * @throws UsageError `not-trainable` for a study over a plain objective.
 */
export async function retrain(options: RetrainOptions): Promise<RetrainResult> {
  const { header, studyFile, winner, seeds, onRun, signal } = options;
  if (header.task.dataset === undefined)
    throw new UsageError("not-trainable", `study "${header.name}" has a plain objective: there is nothing to retrain`);
  const configOf = await configOfTrials(header, dirname(studyFile));
  const sides = {
    winner: configOf({ params: winner }),
    defaults: configOf({ params: defaultTrial(header.task, header.space) }),
  };
  const tested = await hasTestPart(sides.winner);
  const folder = await mkdtemp(join(tmpdir(), "mlbench-hpo-retrain-"));
  const runs: RetrainRun[] = [];
  let baselines: RetrainResult["baselines"] = { val: {}, test: null };
  try {
    for (let i = 0; i < seeds; i++)
      for (const who of ["winner", "defaults"] as const) {
        signal?.throwIfAborted();
        const checkpoint = join(folder, "weights.safetensors");
        const seed = deriveSeed(header.seed, "retrain", i);
        const result = await run(
          { ...sides[who], seed },
          { checkpoint, resumable: false, baselines: i === 0, ...(signal ? { signal } : {}) },
        );
        const test = tested ? await evaluateCheckpoint(checkpoint, { split: "test" }) : null;
        if (i === 0 && who === "winner") baselines = { val: result.baselines, test: test?.baselines ?? null };
        const entry: RetrainRun = { who, seed, val: result.best?.metrics ?? {}, test: test?.metrics ?? null };
        runs.push(entry);
        onRun?.(entry, runs.length, 2 * seeds);
      }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { runs, rows: await compare(runs), baselines };
}

async function compare(runs: readonly RetrainRun[]): Promise<RetrainRow[]> {
  const rows: RetrainRow[] = [];
  for (const part of ["val", "test"] as const)
    for (const metric of [`${part}_rmse`, `${part}_rmse_end`, `${part}_mae`]) {
      const values = (who: RetrainRun["who"]): number[] =>
        runs.filter((entry) => entry.who === who).map((entry) => entry[part]?.[metric] ?? NaN);
      const [winner, defaults] = [values("winner"), values("defaults")];
      if ([...winner, ...defaults].some(Number.isNaN)) continue;
      const difference = winner.map((value, i) => value - (defaults[i] as number));
      rows.push({
        part,
        metric,
        winner: await meanInterval(winner),
        defaults: await meanInterval(defaults),
        difference: await meanInterval(difference),
      });
    }
  return rows;
}
