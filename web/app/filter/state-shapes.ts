/** The states of trials as shapes: colour is never all that tells them apart. */
import type { StateName } from "../columns/state-names.js";

/** By state. */
export const stateShapes: Readonly<Record<StateName, string>> = {
  waiting: "○",
  running: "▶",
  complete: "●",
  pruned: "◆",
  failed: "✕",
};
