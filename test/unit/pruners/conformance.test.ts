import { describe, it } from "vitest";
import { MedianPruner } from "../../../src/pruners/median.js";
import { NopPruner } from "../../../src/pruners/nop.js";
import { PatientPruner } from "../../../src/pruners/patient.js";
import { PercentilePruner } from "../../../src/pruners/percentile.js";
import { prunerConformance } from "../../../src/testing/pruner.js";

const runner = { describe, it };
const eager = { nStartupTrials: 0, nMinTrials: 1 };

prunerConformance(runner, { name: "median", make: (timing) => new MedianPruner({ ...eager, ...timing }) });
for (const percentile of [10, 75])
  prunerConformance(runner, {
    name: `percentile ${percentile}`,
    make: (timing) => new PercentilePruner({ percentile, ...eager, ...timing }),
  });
prunerConformance(runner, { name: "patient alone", timed: false, make: () => new PatientPruner({ patience: 1 }) });
prunerConformance(runner, {
  name: "patient around median",
  timed: false,
  make: (timing) => new PatientPruner({ pruner: new MedianPruner({ ...eager, ...timing }), patience: 2 }),
});
prunerConformance(runner, { name: "nop", timed: false, prunes: false, make: () => new NopPruner() });
