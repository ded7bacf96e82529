import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseSpace, declareSpace, deriveSpace, qualifyModels } from "../search-space/index.js";
import { UsageError, differenceInWords, differences, drawSeed, messageOf, modelMetrics } from "../core/index.js";
import type {
  ConfigValue,
  Direction,
  OnDuplicate,
  OnNan,
  SearchSpace,
  StudyHeader,
  StudyTask,
  TrialValueRule,
} from "../core/index.js";
import { dataFiles, dataParameters } from "../datasets/index.js";
import { models } from "../models/index.js";
import type { DerivedSpace, SpaceRequests } from "../search-space/index.js";
import type { QualifiedParameter } from "../registry/index.js";
import { trainParameters } from "../training/config.js";
import { providePackage } from "../plugins/own-package.js";
import { loadPlugins, resolvePlugin } from "../plugins/load-plugins.js";
import { hashedFile, openPaths, storePaths } from "./study-files.js";

/** What `create-study` is asked for; what is absent gets its default. */
export interface StudyRequest {
  readonly name?: string | undefined;
  readonly models?: readonly string[] | undefined;
  readonly dataset?: string | undefined;
  /** A module: default export the objective, optional export `space`. Excludes models and dataset. */
  readonly objective?: string | undefined;
  readonly plugins?: readonly string[] | undefined;
  readonly spaceRequests?: SpaceRequests | undefined;
  /** A study file's requests; those above come before them. */
  readonly baseRequests?: SpaceRequests | undefined;
  readonly sampler?: { readonly name: string; readonly options: Readonly<Record<string, unknown>> } | undefined;
  readonly pruner?: { readonly name: string; readonly options: Readonly<Record<string, unknown>> } | undefined;
  readonly direction?: Direction | undefined;
  readonly metric?: string | undefined;
  readonly seed?: number | undefined;
  readonly trialValue?: TrialValueRule | undefined;
  readonly onNan?: OnNan | undefined;
  readonly onDuplicate?: OnDuplicate | undefined;
  readonly dryRunPruner?: boolean | undefined;
}

/** A study before it is stored, with what its table shows. */
export interface StudyDefinition {
  readonly header: StudyHeader;
  readonly derived: DerivedSpace;
}

/** Every parameter of a study's trials, those of several models under the names that tell them apart. */
export function studyParameters(modelNames: readonly string[], dataset: string): QualifiedParameter[] {
  return [
    ...qualifyModels(modelNames.map((name) => models.get(name))),
    ...dataParameters(dataset),
    ...trainParameters(),
  ];
}

async function objectiveSpace(file: string, search: readonly unknown[]): Promise<SearchSpace> {
  let module: { default?: unknown; space?: unknown };
  providePackage(file);
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    const message = messageOf(error).replaceAll(/\s*\n\s*/g, " ");
    throw new UsageError("objective-failed", `--objective ${file}: ${message}`, { cause: error });
  }
  if (typeof module.default !== "function")
    throw new UsageError("invalid-objective", `--objective ${file}: its default export must be a function of a trial`);
  if (module.space !== undefined) return parseSpace(module.space);
  if (search.length === 0)
    throw new UsageError(
      "no-space",
      `--objective ${file}: export a \`space\`, or declare every parameter with --search name=distribution`,
    );
  return {};
}

interface Subject {
  readonly task: StudyTask;
  readonly derived: DerivedSpace;
  readonly objective: string | null;
  readonly dataFiles: readonly string[];
  readonly defaultName: string;
  readonly defaultMetric: string;
}

async function objectiveSubject(request: StudyRequest, file: string): Promise<Subject> {
  if (request.models?.length || request.dataset !== undefined)
    throw new UsageError("conflicting-options", "--objective stands alone: leave out --model and --dataset");
  const path = resolvePlugin(file, process.cwd(), "--objective");
  const search = [...(request.spaceRequests?.search ?? []), ...(request.baseRequests?.search ?? [])];
  const derived = declareSpace(await objectiveSpace(path, search), {
    ...request.spaceRequests,
    ...(request.baseRequests ? { base: request.baseRequests } : {}),
  });
  const defaultName = basename(path).replace(/\.[^.]+$/, "");
  return {
    task: { params: derived.fixed },
    derived,
    objective: path,
    dataFiles: [],
    defaultName,
    defaultMetric: "value",
  };
}

/** Windows are scored on the same targets whatever their length: those that the longest one has. */
function alignWindow(space: SearchSpace): { align_window?: number } {
  const window = space["data.window"];
  if (!window) return {};
  return { align_window: window.type === "categorical" ? Math.max(...window.choices.map(Number)) : window.high };
}

