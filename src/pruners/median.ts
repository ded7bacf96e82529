/** The pruner `median`. */
import { requireKnownKeys } from "../core/index.js";
import { comparisonKeys, comparisonOf, PercentilePruner } from "./percentile.js";
import type { ComparisonOptions } from "./percentile.js";

/**
 * Prunes a trial whose best value so far is worse than the median of what complete trials reported at the same step:
 * Optuna 5.0.0's `MedianPruner` under the same arguments.
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1) }, pruner: new MedianPruner({ nWarmupSteps: 2 }) });
 */
export class MedianPruner extends PercentilePruner {
  override readonly name = "median";

  constructor(options: ComparisonOptions = {}) {
    requireKnownKeys("MedianPruner", options, comparisonKeys);
    super({ ...comparisonOf("median", options), percentile: 50 });
  }

  protected override get measure(): string {
    return "median";
  }
}
