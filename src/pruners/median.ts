/** The pruner `median`. */
import { PercentilePruner } from "./percentile.js";
import type { ComparisonOptions } from "./percentile.js";

/**
 * Prunes a trial whose best value so far is worse than the median of what complete trials reported at the same step:
 * Optuna 5.0.0's `MedianPruner` under the same arguments.
 * @throws UsageError `invalid-pruner-option`
 */
export class MedianPruner extends PercentilePruner {
  override readonly name = "median";

  constructor(options: ComparisonOptions = {}) {
    super({ ...options, percentile: 50 });
  }

  protected override get measure(): string {
    return "median";
  }
}
