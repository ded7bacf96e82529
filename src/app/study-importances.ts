/** The importances of a stored study's parameters. */
import type { ImportanceOptions, Importances } from "../analysis/index.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";

/** What is found of a stored study. */
export interface StudyImportances extends Importances {
  /** The study's name. */
  readonly study: string;
}

/**
 * {@link importances} of a stored study, as its records are now.
 * @throws UsageError as `importances`, and `unknown-study` | MlbenchError `study-damaged`.
 * @example
 * const { targets } = await studyImportances({ name: "bowl", storage: "studies" }, { method: "fanova" });
 */
export async function studyImportances(
  target: StudyTarget,
  options: ImportanceOptions = {},
): Promise<StudyImportances> {
  const { storage, name } = await locate("studyImportances", target);
  const [state, { importances }] = await Promise.all([storage.read(name), import("../analysis/index.js")]);
  return { study: name, ...importances(state, options) };
}
