/** What is suspicious about a study, told when it is made and before it runs: its data, parameters nobody declares. */
import { pathToFileURL } from "node:url";
import type { ConfigValue, SearchSpace, StudyHeader } from "../core/index.js";
import { didYouMean, UsageError } from "../core/index.js";
import { loadObjective } from "../plugins/load-objective.js";
import { loadPlugins } from "../plugins/load-plugins.js";
import { absolutePath, openPaths } from "./study-files.js";

/**
 * The warnings about a study: about its data, which may be that they cannot be loaded, or about what is searched and the
 * objective does not declare.
 * @param base where its stored paths start; null: they are absolute
 */
export async function studyWarnings(header: StudyHeader, base: string | null): Promise<readonly string[]> {
  const { objective } = header.settings;
  if (objective) return undeclared(header.space, absolutePath(objective.path, base));
  return header.task.dataset === undefined ? [] : dataWarningsOf(header, header.task.dataset, base);
}

/** A parameter that nothing reads changes no result, and is drawn as if it did. */
async function undeclared(searched: SearchSpace, file: string): Promise<readonly string[]> {
  let space: SearchSpace | null;
  try {
    ({ space } = await loadObjective(pathToFileURL(file).href));
  } catch {
    // Whoever runs it tells what is wrong with it.
    return [];
  }
  if (space === null) return [];
  const declared = Object.keys(space);
  return Object.keys(searched)
    .filter((name) => !declared.includes(name))
    .map(
      (name) =>
        `${name} is searched, and the objective declares no such parameter:${didYouMean(name, declared)} ` +
        `it declares ${declared.join(", ") || "none"}`,
    );
}

async function dataWarningsOf(
  { task, settings, seed }: StudyHeader,
  dataset: string,
  base: string | null,
): Promise<readonly string[]> {
  const { dataParameters, dataWarnings } = await import("../datasets/index.js");
  try {
    await loadPlugins(settings.plugins.map(({ path }) => absolutePath(path, base)));
    const params = openPaths((task.params ?? {}) as Record<string, ConfigValue>, dataParameters(dataset), base);
    const data = Object.entries(params).filter(([name]) => name.startsWith("data."));
    return (await dataWarnings(dataset, Object.fromEntries(data), { seed })).warnings;
  } catch (error) {
    if (error instanceof UsageError) return [`the data cannot be loaded: ${error.message}`];
    throw error;
  }
}
