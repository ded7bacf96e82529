/** The space that a study is to have next: out of its own and what is asked for, checked against what has to stay. */
import { pathToFileURL } from "node:url";
import type {
  Condition,
  ConfigValue,
  Distribution,
  HashedFile,
  Params,
  SearchSpace,
  SpaceReplacement,
  StudyHeader,
} from "../core/index.js";
import { canonicalJson, categorical, defined, UsageError } from "../core/index.js";
import type { QualifiedParameter } from "../registry/index.js";
import type { DeclaredSearch, SpaceRequests } from "../search-space/index.js";
import { declareSpace, deriveSpace, mayDiffer, parseSpace, refuseNeverActive } from "../search-space/index.js";
import { completeTask } from "./study-definition.js";
import { absolutePath } from "./study-files.js";
import { loadStudyPlugins } from "./study-plugins.js";
import type { StudyRequest } from "./study-request.js";
import { spaceRequests } from "./study-request.js";
import { longestWindow, studyParameters, withDefaults } from "./study-subject.js";

/** What is to be searched otherwise; what is not named stays as it is. */
export interface SpaceRequest extends Pick<StudyRequest, "search" | "fix" | "params"> {
  /** Of a study over a function: the whole space. */
  readonly space?: SearchSpace | undefined;
}

/** How a parameter stands in a study: searched, fixed, or not there. */
export type ParameterSetting = { readonly searched: Distribution } | { readonly fixed: ConfigValue } | null;

/** A parameter that is searched otherwise than before. */
export interface ParameterChange {
  readonly name: string;
  readonly before: ParameterSetting;
  readonly after: ParameterSetting;
}

type Settings = Readonly<Record<string, ConfigValue>>;

/** A space with what is fixed beside it. */
export interface SpaceAndFixed {
  readonly space: SearchSpace;
  /** With the defaults of what is not searched. */
  readonly fixed: Settings;
  /** Of the model, the dataset and the training; none without a model. */
  readonly parameters: readonly QualifiedParameter[];
  /** When a parameter means something, by name. */
  readonly conditions: Readonly<Record<string, Condition>>;
}

/** What a study has fixed, defaults of newer parameters included. */
function fixedBy(header: StudyHeader, parameters: readonly QualifiedParameter[]): Settings {
  return (completeTask(header, parameters).params ?? {}) as Settings;
}

/** When parameters mean something, by name. */
export function conditionsOf(parameters: readonly QualifiedParameter[]): Readonly<Record<string, Condition>> {
  return Object.fromEntries(parameters.flatMap(({ qualified, when }) => (when ? [[qualified, when]] : [])));
}

/**
 * A study's space with the request laid over it.
 * @param base where the study's stored paths start; null: they are absolute
 * @throws UsageError for a request that cannot be, as for a study that is made.
 */
export async function relaidSpace(
  header: StudyHeader,
  request: SpaceRequest,
  base: string | null,
): Promise<SpaceAndFixed> {
  const overModel = header.task.dataset !== undefined;
  const { objective, command } = header.settings;
  if (request.space !== undefined && (overModel || objective !== null || command))
    throw new UsageError(
      "conflicting-options",
      `space: study "${header.name}" is over ${overModel ? "a model" : command ? "a program" : "an objective's module"}: use search and fix`,
    );
  if (overModel) return relaidModel(header, spaceRequests(request), base);
  if (objective !== null || command) return relaidDeclared(header, spaceRequests(request), base);
  return relaidFunction(header, request);
}

/** A study's searched parameters as a request; a condition that a parameter has by itself is resolved anew. */
function searchedNow(space: SearchSpace, own: Readonly<Record<string, Condition>>): DeclaredSearch[] {
  return Object.entries(space).map(([name, { when, ...bare }]) => ({
    name,
    distribution: when === undefined || Object.hasOwn(own, name) ? bare : { ...bare, when },
    optional: true,
  }));
}

async function relaidModel(header: StudyHeader, own: SpaceRequests, base: string | null): Promise<SpaceAndFixed> {
  await loadStudyPlugins(header, base);
  const models = [header.task.model ?? []].flat();
  const parameters = studyParameters(models, header.task.dataset as string);
  const conditions = conditionsOf(parameters);
  const search = searchedNow(header.space, conditions).filter(({ name }) => name !== "model");
  const known = new Set(parameters.map(({ qualified }) => qualified));
  const fixed = Object.entries(fixedBy(header, parameters)).filter(([name]) => known.has(name));
  const derived = deriveSpace(parameters, { ...own, models, base: { search, fixed: Object.fromEntries(fixed) } });
  const { space } = derived;
  return { space, fixed: withDefaults(derived.fixed, parameters, space), parameters, conditions };
}

/** What a module exports as its space; a program has what its study has fixed, each with that one choice. */
async function ownSpace({ settings, task }: StudyHeader, base: string | null): Promise<SearchSpace> {
  if (settings.command)
    return Object.fromEntries(
      Object.entries((task.params ?? {}) as Params).map(([name, value]) => [name, categorical([value])]),
    );
  const { loadObjective } = await import("../plugins/load-objective.js");
  const { path } = settings.objective as HashedFile;
  return (await loadObjective(pathToFileURL(absolutePath(path, base)).href)).space ?? {};
}

