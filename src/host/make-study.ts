/** Studies planned and made as requests from elsewhere ask: what a request's files and data are read for. */
import type { CreateStudyOptions, StudyPlan } from "../app/create-study.js";
import { ensurePlanned, planRequest } from "../app/create-study.js";
import { defaultTrial } from "../app/default-trial.js";
import type { Params, StudyHeader } from "../core/index.js";
import { AllowedFiles } from "./allowed-paths.js";

/** A request from elsewhere. */
export interface MakeStudyRequest {
  readonly options: CreateStudyOptions;
  /** The folders that it may name files in. */
  readonly allow: readonly string[];
}

/** What a study would be. */
export interface PlannedStudy {
  readonly header: StudyHeader;
  /** Its first trial: the parameters' defaults; empty where there is none. */
  readonly params: Params;
  /** Whether the request names a seed. */
  readonly seed_given: boolean;
  /** What is suspicious about it, as far as that is known without its data. */
  readonly warnings: readonly string[];
}

function planOf({ options, allow }: MakeStudyRequest): Promise<StudyPlan> {
  const storage = typeof options.storage === "string" ? options.storage : null;
  return planRequest(options, new AllowedFiles(allow, options.directory ?? ".", storage).require);
}

/** Makes a study, or finds it there. @throws as `ensureStudy`; UsageError `not-allowed`. */
export async function makeStudy(request: MakeStudyRequest): Promise<{ created: boolean; name: string }> {
  const { study, created } = await ensurePlanned(await planOf(request), request.options);
  return { created, name: study.name };
}

/** Says what a study would be; nothing is stored. @throws as `planStudy`; UsageError `not-allowed`. */
export async function studyPlan(request: MakeStudyRequest): Promise<PlannedStudy> {
  const { header, seedGiven } = await planOf(request);
  const { task, space } = header;
  const none = task.dataset === undefined || request.options.defaults === false;
  const params = none ? {} : defaultTrial(task, space);
  return { header, params, seed_given: seedGiven, warnings: await warningsOf(header) };
}

async function warningsOf(header: StudyHeader): Promise<readonly string[]> {
  if (header.settings.command) return (await import("../app/command-subject.js")).unpassed(header);
  return (await import("../app/study-warnings.js")).unsearched(header);
}
