import type { Direction, History, Trial } from "../../../src/core/index.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { NopPruner } from "../../../src/pruners/nop.js";
import { PatientPruner } from "../../../src/pruners/patient.js";
import { PercentilePruner } from "../../../src/pruners/percentile.js";
import type { Pruner } from "../../../src/pruners/pruner.js";

export function historyOf(direction: Direction, ...trials: readonly Trial[]): History {
  return { direction, trials };
}

/** A pruner as the fixtures write it. */
export interface PrunerSpec {
  name: "median" | "percentile" | "patient" | "nop";
  percentile?: number;
  n_startup_trials?: number;
  n_warmup_steps?: number;
  interval_steps?: number;
  n_min_trials?: number;
  patience?: number;
  min_delta?: number;
  pruner?: PrunerSpec | null;
}

export function prunerOf(spec: PrunerSpec): Pruner {
  const comparison = {
    nStartupTrials: spec.n_startup_trials as number,
    nWarmupSteps: spec.n_warmup_steps as number,
    intervalSteps: spec.interval_steps as number,
    nMinTrials: spec.n_min_trials as number,
  };
  switch (spec.name) {
    case "median":
      return new MedianPruner(comparison);
    case "percentile":
      return new PercentilePruner({ percentile: spec.percentile as number, ...comparison });
    case "patient":
      return new PatientPruner({
        pruner: spec.pruner ? prunerOf(spec.pruner) : null,
        patience: spec.patience as number,
        minDelta: spec.min_delta as number,
      });
    case "nop":
      return new NopPruner();
  }
}
