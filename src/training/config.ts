/** The parameters of group `train`, and a run's configuration checked and filled in. */
import { z } from "zod";
import type { BackendName, ConfigValue, KernelsName, RunConfig } from "../core/index.js";
import { UsageError, categorical, deriveSeed, drawSeed, float, int, isActive } from "../core/index.js";
import type { Condition } from "../core/index.js";
import { dataParameters, dataSchema } from "../datasets/index.js";
import { models } from "../models/index.js";
import type { EntryMeta, ParameterGroup, QualifiedParameter, Registry } from "../registry/index.js";
import { parameter, parameterMetadata, qualify, unknownParameter } from "../registry/index.js";
import { parseParameters } from "../registry/validate.js";
import { optimizers } from "./optimizers/index.js";
import { schedulers } from "./schedulers/index.js";

const seedParameter = (what: string) =>
  parameter(z.number().int().min(0).nullable().default(null), {
    description: `seed of ${what}; default: derived from the run's seed`,
  });

/** The parameters of group `train` that every run has; optimizers and schedulers add their own. */
const baseParameters = {
  epochs: parameter(z.number().int().min(1).max(1_000_000).default(30), {
    description: "training epochs",
    search: { distribution: int(10, 200, { log: true }), default: "on request" },
  }),
  batch_size: parameter(z.number().int().min(1).max(65_536).default(32), {
    description: "batch size (windows per optimizer step)",
    search: { distribution: categorical([16, 32, 64]), default: true },
  }),
  lr: parameter(z.number().gt(0).max(10).default(5e-3), {
    description: "initial learning rate",
    search: { distribution: float(1e-4, 5e-3, { log: true }), default: true },
  }),
  weight_decay: parameter(z.number().min(0).max(10).default(1e-2), {
    description: "weight decay (decoupled with adamw, else L2 in the gradient)",
    search: { distribution: float(1e-5, 1e-1, { log: true }), default: true },
  }),
  grad_clip: parameter(z.number().min(0).default(1), {
    description: "gradient clipping: maximum global norm; 0: off",
    search: { distribution: float(0.1, 10, { log: true }), default: "on request" },
  }),
  early_stopping_patience: parameter(z.number().int().min(0).default(0), {
    description: "early stopping: epochs without improvement of the validation RMSE; 0: off",
    unit: "epochs",
    search: { distribution: int(5, 30), default: "on request" },
  }),
  drop_last: parameter(z.boolean().default(false), {
    description: "drop the last batch of an epoch if it is smaller than batch_size",
  }),
  init_seed: seedParameter("the weight initialization"),
  shuffle_seed: seedParameter("the shuffling of the training windows"),
  dropout_seed: seedParameter("the dropout masks"),
};

type Shape = Record<string, z.ZodType>;

/** The parameters of all entries of a registry; each is active under the entries that have it. */
function mergedShape(entries: readonly ({ name: string } & EntryMeta)[], selector: string): Shape {
  const owners = new Map<string, { schema: z.ZodType; names: string[] }>();
  for (const entry of entries)
    for (const [name, schema] of Object.entries(entry.parameters.shape)) {
      const known = owners.get(name);
      if (known) known.names.push(entry.name);
      else owners.set(name, { schema: schema as z.ZodType, names: [entry.name] });
    }
  return Object.fromEntries(
    [...owners].map(([name, { schema, names }]) => {
      const meta = parameterMetadata.get(schema) ?? { description: "" };
      const when: Condition = { ...meta.when, [selector]: names.length === 1 ? (names[0] as string) : names };
      return [name, parameter(schema, { ...meta, when })];
    }),
  );
}

function choice(registry: Registry<unknown>, fallback: string, description: string) {
  const names = registry.names() as [string, ...string[]];
  return parameter(z.enum(names).default(fallback), {
    description,
    search: { distribution: categorical(names), default: "on request" },
  });
}

let cached: { readonly key: string; readonly schema: z.ZodObject } | undefined;

/** The schema of group `train`, with the parameters of every registered optimizer and scheduler. */
export function trainSchema(): z.ZodObject {
  const key = JSON.stringify([optimizers.names(), schedulers.names()]);
  if (cached?.key === key) return cached.schema;
  const { epochs, batch_size, ...rest } = baseParameters;
  const schema = z.object({
    epochs,
    batch_size,
    optimizer: choice(optimizers, "adamw", "optimizer"),
    ...rest,
    ...mergedShape(optimizers.entries(), "optimizer"),
    scheduler: choice(schedulers, "cosine", "learning-rate schedule"),
    ...mergedShape(schedulers.entries(), "scheduler"),
  });
  cached = { key, schema };
  return schema;
}

