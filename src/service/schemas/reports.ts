/** What trials reported on their way, and how far running ones are from being pruned. */
import { z } from "zod";
import { count, list, number } from "./values.js";

/** One report: step, value, how many trials were finished when it was judged. */
export const reportPoint = z.tuple([z.number(), number, count]).readonly();
/** As {@link reportPoint}. */
export type ReportPoint = z.output<typeof reportPoint>;

/** A trial's curve. */
export const curve = z.strictObject({
  number: count,
  attempt: z.int().min(1),
  points: list(reportPoint).describe("[step, value, seen]"),
  pruned_at: z.number().nullable().describe("The step at which it was pruned."),
  reason: z.string().nullable().describe("Why it was pruned."),
});
/** As {@link curve}. */
export type Curve = z.output<typeof curve>;

/** GET /studies/{study}/reports. */
export const reportList = z
  .strictObject({
    revision: count,
    reports: list(curve),
    band: list(z.tuple([z.number(), number, number, number]).readonly()).describe(
      "[step, lower quartile, median, upper quartile] over the complete trials that reported the step, at up to 400 steps.",
    ),
  })
  .meta({ id: "Reports" });
/** As {@link reportList}. */
export type ReportList = z.output<typeof reportList>;

/** The query of GET /studies/{study}/reports: exactly one of the three. */
export const reportsQuery = z.strictObject({
  numbers: z
    .string()
    .regex(/^\d{1,9}(,\d{1,9})*$/, "expected numbers: 1,2,3")
    .describe("Of these trials: `1,2,3`; at most 1,000.")
    .optional(),
  state: z
    .enum(["running", "complete", "pruned", "failed"])
    .describe("Of the trials in this state, the newest 1,000.")
    .optional(),
  last: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .describe("Of the newest trials that reported. Default: 200.")
    .optional(),
});

/** How far a running trial is from being pruned. */
export const margin = z.strictObject({
  number: count,
  step: z.number().nullable().describe("Of its last report; null before one."),
  value: number.nullable().describe("What the pruner compares: of that report, or the best so far, as it does."),
  threshold: number.nullable().describe("The value beyond which it would be pruned now; null where there is none."),
  margin: number
    .nullable()
    .describe(
      "How far the value is on the good side of the threshold, in the metric's unit; below 0: would be pruned.",
    ),
  voters: count.nullable().describe("How many trials the threshold is made of."),
  reason: z.string().describe("How the threshold comes about, or why there is none."),
});
/** As {@link margin}. */
export type Margin = z.output<typeof margin>;

/** GET /studies/{study}/margins. */
export const marginList = z
  .strictObject({ revision: count, pruner: z.string(), margins: list(margin) })
  .meta({ id: "Margins" });
/** As {@link marginList}. */
export type MarginList = z.output<typeof marginList>;
