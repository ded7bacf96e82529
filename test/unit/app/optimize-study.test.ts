import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { describe, expect, it, onTestFinished } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { startWorkers } from "../../../src/app/executor-of.js";
import { loadStudy } from "../../../src/app/study.js";
import { copyCheckpoint, readStudy, summarizeStudy, trialLog } from "../../../src/app/read-study.js";
import { replayTrial } from "../../../src/app/replay.js";
import { retrain } from "../../../src/app/retrain.js";
import type { OptimizeEvent, Trial } from "../../../src/core/index.js";
import { float } from "../../../src/core/index.js";
import type { Pruner } from "../../../src/pruners/pruner.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { OptimizeStudyOptions } from "../../../src/study/study.js";
import { run } from "../../../src/training/run.js";
import { emptyFolder, small, squareModule, writeCells } from "../../fixtures/app/small-studies.js";

describe("a study over a model", () => {
  it("is optimized without an objective, as the command line does it, and its trials are what training gives", async () => {
    const directory = await emptyFolder();
    const study = await createStudy({ storage: "s", directory, ...small });
    const events: OptimizeEvent["event"][] = [];
    const result = await study.optimize({
      ...{ trials: 2, workers: 1, keepCheckpoints: { best: 1 } },
      onEvent: ({ event }) => void events.push(event),
    });
    expect(result).toMatchObject({ stoppedBy: "trials", finished: 2, exitCode: 0 });
    expect(events).toEqual([
      "start",
      ...["trial-start", "report", "report", "trial"],
      ...["trial-start", "report", "report", "trial"],
      "finish",
    ]);
    // Trial 0 has the defaults: the run that training makes of them under the trial's seed.
    const [first] = study.trials;
    const { history } = await run({
      ...{ model: "mlp", dataset: "dummy", dataSeed: small.seed, seed: first?.seed as number },
      params: { ...small.params, ...first?.params },
      alignWindow: study.header.task.align_window as number,
    });
    expect(first?.intermediate).toEqual(history.map(({ epoch, val_rmse }) => [epoch, val_rmse]));
    expect(first?.value).toBe(Math.min(...history.map(({ val_rmse }) => val_rmse)));

    // Its log, and the weights of the best trial alone.
    const lines: string[] = [];
    for await (const chunk of await trialLog({ storage: "s", directory, name: study.name }, 0)) lines.push(chunk);
    expect(lines.join("").trim().split("\n")).toHaveLength(2);
    const best = study.bestTrial?.number as number;
    await copyCheckpoint(study, best, join(directory, "out", "best.safetensors"));
    expect(existsSync(join(directory, "out", "best.safetensors"))).toBe(true);
    const other = copyCheckpoint(study, 1 - best, join(directory, "none.safetensors"));
    await expect(other).rejects.toMatchObject({ code: "no-checkpoint" });
    await expect(copyCheckpoint(study, 7, "x")).rejects.toMatchObject({ code: "unknown-trial" });
  });

  it("keeps the baselines on the windows of its trials, so that reading it needs no data", async () => {
    const directory = await emptyFolder();
    await writeCells(join(directory, "cells.csv"));
    const params = { "data.path": "cells.csv", "data.horizon": 3, "data.window": 5, "train.epochs": 1 };
    const place = { storage: "s", directory };
    const study = await createStudy({ ...place, model: "mlp", dataset: "csv", params, seed: 1 });
    expect(await summarizeStudy(study)).toMatchObject({ baselines: null });
    await study.optimize({ trials: 1, workers: 1 });
    // What `train` scores beside a model on these data.
    const trained = await run({ model: "mlp", dataset: "csv", seed: 9, params }, { baseDir: directory });
    expect(Object.keys(trained.baselines)).toContain("ridge_mae");
    expect(study.header.baselines).toEqual([
      { params: {}, dataset_hash: trained.datasetHash, metrics: trained.baselines },
    ]);
    const { revision } = study.state;
    await rm(join(directory, "cells.csv"));
    expect(await summarizeStudy({ ...place, name: "mlp-csv" })).toMatchObject({ baselines: trained.baselines });

    // Once only, but for data that have changed.
    await writeCells(join(directory, "cells.csv"));
    await study.optimize({ trials: 0, workers: 1 });
    expect(study.state.revision).toBe(revision);
    await writeCells(join(directory, "cells.csv"), 0.003);
    await study.optimize({ trials: 1, workers: 1, acceptChanges: true });
    const changed = await run({ model: "mlp", dataset: "csv", seed: 9, params }, { baseDir: directory });
    expect(changed.datasetHash).not.toBe(trained.datasetHash);
    expect(study.header.baselines).toEqual([
      { params: {}, dataset_hash: changed.datasetHash, metrics: changed.baselines },
    ]);
  });

  it("has the baselines of its best trial's own windows where their length is searched", async () => {
    const study = await createStudy({
      ...{ storage: new MemoryStorage(), ...small, defaults: false },
      search: { "data.window": [4, 6, 9].join(",") },
      fix: { "train.lr": 1e-3, "train.batch_size": 16 },
    });
    for (const window of [4, 6, 9]) await study.enqueueTrial({ "data.window": window });
    await study.optimize({ trials: 3, workers: 1 });
    const best = study.bestTrial as Trial;
    const scored = study.header.baselines ?? [];
    expect(scored.map(({ params }) => params)).toContainEqual({ "data.window": best.params["data.window"] });
    for (const { params, metrics, dataset_hash } of scored) {
      const trained = await run({
        ...{ model: "mlp", dataset: "dummy", dataSeed: small.seed, seed: 1, alignWindow: 9 },
        params: { ...small.params, ...params },
      });
      expect({ metrics, dataset_hash }).toEqual({ metrics: trained.baselines, dataset_hash: trained.datasetHash });
      // Scored on the same targets, these two do not look at the window's length.
      for (const name of ["persistence_rmse", "mean_change_rmse"])
        expect(metrics[name]).toBeCloseTo(scored[0]?.metrics[name] as number, 12);
    }
    expect(await summarizeStudy(study)).toMatchObject({
      baselines: scored.find(({ params }) => params["data.window"] === best.params["data.window"])?.metrics,
    });
  });

  it("is refused an executor that nobody registered before its data is looked at", async () => {
    const directory = await emptyFolder();
    await writeCells(join(directory, "cells.csv"));
    const params = { "data.path": "cells.csv", "data.horizon": 3, "train.epochs": 1 };
    const study = await createStudy({ storage: "s", directory, model: "mlp", dataset: "csv", params, seed: 1 });
    // Another file under the name: accepted as a change, and then no table at all.
    await writeFile(join(directory, "cells.csv"), "nothing");
    const call = { trials: 1, workers: 1, acceptChanges: true };
    const unknown = study.optimize({ ...call, isolation: "threads" });
    await expect(unknown).rejects.toMatchObject({
      ...{ code: "unknown-executor", exitCode: 2 },
      message: 'unknown executor "threads": did you mean "thread"? known: thread, process',
    });
    await expect(study.optimize(call)).rejects.not.toMatchObject({ code: "unknown-executor" });
    expect(study.trials.filter(({ state }) => state !== "waiting")).toEqual([]);
  });

  it("has its workers started before its data are read, and ended where those are refused", async () => {
    const directory = await emptyFolder();
    const csv = join(directory, "cells.csv");
    await writeCells(csv);
    const params = { "data.path": "cells.csv", "data.horizon": 3, "train.epochs": 1 };
    const study = await createStudy({ storage: "s", directory, model: "mlp", dataset: "csv", params, seed: 1 });
    await writeFile(csv, "nothing");
    const ends: Promise<unknown>[] = [];
    const onWorker = (worker: Worker): void => void ends.push(once(worker, "exit"));
    process.on("worker", onWorker);
    onTestFinished(() => void process.off("worker", onWorker));
    await expect(study.optimize({ trials: 3, workers: 2, acceptChanges: true })).rejects.toThrow();
    await nextTurn();
    expect(ends).toHaveLength(2);
    await Promise.all(ends);

    // The command line starts them earlier still: the call takes them, or they end.
    await writeCells(csv);
    const end = startWorkers(study, { trials: 1, workers: 2 });
    await study.optimize({ trials: 1, workers: 2, acceptChanges: true });
    expect(study.trials.map(({ state }) => state)).toEqual(["complete"]);
    expect(ends).toHaveLength(3);
    await end();
    await startWorkers(study, { trials: 1, workers: 2 })();
    await nextTurn();
    expect(ends).toHaveLength(4);
    await Promise.all(ends);
  });

  it("lives in memory as well, and goes on where it was", async () => {
    const storage = new MemoryStorage();
    const study = await createStudy({ storage, ...small });
    await study.optimize({ trials: 1, concurrency: 1 });
    const loaded = await loadStudy({ name: "mlp-dummy", storage });
    const result = await loaded.optimize({ totalTrials: 2, workers: 1, concurrency: 1 });
    expect(result).toMatchObject({ stoppedBy: "total-trials", finished: 2, added: 1 });
    expect((await readStudy({ storage, name: "mlp-dummy" })).counts.complete).toBe(2);
  });

  it("asks no pruner at a model's last epoch", async () => {
    const asked: (number | undefined)[] = [];
    const pruner: Pruner = {
      name: "late",
      decide: ({ intermediate }) => {
        const step = intermediate.at(-1)?.[0];
        asked.push(step);
        return { prune: step === 2, reason: "late" };
      },
    };
    const study = await createStudy({ storage: new MemoryStorage(), ...small, pruner });
    await study.optimize({ trials: 1, workers: 1 });
    expect(study.trials.map(({ state, intermediate }) => [state, intermediate.length])).toEqual([["complete", 2]]);
    expect(asked).toEqual([1]);
  });

  it("replays a trial bit for bit, and says what differs when the record does not fit", async () => {
    const storage = new MemoryStorage();
    const study = await createStudy({ storage, ...small });
    await study.optimize({ trials: 1, workers: 1 });
    const epochs: number[] = [];
    const replayed = await replayTrial(study, 0, { onEpoch: ({ epoch }) => void epochs.push(epoch) });
    expect(replayed).toMatchObject({ number: 0, same: true, difference: null });
    expect(replayed.reports).toEqual(study.trials[0]?.intermediate);
    expect(epochs).toEqual([1, 2]);

    // The same record with its last report off by the smallest step that a number can make.
    const [first] = study.trials as [Trial];
    const [[, one], [, two]] = first.intermediate as [[number, number], [number, number]];
    const changed = new MemoryStorage();
    const writer = await changed.create(study.header);
    const intermediate = [[1, one] as const, [2, two * (1 + Number.EPSILON)] as const];
    await writer.append({ type: "trial-created", trial: { ...first, intermediate } });
    await writer.close();
    const differing = await replayTrial({ storage: changed, name: study.name }, 0);
    expect(differing).toMatchObject({
      same: false,
      difference: expect.stringMatching(/^epoch 2: recorded /) as string,
    });
    await expect(replayTrial(study, 3)).rejects.toMatchObject({ code: "unknown-trial" });
  });

  it.each([false, true])(
    "replays the pruner's decisions from the study's records (dry run: %s)",
    async (dryRunPruner) => {
      const pruner = { name: "asha", options: { min_resource: 1, reduction_factor: 2 } };
      const study = await createStudy({ storage: new MemoryStorage(), ...small, pruner, dryRunPruner, seed: 2 });
      await study.optimize({ trials: 6, workers: 1 });
      const { trials, header } = study;
      const decided = (trial: Trial): boolean => {
        const dry = trial.user_attrs["dry_run_decisions"] as { prune: boolean }[] | undefined;
        return dry ? dry.some(({ prune }) => prune) : trial.state === "pruned";
      };
      const number = trials.findIndex(decided);
      expect(number).toBeGreaterThan(0);
      expect(await replayTrial(study, number)).toMatchObject({ same: true, difference: null });

      // The same records under a pruner that would have let it go on.
      const other = new MemoryStorage();
      const writer = await other.create({ ...header, pruner: { name: "nop", options: {} } });
      for (const trial of trials) await writer.append({ type: "trial-created", trial });
      await writer.close();
      expect(await replayTrial({ storage: other, name: study.name }, number)).toMatchObject({
        same: false,
        difference: "epoch 1: pruned then, otherwise by the records (step 1: pruning is off)",
      });
    },
  );

  it("trains the winner again beside the defaults, under the same fresh seeds", async () => {
    const storage = new MemoryStorage();
    const study = await createStudy({
      ...{ storage, ...small, search: { "train.lr": "1e-4..2e-4" } },
      params: { ...small.params, "data.cells": 4, "data.test_cells": ["D04"] },
    });
    await study.optimize({ trials: 2, workers: 1 });
    const heard: string[] = [];
    const result = await retrain(study, {
      trial: 1,
      seeds: 2,
      onRun: ({ who }, done, total) => void heard.push(`${who} ${done}/${total}`),
    });
    expect(heard).toEqual(["winner 1/4", "defaults 2/4", "winner 3/4", "defaults 4/4"]);
    expect(result).toMatchObject({ trial: 1, params: study.trials[1]?.params });
    expect(new Set(result.runs.map(({ seed }) => seed)).size).toBe(2);
    // Mean and paired difference by hand.
    const of = (who: string) =>
      result.runs.filter((entry) => entry.who === who).map(({ test }) => test?.["test_rmse"] as number);
    const [winner, defaults] = [of("winner"), of("defaults")];
    expect(winner).not.toEqual(defaults);
    const mean = (values: number[]) => ((values[0] as number) + (values[1] as number)) / 2;
    const row = result.rows.find(({ metric }) => metric === "test_rmse");
    expect(row?.winner.mean).toBeCloseTo(mean(winner), 12);
    expect(row?.difference.mean).toBeCloseTo(mean(winner) - mean(defaults), 12);
    await expect(retrain(study, { seeds: 1 })).rejects.toMatchObject({ code: "invalid-option" });
  });

  it("refuses to mix trials of data that have changed, unless that is accepted", async () => {
    const directory = await emptyFolder();
    const csv = join(directory, "cells.csv");
    await writeCells(csv);
    const study = await createStudy({
      ...{ storage: "memory", directory, model: "mlp", dataset: "csv", defaults: false },
      params: { "data.path": "cells.csv", "data.soh_column": "soh", "data.horizon": 3, "train.epochs": 1 },
    });
    await writeCells(csv, 0.003);
    await expect(study.optimize({ trials: 1, workers: 1 })).rejects.toMatchObject({
      code: "files-changed",
      exitCode: 2,
    });
    expect(study.trials).toEqual([]);
    await study.optimize({ trials: 1, workers: 1, acceptChanges: true });
    expect(study.trials[0]?.state).toBe("complete");
    expect(study.header.settings.accepted_changes.map(({ path }) => path)).toEqual([csv]);
  });
});

