/** A user's objective module: imported and checked. */
import type { Objective, SearchSpace } from "../core/index.js";
import { noteUserModule, UsageError } from "../core/index.js";
import { parseSpace } from "../search-space/space-json.js";
import { importFailure, importModule, shownFile } from "./import-module.js";
import type { UserModule } from "./import-module.js";
import { providePackage } from "./own-package.js";

/** An objective module as it was found. */
export interface ObjectiveModule {
  /** Where it was imported from: a `file:` URL for a file. */
  readonly url: string;
  /** Its default export. */
  readonly objective: Objective;
  /** What it exports as `space`, or keeps with its function; null without. */
  readonly space: SearchSpace | null;
}

/** The space that `defineObjective` keeps with its function. */
function keptSpace(objective: object): unknown {
  return "space" in objective ? objective.space : undefined;
}

/**
 * Imports an objective module; each once a process.
 * @param option how it was named, for messages
 * @throws UsageError `objective-failed` when it cannot be imported, `invalid-objective` without a function as default
 * export, `invalid-space` with a `space` that is none.
 */
export async function loadObjective(url: string, option = "objective"): Promise<ObjectiveModule> {
  const shown = shownFile(url);
  let module: UserModule;
  noteUserModule(shown, "objective");
  if (url.startsWith("file:")) providePackage(shown);
  try {
    module = await importModule(url);
  } catch (error) {
    throw new UsageError("objective-failed", await importFailure(option, shown, error), { cause: error });
  }
  const { default: objective, space: exported } = module;
  if (typeof objective !== "function")
    throw new UsageError("invalid-objective", `${option} ${shown}: its default export must be a function of a trial`);
  const space = exported ?? keptSpace(objective);
  return { url, objective: objective as Objective, space: space === undefined ? null : parseSpace(space) };
}
