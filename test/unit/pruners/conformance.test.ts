import { describe, it } from "vitest";
import { AshaPruner } from "../../../src/pruners/asha.js";
import { HyperbandPruner } from "../../../src/pruners/hyperband.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { NopPruner } from "../../../src/pruners/nop.js";
import { PatientPruner } from "../../../src/pruners/patient.js";
import { PercentilePruner } from "../../../src/pruners/percentile.js";
import { ProspectPruner } from "../../../src/pruners/prospect.js";
import { ThresholdPruner } from "../../../src/pruners/threshold.js";
import { WilcoxonPruner } from "../../../src/pruners/wilcoxon.js";
import { prunerConformance } from "../../../src/testing/pruner.js";

const runner = { describe, it };
const eager = { nStartupTrials: 0, nMinTrials: 1 };

prunerConformance(runner, { name: "median", make: (timing) => new MedianPruner({ ...eager, ...timing }) });
for (const percentile of [10, 75])
  prunerConformance(runner, {
    name: `percentile ${percentile}`,
    make: (timing) => new PercentilePruner({ percentile, ...eager, ...timing }),
  });
prunerConformance(runner, { name: "prospect", make: (timing) => new ProspectPruner({ ...eager, ...timing }) });
prunerConformance(runner, { name: "patient alone", timed: false, make: () => new PatientPruner({ patience: 1 }) });
prunerConformance(runner, {
  name: "patient around median",
  timed: false,
  make: (timing) => new PatientPruner({ pruner: new MedianPruner({ ...eager, ...timing }), patience: 2 }),
});
prunerConformance(runner, { name: "nop", timed: false, prunes: false, make: () => new NopPruner() });

const climbing = { timed: false, completeVote: false } as const;
prunerConformance(runner, {
  name: "asha",
  ...climbing,
  make: () => new AshaPruner({ minResource: 6, reductionFactor: 2 }),
});
prunerConformance(runner, {
  name: "hyperband",
  ...climbing,
  make: () => new HyperbandPruner({ minResource: 6, maxResource: 8 }),
});
prunerConformance(runner, { name: "hyperband auto", ...climbing, make: () => new HyperbandPruner({ minResource: 6 }) });
prunerConformance(runner, { name: "wilcoxon", timed: false, make: () => new WilcoxonPruner({ pThreshold: 0.4 }) });
prunerConformance(runner, {
  name: "threshold",
  timed: false,
  mirrors: false,
  make: ({ nWarmupSteps }) => new ThresholdPruner({ lower: -5, upper: 5, nWarmupSteps }),
});