/** Defaults that a study fixes for all of its trials, so that they mean the same under later versions. */
function withDefaults(
  fixed: Readonly<Record<string, ConfigValue>>,
  parameters: readonly QualifiedParameter[],
  space: SearchSpace,
): Record<string, ConfigValue> {
  const all: Record<string, ConfigValue> = {};
  for (const { qualified, info } of parameters) {
    const value = fixed[qualified] ?? (info.default as ConfigValue | undefined);
    if (!(qualified in space) && value !== undefined) all[qualified] = value;
  }
  return all;
}

async function trainingSubject(request: StudyRequest, directory: string): Promise<Subject> {
  const names = request.models?.length ? request.models : ["lstm"];
  const dataset = request.dataset ?? "dummy";
  const parameters = studyParameters(names, dataset);
  const derived = deriveSpace(parameters, {
    ...request.spaceRequests,
    models: names,
    ...(request.baseRequests ? { base: request.baseRequests } : {}),
  });
  const params = withDefaults(derived.fixed, parameters, derived.space);
  const files = await dataFiles(dataset, dataValues(openPaths(params, parameters, process.cwd())));
  return {
    task: {
      model: names.length === 1 ? (names[0] as string) : names,
      dataset,
      params: storePaths(params, parameters, directory),
      ...alignWindow(derived.space),
    },
    derived,
    objective: null,
    dataFiles: files,
    defaultName: `${names.join("-")}-${dataset}`,
    defaultMetric: "val_rmse",
  };
}

function dataValues(params: Readonly<Record<string, ConfigValue>>): Record<string, ConfigValue> {
  return Object.fromEntries(
    Object.entries(params)
      .filter(([name]) => name.startsWith("data."))
      .map(([name, value]) => [name.slice("data.".length), value]),
  );
}

/**
 * Resolves what was asked for into a study's header; nothing is stored. Plug-ins are loaded.
 * @param directory where the study will live: stored paths start there
 * @throws UsageError for whatever cannot be: unknown names, values out of range, a missing file.
 */
export async function defineStudy(request: StudyRequest, directory: string): Promise<StudyDefinition> {
  const plugins = await loadPlugins(request.plugins ?? []);
  const subject =
    request.objective === undefined
      ? await trainingSubject(request, directory)
      : await objectiveSubject(request, request.objective);
  const metric = request.metric ?? subject.defaultMetric;
  if (subject.objective === null && !Object.hasOwn(modelMetrics, metric))
    throw new UsageError(
      "unknown-metric",
      `--metric ${metric}: expected one of ${Object.keys(modelMetrics).join(", ")}`,
    );
  const hashes = (paths: readonly string[]) => Promise.all(paths.map((path) => hashedFile(path, directory)));
  const header: StudyHeader = {
    name: request.name ?? subject.defaultName,
    objectives: [{ metric, direction: request.direction ?? modelMetrics[metric] ?? "minimize" }],
    created_at: new Date().toISOString(),
    seed: request.seed ?? drawSeed(),
    task: subject.task,
    space: subject.derived.space,
    sampler: request.sampler ?? { name: "tpe", options: {} },
    pruner: request.pruner ?? { name: "median", options: {} },
    settings: {
      trial_value: request.trialValue ?? "best",
      on_nan: request.onNan ?? "fail",
      on_duplicate: request.onDuplicate ?? "resample",
      dry_run_pruner: request.dryRunPruner ?? false,
      plugins: await hashes(plugins),
      objective: subject.objective === null ? null : await hashedFile(subject.objective, directory),
      data_files: await hashes(subject.dataFiles),
      accepted_changes: [],
    },
    user_attrs: {},
  };
  return { header, derived: subject.derived };
}

/** What `create-study` fixes of a header. */
function fixedPart({ objectives, sampler, pruner, task, space, settings, seed }: StudyHeader, withSeed: boolean) {
  const { accepted_changes: _later, ...fixed } = settings;
  return { objectives, sampler, pruner, task, space, settings: fixed, ...(withSeed ? { seed } : {}) };
}

/** The fields in which two headers differ, in words; a seed that was not asked for is no difference. */
export function differingFields(stored: StudyHeader, wanted: StudyHeader, seedGiven: boolean): string[] {
  return differences(fixedPart(stored, seedGiven), fixedPart(wanted, seedGiven)).map(differenceInWords);
}

/** The folder of a study's file. */
export function studyDirectory(file: string): string {
  return dirname(resolve(file));
}
