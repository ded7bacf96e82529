/** Whether both sides of `study` train the same: our trials' weights and orders, handed to the peer. */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRng, deriveSeed, shuffle } from "../dist/core/index.js";
import { buildDataset } from "../dist/datasets/index.js";
import { models } from "../dist/models/index.js";
import { useBackend, useKernels } from "../dist/tensor/index.js";
import { AGREEMENT } from "./goals.mjs";
import { FIXED, OUR_NAMES } from "./study-plan.mjs";

const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");

/** What a model is told by qualified parameters. */
function modelParams(params) {
  const own = Object.entries(params).filter(([name]) => name.startsWith("model."));
  return Object.fromEntries(own.map(([name, value]) => [name.slice("model.".length), value]));
}

/** The weights that a trial began with, and its orders of the training windows. */
function startOf({ seed, params }, { Model, name, dataset, residual, epochs }) {
  const { window, horizon, featureNames, counts } = dataset.metadata;
  const own = modelParams({ ...FIXED[name], ...params });
  const model = new Model(models.get(name).parameters.parse({ ...own, dropout: 0, residual }), {
    ...{ window, horizon, features: featureNames.length, normalisation: dataset.normalisation },
    seeds: { init: deriveSeed(seed, "init"), dropout: 0 },
  });
  const weights = Object.fromEntries([...model.weights()].map(([name, values]) => [name, base64(values)]));
  model.dispose();
  const windows = Int32Array.from({ length: counts.train }, (_, i) => i);
  const orders = Array.from({ length: epochs }, (_, epoch) =>
    base64(shuffle(windows.slice(), createRng(deriveSeed(seed, "shuffle"), "shuffle", epoch))),
  );
  return {
    ...{ weights, orders },
    params: Object.fromEntries(
      Object.entries(OUR_NAMES).flatMap(([peers, ours]) => (ours in params ? [[peers, params[ours]]] : [])),
    ),
  };
}

/**
 * The peer trains the first `epochs` epochs of each trial from our weights in our order: the same windows, and after the
 * first epoch the same validation RMSE.
 * @throws Error naming the first trial that differs
 */
export async function compareEpochs({ model: name, data, trials, epochs, python, peer, folder }) {
  await useBackend("wasm");
  await useKernels("auto");
  const dataset = await buildDataset("nasa", {
    ...{ data_dir: data.dir, cells: data.cells, features: data.features, window: data.window },
    ...{ horizon: data.horizon, split: "by-time", val_split: data.val_split },
  });
  const Model = await models.get(name).load();
  const file = join(folder, "starts.json");
  writeFileSync(
    file,
    JSON.stringify({
      ...{ data, model: name },
      starts: trials.map((trial) => startOf(trial, { Model, name, dataset, residual: data.residual, epochs })),
    }),
  );
  const { status, stdout } = spawnSync(python, [peer, "agree", file], {
    ...{ encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] },
  });
  rmSync(file);
  if (status !== 0) throw new Error("the peer could not train from our weights");
  const { windows, rmse } = JSON.parse(stdout);
  const { train, val } = dataset.metadata.counts;
  if (windows.train !== train || windows.val !== val)
    throw new Error(`the peer has ${windows.train} and ${windows.val} windows, we have ${train} and ${val}`);
  const differences = trials.map(({ values }, i) =>
    rmse[i].map((theirs, epoch) => Math.abs(values[epoch] - theirs) / theirs),
  );
  for (const [i, [first]] of differences.entries())
    if (!(first <= AGREEMENT.firstEpoch))
      throw new Error(
        `trial ${trials[i].number}: ${trials[i].values[0]} after the first epoch, the peer ${rmse[i][0]}`,
      );
  const worst = (epoch) => Math.max(...differences.map((each) => each[epoch]));
  return { windows: { train, val }, trials: trials.length, epochs, first: worst(0), last: worst(epochs - 1) };
}