describe("a study over an objective's module", () => {
  it("runs the module that it keeps", async () => {
    const directory = await emptyFolder();
    await writeFile(join(directory, "square.mjs"), squareModule);
    const study = await createStudy({ storage: "s", directory, objective: "square.mjs", seed: 1 });
    await study.optimize({ trials: 3, workers: 1 });
    expect(study.trials.map(({ value }) => value)).toEqual(study.trials.map(({ params }) => Number(params["x"]) ** 2));
  });
});

describe("what does not fit the study", () => {
  const plain = () => createStudy({ storage: "memory", space: { x: float(0, 1) } });
  const cases: [string, () => Promise<unknown>, string, RegExp][] = [
    [
      "no objective",
      async () => (await plain()).optimize({ trials: 1 }),
      "no-objective",
      /keeps no objective: give optimize a function/,
    ],
    [
      "an objective beside a model",
      async () => (await createStudy({ storage: "memory", ...small })).optimize(() => 1),
      ...(["conflicting-options", /is over a model, .*leave out the objective/] as const),
    ],
    [
      "two numbers of workers",
      async () => (await createStudy({ storage: "memory", ...small })).optimize({ workers: 1, concurrency: 2 }),
      ...(["conflicting-options", /workers 1 and concurrency 2 mean the same/] as const),
    ],
    [
      "an option of a model's study",
      async () => (await plain()).optimize(() => 1, { acceptChanges: true } as OptimizeStudyOptions),
      ...(["unknown-option", /study\.optimize: unknown option "acceptChanges"/] as const),
    ],
    [
      "a misspelt option",
      async () => (await plain()).optimize({ trails: 1 } as OptimizeStudyOptions),
      ...(["unknown-option", /unknown option "trails": did you mean "trials"\?/] as const),
    ],
  ];
  it.each(cases)("%s is refused", async (_what, call, code, message) => {
    const called = call();
    await expect(called).rejects.toMatchObject({ code, exitCode: 2 });
    await expect(called).rejects.toThrow(message);
  });
});
