/** Why importances do not use a trial, in words. */
import type { OmittedReason, OmittedTrials } from "./importance-sample.js";

const reasons: Readonly<Record<OmittedReason, string>> = {
  ...{ banned: "banned", failed: "failed", unfinished: "waiting or running", pruned: "pruned" },
  infeasible: "missing a constraint",
  "no-value": "without such a value",
  "not-finite": "with a value that is not finite",
  "outside-space": "with a parameter outside the space",
};

/** `3 pruned` */
export function omittedCount({ reason, trials }: OmittedTrials): string {
  return `${trials.length} ${reasons[reason]}`;
}
