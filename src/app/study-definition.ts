/** A study's header out of a request: everything resolved, checked and hashed, nothing stored yet. */
import type {
  CommandSettings,
  ComponentSpec,
  ConfigValue,
  StudyHeader,
  StudyObjective,
  StudySettings,
} from "../core/index.js";
import type { Difference } from "../core/index.js";
import { defined, differences, drawSeed, ownDirections, UsageError } from "../core/index.js";
import { knownMetrics, requireToldByAll } from "../plugins/known-metrics.js";
import { loadPlugins } from "../plugins/load-plugins.js";
import { modulePath } from "../plugins/resolve-module.js";
import type { QualifiedParameter } from "../registry/index.js";
import type { DerivedSpace } from "../search-space/index.js";
import type { StudyComponents } from "../study/components.js";
import { TERMINATOR_MIN_TRIALS } from "../study/terminator.js";
import { checkRequest } from "./check-request.js";
import { createComponents, prunerSpec, samplerSpec } from "./components.js";
import {
  checkTrialValue,
  defaultPruner,
  defaultSampler,
  resolveConstraints,
  resolveObjectives,
  resolvePruneBy,
} from "./resolve-objectives.js";
import type { SubjectCommand } from "./command-subject.js";
import { madeBy } from "./made-by.js";
import type { MayOpen, NamedFile } from "./may-open.js";
import type { StorageLocation } from "./storage.js";
import { hashedFile, storedPath, storePaths } from "./study-files.js";
import type { MergedRequest, StudyRequest } from "./study-request.js";
import { mergeRequest } from "./study-request.js";
import type { Subject } from "./study-subject.js";
import { subjectOf, withDefaults } from "./study-subject.js";

/** A study before it is stored. */
export interface StudyDefinition {
  readonly header: StudyHeader;
  /** Its space with what is fixed, for tables. */
  readonly derived: DerivedSpace;
  readonly components: StudyComponents;
  /** Whether the request, or its study file, names a seed: one that is drawn makes no difference between studies. */
  readonly seedGiven: boolean;
  /** Of its models, dataset and training; empty where there are none. */
  readonly parameters: readonly QualifiedParameter[];
}

/** Where a study is defined, and where it will live. */
export interface DefinitionPlace {
  /** Where relative paths of the request start. */
  readonly directory: string;
  /** Where it will live. */
  readonly storage: StorageLocation;
  /** Where the stored paths of a study of this name start, absolute; null: they stay absolute. */
  readonly baseOf: (name: string) => string | null;
  /** Asked before a file that the request names is opened, or its program looked for. @default all may be */
  readonly mayOpen?: MayOpen | undefined;
  /** What a study is called that nobody has named. @param subject `lstm-dummy` */
  readonly unnamed: (subject: string) => string;
}

/** How trials are judged: the part of a header that stands on one another. */
interface Judging {
  readonly objectives: readonly StudyObjective[];
  readonly sampler: ComponentSpec;
  readonly pruner: ComponentSpec;
  readonly settings: Pick<StudySettings, "constraints" | "prune_by">;
}

/**
 * Resolves a request into a study's header; nothing is stored. Plug-ins are loaded.
 * @throws UsageError for whatever cannot be: unknown names, values out of range, a missing file, a sampler that does not
 * serve the objectives.
 */