async function relaidDeclared(header: StudyHeader, own: SpaceRequests, base: string | null): Promise<SpaceAndFixed> {
  const exported = await ownSpace(header, base);
  const conditions = Object.fromEntries(
    Object.entries(exported).flatMap(([name, { when }]) => (when ? [[name, when]] : [])),
  );
  const searched = searchedNow(header.space, conditions).map(({ name, distribution }) => {
    const when = conditions[name] ?? distribution.when;
    return [name, when === undefined ? distribution : { ...distribution, when }] as const;
  });
  const declared = { ...exported, ...Object.fromEntries(searched) };
  const fixed = Object.entries(fixedBy(header, [])).filter(([name]) => Object.hasOwn(declared, name));
  const derived = declareSpace(declared, { ...own, base: { fixed: Object.fromEntries(fixed) } });
  return { ...derived, parameters: [], conditions };
}

function relaidFunction({ name, space: now }: StudyHeader, { space: whole, search, fix, params }: SpaceRequest) {
  const fixed = [...(fix === undefined ? [] : Object.keys(fix)), ...Object.keys(params ?? {})];
  if (fixed.length > 0)
    throw new UsageError(
      "conflicting-options",
      `fix: study "${name}" is over a function, which gets what is searched and nothing else: give its whole space`,
    );
  const space = whole === undefined ? declareSpace(now, spaceRequests({ search })).space : parseSpace(whole);
  refuseNeverActive(space);
  return { space, fixed: {}, parameters: [], conditions: {} };
}

function settingOf({ space, fixed }: Pick<SpaceAndFixed, "space" | "fixed">, name: string): ParameterSetting {
  if (Object.hasOwn(space, name)) return { searched: space[name] as Distribution };
  return Object.hasOwn(fixed, name) ? { fixed: fixed[name] as ConfigValue } : null;
}

function changesOf(now: Pick<SpaceAndFixed, "space" | "fixed">, next: SpaceAndFixed): ParameterChange[] {
  const names = new Set([now, next].flatMap(({ space, fixed }) => [...Object.keys(space), ...Object.keys(fixed)]));
  return [...names].flatMap((name) => {
    const [before, after] = [settingOf(now, name), settingOf(next, name)];
    return canonicalJson(before) === canonicalJson(after) ? [] : [{ name, before, after }];
  });
}

/** What is asked to change and cannot. */
export function taskChanged(study: string, differences: readonly string[]): UsageError {
  return new UsageError(
    "task-changed",
    `study "${study}": a change of its space changes what is searched and nothing else, and these differ too ` +
      `(stored -> asked for): ${differences.join("; ")}; make another study`,
  );
}

/**
 * Trials stay scored on the same target cycles, those that the longest window so far leaves.
 * @throws UsageError `task-changed` for a longer one.
 */
function alignedWindow(header: StudyHeader, now: Settings, next: SpaceAndFixed): { align_window?: number } {
  const before = header.task.align_window ?? (now["data.window"] as number | undefined);
  const wanted = longestWindow(next.space) ?? (next.fixed["data.window"] as number | undefined);
  if (before === undefined || wanted === undefined) return {};
  if (wanted > before)
    throw new UsageError(
      "task-changed",
      `study "${header.name}": data.window up to ${wanted}: its trials are scored on the cycles that windows of ` +
        `${before} leave, and longer ones leave fewer; stay at ${before} or below, or make another study`,
    );
  const stays = header.task.align_window === undefined && next.fixed["data.window"] === before;
  return stays ? {} : { align_window: before };
}

/** What a study's space is replaced by, and the parameters in which they differ. */
export interface PlannedReplacement {
  readonly replacement: SpaceReplacement;
  readonly changes: readonly ParameterChange[];
}

/**
 * Holds the next space against what may change of a study.
 * @returns null where nothing changes
 * @throws UsageError `task-changed` naming what else would.
 */
export function replacementFor(header: StudyHeader, next: SpaceAndFixed): PlannedReplacement | null {
  const fixed = fixedBy(header, next.parameters);
  const changes = changesOf({ space: header.space, fixed }, next);
  if (changes.length === 0) return null;
  const free = new Set(next.parameters.filter(mayDiffer).map(({ qualified }) => qualified));
  const mayChange = (name: string): boolean => next.parameters.length === 0 || free.has(name);
  const refused = changes.filter(({ name }) => !mayChange(name));
  if (refused.length > 0) throw taskChanged(header.name, refused.map(changeInWords));
  const before = Object.entries(fixed).filter(([name]) => mayChange(name));
  const meant = before.flatMap(([name]) => {
    const when = next.conditions[name];
    return when ? [[name, when] as const] : [];
  });
  const replacement: SpaceReplacement = {
    space: next.space,
    ...defined({ params: Object.keys(next.fixed).length > 0 || header.task.params ? next.fixed : undefined }),
    ...alignedWindow(header, fixed, next),
    before: { fixed: Object.fromEntries(before), conditions: Object.fromEntries(meant) },
  };
  return { replacement, changes };
}

function settingInWords(setting: ParameterSetting): string {
  if (setting === null) return "absent";
  return canonicalJson("fixed" in setting ? setting.fixed : setting.searched);
}

function changeInWords({ name, before, after }: ParameterChange): string {
  return `${name}: ${settingInWords(before)} -> ${settingInWords(after)}`;
}
