/** Making a study: from a program, and from the command line, which calls the same. */
import { randomUUID } from "node:crypto";
import { differenceInWords, MlbenchError, UsageError } from "../core/index.js";
import type { Objective, OptimizeResult, ParamsOf, SearchSpace, StudyHeader } from "../core/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { StudyStorage } from "../storage/storage.js";
import type { OptimizeOptions, Study } from "../study/study.js";
import type { StorageLocation } from "./storage.js";
import { openStorage } from "./storage.js";
import type { SpaceChange } from "./change-space.js";
import { findStudy, placeInWords } from "./find-study.js";
import type { MayOpen } from "./may-open.js";
import { createStoredStudy, openStudy } from "./study.js";
import type { StudyDefinition } from "./study-definition.js";
import { definitionDifferences, defineStudy } from "./study-definition.js";
import type { StudyRequest } from "./study-request.js";
import { requestKeys } from "./study-request.js";

/** What {@link createStudy} makes, and where. */
export interface CreateStudyOptions extends StudyRequest {
  /** `"memory"`, a folder, a storage's URL, or a storage object. */
  readonly storage: StorageLocation;
  /** Where relative paths start: of the storage, of files, modules and data. @default the current folder */
  readonly directory?: string | undefined;
  /**
   * Change what a study that is there searches: a request that says what it is over (`model`, `dataset`, `objective`,
   * `config`, `space`) is read whole and may differ in what is searched alone; one with nothing but `search`, `fix` and
   * `params` changes what it names. See `changeSpace`.
   * @default false
   */
  readonly spaceChange?: boolean | undefined;
}

const keys: KnownKeys<CreateStudyOptions> = { ...requestKeys, storage: true, directory: true, spaceChange: true };

/** {@link Study.optimize} with an objective whose `trial.params` have the types of the study's space. */
export interface TypedOptimize<P> {
  /** Runs trials of an objective in this process: {@link Study.optimize}. */
  optimize(objective: Objective<P>, options?: OptimizeOptions): Promise<OptimizeResult>;
}

/** A study whose objectives in this process see the parameters of its space under their types. */
export type StudyOf<S extends SearchSpace> = string extends keyof S ? Study : TypedOptimize<ParamsOf<S>> & Study;

/** {@link CreateStudyOptions} with a space whose parameters have their types. */
export type TypedStudyOptions<S extends SearchSpace> = CreateStudyOptions & { readonly space?: S | undefined };

/** A study as {@link ensureStudy} found or made it. */
export interface EnsuredStudy<S extends SearchSpace = SearchSpace> {
  readonly study: StudyOf<S>;
  readonly storage: StudyStorage;
  /** Where it is kept, for people: its file, or `memory:NAME`. */
  readonly file: string;
  /** False: it was there, with the same settings. */
  readonly created: boolean;
  /** What a change of its space came to; null where none was asked for, or nothing differs. */
  readonly spaceChange: SpaceChange | null;
}

/** A study that {@link planStudy} would make. */
export interface StudyPlan extends StudyDefinition {
  readonly storage: StudyStorage;
}

/**
 * Resolves and checks all that a study would be; nothing is stored.
 * @throws UsageError as {@link createStudy}, but for `study-exists`.
 * @example
 * const { header } = await planStudy({ storage: "studies", model: "mlp", dataset: "dummy" });
 * Object.keys(header.space); // what would be searched
 */
export async function planStudy(options: CreateStudyOptions): Promise<StudyPlan> {
  return planCalled(options, "");
}

/** {@link planStudy} of somebody else's request. @throws as planStudy, and what `mayOpen` throws. */
export async function planRequest(options: CreateStudyOptions, mayOpen: MayOpen): Promise<StudyPlan> {
  return planCalled(options, "", mayOpen);
}

/** {@link planStudy}, with the end of the name of a study that nobody has named: `lstm-dummy-sweep`. */
export async function planCalled(options: CreateStudyOptions, ending: string, mayOpen?: MayOpen): Promise<StudyPlan> {
  requireKnownKeys("createStudy", options, keys);
  const { storage: location, directory = ".", spaceChange: _change, ...request } = options;
  if (location === undefined)
    throw new UsageError("invalid-storage", 'createStudy: storage is missing: give "memory" or a folder');
  const storage = await openStorage(location, directory);
  const definition = await defineStudy(request, {
    directory,
    storage: location,
    mayOpen,
    baseOf: (name) => storage.baseDirectory(name),
    // Unnamed studies in memory are each one of its own.
    unnamed: (subject) => `${subject}${ending}${location === "memory" ? `-${randomUUID().slice(0, 8)}` : ""}`,
  });
  return { ...definition, storage };
}

/**
 * Makes a study: over a model on a dataset, over an objective's module, or over a function. In a study over a model the
 * parameters' defaults are the first trial, unless `defaults` is false. It is durable when this resolves.
 * @throws UsageError `study-exists`, `unknown-option`, and for whatever cannot be: unknown names, values out of range, a
 * missing file, options that contradict one another; as `changeSpace` with `spaceChange`.
 * @example
 * const study = await createStudy({ name: "bowl", storage: "studies", space: { x: float(-5, 5) }, seed: 7 });
 * await study.optimize((trial) => trial.params.x ** 2, { trials: 40 });
 * study.bestTrial?.value; // below 1
 */
export async function createStudy<S extends SearchSpace = SearchSpace>(
  options: TypedStudyOptions<S>,
): Promise<StudyOf<S>> {
  if (options.spaceChange) return (await ensureStudy(options)).study;
  return await storeStudy(await planStudy(options), options);
}

