// What K parts of a cross-validated run cost beside K runs of as many epochs, one after another: CPU time, alternating in
// one process, which also checks that both train the same numbers. And the memory of a process that only does one of them.
//   npm run bench -- folds [--model lstm,mlp] [--pairs 15] [--json FILE]
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "mlp,lstm,gru,node" },
    pairs: { type: "string", default: "15" },
    epochs: { type: "string", default: "30" },
    folds: { type: "string", default: "4" },
    json: { type: "string" },
    // Of a child: one side, for its memory.
    side: { type: "string" },
  },
});
const K = Number(values.folds);
const pairs = Number(values.pairs);

/** Cells of the size of NASA's: 168 cycles. */
const configOf = (model) => ({
  ...{ model, dataset: "dummy", seed: 7 },
  params: { "data.cells": K, "data.cycles": 168, "train.epochs": Number(values.epochs), "train.scheduler": "none" },
});
const quiet = { baselines: false };

const sides = {
  lockstep: async (model) =>
    (await run({ ...configOf(model), folds: "cells" }, quiet)).parts.map(({ history }) => history),
  alone: async (model) => {
    const histories = [];
    for (let cell = 1; cell <= K; cell++) {
      const { params, ...config } = configOf(model);
      const held = { ...params, "data.val_cells": [`D0${cell}`] };
      histories.push((await run({ ...config, params: held }, quiet)).history);
    }
    return histories;
  },
};

async function cpuOf(side, model) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const histories = await sides[side](model);
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, losses: histories.map((history) => history.map(({ val_rmse }) => val_rmse)) };
}

const quantile = (sorted, q) => {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
};

if (values.side) {
  const [side, model] = values.side.split(":");
  await sides[side](model);
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
  process.exit(0);
}

const memoryOf = (side, model) => {
  const again = [
    fileURLToPath(import.meta.url),
    "--side",
    `${side}:${model}`,
    "--epochs",
    values.epochs,
    "--folds",
    `${K}`,
  ];
  return Number(spawnSync(process.execPath, again, { encoding: "utf8" }).stdout);
};

const results = [];
for (const model of values.model.split(",")) {
  for (const side of ["lockstep", "alone"]) await cpuOf(side, model);
  const samples = [];
  for (let i = 0; i < pairs; i++) {
    const order = i % 2 === 0 ? ["lockstep", "alone"] : ["alone", "lockstep"];
    const pair = {};
    for (const side of order) pair[side] = await cpuOf(side, model);
    if (JSON.stringify(pair.lockstep.losses) !== JSON.stringify(pair.alone.losses))
      throw new Error(`${model}: the parts did not train the same numbers as runs of their own`);
    samples.push({ lockstep: pair.lockstep.ms, alone: pair.alone.ms });
  }
  const ratios = samples.map(({ lockstep, alone }) => lockstep / alone).sort((a, b) => a - b);
  const median = (side) =>
    quantile(
      samples.map((pair) => pair[side]).sort((a, b) => a - b),
      0.5,
    );
  const row = {
    ...{ model, folds: K, epochs: Number(values.epochs), lockstep_ms: median("lockstep"), alone_ms: median("alone") },
    ...{ ratio: quantile(ratios, 0.5), ratio_low: quantile(ratios, 0.25), ratio_high: quantile(ratios, 0.75) },
    ...{ lockstep_rss_mib: memoryOf("lockstep", model), alone_rss_mib: memoryOf("alone", model) },
  };
  results.push({ ...row, samples });
  console.log(
    `${model.padEnd(6)} ${K} parts: ${row.lockstep_ms.toFixed(0)} ms of CPU in lockstep, ${row.alone_ms.toFixed(0)} ms alone; ` +
      `ratio ${row.ratio.toFixed(3)} [${row.ratio_low.toFixed(3)}, ${row.ratio_high.toFixed(3)}]; ` +
      `peak memory ${row.lockstep_rss_mib} and ${row.alone_rss_mib} MiB`,
  );
}
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ node: process.version, cpu: cpus()[0].model, command: process.argv.slice(2), results }, null, 2)}\n`,
  );
