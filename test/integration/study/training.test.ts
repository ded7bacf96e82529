import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configOfTrials } from "../../../src/app/optimize-study.js";
import { openStorage } from "../../../src/app/storage.js";
import { planStudy } from "../../../src/app/create-study.js";
import { createStoredStudy } from "../../../src/app/study.js";
import type { StudyHeader, Trial } from "../../../src/core/index.js";
import { createPruner } from "../../../src/pruners/index.js";
import { run } from "../../../src/training/run.js";
import type { OptimizeEvent } from "../../../src/core/index.js";
import type { OptimizeStudyOptions } from "../../../src/study/study.js";
import { outcomes } from "../../fixtures/study/studies.js";

const root = mkdtempSync(join(tmpdir(), "mlbench-hpo-training-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A study that takes a second or two: mlp on little synthetic data. */
async function trained(folder: string, options: OptimizeStudyOptions, changes: Partial<StudyHeader> = {}) {
  const directory = join(root, folder);
  const storage = await openStorage(directory);
  const params = { "data.cells": 4, "data.cycles": 40, "data.horizon": 3, "train.epochs": 6 };
  const { header } = await planStudy({
    ...{ storage: directory, name: "s", model: "mlp", dataset: "dummy", seed: 5, params },
    pruner: { name: "median", options: { n_startup_trials: 3, n_warmup_steps: 2, n_min_trials: 1 } },
  });
  const study = await createStoredStudy(storage, { ...header, ...changes });
  const result = await study.optimize(options);
  return { study, storage, result, directory };
}

function checkpoints(directoryOf: (number: number) => string | null, trials: readonly Trial[]): number[] {
  const has = ({ number }: Trial): boolean => existsSync(join(directoryOf(number) ?? "", "checkpoint.safetensors"));
  return trials.filter(has).map((trial) => trial.number);
}

describe("a study of a model on a dataset", () => {
  it("comes out the same in threads and in processes, trial for trial", async () => {
    const threads = await trained("threads", { trials: 8, workers: 1, isolation: "thread" });
    const processes = await trained("processes", { trials: 8, workers: 1, isolation: "process" });
    expect(outcomes(processes.study.trials)).toEqual(outcomes(threads.study.trials));
    expect(threads.result).toMatchObject({ finished: 8, stoppedBy: "trials", exitCode: 0 });

    const { study, storage } = threads;
    const { complete, pruned } = study.state.counts;
    expect([complete + pruned, complete > 0, pruned > 0]).toEqual([8, true, true]);
    for (const trial of study.trials) {
      const values = trial.intermediate.map(([, value]) => value);
      expect(trial.metrics.last?.["epoch"]).toBe(values.length);
      expect(trial.metrics.best?.["val_rmse"]).toBe(Math.min(...values));
      if (trial.state === "complete") expect(trial.value).toBe(Math.min(...values));
      expect(trial.backend).toMatch(/^\w+\/\w+$/);
    }

    // The best three complete trials keep their weights; every trial keeps its log.
    const ranked = study.trials.filter((trial) => trial.state === "complete");
    ranked.sort((a, b) => (a.value as number) - (b.value as number));
    const best = ranked.slice(0, 3).map((trial) => trial.number);
    const directoryOf = (number: number) => storage.artifacts("s")?.directory(number) ?? null;
    expect(checkpoints(directoryOf, study.trials)).toEqual(best.sort((a, b) => a - b));
    const log = readFileSync(join(directoryOf(0) as string, "log.txt"), "utf8");
    expect(log.trim().split("\n")).toHaveLength(study.trials[0]?.intermediate.length as number);

    // Every decision can be made again from the records alone.
    const pruner = await createPruner("median", study.header.pruner.options);
    for (const trial of study.trials.filter((t) => t.state === "pruned")) {
      const voters = study.trials.filter(
        (t) => t.finish_index !== null && t.finish_index < (trial.seen.at(-1) as number),
      );
      expect(pruner.decide(trial, { direction: "minimize", trials: voters })).toEqual({
        ...{ prune: true, reason: trial.prune_reason },
      });
    }

    // A trial's record is enough to train it again, bit for bit.
    const configOf = await configOfTrials(study.header, storage.baseDirectory("s"));
    const again = study.bestTrial as Trial;
    const { history } = await run({ ...configOf(again), seed: again.seed });
    expect(history.map((event) => [event.epoch, event.val_rmse])).toEqual(again.intermediate);
  });

  it("keeps no weights, or all, as it is told", async () => {
    const none = await trained("none", { trials: 3, workers: 1, keepCheckpoints: "none" });
    expect(checkpoints((number) => none.storage.artifacts("s")?.directory(number) ?? null, none.study.trials)).toEqual(
      [],
    );
    const all = await trained("all", { trials: 4, workers: 1, keepCheckpoints: "all" });
    const kept = all.study.trials.filter((trial) => trial.state !== "failed").map((trial) => trial.number);
    expect(checkpoints((number) => all.storage.artifacts("s")?.directory(number) ?? null, all.study.trials)).toEqual(
      kept,
    );
  });

  it("keeps the weights of the best that is not banned, and those of a banned trial", async () => {
    const { study, storage } = await trained("banned", {
      ...{ trials: 4, workers: 1, keepCheckpoints: { best: 1 } },
      callbacks: [async (s, { number }) => void (number === 0 && (await s.annotate(0, { banned: true })))],
    });
    const kept = checkpoints((number) => storage.artifacts("s")?.directory(number) ?? null, study.trials);
    expect(kept).toEqual([0, study.bestTrial?.number]);
  });

  it("stops within a batch when it is told to, and the trial is run again later", async () => {
    const abort = new AbortController();
    const onEvent = (event: OptimizeEvent): void => {
      if (event.event === "report") abort.abort();
    };
    const { study, result } = await trained("aborted", {
      trials: 5,
      workers: 1,
      signal: abort.signal,
      onEvent,
    });
    expect(result).toMatchObject({ stoppedBy: "interrupt", exitCode: 130, finished: 0 });
    expect(study.trials[0]).toMatchObject({ state: "waiting", attempt: 2 });
    await study.optimize({ trials: 1, workers: 1 });
    const plain = await trained("plain", { trials: 1, workers: 1 });
    expect(study.trials[0]?.value).toBe(plain.study.trials[0]?.value);
  });

  it("finds a mistake before the first trial", async () => {
    const base = await trained("base", { trials: 0, workers: 1 });
    const task = { ...base.study.header.task, params: { ...base.study.header.task.params, "data.window": 60 } };
    const failing = trained("mistaken", { trials: 5, workers: 1 }, { task });
    await expect(failing).rejects.toMatchObject({ code: "no-windows", exitCode: 2 });
  });
});
