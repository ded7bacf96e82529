/** Studies planned and made as requests from elsewhere ask: what a request's files and data are read for. */
import type { CreateStudyOptions } from "../app/create-study.js";
import { ensureStudy, planStudy } from "../app/create-study.js";
import { defaultTrial } from "../app/default-trial.js";
import type { PlannedStudy } from "./study-thread.js";

/** Makes a study, or finds it there. @throws as {@link ensureStudy}. */
export async function makeStudy(request: CreateStudyOptions): Promise<{ created: boolean; name: string }> {
  const { study, created } = await ensureStudy(request);
  return { created, name: study.name };
}

/** Says what a study would be; nothing is stored. @throws as {@link planStudy}. */
export async function studyPlan(request: CreateStudyOptions): Promise<PlannedStudy> {
  const { header, seedGiven } = await planStudy(request);
  const { task, space } = header;
  const params = task.dataset === undefined || request.defaults === false ? {} : await defaultTrial(task, space);
  return { header, params, seed_given: seedGiven };
}