export async function defineStudy(request: StudyRequest, place: DefinitionPlace): Promise<StudyDefinition> {
  checkRequest(request);
  const { directory, mayOpen } = place;
  const merged = await mergeRequest(request, directory, mayOpen);
  await mayOpen?.(filesNamed(merged, place));
  const plugins = await loadPlugins(merged.plugins, directory);
  const subject = await subjectOf(merged, directory, mayOpen);
  const { objectives, sampler, pruner, settings } = judgingOf(merged, subject, plugins);
  const seed = request.seed ?? merged.config.seed;
  const name = request.name ?? merged.config.name ?? place.unnamed(subject.defaultName);
  const { space } = subject.derived;
  const more = { ...(await priorOf(merged, { objectives, space }, place)), ...terminatorOf(merged) };
  const header: StudyHeader = {
    ...{ name, objectives, created_at: new Date().toISOString(), seed: checkedSeed(seed) ?? drawSeed() },
    ...{ task: storedTask(subject, place, name), space, sampler, pruner },
    settings: {
      ...merged.settings,
      ...settings,
      ...subject.partition,
      ...more,
      ...(await storedFiles(subject, plugins, place.baseOf(name))),
    },
    ...{ user_attrs: {}, made_by: madeBy() },
  };
  const components = await checkedComponents(header, request);
  const { derived, parameters } = subject;
  return { header, derived, parameters, components, seedGiven: seed !== undefined };
}

/** The modules, and the storage of an earlier study, that a request names. */
function filesNamed({ plugins, from }: MergedRequest, { directory }: DefinitionPlace): readonly NamedFile[] {
  const storage = typeof from === "object" ? from.storage : undefined;
  return [
    ...plugins.map((plugin) => ({ field: "plugins", path: modulePath(plugin, directory), given: plugin })),
    ...(typeof storage === "string" ? [{ field: "from.storage", path: storage }] : []),
  ];
}

async function priorOf(
  { from }: MergedRequest,
  study: Pick<StudyHeader, "objectives" | "space">,
  place: DefinitionPlace,
): Promise<Pick<StudySettings, "from">> {
  if (from === undefined) return {};
  const { studyPrior } = await import("./study-prior.js");
  return { from: await studyPrior(from, study, place) };
}

function terminatorOf({ terminator }: MergedRequest): Pick<StudySettings, "terminator"> {
  if (terminator === false) return {};
  const { minTrials = TERMINATOR_MIN_TRIALS } = terminator === true ? {} : terminator;
  return { terminator: { min_trials: minTrials } };
}

function checkedSeed(seed: number | undefined): number | undefined {
  if (seed === undefined || (Number.isSafeInteger(seed) && seed >= 0)) return seed;
  throw new UsageError("invalid-seed", `invalid seed ${String(seed)}: use a whole number from 0 to 2^53 - 1`);
}

/** The names alone of all that a study is to be judged by; texts that are none are found later. */
function namedMetrics(
  { metric = [], objectives = [] }: MergedRequest["objectives"],
  ...texts: readonly (readonly string[] | undefined)[]
): string[] {
  const all = [...metric.flatMap((text) => text.split(",")), ...objectives.map((given) => given.metric)];
  return [...all, ...texts.flatMap((more) => more ?? [])].map((text) => /^\s*([\w.-]*)/.exec(text)?.[1] ?? "");
}

function judgingOf(
  { kind, request, config, settings, ...merged }: MergedRequest,
  subject: Subject,
  plugins: readonly string[],
): Judging {
  const known = kind === "model" ? ownDirections(knownMetrics(merged.models, plugins)) : null;
  const judgedBy = namedMetrics(merged.objectives, request.constraints ?? config.constraints, [
    request.pruneBy ?? config.prune_by ?? "",
  ]);
  if (known) requireToldByAll(judgedBy, merged.models);
  const objectives = resolveObjectives(merged.objectives, known, subject.defaultMetric);
  checkTrialValue(settings.trial_value, objectives);
  const constraints = resolveConstraints(request.constraints ?? config.constraints, known);
  const { forceDirection } = merged.objectives;
  const pruneBy = resolvePruneBy(request.pruneBy ?? config.prune_by, objectives, known, forceDirection);
  const [sampler, pruner] = [request.sampler ?? config.sampler, request.pruner ?? config.pruner];
  return {
    objectives,
    sampler: sampler === undefined ? defaultSampler : samplerSpec(sampler),
    pruner: pruner === undefined ? defaultPruner(objectives, pruneBy) : prunerSpec(pruner),
    settings: { ...(constraints.length > 0 ? { constraints } : {}), ...(pruneBy ? { prune_by: pruneBy } : {}) },
  };
}

