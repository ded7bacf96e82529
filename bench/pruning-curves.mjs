// `npm run bench -- pruning-curves [--table quality|development]`: trains a network at every point of a grid of
// hyperparameters and keeps its validation loss by epoch: the real curves that `pruning-quality` and its peer search
// (bench/pruning-curves.json), or those on which pruners are developed (bench/pruning-development-curves.json).
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { run } from "../dist/index.js";

const tables = {
  quality: {
    file: "pruning-curves.json",
    model: "mlp",
    epochs: 27,
    grid: {
      "train.lr": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1],
      "model.hidden_size": [4, 8, 16, 32],
      "train.batch_size": [16, 32, 64],
      "train.weight_decay": [0, 1e-3, 1e-1],
      "model.dropout": [0, 0.2],
    },
  },
  development: {
    file: "pruning-development-curves.json",
    model: "gru",
    epochs: 40,
    grid: {
      "train.lr": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2],
      "model.hidden_size": [4, 8, 16, 24],
      "train.batch_size": [64, 128, 256],
      "train.scheduler": ["cosine", "reduce_lr_on_plateau", "none"],
    },
  },
};
const { values } = parseArgs({ options: { table: { type: "string", default: "quality" } } });
const { file, model, epochs: EPOCHS, grid } = tables[values.table];
const fixed = {
  "data.horizon": 10,
  "train.epochs": EPOCHS,
  "train.early_stopping_patience": EPOCHS,
  "data.cells": 4,
  "data.cycles": 120,
};

/** Every point of the grid, the last parameter's values changing fastest. */
function* points(names = Object.keys(grid)) {
  if (names.length === 0) return void (yield {});
  const [name, ...rest] = names;
  for (const value of grid[name]) for (const point of points(rest)) yield { [name]: value, ...point };
}

const curves = [];
for (const point of points()) {
  const curve = [];
  const result = await run(
    { model, dataset: "dummy", params: { ...fixed, ...point }, seed: 1 },
    {
      baselines: false,
      onEvent: (event) => {
        if (event.event === "epoch") curve.push(Number(event.val_rmse.toPrecision(4)));
        return "continue";
      },
    },
  );
  if (curve.length !== EPOCHS) throw new Error(`${JSON.stringify(point)}: ${curve.length} epochs, ${result.stoppedBy}`);
  curves.push(curve);
  if (curves.length % 20 === 0) console.log(`${curves.length} curves`);
}
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const head = JSON.stringify({
  made_by: `mlbench-hpo ${version}, ${model} on dummy, val_rmse, seed 1`,
  fixed,
  grid,
}).slice(0, -1);
const lines = curves.map((curve) => JSON.stringify(curve)).join(",\n");
writeFileSync(new URL(file, import.meta.url), `${head}, "curves": [\n${lines}\n]}\n`);
