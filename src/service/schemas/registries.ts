/** What studies can be made of: models, datasets, samplers, pruners, with their parameters. */
import { z } from "zod";
import { direction, distribution, list, map, paramValue } from "./values.js";

/** A parameter of a model, of a dataset, of training, or an option of a sampler or pruner. */
export const parameterInfo = z
  .strictObject({
    name: z.string().describe("`model.hidden_size`, `train.lr`; an option's bare name."),
    description: z.string(),
    type: z.enum(["float", "int", "boolean", "string", "enum", "list"]),
    unit: z.string().nullable(),
    default: z.unknown().describe("Null where there is none."),
    required: z.boolean(),
    choices: list(paramValue).nullable(),
    minimum: z.number().nullable(),
    maximum: z.number().nullable(),
    minimum_exclusive: z.boolean(),
    maximum_exclusive: z.boolean(),
    is_path: z.boolean().describe("A file or folder: taken only under `--allow`."),
    when: map(z.union([paramValue, list(paramValue)]))
      .nullable()
      .describe("It means something only under these values of others."),
    search: z
      .strictObject({ distribution, by_default: z.boolean().describe("Searched unless it is fixed.") })
      .nullable()
      .describe("Null: never searched."),
  })
  .meta({ id: "ParameterInfo" });
/** As {@link parameterInfo}. */
export type ParameterInfo = z.output<typeof parameterInfo>;

/** A registered model, dataset, sampler or pruner. */
export const registryEntry = z
  .strictObject({ name: z.string(), summary: z.string(), parameters: list(parameterInfo) })
  .meta({ id: "RegistryEntry" });
/** As {@link registryEntry}. */
export type RegistryEntry = z.output<typeof registryEntry>;

const metricInfo = z.strictObject({
  name: z.string(),
  summary: z.string(),
  direction,
  unit: z.string().nullable(),
  source: z.string().describe("`built in`, `registered`, or the model that tells it."),
});

/** GET /models. */
export const modelList = z
  .strictObject({
    models: list(registryEntry),
    training: list(parameterInfo).describe("What every training takes."),
    metrics: list(metricInfo).describe("What can be an objective or a constraint."),
    presets: list(
      z.strictObject({ name: z.string(), summary: z.string(), models: list(z.string()), dataset: z.string() }),
    ).describe("Ready studies."),
  })
  .meta({ id: "ModelList" });
/** As {@link modelList}. */
export type ModelList = z.output<typeof modelList>;

/** GET /datasets. */
export const datasetList = z.strictObject({ datasets: list(registryEntry) }).meta({ id: "DatasetList" });
/** As {@link datasetList}. */
export type DatasetList = z.output<typeof datasetList>;

/** GET /samplers. */
export const samplerList = z.strictObject({ samplers: list(registryEntry) }).meta({ id: "SamplerList" });
/** As {@link samplerList}. */
export type SamplerList = z.output<typeof samplerList>;

/** GET /pruners. */
export const prunerList = z.strictObject({ pruners: list(registryEntry) }).meta({ id: "PrunerList" });
/** As {@link prunerList}. */
export type PrunerList = z.output<typeof prunerList>;
