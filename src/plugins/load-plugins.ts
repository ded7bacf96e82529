/** Plug-ins: modules that register models, datasets and the like, and what they are handed. */
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { MlbenchError, UsageError, categorical, createRng, float, int, noteUserModule } from "../core/index.js";
import { createTables, datasets } from "../datasets/index.js";
import { executors, Places } from "../executors/index.js";
import type { ForwardModel } from "../models/forward-model.js";
import { metrics } from "../metrics/index.js";
import type { MetricEntry } from "../metrics/index.js";
import { models } from "../models/index.js";
import { pruners } from "../pruners/index.js";
import { lazy, parameter } from "../registry/index.js";
import { samplers } from "../samplers/index.js";
import { buildParams } from "../search-space/points.js";
import { valueAtQuantile } from "../search-space/draw-uniform.js";
import { storages } from "../storage/index.js";
import { storageTools } from "../storage/tools.js";
import type * as Ops from "../tensor/ops/index.js";
import type * as Tf from "../tensor/tf.js";
import { optimizers } from "../training/optimizers/index.js";
import { schedulers } from "../training/schedulers/index.js";
import { importFailure, importModule } from "./import-module.js";
import { providePackage } from "./own-package.js";
import { resolveModule } from "./resolve-module.js";

/** What a plug-in's default export receives: everything that it needs without being able to import the package. */
export interface PluginApi {
  readonly models: typeof models;
  readonly datasets: typeof datasets;
  /** What models are scored by, and studies can optimize. */
  readonly metrics: typeof metrics;
  readonly optimizers: typeof optimizers;
  readonly schedulers: typeof schedulers;
  readonly samplers: typeof samplers;
  readonly pruners: typeof pruners;
  /** What trials run in: `--isolation NAME`. */
  readonly executors: typeof executors;
  /** Where studies live, by the scheme of a URL: `--storage SCHEME:…`. */
  readonly storages: typeof storages;
  /** A parameter's schema with its description and search metadata. */
  readonly parameter: typeof parameter;
  /** Registers an import instead of an implementation. */
  readonly lazy: typeof lazy;
  /** A float range. */
  readonly float: typeof float;
  /** An integer range. */
  readonly int: typeof int;
  /** Choices. */
  readonly categorical: typeof categorical;
  /** Uniform numbers in [0, 1) from a seed and a path of names. */
  readonly createRng: typeof createRng;
  /** Makes a dataset's tables out of rows. */
  readonly createTables: typeof createTables;
  /** A point of a space: every active parameter drawn, parents first. */
  readonly buildParams: typeof buildParams;
  /** The value of a parameter at a quantile in [0, 1). */
  readonly valueAtQuantile: typeof valueAtQuantile;
  /** Places handed out one by one: what an executor of a fixed size is made with. */
  readonly Places: typeof Places;
  /** What storages are written with. */
  readonly storageTools: typeof storageTools;
  /** A failure while doing what was asked for: shown as one line, exit code 1. */
  readonly MlbenchError: typeof MlbenchError;
  /** A mistake of the user's: shown as one line, exit code 2. */
  readonly UsageError: typeof UsageError;
  /** zod, which parameters' schemas are written with. */
  readonly z: typeof z;
  /** TensorFlow.js, the copy that this package uses. */
  readonly tf: typeof Tf;
  /** The fused and op-by-op tensor operations (`lstm`, `dense`, …). */
  readonly ops: typeof Ops;
  /** The class that models extend. */
  readonly ForwardModel: typeof ForwardModel;
}

/** The default export of a plug-in module. */
export type Plugin = (api: PluginApi) => void | Promise<void>;

const loadedKey = Symbol.for("mlbench-hpo.plugins");
const sourceKey = Symbol.for("mlbench-hpo.plugin-parts");
const holder = globalThis as {
  [loadedKey]?: Map<string, Promise<void>>;
  [sourceKey]?: Map<string, Set<string>>;
};
/**
 * The plug-in's file by what it registered, in the words of messages: `metric "knee"`; of plug-ins that were loaded at the
 * same time each that it may have been.
 */
const sources = (holder[sourceKey] ??= new Map<string, Set<string>>());

/**
 * Imports modules that register models, datasets, optimizers, …; each once a process. The default export, if it is a
 * function, is called with {@link PluginApi}; a module may as well import this package and register by itself.
 * @param directory where relative paths and packages are looked for. @default the current folder
 * @param option how they were named, for messages. @default "--plugin"
 * @returns the files, absolute.
 * @throws UsageError `plugin-not-found`, `plugin-failed`.
 * @example
 * await loadPlugins(["./my-model.mjs"]);
 * await run({ model: "mine", dataset: "dummy" });
 */
export async function loadPlugins(
  specifiers: readonly string[],
  directory = ".",
  option = "--plugin",
): Promise<string[]> {
  const files = specifiers.map((specifier) => resolveModule(specifier, directory, option));
  const loaded = (holder[loadedKey] ??= new Map<string, Promise<void>>());
  for (const file of files) {
    let loading = loaded.get(file);
    if (!loading) loaded.set(file, (loading = loadPlugin(file)));
    await loading;
  }
  return files;
}

async function loadPlugin(file: string): Promise<void> {
  noteUserModule(file, "plug-in");
  const before = new Set(registered());
  try {
    providePackage(file);
    const module = await importModule(pathToFileURL(file).href);
    if (typeof module.default === "function") await (module.default as Plugin)(await pluginApi());
    const own = registered().filter((part) => !before.has(part));
    for (const part of own) sources.set(part, (sources.get(part) ?? new Set()).add(file));
    if (own.length === 1) noteUserModule(file, own[0] as string);
  } catch (error) {
    throw new UsageError(
      error instanceof MlbenchError ? error.code : "plugin-failed",
      await importFailure("plug-in", file, error),
      { cause: error },
    );
  }
}

/**
 * The metrics that a study with these plug-ins has: theirs, and those that the program registered by itself. A process
 * may have loaded those of other studies.
 * @param files of plug-ins, absolute
 */
export function metricsOfPlugins(files: readonly string[]): MetricEntry[] {
  return metrics.entries().filter(({ name }) => {
    const from = sources.get(`metric "${name}"`);
    return from === undefined || files.some((file) => from.has(file));
  });
}

/** What is registered, in the words of messages: `model "lstm"`. */
function registered(): string[] {
  const registries: readonly Pick<typeof models, "kind" | "names">[] = [
    ...[models, datasets, metrics, optimizers, schedulers, samplers, pruners, executors, storages],
  ];
  return registries.flatMap((registry) => registry.names().map((name) => `${registry.kind} "${name}"`));
}

async function pluginApi(): Promise<PluginApi> {
  const [tf, ops, { ForwardModel }] = await Promise.all([
    import("../tensor/tf.js"),
    import("../tensor/ops/index.js"),
    import("../models/forward-model.js"),
  ]);
  return {
    ...{ models, datasets, metrics, optimizers, schedulers, samplers, pruners, executors, storages },
    ...{ parameter, lazy, float, int, categorical, z, tf, ops, ForwardModel, createTables, createRng },
    ...{ buildParams, valueAtQuantile, Places, storageTools, MlbenchError, UsageError },
  };
}