/** Every parameter of group `train`. */
export function trainParameters(): QualifiedParameter[] {
  return qualify("train", trainSchema());
}

/**
 * Every parameter of a run: the model's, the dataset's and the training's.
 * @throws UsageError `unknown-model` or `unknown-dataset`
 */
export function parametersFor(model: string, dataset: string): QualifiedParameter[] {
  return [...qualify("model", models.get(model).parameters), ...dataParameters(dataset), ...trainParameters()];
}

/** Bare name -> value. */
export type GroupValues = Readonly<Record<string, ConfigValue>>;

/** The values of group `train` that the loop reads. */
export interface TrainValues {
  readonly epochs: number;
  readonly batch_size: number;
  readonly optimizer: string;
  readonly scheduler: string;
  readonly lr: number;
  readonly weight_decay: number;
  readonly grad_clip: number;
  readonly early_stopping_patience: number;
  readonly drop_last: boolean;
}

/** A configuration with every default filled in. */
export interface ResolvedConfig {
  readonly model: string;
  readonly dataset: string;
  readonly seed: number;
  /** Derives the streams data and split. */
  readonly dataSeed: number;
  readonly streams: { readonly init: number; readonly shuffle: number; readonly dropout: number };
  /** Active parameters by qualified name. */
  readonly params: GroupValues;
  /** Given parameters that have no effect under the others (`train.momentum` without sgd), by qualified name. */
  readonly inactive: readonly string[];
  readonly modelParams: GroupValues;
  readonly data: GroupValues;
  readonly train: GroupValues & TrainValues;
  readonly backend: BackendName | "auto";
  readonly kernels: KernelsName | "auto";
  readonly plugins: readonly string[];
  readonly alignWindow: number | undefined;
}

const groups: readonly ParameterGroup[] = ["model", "data", "train"];

/** The given parameters by group. */
function byGroup(config: RunConfig): Record<ParameterGroup, Record<string, unknown>> {
  const given: Record<ParameterGroup, Record<string, unknown>> = { model: {}, data: {}, train: {} };
  for (const [name, value] of Object.entries(config.params ?? {})) {
    const dot = name.indexOf(".");
    const group = groups.find((g) => g === name.slice(0, dot));
    if (!group) {
      const known = parametersFor(config.model, config.dataset).map((p) => p.qualified);
      throw unknownParameter(name, known);
    }
    given[group][name] = value;
  }
  return given;
}

/**
 * Validates a configuration and fills in defaults; draws a seed when none is given.
 * @throws UsageError in one line: an unknown model, dataset or parameter (with the nearest known name), or a value of
 * the wrong type or out of range.
 */
export function resolveConfig(config: RunConfig): ResolvedConfig {
  const schemas = {
    model: models.get(config.model).parameters,
    data: dataSchema(config.dataset),
    train: trainSchema(),
  };
  const owners = { model: `model "${config.model}"`, data: `dataset "${config.dataset}"`, train: "training" };
  const given = byGroup(config);
  const values = Object.fromEntries(
    groups.map((group) => [group, parseParameters(group, schemas[group], given[group], owners[group])]),
  ) as unknown as Record<ParameterGroup, GroupValues>;
  const params = Object.fromEntries(
    groups.flatMap((group) =>
      Object.entries(values[group]).map(([name, value]) => [`${group}.${name}`, value] as const),
    ),
  );
  const idle = new Set(
    parametersFor(config.model, config.dataset)
      .filter((parameter) => !isActive(parameter, params))
      .map(({ qualified }) => qualified),
  );
  const seed = requireSeed("seed", config.seed) ?? drawSeed();
  const train = values.train as GroupValues & TrainValues;
  const stream = (name: string): number => (train[`${name}_seed`] as number | null) ?? deriveSeed(seed, name);
  return {
    model: config.model,
    dataset: config.dataset,
    seed,
    dataSeed: requireSeed("dataSeed", config.dataSeed) ?? seed,
    streams: { init: stream("init"), shuffle: stream("shuffle"), dropout: stream("dropout") },
    params: Object.fromEntries(Object.entries(params).filter(([name]) => !idle.has(name))),
    inactive: Object.keys(config.params ?? {}).filter((name) => idle.has(name)),
    modelParams: values.model,
    data: values.data,
    train,
    backend: config.backend ?? "auto",
    kernels: config.kernels ?? "auto",
    plugins: config.plugins ?? [],
    alignWindow: config.alignWindow,
  };
}

function requireSeed(name: string, seed: number | undefined): number | undefined {
  if (seed === undefined || (Number.isSafeInteger(seed) && seed >= 0)) return seed;
  throw new UsageError("invalid-seed", `invalid ${name} ${seed}: use a whole number from 0 to 2^53 - 1`);
}
