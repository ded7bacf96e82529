import { MedianPruner } from "../../../src/pruners/median.js";
import { NopPruner } from "../../../src/pruners/nop.js";
import { PatientPruner } from "../../../src/pruners/patient.js";
import { PercentilePruner } from "../../../src/pruners/percentile.js";
import { prunerConformance } from "../../conformance/pruner.js";

const eager = { nStartupTrials: 0, nMinTrials: 1 };

prunerConformance({ name: "median", make: (options) => new MedianPruner({ ...eager, ...options }) });
for (const percentile of [10, 75])
  prunerConformance({
    name: `percentile ${percentile}`,
    make: (options) => new PercentilePruner({ percentile, ...eager, ...options }),
  });
prunerConformance({ name: "patient alone", compares: false, make: () => new PatientPruner({ patience: 1 }) });
prunerConformance({
  name: "patient around median",
  compares: false,
  make: (options) => new PatientPruner({ pruner: new MedianPruner({ ...eager, ...options }), patience: 2 }),
});
prunerConformance({ name: "nop", compares: false, prunes: false, make: () => new NopPruner() });