function storedTask(subject: Subject, { directory, baseOf }: DefinitionPlace, name: string): StudyHeader["task"] {
  const { task, parameters } = subject;
  if (parameters.length === 0) return task;
  const params = (task.params ?? {}) as Readonly<Record<string, ConfigValue>>;
  return { ...task, params: storePaths(params, parameters, baseOf(name), directory) };
}

async function storedFiles(subject: Subject, plugins: readonly string[], base: string | null) {
  const hashes = (paths: readonly string[]) => Promise.all(paths.map((path) => hashedFile(path, base)));
  return {
    plugins: await hashes(plugins),
    objective: subject.objective === null ? null : await hashedFile(subject.objective, base),
    ...(subject.command ? { command: await storedCommand(subject.command, base) } : {}),
    data_files: await hashes(subject.dataFiles),
    accepted_changes: [],
  };
}

async function storedCommand(command: SubjectCommand, base: string | null): Promise<CommandSettings> {
  const file = command.file === null ? null : await hashedFile(command.file, base);
  return { ...command, cwd: storedPath(command.cwd, base), file };
}

/** Unknown samplers and pruners, options that they refuse, and spaces that a sampler cannot serve are told before anything is stored. */
export async function checkedComponents(
  header: StudyHeader,
  request: Pick<StudyRequest, "sampler" | "pruner">,
): Promise<StudyComponents> {
  const components = await createComponents(header, { sampler: request.sampler, pruner: request.pruner });
  if (Object.keys(header.space).length > 0) components.sampler.checkSpace?.(header.space);
  if (header.settings.from && !components.sampler.usesPrior)
    throw new UsageError(
      "conflicting-options",
      `sampler "${header.sampler.name}" makes nothing of another study's trials: leave out from, or take auto, tpe, gp or cmaes`,
    );
  return components;
}

/** What `create-study` fixes of a header. @param respaced whether its space was changed, or is to be */
function fixedPart(
  { objectives, sampler, pruner, task: { align_window, ...task }, space, settings, seed }: StudyHeader,
  { withSeed, respaced }: { readonly withSeed: boolean; readonly respaced: boolean },
) {
  const { accepted_changes: _later, from, ...fixed } = settings;
  // Its checksum speaks for the trials of a prior, of which those count that fitted the first space.
  const prior = from && { study: from.study, top: from.top, ...(respaced ? {} : { sha256: from.sha256 }) };
  return {
    objectives,
    sampler,
    pruner,
    // What trials are scored on stays as it was under the first space.
    task: { ...task, ...(respaced ? {} : defined({ align_window })) },
    space,
    settings: { ...fixed, ...(prior ? { from: prior } : {}) },
    ...(withSeed ? { seed } : {}),
  };
}

/** A task's parameters, those among them that are newer than the study at their defaults: it ran as if by them. */
export function completeTask(
  { task, space }: Pick<StudyHeader, "task" | "space">,
  parameters: readonly QualifiedParameter[],
): StudyHeader["task"] {
  if (parameters.length === 0) return task;
  const stored = (task.params ?? {}) as Readonly<Record<string, ConfigValue>>;
  return { ...task, params: { ...stored, ...withDefaults(stored, parameters, space) } };
}

/** Where a stored header and a study's definition differ; a seed that was not asked for is no difference. */
export function definitionDifferences(
  stored: StudyHeader,
  { header, seedGiven, parameters }: Pick<StudyDefinition, "header" | "seedGiven" | "parameters">,
  { respaced = stored.earlier_spaces !== undefined } = {},
): Difference[] {
  const complete = (of: StudyHeader) =>
    fixedPart({ ...of, task: completeTask(of, parameters) }, { withSeed: seedGiven, respaced });
  return differences(complete(stored), complete(header));
}
