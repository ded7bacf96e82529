/** The plug-ins that a study was made with: loaded again when it is opened, or run. */
import type { StudyHeader } from "../core/index.js";
import { absolutePath } from "./study-files.js";

/**
 * Loads a study's plug-ins; gives their files, absolute.
 * @param base where its stored paths start; null: they are absolute
 * @throws UsageError `plugin-not-found`, `plugin-failed`.
 */
export async function loadStudyPlugins({ settings }: StudyHeader, base: string | null): Promise<string[]> {
  if (settings.plugins.length === 0) return [];
  const { loadPlugins } = await import("../plugins/load-plugins.js");
  return loadPlugins(settings.plugins.map(({ path }) => absolutePath(path, base)));
}
