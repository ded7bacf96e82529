/** Who keeps a study's run, and is told what is to become of it as a whole: a service. */
import type { ShareChange } from "./commands.js";

/** A run that outlives a call of `optimize`. */
export interface RunControl {
  /** Resolves when the change is durable. @throws UsageError `invalid-option` | MlbenchError `run-ended`. */
  change(change: ShareChange & { readonly state?: "cancelled" }): Promise<void>;
}
