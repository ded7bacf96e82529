/** The sampler against its contract, and against what is known of the sequence. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createStudy, float, loadPlugins } from "mlbench-hpo";
import { samplerConformance } from "mlbench-hpo/testing";
import { HaltonSampler, radicalInverse } from "./halton.js";

samplerConformance(
  { describe, it },
  {
    name: "halton",
    sequence: true,
    make: () => new HaltonSampler(),
    elsewhere: { module: new URL("./halton.js", import.meta.url).href, expression: "new lib.HaltonSampler()" },
  },
);

describe("Halton's sequence", () => {
  it("begins as it should in bases 2 and 3", () => {
    const first = (base: number): number[] => [1, 2, 3, 4, 5].map((index) => radicalInverse(index, base));
    assert.deepEqual(first(2), [1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8]);
    for (const [i, value] of [1 / 3, 2 / 3, 1 / 9, 4 / 9, 7 / 9].entries())
      assert.ok(Math.abs((first(3)[i] ?? NaN) - value) < 1e-15);
  });
  it("puts one of eight points in a row in each eighth of the range", async () => {
    const space = { x: float(0, 1) };
    const study = await createStudy({ storage: "memory", space, sampler: new HaltonSampler({ skip: 7 }) });
    await study.optimize(({ params }) => Number(params["x"]), { trials: 8 });
    const eighths = study.trials.map(({ params }) => Math.floor(8 * Number(params["x"])));
    assert.deepEqual(
      eighths.toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
  });
  it("is found by its name once the plug-in is loaded", async () => {
    await loadPlugins([new URL("./halton.js", import.meta.url).href]);
    const study = await createStudy({ storage: "memory", space: { x: float(0, 8) }, sampler: "halton" });
    const trial = await study.ask();
    assert.equal(trial.params["x"], 4);
  });
});
