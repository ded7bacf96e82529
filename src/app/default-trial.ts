/** A study's first trial: the defaults of what it searches. */
import { contains, isActive } from "../core/index.js";
import type { ParamValue, Params, SearchSpace, StudyTask } from "../core/index.js";
import { studyParameters } from "./study-subject.js";

/** The defaults of what a study searches, as far as its space contains them. */
export function defaultTrial(task: StudyTask, space: SearchSpace): Params {
  const names = [task.model ?? []].flat();
  const defaults = new Map(
    studyParameters(names, task.dataset as string).map(({ qualified, info }) => [qualified, info.default]),
  );
  defaults.set("model", names[0]);
  const params: Record<string, ParamValue> = {};
  for (const [name, distribution] of Object.entries(space)) {
    const value = defaults.get(name) as ParamValue | undefined;
    if (value !== undefined && isActive(distribution, params) && contains(distribution, value)) params[name] = value;
  }
  return params;
}
