// `npm run bench -- study-on-nasa [--trials 100] [--epochs 30] [--seed 1] [--retrain 10] [--workers 2] [--json FILE]`
// The preset nasa-lstm: train on B0005, validate on B0006, set B0007 aside; horizon 10; lstm; TPE with median pruning against the defaults
// and against random search given the same total of epochs. Winners and defaults are trained again under the same fresh
// seeds with all epochs; "better" is claimed only where the 95 % interval of the paired difference excludes 0.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createStudy, retrain } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    trials: { type: "string", default: "100" },
    epochs: { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
    retrain: { type: "string", default: "10" },
    workers: { type: "string", default: "2" },
    "data-dir": { type: "string" },
    json: { type: "string" },
  },
});
const directory = values["data-dir"] ?? process.env.MLBENCH_NASA_DIR ?? "../shared/data/nasa";
if (!existsSync(directory)) {
  console.error(`skipped: no cells in ${directory}`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "mlbench-hpo-bench-"));
const seeds = Number(values.retrain);

async function search(name, sampler, pruner, stop) {
  const study = await createStudy({
    ...{ storage: folder, name, config: "nasa-lstm", seed: Number(values.seed), sampler },
    params: { "data.data_dir": directory, "train.epochs": Number(values.epochs) },
    pruner,
  });
  const started = performance.now();
  const drain = new AbortController();
  let epochs = 0;
  await study.optimize({
    ...{ workers: Number(values.workers), drainSignal: drain.signal, ...stop.options },
    onEvent: (event) => {
      if (event.event === "report" && ++epochs >= (stop.epochs ?? Infinity)) drain.abort();
    },
  });
  const trials = study.trials.filter((trial) => trial.state !== "waiting");
  const result = {
    ...{ name, trials: trials.length, epochs, seconds: (performance.now() - started) / 1000 },
    pruned: trials.filter((trial) => trial.state === "pruned").length,
    failed: trials.filter((trial) => trial.state === "failed").length,
    ...{ defaults: study.trials[0].value, best: study.bestTrial },
  };
  await study.close();
  return { study, result };
}

const show = ({ mean, sd }) => `${mean.toFixed(5)} ± ${sd.toFixed(5)}`;
const interval = ({ mean, low, high }) => `${mean.toFixed(5)} [${low.toFixed(5)}, ${high.toFixed(5)}]`;
const claim = ({ low, high }) => (high < 0 ? "better" : low > 0 ? "worse" : "no difference shown");

const tpe = await search("tpe", "tpe", "median", { options: { trials: Number(values.trials) } });
const random = await search("random", "random", "nop", {
  options: { trials: 10 * Number(values.trials) },
  epochs: tpe.result.epochs,
});
console.log(
  "| search | trials | pruned | epochs | seconds | defaults (trial 0) | best val RMSE |\n|---|---|---|---|---|---|---|",
);
for (const { result: r } of [tpe, random])
  console.log(
    `| ${r.name} | ${r.trials} | ${r.pruned} | ${r.epochs} | ${r.seconds.toFixed(1)} | ${r.defaults.toFixed(5)} | ${r.best.value.toFixed(5)} |`,
  );
console.log(
  `\n| ${seeds} fresh seeds, all epochs | winner | defaults | winner - defaults, 95 % | claim |\n|---|---|---|---|---|`,
);
const retrained = {};
for (const { study, result } of [tpe, random]) {
  const { rows, runs, baselines } = await retrain(study, { trial: result.best.number, seeds });
  retrained[result.name] = { rows, runs, baselines };
  for (const row of rows.filter((r) => r.metric.endsWith("_rmse")))
    console.log(
      `| ${result.name}, ${row.part === "val" ? "validation B0006" : "test B0007"} | ${show(row.winner)} | ${show(row.defaults)} | ${interval(row.difference)} | ${claim(row.difference)} |`,
    );
  console.log(
    `| mean_change on the same windows | ${baselines.val.mean_change_rmse.toFixed(5)} (val), ${baselines.test?.mean_change_rmse?.toFixed(5)} (test) | | | |`,
  );
}
console.log(`\nwinner of tpe: ${JSON.stringify(tpe.result.best.params)}`);
console.log(`winner of random: ${JSON.stringify(random.result.best.params)}`);
if (values.json)
  writeFileSync(values.json, JSON.stringify({ tpe: tpe.result, random: random.result, retrained }, null, 1));
rmSync(folder, { recursive: true, force: true });
