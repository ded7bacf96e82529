import { GridSampler } from "../../../src/samplers/grid.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import type { TpeSamplerOptions } from "../../../src/samplers/tpe/tpe.js";
import { samplerConformance } from "../../conformance/sampler.js";

samplerConformance({
  name: "random",
  make: () => new RandomSampler(),
  elsewhere: { module: "random.js", expression: "new lib.RandomSampler()" },
});

samplerConformance({
  name: "grid",
  make: () => new GridSampler(),
  elsewhere: { module: "grid.js", expression: "new lib.GridSampler()" },
  finite: true,
});

const variants: TpeSamplerOptions[] = [
  {},
  { multivariate: false, group: false },
  { group: false, constantLiar: false },
  { preset: "optuna" },
  { preset: "optuna", group: true },
  { preset: "optuna", multivariate: false },
];
for (const options of variants) {
  // the other process has only a few trials: the rule itself must be at work
  const text = JSON.stringify({ nStartupTrials: 3, ...options });
  samplerConformance({
    name: `tpe ${text}`,
    make: () => new TpeSampler({ nStartupTrials: 3, ...options }),
    elsewhere: { module: "tpe/tpe.js", expression: `new lib.TpeSampler(${text})` },
  });
}
