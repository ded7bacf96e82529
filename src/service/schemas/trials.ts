/** Trials: their records as `trials --format json` prints them, queries, and what can be done with one. */
import { z } from "zod";
import { count, list, map, metrics, number, params, paramValue, space, time, trialState } from "./values.js";

const reports = list(z.tuple([z.number(), number]).readonly()).describe(
  "Reports in order: [step, value]; steps are epochs, from 1.",
);

/** Why a trial failed. */
export const failure = z
  .strictObject({
    class: z.enum(["exception", "diverged", "timeout", "out-of-memory", "worker-crash", "interrupted"]),
    message: z.string(),
    where: z.string(),
  })
  .meta({ id: "Failure" });

/** What people say about a trial; its record does not change. */
export const annotation = z
  .strictObject({
    note: z.string(),
    tags: list(z.string()),
    banned: z.boolean().describe("Hidden from best trial, front, sampler and plots; still counted."),
  })
  .meta({ id: "Annotation", description: "What people say about a trial, beside its record." });
/** As {@link annotation}. */
export type Annotation = z.output<typeof annotation>;

const attempt = z.strictObject({
  attempt: z.int().min(1),
  started_at: time.nullable(),
  ended_at: time.nullable(),
  reason: z.string(),
  intermediate: reports,
  worker: z.string().describe("Who had it, as it called itself.").optional(),
});

const lease = z.strictObject({
  sha256: z.string().describe("Of the token, which only the holder knows."),
  seconds: z.number().positive(),
});

const part = z.strictObject({
  fold: list(z.string()).describe("The cells held out; empty where the fold is no cells."),
  block: z.string().describe("The fold over time, such as 2/5.").optional(),
  seed: count,
  values: list(number),
});

const recordShape = {
  number: count.describe("0, 1, 2 … within the study."),
  state: trialState,
  values: list(number).nullable().describe("One an objective, in their order; null unless complete."),
  value: number.nullable().describe("`values[0]`; absent in studies with several objectives.").optional(),
  params,
  intermediate: reports,
  seen: list(count).describe("One a report: how many trials were finished when it was judged."),
  intermediate_parts: list(list(number)).optional(),
  finish_index: count.nullable().describe("0, 1, 2 … in the order of finishing; null before."),
  metrics: z.strictObject({ best: metrics.optional(), last: metrics.optional() }),
  constraints: map(number).describe("By name: met at 0 and below."),
  parts: list(part).nullable().describe("What each fold and seed came to; null for a trial that trains once."),
  spread: number.nullable().describe("Sample standard deviation of the first objective over the parts."),
  started_at: time.nullable(),
  finished_at: time.nullable(),
  seconds: z.number().nullable(),
  seed: count,
  attempt: z.int().min(1),
  attempts: list(attempt),
  owner: z.string().nullable().describe('"external" for a trial that was handed out by `ask`.'),
  slot: count.nullable(),
  lease: lease.nullable(),
  worker: z.string().describe("Who has it or had it in the end, as it called itself when it asked.").optional(),
  ask_keys: list(z.string()).describe("What tells the requests again that it was handed out for.").optional(),
  backend: z.string().nullable(),
  kernels: z.string().nullable().optional(),
  isa: z.string().nullable().optional(),
  failure: failure.nullable(),
  prune_reason: z.string().nullable(),
  retry_of: count.nullable().describe("The number of the failed trial that this one repeats."),
  user_attrs: map(z.unknown()),
  space_version: count.optional(),
  distributions: space.describe("Of parameters that were suggested without being declared.").optional(),
  annotation: annotation.describe("Where people say something about it.").optional(),
};

/** A trial's record, with its annotation where it has one. */
export const trial = z.strictObject(recordShape).meta({ id: "Trial", description: "A trial's record." });
/** As {@link trial}. */
export type JsonTrial = z.output<typeof trial>;

/** GET /studies/{study}/trials/{number}. */
export const trialDetail = z
  .strictObject({
    ...recordShape,
    annotation,
    files: list(z.strictObject({ name: z.string(), size: count.describe("Bytes.") })).describe(
      "What the trial has left: its log, checkpoints, further files.",
    ),
    duplicates: list(count).describe("Other trials with the same parameters."),
    verdict: z.string().nullable().describe("How it stands to the baselines, where they were scored; null otherwise."),
    against_defaults: z
      .string()
      .nullable()
      .describe("How it stands to the parameters' defaults, where those are the first trial; null otherwise."),
  })
  .meta({ id: "TrialDetail", description: "A trial's record with what stands beside it." });
/** As {@link trialDetail}. */
export type TrialDetail = z.output<typeof trialDetail>;

/** GET /studies/{study}/trials. */
export const trialPage = z
  .strictObject({
    trials: list(trial),
    next: z.string().nullable().describe("To be given as `cursor` for the next page; null: there is none."),
  })
  .meta({ id: "TrialPage" });
/** As {@link trialPage}. */
export type TrialPage = z.output<typeof trialPage>;

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((given) => [given].flat());

/** The query of GET /studies/{study}/trials. */
export const trialQuery = z.strictObject({
  state: oneOrMore.describe("Only these states: `complete,pruned`.").optional(),
  where: oneOrMore.describe("A condition, such as `train.lr<0.01`; repeatable: all must hold.").optional(),
  sort: z.string().describe("A field, parameter or metric; `-value` descends. Default: by number.").optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(200).describe("`next` of the page before.").optional(),
});

/** POST /studies/{study}/trials. */
export const enqueueRequest = z
  .strictObject({
    params: z.record(z.string(), paramValue).describe("The parameters; those left out are drawn."),
    user_attrs: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "EnqueueRequest" });
/** As {@link enqueueRequest}. */
export type EnqueueRequest = z.input<typeof enqueueRequest>;

/** PATCH /studies/{study}/trials/{number}: what is left out stays. */
export const annotationChange = z
  .strictObject({
    note: z.string().optional(),
    tags: z.array(z.string()).optional(),
    banned: z.boolean().optional(),
  })
  .meta({ id: "AnnotationChange" });
/** As {@link annotationChange}. */
export type AnnotationChange = z.input<typeof annotationChange>;
