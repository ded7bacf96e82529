/** A study over several models whose parameters depend on the model, and those of the ODEs on the solver, too. */
import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import type { Trial } from "../../../src/core/index.js";
import { replayTrial } from "../../../src/app/replay.js";
import { syntheticDir } from "../../fixtures/nasa/nasa-cells.js";
import { emptyFolder } from "../../fixtures/app/small-studies.js";

const names = ["lstm", "gru", "node", "anode"];

test("a study over lstm, gru, node and anode on NASA's cells prunes, fails what diverges, and names a winner", async () => {
  const directory = await emptyFolder();
  const study = await createStudy({
    ...{ storage: "s", directory, name: "family", seed: 2, model: names, dataset: "nasa", sampler: "random" },
    params: { "data.data_dir": syntheticDir, "data.horizon": 4, "train.epochs": 3 },
    // Small, and a solve that may cost too much: rk4 takes four evaluations a cycle.
    search: {
      ...{ "model.hidden_size": "int:4..12", "model.latent_size": "int:2..6", "model.width": "int:4..12" },
      ...{ "data.window": "int:4..8", "model.solver": "euler,rk4,dopri5", "model.atol": null },
    },
    fix: { "model.max_evaluations": 15 },
    pruner: { name: "median", options: { n_startup_trials: 1, n_warmup_steps: 0, n_min_trials: 1 } },
  });
  await study.optimize({ trials: 24, workers: 2, deterministic: true });
  const { trials } = study;
  expect(new Set(trials.map(({ params }) => params["model"]))).toEqual(new Set(names));
  for (const { params, state, failure } of trials) {
    const [ode, model] = [["node", "anode"].includes(params["model"] as string), params["model"]];
    const solver = params["model.solver"];
    const active = (name: string): boolean => Object.hasOwn(params, `model.${name}`);
    for (const name of ["latent_size", "width", "solver"]) expect(active(name), `${name} of ${model}`).toBe(ode);
    for (const name of ["rtol", "atol"]) expect(active(name), `${name} of ${solver}`).toBe(solver === "dopri5");
    expect(active("augment")).toBe(model === "anode");
    expect(active("layers")).toBe(!ode);
    // Sixteen evaluations for four cycles.
    if (solver === "rk4") expect([state, failure?.class]).toEqual(["failed", "diverged"]);
    else if (solver !== "dopri5") expect(state).toMatch(/complete|pruned/);
  }
  const states = trials.map(({ state }) => state);
  for (const state of ["complete", "pruned", "failed"]) expect(states).toContain(state);
  const best = study.bestTrial;
  const values = trials.flatMap(({ state, value }) => (state === "complete" ? [value as number] : []));
  expect(best?.value).toBe(Math.min(...values));
  const winner = best as Trial;
  expect((await replayTrial({ name: "family", storage: "s", directory }, winner.number)).difference).toBeNull();
});