/**
 * {@link createStudy} that takes a study of this name with the same settings as it is.
 * @throws UsageError `study-exists` naming the fields in which the study that is there differs, and as createStudy.
 * @example
 * const { study, created } = await ensureStudy({ name: "rig", storage: "studies", space: { current: float(0.1, 2) } });
 */
export async function ensureStudy<S extends SearchSpace = SearchSpace>(
  options: TypedStudyOptions<S>,
): Promise<EnsuredStudy<S>> {
  if (options.spaceChange) return await respacedStudy(options);
  return await ensurePlanned(await planStudy(options), options);
}

/** {@link ensureStudy} for a plan at hand. */
export async function ensurePlanned(plan: StudyPlan, options: CreateStudyOptions): Promise<EnsuredStudy> {
  const { storage } = plan;
  const file = storage.location(plan.header.name);
  for (let attempt = 1; ; attempt++) {
    if (await plan.storage.exists(plan.header.name))
      return { study: await sameStudy(plan, options), storage, file, created: false, spaceChange: null };
    try {
      return { study: await storeStudy(plan, options), storage, file, created: true, spaceChange: null };
    } catch (error) {
      // Another process made one of this name since.
      if (!(error instanceof MlbenchError) || error.code !== "study-exists" || attempt > 1) throw error;
    }
  }
}

async function sameStudy(plan: StudyPlan, options: CreateStudyOptions): Promise<Study> {
  const { storage, header } = plan;
  const study = await openStudy(storage, header.name, options);
  const differing = definitionDifferences(study.header, plan);
  if (differing.length === 0) return study;
  const searched = differing.every(({ field }) => field.startsWith("space.") || field.startsWith("task.params."));
  const error = new UsageError(
    "study-exists",
    `study "${header.name}" exists in ${placeInWords(options.storage)} and differs (stored -> asked for): ` +
      `${differing.map(differenceInWords).join("; ")}; choose another name` +
      (searched ? ", or have it search this from now on with --space-change" : ""),
  );
  throw Object.assign(error, { differences: differing });
}

/** What says what a study is over: a request with none of them is laid over the study that is there. */
const subjects = [
  "model",
  "dataset",
  "objective",
  "command",
  "config",
  "space",
] as const satisfies (keyof StudyRequest)[];

/** What a change of a space that names no subject may say. */
const changing = new Set<keyof CreateStudyOptions>([
  ...(["name", "storage", "directory", "spaceChange", "search", "fix", "params", "defaults"] as const),
]);

/**
 * What {@link ensureStudy} with `spaceChange` would do to a study's space; null: nothing.
 * @throws as ensureStudy.
 * @example
 * const change = await planSpaceChange({ name: "tuned", storage: "studies", search: ["train.lr=log:1e-6..1e-2"] });
 * change?.changes.length; // 1
 */
export async function planSpaceChange(options: CreateStudyOptions): Promise<SpaceChange | null> {
  return (await changedSpace(options, true)).change;
}

/** {@link ensureStudy} with `spaceChange` by somebody else's request. @throws as ensureStudy, and what `mayOpen` throws. */
export async function changeRequestedSpace(
  options: CreateStudyOptions,
  { dryRun, mayOpen }: { readonly dryRun: boolean; readonly mayOpen: MayOpen },
): Promise<{ readonly storage: StudyStorage; readonly name: string; readonly change: SpaceChange | null }> {
  return changedSpace(options, dryRun, mayOpen);
}

async function changedSpace(options: CreateStudyOptions, dryRun: boolean, mayOpen?: MayOpen) {
  requireKnownKeys("createStudy", options, keys);
  const { changeSpace, changeSpaceTo } = await import("./change-space.js");
  if (subjects.some((key) => options[key] !== undefined)) {
    const plan = await planCalled(options, "", mayOpen);
    const { storage, name } = await findStudy(options.storage, plan.header.name, undefined, options.directory);
    return { storage, name, change: await changeSpaceTo(storage, plan, { dryRun }) };
  }
  const settled = Object.entries(options).find(([key, value]) => value !== undefined && !changing.has(key as never));
  if (settled)
    throw new UsageError(
      "conflicting-options",
      `a change of the space takes search and fix: leave out ${settled[0]}, or say what the whole study is (model, objective, command, config)`,
    );
  const { storage, name } = await findStudy(options.storage, options.name ?? null, undefined, options.directory);
  const { search, fix, params } = options;
  return { storage, name, change: await changeSpace({ name, storage }, { search, fix, params }, { dryRun }) };
}

async function respacedStudy(options: CreateStudyOptions): Promise<EnsuredStudy> {
  const { storage, name, change } = await changedSpace(options, false);
  const study = await openStudy(storage, name, options);
  return { study, storage, file: storage.location(name), created: false, spaceChange: change };
}

async function storeStudy({ storage, header, components }: StudyPlan, options: StudyRequest): Promise<Study> {
  const { requireData } = await import("./study-warnings.js");
  await requireData(header, storage.baseDirectory(header.name));
  const study = await createStoredStudy(storage, header, components);
  try {
    const first = options.defaults === false ? {} : await firstTrial(header);
    if (Object.keys(first).length > 0) await study.enqueueTrial(first);
  } finally {
    await study.close();
  }
  return study;
}

/** The defaults go first, so that every study says what its search has won over them. */
async function firstTrial({ task, space }: StudyHeader) {
  if (task.dataset === undefined) return {};
  const { defaultTrial } = await import("./default-trial.js");
  return defaultTrial(task, space);
}
