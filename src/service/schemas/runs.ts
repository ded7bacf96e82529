/** Runs: what is wanted of a study's trials, and how it stands. */
import { z } from "zod";
import { count, numberIn, time } from "./values.js";

/** What a run is, or is wanted to be. */
export const runState = z
  .enum(["running", "paused", "waiting", "stopping", "cancelled", "finished", "failed"])
  .describe(
    "`paused` starts nothing further; `waiting` is without room on the disk, as `error` says, and goes on by itself; " +
      "`stopping` lets trials under way end; `cancelled`, `finished` and `failed` are ends.",
  )
  .meta({ id: "RunState" });
/** As {@link runState}. */
export type RunState = z.output<typeof runState>;

/** A run as it is kept with its study, and shown. */
export const run = z
  .strictObject({
    state: runState,
    total_trials: count.nullable(),
    timeout_s: z.number().nullable(),
    workers: z.int().min(1).nullable().describe("The most places at once; null: as many as there are."),
    weight: z.number().positive().describe("Its share of the places, against the other studies'."),
    places: count.describe("Held at this moment."),
    started_at: time,
    ended_at: time.nullable(),
    stopped_by: z.string().nullable().describe("As in the `finish` event of `optimize`."),
    error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: "Run", description: "A run of a study's trials." });
/** As {@link run}. */
export type Run = z.output<typeof run>;

/** POST /studies/{study}/run. */
export const runRequest = z
  .strictObject({
    trials: z.int().min(1).describe("So many more trials. Default: 100, unless there is another goal.").optional(),
    total_trials: z.int().min(1).describe("Until the study has so many.").optional(),
    timeout_s: z
      .number()
      .positive()
      .describe("Seconds from its start, pauses included: then trials under way, those outside as well, wait again.")
      .optional(),
    workers: z.int().min(1).describe("The most places at once. Default: as many as there are.").optional(),
    weight: z.number().positive().describe("Default: 1.").optional(),
    trial_timeout_s: z.number().positive().optional(),
    max_failures: z.int().min(0).optional(),
    max_retries: z.int().min(0).optional(),
    max_attempts: z.int().min(1).optional(),
    patience: z.int().min(1).optional(),
    target: numberIn.optional(),
    keep_checkpoints: z.string().describe("`best:3`, `all` or `none`.").optional(),
  })
  .meta({ id: "RunRequest" });
/** As {@link runRequest}. */
export type RunRequest = z.input<typeof runRequest>;

/** PATCH /studies/{study}/run: what is left out stays. */
export const runChange = z
  .strictObject({
    state: z.enum(["running", "paused", "stopping", "cancelled"]).optional(),
    workers: z.int().min(1).nullable().optional(),
    weight: z.number().positive().optional(),
  })
  .meta({ id: "RunChange" });
/** As {@link runChange}. */
export type RunChange = z.input<typeof runChange>;
