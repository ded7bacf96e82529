/** How sure a cross-validated trial's win is, in plain words. */
import { shortNumber } from "../../core/index.js";
import type { StudyHeader } from "../../core/index.js";
import type { DefaultsMargin } from "../judge-best.js";

/** What the record says of it; key names are those of `best-trial --format json`. */
export interface Certainty {
  /** See `JudgedTrial`. */
  readonly bound?: number | null;
  readonly against_defaults?: DefaultsMargin | null;
}

/** Only an interval that excludes 0 is called a lead; the trial was chosen on these very parts. */
export function certaintyInWords({ bound, against_defaults: margin }: Certainty, header: StudyHeader): string {
  const [{ direction }] = header.objectives as readonly [StudyHeader["objectives"][number]];
  const limit =
    typeof bound !== "number"
      ? []
      : [`at ${direction === "minimize" ? "most" : "least"} ${shortNumber(bound)} (95 % bound of the mean)`];
  if (!margin) return limit.join("");
  const { mean, low, high } = margin.difference;
  // Positive where the trial is better.
  const [lead, least, most] = direction === "minimize" ? [-mean, -high, -low] : [mean, low, high];
  const told = least > 0 || most < 0;
  const ahead = lead >= 0;
  const defaults = `the defaults (trial ${margin.trial})`;
  const head = told
    ? `${ahead ? "ahead of" : "behind"} ${defaults} by`
    : `not told apart from ${defaults}: ${ahead ? "ahead" : "behind"} by`;
  const figure = ahead ? [lead, least, most] : [-lead, -most, -least];
  const [by, from, to] = figure.map((value) => shortNumber(value, 2));
  const over = `(95 % interval ${from} to ${to} over ${margin.parts} parts, on which it was chosen)`;
  return [...limit, `${head} ${by} ${over}`].join("; ");
}
