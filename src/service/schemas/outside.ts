/** Trials that are evaluated by whoever asks for them: handed out, reported on, told, with files. */
import { z } from "zod";
import { failure } from "./trials.js";
import { count, list, map, number, numberIn, params, trialParams, trialState } from "./values.js";

const lease = z.string().min(1).max(200).describe("The token that the trial was handed out with.");

/** POST /studies/{study}/ask. */
export const askRequest = z
  .strictObject({
    worker: z.string().min(1).max(200).describe("Who asks, for people: kept with the trial.").optional(),
    lease_seconds: z
      .number()
      .min(1)
      .max(7 * 24 * 3600)
      .default(300)
      .describe("The trial is given to somebody else after so long without a report, a heartbeat or its end."),
    wait_seconds: z.number().min(0).max(30).default(0).describe("How long to wait where there is nothing to hand out."),
  })
  .meta({ id: "AskRequest" });
/** As {@link askRequest}. */
export type AskRequest = z.input<typeof askRequest>;

/** The headers of POST /studies/{study}/ask. */
export const askHeaders = z.looseObject({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, "expected 1 to 255 printable ASCII characters, once")
    .describe("Tells this request from others: sent again with it, it gets the same trial again.")
    .optional(),
});

/** A trial that is handed out. */
export const handedTrial = z
  .strictObject({
    number: count,
    attempt: z.int().min(1).describe("From 1: how often it was handed out."),
    params,
    seed: count.describe("For whatever is random in the trial."),
    lease: z
      .strictObject({
        token: z.string().describe("To be sent with whatever is said about the trial."),
        seconds: z.number(),
      })
      .nullable(),
  })
  .meta({ id: "HandedTrial", description: "A trial that is handed out to whoever asked." });
/** As {@link handedTrial}. */
export type HandedTrialAnswer = z.output<typeof handedTrial>;

const metrics = map(numberIn);

const point = {
  step: count.describe("An epoch, say: above the steps reported before."),
  value: numberIn.describe("What the pruner compares."),
  metrics: metrics.describe("Further numbers of the step.").optional(),
};

/** POST /studies/{study}/trials/{n}/reports: one, or several in their order. */
export const reportRequest = z
  .strictObject({
    lease,
    step: point.step.optional(),
    value: point.value.optional(),
    metrics: point.metrics,
    reports: z
      .array(z.strictObject(point))
      .min(1)
      .describe("Several, steps rising; in place of `step`, `value` and `metrics`.")
      .optional(),
  })
  .superRefine(({ step, value, metrics: further, reports }, context) => {
    const one = step !== undefined && value !== undefined;
    const none = step === undefined && value === undefined && further === undefined;
    if (reports ? !none : !one) context.addIssue({ code: "custom", message: "give step and value, or reports" });
  })
  .meta({ id: "ReportRequest", description: "A report, or several in their order: all are taken, or none." });
/** As {@link reportRequest}. */
export type ReportRequestBody = z.input<typeof reportRequest>;

/** Whether to go on. */
export const reportAnswer = z
  .strictObject({
    answer: z
      .enum(["continue", "prune", "stop"])
      .describe(
        "`prune`: not worth going on; tell it as pruned, or with its value all the same. `stop`: it was ended meanwhile; drop it.",
      ),
  })
  .meta({ id: "ReportAnswer" });
/** As {@link reportAnswer}. */
export type ReportAnswerBody = z.output<typeof reportAnswer>;

/** POST /studies/{study}/trials/{n}/heartbeat. */
export const heartbeatRequest = z.strictObject({ lease }).meta({ id: "HeartbeatRequest" });
/** As {@link heartbeatRequest}. */
export type HeartbeatRequest = z.input<typeof heartbeatRequest>;

/** POST /studies/{study}/trials/{n}/tell: a value, values, or a state. */
export const tellRequest = z
  .strictObject({
    lease,
    value: numberIn.describe("Of a study with one objective.").optional(),
    values: z.array(numberIn).describe("One an objective.").optional(),
    state: z.enum(["complete", "pruned", "failed"]).describe("Default: complete, where there is a value.").optional(),
    message: z.string().max(65_536).describe("Why it failed.").optional(),
    metrics: metrics.describe("Other numbers to keep with the trial.").optional(),
    constraints: metrics.describe("By name: met at 0 and below.").optional(),
    user_attrs: map(z.unknown()).describe("Kept with the trial.").optional(),
  })
  .meta({ id: "TellRequest", description: "How a trial ended. Sent again, it gets the same answer." });
/** As {@link tellRequest}. */
export type TellRequest = z.input<typeof tellRequest>;

/** What `tell` answers: how the trial stands in the record. */
export const toldTrial = z
  .strictObject({
    number: count,
    attempt: z.int().min(1),
    state: trialState.describe("A value that is not finite may fail or prune it: the study's `on_nan` says."),
    values: list(number).nullable(),
    value: number.nullable().describe("`values[0]`; absent in studies with several objectives.").optional(),
    finish_index: count.nullable().describe("0, 1, 2 … in the order of finishing."),
    failure: failure.nullable(),
  })
  .meta({ id: "ToldTrial" });
/** As {@link toldTrial}. */
export type ToldTrial = z.output<typeof toldTrial>;

/** PUT /studies/{study}/trials/{n}/files/{name}. */
export const fileParams = trialParams.extend({
  name: z
    .string()
    .regex(/^[\w-][\w.-]{0,119}$/, 'expected at most 120 of letters, digits, "_", "-", and "." not in front')
    .describe("The file's name."),
});

/** The headers of PUT /studies/{study}/trials/{n}/files/{name}. */
export const fileHeaders = z.looseObject({ "lease-token": lease });

/** A file as it was kept. */
export const storedFile = z
  .strictObject({ name: z.string(), size: count.describe("Bytes."), sha256: z.string().describe("Hex.") })
  .meta({ id: "StoredFile" });
/** As {@link storedFile}. */
export type StoredFile = z.output<typeof storedFile>;
