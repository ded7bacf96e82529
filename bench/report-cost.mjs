// What an epoch's report costs the main thread: `node bench/report-cost.mjs [--isolation thread|process] [--trials 40]
// [--reports 200] [--json FILE]`. Two workers report eight metrics every 2 ms and ask the median pruner each time; CPU time
// of the main thread alone (channel, journal, pruner, epochs.jsonl, a subscriber), after the first two trials. Fails above 0.3 ms.
// Linux. This file is the workers' objective as well.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { createStudy, float, loadStudy } from "../dist/index.js";

const GOAL_MS = 0.3;
export const space = { a: float(0, 1) };

export default async function objective(trial) {
  const reports = Number(process.env.BENCH_REPORTS);
  for (let step = 1; step <= reports; step++) {
    const value = (((trial.number * 7919 + step * 104_729) % 1_000) + step) / 1_000;
    for (const until = performance.now() + 2; performance.now() < until;);
    const metrics = { val_rmse: value, val_mae: value * 0.7, val_r2: 0.98, val_max_error: value * 3 };
    trial.report(value, step, { ...metrics, train_loss: value / 3, train_rmse: value / 2, lr: 0.001, seconds: 0.002 });
    await trial.shouldPrune();
  }
  return trial.number;
}

/** CPU milliseconds of the main thread, which has the process's number on Linux. */
const mainThreadMs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;

async function measure() {
  const { values } = parseArgs({
    options: {
      isolation: { type: "string", default: "thread" },
      trials: { type: "string", default: "40" },
      reports: { type: "string", default: "200" },
      json: { type: "string" },
    },
  });
  const [trials, reports] = [Number(values.trials), Number(values.reports)];
  process.env.BENCH_REPORTS = values.reports;
  const directory = mkdtempSync(join(tmpdir(), "mlbench-bench-"));
  let [seen, first] = [0, 0];
  try {
    const options = { storage: directory, name: "bench", seed: 1, sampler: "random", defaults: false };
    const study = await createStudy({ ...options, pruner: "median", directions: ["minimize"], space });
    await study.optimize(fileURLToPath(import.meta.url), {
      ...{ trials, concurrency: 2, isolation: values.isolation },
      onEvent: ({ event }) => {
        if (event === "report" && ++seen === 2 * reports) first = mainThreadMs();
      },
    });
    const perReport = (mainThreadMs() - first) / (seen - 2 * reports);
    const kept = (await loadStudy({ storage: directory, name: "bench" })).trials;
    if (kept.length !== trials || kept.some(({ intermediate }) => intermediate.length !== reports))
      throw new Error(`${kept.length} trials, not ${trials} of ${reports} reports each`);
    const met = perReport <= GOAL_MS;
    console.log(
      `${values.isolation}: ${perReport.toFixed(3)} ms of the main thread a report (goal ${GOAL_MS}), ${seen} reports`,
    );
    if (values.json) writeFileSync(values.json, JSON.stringify({ ...values, node: process.version, perReport, seen }));
    process.exitCode = met ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

// Not awaited: the study imports this module, once it has been evaluated.
if (isMainThread && process.argv[1] === fileURLToPath(import.meta.url)) void measure();
