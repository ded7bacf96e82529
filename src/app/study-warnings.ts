/** What is suspicious about the data of a study, told when it is made and before it runs. */
import type { ConfigValue, StudyHeader } from "../core/index.js";
import { UsageError } from "../core/index.js";
import { loadPlugins } from "../plugins/load-plugins.js";
import { absolutePath, openPaths } from "./study-files.js";

/**
 * The warnings about a study's data, which may be that they cannot be loaded; none for a study over an objective.
 * @param base where its stored paths start; null: they are absolute
 * @throws UsageError `plugin-not-found`, `plugin-failed`.
 */
export async function studyWarnings(
  { task, settings, seed }: StudyHeader,
  base: string | null,
): Promise<readonly string[]> {
  if (task.dataset === undefined) return [];
  const { dataParameters, dataWarnings } = await import("../datasets/index.js");
  // Without them the study does not run: no warning, but the one line that ends the command.
  await loadPlugins(settings.plugins.map(({ path }) => absolutePath(path, base)));
  try {
    const params = openPaths((task.params ?? {}) as Record<string, ConfigValue>, dataParameters(task.dataset), base);
    const data = Object.entries(params).filter(([name]) => name.startsWith("data."));
    return (await dataWarnings(task.dataset, Object.fromEntries(data), { seed })).warnings;
  } catch (error) {
    if (error instanceof UsageError) return [`the data cannot be loaded: ${error.message}`];
    throw error;
  }
}
