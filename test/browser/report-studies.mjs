// The studies whose reports a browser is shown: of each sort one, small ones and a large one, and one that attacks.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { categorical, createStudy, float, int } from "../../dist/index.js";

/** What would run if a page took it for markup or script. */
export const ATTACK = `</script><script>globalThis.attacked = 1</script><img src=x onerror="globalThis.attacked = 1">\u2028"'&amp;<!--`;

async function models(storage) {
  const common = { storage, model: "mlp", dataset: "dummy", seed: 3 };
  const params = { "data.cells": 4, "data.cycles": 80, "data.horizon": 5 };
  const fix = { "train.epochs": 4, "data.window": 10 };
  const plain = await createStudy({ ...common, name: "plain", params, fix });
  await plain.optimize({ trials: 12, workers: 1 });
  const folded = await createStudy({ ...common, name: "folded", params, fix, folds: "cells", seeds: 2 });
  await folded.optimize({ trials: 4, workers: 1 });
  const objectives = [{ metric: "val_rmse" }, { metric: "parameters" }];
  const pair = await createStudy({
    ...common,
    name: "pair",
    params,
    fix,
    objectives,
    constraints: ["parameters <= 20000"],
  });
  await pair.optimize({ trials: 10, workers: 1 });
}

/** Trials of every state, texts that are markup, values that are no numbers. */
async function attack(storage) {
  const space = {
    [`x${ATTACK}`]: float(-5, 5),
    kind: categorical(["a", ATTACK, 3, true, null]),
    rate: float(0.01, 1, { log: true, when: { kind: "a" } }),
  };
  const study = await createStudy({ storage, name: "attack", space, seed: 1, direction: "maximize" });
  await study.optimize(
    async (trial) => {
      if (trial.number % 7 === 3) throw new Error(`${ATTACK} ${"long ".repeat(2e5)}`);
      if (trial.number % 7 === 4) return NaN;
      trial.setUserAttr(ATTACK, ATTACK);
      for (let step = 1; step <= 12; step++) {
        trial.report(trial.params[`x${ATTACK}`] * step, step);
        if (await trial.shouldPrune()) throw Object.assign(new Error(ATTACK), { name: "TrialPruned" });
      }
      return trial.params[`x${ATTACK}`];
    },
    { trials: 40 },
  );
  await study.annotate(0, { note: ATTACK, tags: [ATTACK] });
  await study.annotate(1, { banned: true });
  await study.setUserAttr(ATTACK, { deep: ATTACK });
}

async function large(storage) {
  const space = { lr: float(1e-5, 1, { log: true }), width: int(1, 64), optimizer: categorical(["adam", "sgd"]) };
  const study = await createStudy({ storage, name: "large", space, seed: 1, sampler: "random", pruner: "nop" });
  await study.optimize((trial) => (Math.log10(trial.params.lr) + 2) ** 2 + trial.params.width / 64, { trials: 10_000 });
}

async function odd(storage) {
  await createStudy({ storage, name: "empty", space: { x: float(0, 1) }, seed: 1 });
  const failed = await createStudy({ storage, name: "failed", space: { x: float(0, 1) }, seed: 1 });
  await failed.optimize(() => Promise.reject(new Error("no luck")), { trials: 4 });
  const one = await createStudy({ storage, name: "one", space: { x: float(0, 1) }, seed: 1 });
  await one.optimize((trial) => trial.params.x, { trials: 1 });
}

/** Makes them; their names. */
export async function makeStudies(folder) {
  const storage = join(folder, "studies");
  await mkdir(storage, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "private": true }');
  await models(storage);
  await attack(storage);
  await large(storage);
  await odd(storage);
  return { storage, names: ["plain", "folded", "pair", "attack", "large", "empty", "failed", "one"] };
}
