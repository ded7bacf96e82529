/** What the trials of a study run: a model on a dataset, an objective's module, a program, or a function. */
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ConfigValue, SearchSpace, StudySettings, StudyTask } from "../core/index.js";
import { defined, UsageError } from "../core/index.js";
import type { TaskParameters } from "../datasets/index.js";
import { dataFiles, dataParameters, requireFolds } from "../datasets/index.js";
import { models } from "../models/index.js";
import { loadObjective } from "../plugins/load-objective.js";
import { modulePath, resolveModule } from "../plugins/resolve-module.js";
import type { QualifiedParameter } from "../registry/index.js";
import type { DerivedSpace } from "../search-space/index.js";
import { declareSpace, deriveSpace, parseSpace, qualifyModels, refuseNeverActive } from "../search-space/index.js";
import { trainParameters } from "../training/config.js";
import { partitionOf } from "../training/run-parts.js";
import type { SubjectCommand } from "./command-subject.js";
import type { MayOpen } from "./may-open.js";
import { namedPaths } from "./may-open.js";
import { openPaths } from "./study-files.js";
import type { MergedRequest } from "./study-request.js";

/** What a study's trials have in common, before its paths are stored. */
export interface Subject {
  readonly task: StudyTask;
  readonly derived: DerivedSpace;
  /** Of the model, the dataset and the training; none without a model. */
  readonly parameters: readonly QualifiedParameter[];
  /** The objective's module, absolute; null where there is none. */
  readonly objective: string | null;
  /** The program, its folder and its own file absolute; absent where there is none. */
  readonly command?: SubjectCommand;
  /** Absolute. */
  readonly dataFiles: readonly string[];
  /** Empty where trials train once. */
  readonly partition: Pick<StudySettings, "folds" | "seeds">;
  readonly defaultName: string;
  readonly defaultMetric: string;
}

/** Every parameter of a study's trials, those of several models under the names that tell them apart. */
export function studyParameters(modelNames: readonly string[], dataset: string): QualifiedParameter[] {
  return [
    ...qualifyModels(modelNames.map((name) => models.get(name))),
    ...dataParameters(dataset),
    ...trainParameters(),
  ];
}

/**
 * What a request's trials run. Plug-ins are loaded by now.
 * @param directory where relative paths start
 * @throws UsageError for unknown names, values out of range, a missing file.
 */
export async function subjectOf(merged: MergedRequest, directory: string, mayOpen?: MayOpen): Promise<Subject> {
  if (merged.kind === "model") return modelSubject(merged, directory, mayOpen);
  refuseParts(merged);
  if (merged.kind === "objective") return moduleSubject(merged, directory, mayOpen);
  const none = { task: {}, parameters: [], objective: null, dataFiles: [], partition: {}, defaultMetric: "value" };
  if (merged.kind === "command") {
    const { commandSubject } = await import("./command-subject.js");
    return { ...none, ...(await commandSubject(merged, directory, mayOpen)) };
  }
  const derived = { space: parseSpace(merged.request.space ?? {}), fixed: {} };
  refuseNeverActive(derived.space);
  return { ...none, derived, defaultName: "study" };
}

async function moduleSubject(merged: MergedRequest, directory: string, mayOpen: MayOpen | undefined): Promise<Subject> {
  const { own, base, request, config } = merged;
  const given = String(request.objective ?? config.objective ?? "");
  await mayOpen?.([{ field: "objective", path: modulePath(given, directory), given }]);
  const path = resolveModule(given, directory, "--objective");
  const { space } = await loadObjective(pathToFileURL(path).href, "--objective");
  if (space === null && !own.search?.length && !base.search?.length)
    throw new UsageError(
      "no-space",
      `--objective ${path}: export a \`space\`, or declare every parameter with --search name=distribution`,
    );
  const derived = declareSpace(space ?? {}, { ...own, base });
  return {
    task: { params: derived.fixed },
    derived,
    parameters: [],
    objective: path,
    dataFiles: [],
    partition: {},
    defaultName: basename(path).replace(/\.[^.]+$/, ""),
    defaultMetric: "value",
  };
}

/** What a program's own code trains on is its own affair. */
function refuseParts({ folds, seeds }: MergedRequest): void {
  const given = (folds ?? "none") !== "none" ? `folds ${folds}` : seeds !== 1 ? `seeds ${seeds}` : null;
  if (given !== null)
    throw new UsageError(
      "not-available",
      `${given}: only the trials of a model are cross-validated, not an objective's or a program's`,
    );
}

/** The folds and seeds of a study over a model, and its fixed parameters without what they say. */
function partitioned(
  { models: names, dataset, folds, seeds }: MergedRequest,
  derived: DerivedSpace,
): Pick<Subject, "partition" | "derived"> {
  const partition = partitionOf({ model: names[0] as string, dataset, params: derived.fixed, folds, seeds });
  if (!partition) return { partition: {}, derived };
  const settings = {
    ...(partition.folds === null ? {} : { folds: partition.folds }),
    ...(partition.seeds === 1 ? {} : { seeds: partition.seeds }),
  };
  return { partition: settings, derived: { ...derived, fixed: partition.config.params ?? {} } };
}

async function modelSubject(merged: MergedRequest, directory: string, mayOpen: MayOpen | undefined): Promise<Subject> {
  const { models: names, dataset, own, base } = merged;
  const parameters = studyParameters(names, dataset);
  const { defaultSpace = true } = merged.request;
  const asked = deriveSpace(parameters, { ...own, models: names, base, defaultSpace });
  const { partition, derived } = partitioned(merged, asked);
  await mayOpen?.(namedPaths(derived, parameters));
  const params = withDefaults(derived.fixed, parameters, derived.space);
  if (partition.folds !== undefined && partition.folds !== null)
    requireFolds(partition.folds, dataValues(params) as unknown as TaskParameters);
  const files = await dataFiles(dataset, dataValues(openPaths(params, parameters, resolve(directory))));
  return {
    task: {
      model: names.length === 1 ? (names[0] as string) : names,
      dataset,
      params,
      ...alignWindow(derived.space),
    },
    derived,
    parameters,
    objective: null,
    dataFiles: files,
    partition,
    defaultName: `${names.join("-")}-${dataset}`,
    defaultMetric: "val_rmse",
  };
}

/** The longest window that a space has; undefined where it is not searched. */
export function longestWindow(space: SearchSpace): number | undefined {
  const window = space["data.window"];
  if (!window) return undefined;
  return window.type === "categorical" ? Math.max(...window.choices.map(Number)) : window.high;
}

/** Windows are scored on the same targets whatever their length: those that the longest one has. */
function alignWindow(space: SearchSpace): { align_window?: number } {
  return defined({ align_window: longestWindow(space) });
}

/** Defaults that a study fixes for all of its trials, so that they mean the same under later versions. `fixed` goes before them. */
export function withDefaults(
  fixed: Readonly<Record<string, ConfigValue>>,
  parameters: readonly QualifiedParameter[],
  space: SearchSpace,
): Record<string, ConfigValue> {
  const all: Record<string, ConfigValue> = {};
  for (const { qualified, info } of parameters) {
    const value = Object.hasOwn(fixed, qualified) ? fixed[qualified] : (info.default as ConfigValue | undefined);
    if (!Object.hasOwn(space, qualified) && value !== undefined) all[qualified] = value;
  }
  return all;
}

function dataValues(params: Readonly<Record<string, ConfigValue>>): Record<string, ConfigValue> {
  return Object.fromEntries(
    Object.entries(params)
      .filter(([name]) => name.startsWith("data."))
      .map(([name, value]) => [name.slice("data.".length), value]),
  );
}
