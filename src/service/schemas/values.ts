/** What all shapes of the API are made of: numbers that JSON has no word for, times, names, parameters, spaces. */
import { z } from "zod";
import { decodeNumber } from "../../core/json.js";

/** A list that is only read. */
export function list<S extends z.ZodType>(items: S) {
  return z.array(items).readonly();
}

/** Values by name. */
export function map<S extends z.ZodType>(values: S) {
  return z.record(z.string(), values).readonly();
}

const unusual = z.enum(["NaN", "Infinity", "-Infinity"]);

/** A number as it is sent: those that are not finite are the texts `NaN`, `Infinity`, `-Infinity`. */
export const number = z
  .union([z.number(), unusual])
  .meta({ id: "Number", description: 'A number; those that JSON has not are "NaN", "Infinity" and "-Infinity".' });
/** `1.5`, or one of `"NaN"`, `"Infinity"`, `"-Infinity"`. */
export type JsonNumber = z.output<typeof number>;

/** A number as it is taken: the texts for numbers that are not finite become those. */
export const numberIn = z
  .union([z.number(), unusual])
  .transform((value) => decodeNumber(value) as number)
  .describe('A number; those that JSON has not are "NaN", "Infinity" and "-Infinity".');

/** 0, 1, 2, … */
export const count = z.int().min(0);

/** ISO 8601, UTC: `2026-11-28T03:36:16.000Z`. */
export const time = z
  .string()
  .meta({ id: "Time", description: "ISO 8601, UTC.", examples: ["2026-11-28T03:36:16.000Z"] });

/** A value that a parameter can take. */
export const paramValue = z
  .union([z.number(), z.string(), z.boolean(), z.null()])
  .meta({ id: "ParamValue", description: "A value that a parameter can take." });
/** As {@link paramValue}. */
export type ParamValue = z.output<typeof paramValue>;

/** Parameters by name: `{ "train.lr": 1e-3 }`. */
export const params = map(paramValue).meta({
  id: "Params",
  description: "Parameters by name.",
  examples: [{ "train.lr": 0.001, "model.hidden_size": 32 }],
});
/** As {@link params}. */
export type Params = z.output<typeof params>;

const condition = map(z.union([paramValue, list(paramValue)])).describe(
  "Active only when every named parameter has (one of) the given value(s).",
);

/** What a parameter can be, as the study's file has it. */
export const distribution = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("float"),
      low: z.number(),
      high: z.number().describe("Inclusive."),
      log: z.boolean(),
      step: z.number().positive().nullable(),
      when: condition.optional(),
    }),
    z.strictObject({
      type: z.literal("int"),
      low: z.int(),
      high: z.int().describe("Inclusive."),
      log: z.boolean(),
      step: z.int().min(1),
      when: condition.optional(),
    }),
    z.strictObject({ type: z.literal("categorical"), choices: list(paramValue), when: condition.optional() }),
  ])
  .meta({ id: "Distribution", description: "What a parameter can be: a range or a choice." });
/** As {@link distribution}. */
export type Distribution = z.output<typeof distribution>;

/** Distributions by parameter. */
export const space = map(distribution).meta({ id: "Space", description: "Distributions by parameter's name." });
/** As {@link space}. */
export type Space = z.output<typeof space>;

/** `minimize` or `maximize`. */
export const direction = z.enum(["minimize", "maximize"]);
/** As {@link direction}. */
export type Direction = z.output<typeof direction>;

/** A metric and which way it is better. */
export const objective = z.strictObject({ metric: z.string(), direction }).meta({ id: "Objective" });
/** As {@link objective}. */
export type Objective = z.output<typeof objective>;

/** A sampler or a pruner with its options. */
export const component = z
  .strictObject({ name: z.string(), options: map(z.unknown()) })
  .meta({ id: "Component", description: "A sampler or pruner by its registered name, with its options." });
/** As {@link component}. */
export type Component = z.output<typeof component>;

/** Numbers by metric name. */
export const metrics = map(number).meta({ id: "Metrics", description: "Numbers by metric's name." });
/** As {@link metrics}. */
export type JsonMetrics = z.output<typeof metrics>;

/** The state of a trial. */
export const trialState = z.enum(["waiting", "running", "complete", "pruned", "failed"]).meta({ id: "TrialState" });
/** As {@link trialState}. */
export type TrialState = z.output<typeof trialState>;

/** The places of the states in the `state` column of {@link "service/schemas/columns".columnRows}. */
export const stateCodes = trialState.options;

/** How many trials are in each state. */
export const counts = z
  .strictObject({ waiting: count, running: count, complete: count, pruned: count, failed: count })
  .meta({ id: "Counts", description: "How many trials are in each state." });
/** As {@link counts}. */
export type Counts = z.output<typeof counts>;

/** A study's name in a path; which names can be, the storage knows. */
export const studyParams = z.strictObject({ study: z.string().min(1).max(255).describe("The study's name.") });
/** A trial's place in a path. */
export const trialParams = z.strictObject({
  study: z.string().min(1).max(255).describe("The study's name."),
  number: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,8})$/, "expected a trial's number")
    .transform(Number)
    .describe("The trial's number, from 0."),
});
