import { describe, it } from "vitest";
import { AutoSampler } from "../../../src/samplers/auto/auto.js";
import { GpSampler } from "../../../src/samplers/gp/gp.js";
import { BruteForceSampler } from "../../../src/samplers/brute-force/brute-force.js";
import { CmaesSampler } from "../../../src/samplers/cmaes/cmaes.js";
import type { CmaesSamplerOptions } from "../../../src/samplers/cmaes/cmaes.js";
import { GridSampler } from "../../../src/samplers/grid.js";
import { QmcSampler } from "../../../src/samplers/qmc/qmc.js";
import { NsgaIISampler } from "../../../src/samplers/nsga2/nsga2.js";
import type { NsgaIISamplerOptions } from "../../../src/samplers/nsga2/nsga2.js";
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

samplerConformance(runner, {
  name: "auto",
  make: () => new AutoSampler(),
  elsewhere: { module: compiled("auto/auto.js"), expression: "new lib.AutoSampler()" },
});

samplerConformance(runner, {
  name: "gp",
  make: () => new GpSampler({ nStartupTrials: 3 }),
  elsewhere: { module: compiled("gp/gp.js"), expression: "new lib.GpSampler({ nStartupTrials: 3 })" },
});

samplerConformance(runner, {
  name: "gp in this thread, few records modelled",
  make: () => new GpSampler({ offThread: false, nModelled: 10 }),
});

samplerConformance(runner, {
  name: "brute-force",
  make: () => new BruteForceSampler(),
  elsewhere: { module: compiled("brute-force/brute-force.js"), expression: "new lib.BruteForceSampler()" },
  finite: true,
});

for (const sequence of ["sobol", "halton"] as const)
  samplerConformance(runner, {
    name: `qmc ${sequence}`,
    make: () => new QmcSampler({ sequence, seed: 3 }),
    elsewhere: {
      module: compiled("qmc/qmc.js"),
      expression: `new lib.QmcSampler({ sequence: "${sequence}", seed: 3 })`,
    },
    sequence: true,
  });

/** A process costs a third of a second: of a sampler's variants the first alone is asked in another one. */
function elsewhereOnce(place: number, elsewhere: { module: string; expression: string }) {
  return place === 0 ? { elsewhere } : {};
}

const geneticVariants: NsgaIISamplerOptions[] = [
  { populationSize: 3 },
  { populationSize: 4, crossover: "sbx", mutation: "polynomial" },
  { populationSize: 5, crossoverProbability: 0, mutationProbability: 0.5 },
];
for (const [i, options] of geneticVariants.entries()) {
  const text = JSON.stringify(options);
  samplerConformance(runner, {
    name: `nsga2 ${text}`,
    make: () => new NsgaIISampler(options),
    ...elsewhereOnce(i, { module: compiled("nsga2/nsga2.js"), expression: `new lib.NsgaIISampler(${text})` }),
  });
}

const cmaesVariants: CmaesSamplerOptions[] = [{ nStartupTrials: 3 }, { nStartupTrials: 0 }, { warmStart: 4 }];
for (const [i, options] of cmaesVariants.entries()) {
  const text = JSON.stringify({ populationSize: 3, ...options });
  samplerConformance(runner, {
    name: `cmaes ${text}`,
    make: () => new CmaesSampler({ populationSize: 3, ...options }),
    ...elsewhereOnce(i, { module: compiled("cmaes/cmaes.js"), expression: `new lib.CmaesSampler(${text})` }),
  });
}

/** Where the variants of the other preset begin. */
const OPTUNA = 4;
const variants: TpeSamplerOptions[] = [
  {},
  { multivariate: false, group: false },
  { group: false, constantLiar: false },
  { reevaluate: 3 },
  { preset: "optuna" },
  { preset: "optuna", group: true },
  { preset: "optuna", multivariate: false },
];
for (const [i, options] of variants.entries()) {
  // the other process has only a few trials: the rule itself must be at work
  const text = JSON.stringify({ nStartupTrials: 3, ...options });
  samplerConformance(runner, {
    name: `tpe ${text}`,
    make: () => new TpeSampler({ nStartupTrials: 3, ...options }),
    ...elsewhereOnce(options.preset === "optuna" ? i - OPTUNA : i, {
      module: compiled("tpe/tpe.js"),
      expression: `new lib.TpeSampler(${text})`,
    }),
  });
}
