/** Studies planned and made as requests from elsewhere ask: what a request's files and data are read for. */
import type { CreateStudyOptions, StudyPlan } from "../app/create-study.js";
import type { SpaceChange } from "../app/change-space.js";
import { changeRequestedSpace, ensurePlanned, planRequest } from "../app/create-study.js";
import { defaultTrial } from "../app/default-trial.js";
import { studyWarnings } from "../app/study-warnings.js";
import type { ConfigValue, Params, StudyHeader } from "../core/index.js";
import type { MayOpen } from "../app/may-open.js";
import { AllowedFiles } from "./allowed-paths.js";

/** A request from elsewhere. */
export interface MakeStudyRequest {
  readonly options: CreateStudyOptions;
  /** The folders that it may name files in. */
  readonly allow: readonly string[];
  /** Whether it may have a shell run a line. @default false */
  readonly allowShell?: boolean | undefined;
}

/** A request for another space of a study that is there. */
export interface ChangeSpaceRequest extends MakeStudyRequest {
  /** Only say what would change. */
  readonly dryRun: boolean;
}

/** A study whose space was changed, or would be. */
export interface ChangedStudy {
  readonly name: string;
  /** Null: it searches that already. */
  readonly change: SpaceChange | null;
  /** The study's revision from which on that is so. */
  readonly revision: number;
}

/** What a study would be. */
export interface PlannedStudy {
  readonly header: StudyHeader;
  /** Its first trial: the parameters' defaults; empty where there is none. */
  readonly params: Params;
  /** Whether the request names a seed. */
  readonly seed_given: boolean;
  /** Parameters that the request takes out of the search. */
  readonly fixed: Readonly<Record<string, ConfigValue>>;
  /** What is suspicious about it. */
  readonly warnings: readonly string[];
}

function allowedBy({ options, allow, allowShell }: MakeStudyRequest): MayOpen {
  const storage = typeof options.storage === "string" ? options.storage : null;
  return new AllowedFiles(allow, options.directory ?? ".", { storage, shell: allowShell }).require;
}

function planOf(request: MakeStudyRequest): Promise<StudyPlan> {
  return planRequest(request.options, allowedBy(request));
}

/** Makes a study, or finds it there. @throws as `ensureStudy`; UsageError `not-allowed`. */
export async function makeStudy(request: MakeStudyRequest): Promise<{ created: boolean; name: string }> {
  const { study, created } = await ensurePlanned(await planOf(request), request.options);
  return { created, name: study.name };
}

/** Says what a study would be; nothing is stored. @throws as `planStudy`; UsageError `not-allowed`. */
export async function studyPlan(request: MakeStudyRequest): Promise<PlannedStudy> {
  const { header, derived, seedGiven, storage } = await planOf(request);
  const { task, space } = header;
  const none = task.dataset === undefined || request.options.defaults === false;
  const warnings = await studyWarnings(header, storage.baseDirectory(header.name));
  const params = none ? {} : defaultTrial(task, space);
  return { header, params, seed_given: seedGiven, fixed: derived.fixed, warnings };
}

/** Has a study search another space from now on, or says what would change. @throws as `ensureStudy`; `not-allowed`. */
export async function changeStudySpace({ dryRun, ...request }: ChangeSpaceRequest): Promise<ChangedStudy> {
  const options = { ...request.options, spaceChange: true };
  const changed = await changeRequestedSpace(options, { dryRun, mayOpen: allowedBy(request) });
  const { storage, name, change } = changed;
  return { name, change, revision: (await storage.read(name)).revision };
}
