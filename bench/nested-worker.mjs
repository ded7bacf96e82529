/** A worker process of `nested`: one search with one cell set aside, then the winner and the defaults trained again and scored on that cell. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStudy, retrain } from "../dist/index.js";
import { answerJobs } from "./job-pool.mjs";
import { DATASETS } from "./models-plan.mjs";

/** The search over folds, or today's over one cell: the last of the others. */
function searchOf({ search, dataset, cell }) {
  const others = DATASETS[dataset].cells.filter((name) => name !== cell);
  return search === "folds" ? { folds: "cells" } : { params: { "data.val_cells": others.slice(-1) } };
}

async function nested(job, { directory, epochs, trials, seeds }) {
  const { dataset, model, horizon, cell } = job;
  const { params = {}, ...parts } = searchOf(job);
  const { cells, params: own } = DATASETS[dataset];
  const folder = await mkdtemp(join(tmpdir(), "mlbench-hpo-nested-"));
  const before = process.cpuUsage();
  const started = performance.now();
  try {
    const study = await createStudy({
      ...{ storage: folder, name: "nested", model, dataset, seed: 1, ...parts },
      params: {
        ...(own ?? { "data.data_dir": directory, "data.cells": cells }),
        ...{ "data.horizon": horizon, "data.test_cells": [cell], "train.epochs": epochs, ...params },
      },
    });
    await study.optimize({ trials, workers: 1, keepCheckpoints: "none" });
    const winner = study.bestTrial;
    const states = study.trials.map(({ state }) => state);
    const came = await retrain(study, { trial: winner.number, seeds, signal: new AbortController().signal });
    await study.close();
    const { user, system } = process.cpuUsage(before);
    const scores = (who) => came.runs.filter((run) => run.who === who).map(({ test }) => test.test_rmse);
    return {
      ...{ state: "complete", winner: winner.number, params: winner.params, value: winner.value, epochs: came.epochs },
      ...{ defaults_value: study.trials[0].value, pruned: states.filter((state) => state === "pruned").length },
      ...{ failed: states.filter((state) => state === "failed").length, trials: states.length },
      test: { winner: scores("winner"), defaults: scores("defaults") },
      baselines: came.baselines.test,
      ...{ seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

answerJobs(nested);
