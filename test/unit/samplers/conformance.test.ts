import { describe, it } from "vitest";
import { GridSampler } from "../../../src/samplers/grid.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import type { TpeSamplerOptions } from "../../../src/samplers/tpe/tpe.js";
import { samplerConformance } from "../../../src/testing/sampler.js";

const runner = { describe, it };
/** A compiled module of the samplers: another process cannot import TypeScript. */
const compiled = (file: string): string => new URL(`../../../dist/samplers/${file}`, import.meta.url).href;

samplerConformance(runner, {
  name: "random",
  make: () => new RandomSampler(),
  elsewhere: { module: compiled("random.js"), expression: "new lib.RandomSampler()" },
});

samplerConformance(runner, {
  name: "grid",
  make: () => new GridSampler(),
  elsewhere: { module: compiled("grid.js"), expression: "new lib.GridSampler()" },
  finite: true,
});

const variants: TpeSamplerOptions[] = [
  {},
  { multivariate: false, group: false },
  { group: false, constantLiar: false },
  { reevaluate: 3 },
  { preset: "optuna" },
  { preset: "optuna", group: true },
  { preset: "optuna", multivariate: false },
];
for (const options of variants) {
  // the other process has only a few trials: the rule itself must be at work
  const text = JSON.stringify({ nStartupTrials: 3, ...options });
  samplerConformance(runner, {
    name: `tpe ${text}`,
    make: () => new TpeSampler({ nStartupTrials: 3, ...options }),
    elsewhere: { module: compiled("tpe/tpe.js"), expression: `new lib.TpeSampler(${text})` },
  });
}
