/** What `models` trains: every registered model on every dataset and horizon, each cell held out in turn, several seeds. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder } from "../build-stamp.mjs";

/** The cells of each dataset, and the parameters that choose them. Everything else is the dataset's default. */
export const DATASETS = {
  dummy: { cells: ["D01", "D02", "D03"], params: { "data.cells": 3 } },
  nasa: { cells: ["B0005", "B0006", "B0007"] },
  nasa_cc: { cells: ["B0005", "B0006", "B0007"] },
};

/** Models that are trained at these horizons alone: what they do with a window costs most of their time, whatever H. */
const ONLY_AT = { ode_rnn: [10], latent_ode: [10] };

/** Ends of life that remaining lives are scored by: the dataset's default, and one that every cell of NASA's reaches. */
export const ENDS = [0.7, 0.8];

/** What a run's parameters begin with. */
export function dataParams({ dataset, horizon, cell }, directory) {
  const { cells, params } = DATASETS[dataset];
  const own = params ?? { "data.data_dir": directory, "data.cells": cells };
  return { ...own, "data.horizon": horizon, "data.val_cells": [cell] };
}

/** A job's name in the record. */
export const keyOf = ({ kind, dataset, horizon, model, cell, seed }) =>
  [kind, dataset, `H${horizon}`, ...(kind === "run" ? [model, `seed ${seed}`] : []), cell].join(" ");

/** All jobs: the baselines, then seed after seed, so that a budget that ends leaves whole seeds. */
export function jobsOf({ models, datasets, horizons, seeds }) {
  const scenes = datasets.flatMap((dataset) =>
    horizons.flatMap((horizon) => DATASETS[dataset].cells.map((cell) => ({ dataset, horizon, cell }))),
  );
  const runs = Array.from({ length: seeds }, (_, seed) =>
    scenes.flatMap((scene) =>
      models
        .filter((model) => ONLY_AT[model]?.includes(scene.horizon) ?? true)
        .map((model) => ({ kind: "run", ...scene, model, seed })),
    ),
  ).flat();
  return [...scenes.map((scene) => ({ kind: "baselines", ...scene })), ...runs];
}

/** What of the sources decides a result; documentation and commands do not. */
export const ROOMS = ["core", "datasets", "metrics", "models", "ode", "tensor", "training"];

function digest(files, root) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${relative(root, file)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/**
 * All that two results must have in common to stand in one table, and a short name of it.
 * @param rooms whose sources decide a result
 */
export function settingsOf({ epochs, set, kernels, directory }, rooms = ROOMS) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const sources = digest(
    rooms.flatMap((room) => filesUnder(join(root, "src", room))),
    root,
  );
  const files = existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith(".mat")) : [];
  const data = digest(
    files.sort().map((file) => join(directory, file)),
    directory,
  );
  const settings = { epochs, set, kernels, sources, data };
  return { settings, name: createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 12) };
}
