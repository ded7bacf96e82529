/** What a trial has won, in the service's plain words. */
import type { TrialDetail } from "../../api/types.js";

/** What a trial has won over the defaults, and over the baselines. */
export function Verdicts({ trial: { verdict, against_defaults } }: { readonly trial: TrialDetail }) {
  return (
    <>
      {[against_defaults, verdict].map(
        (words) => words !== null && <p class={words.includes(" NOT ") ? "warn" : "muted"}>{words}</p>,
      )}
    </>
  );
}
