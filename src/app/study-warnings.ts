/** What is suspicious about a study, told when it is made and before it runs: its data, parameters nobody declares. */
import { pathToFileURL } from "node:url";
import type { ConfigValue, SearchSpace, StudyHeader } from "../core/index.js";
import { defined, didYouMean, UsageError } from "../core/index.js";
import type { BuildOptions } from "../datasets/index.js";
import { loadObjective } from "../plugins/load-objective.js";
import { absolutePath, openPaths } from "./study-files.js";
import { loadStudyPlugins } from "./study-plugins.js";

/**
 * The warnings about a study: about its data, which may be that they cannot be loaded, or about what is searched and the
 * objective does not declare.
 * @param base where its stored paths start; null: they are absolute
 * @throws UsageError `plugin-not-found`, `plugin-failed`.
 */
export async function studyWarnings(header: StudyHeader, base: string | null): Promise<readonly string[]> {
  const { objective, command } = header.settings;
  if (command) return (await import("./command-subject.js")).unpassed(header);
  if (objective) return undeclared(header.space, absolutePath(objective.path, base));
  const { dataset } = header.task;
  return [...unsearched(header), ...(dataset === undefined ? [] : await dataWarningsOf(header, dataset, base))];
}

/** A study, as its header or a service shows it. */
interface Searched {
  readonly space: object;
  readonly settings: Readonly<Record<string, unknown>> | StudyHeader["settings"];
}

/** Nothing to search makes a study of one point; an objective's own code may still say what it draws. */
export function unsearched({ space, settings }: Searched): readonly string[] {
  if (settings["objective"] || Object.keys(space).length > 0) return [];
  return ["no parameter is searched: every trial would run with the same values"];
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

/** The data parameters that every trial has, and what their dataset is built with. */
async function dataOf(
  { task, seed }: StudyHeader,
  dataset: string,
  base: string | null,
): Promise<[string, Readonly<Record<string, ConfigValue>>, BuildOptions]> {
  const { dataParameters } = await import("../datasets/index.js");
  const params = openPaths((task.params ?? {}) as Record<string, ConfigValue>, dataParameters(dataset), base);
  const data = Object.entries(params).filter(([name]) => name.startsWith("data."));
  return [dataset, Object.fromEntries(data), defined({ seed, alignWindow: task.align_window })];
}

async function dataWarningsOf(header: StudyHeader, dataset: string, base: string | null): Promise<readonly string[]> {
  const { dataWarnings } = await import("../datasets/index.js");
  // Without them the study does not run: no warning, but the one line that ends the command.
  await loadStudyPlugins(header, base);
  try {
    return (await dataWarnings(...(await dataOf(header, dataset, base)))).warnings;
  } catch (error) {
    if (error instanceof UsageError) return [`the data cannot be loaded: ${error.message}`];
    throw error;
  }
}

/** Data that are not there yet may still come: a warning says so. */
function areMissing(error: unknown): boolean {
  return error instanceof UsageError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

/**
 * Refuses a study whose data do not have what it asks for: every trial of it would fail. Data that are not there are not
 * refused.
 * @throws UsageError such as `unknown-feature`, `invalid-split`, `no-windows`.
 */
export async function requireData(header: StudyHeader, base: string | null): Promise<void> {
  const { dataset } = header.task;
  if (dataset === undefined) return;
  const { buildDataset } = await import("../datasets/index.js");
  await loadStudyPlugins(header, base);
  const [name, params, options] = await dataOf(header, dataset, base);
  const { settings, task } = header;
  const model = [task.model ?? []].flat()[0] as string;
  try {
    const folds = settings.folds ?? null;
    if (folds === null) await buildDataset(name, params, options);
    else {
      const { partsOfData } = await import("./parts-of-data.js");
      const common = defined({ dataSeed: header.seed, alignWindow: task.align_window });
      await partsOfData({ model, dataset: name, params, folds, ...common });
    }
  } catch (error) {
    if (areMissing(error)) return;
    throw error;
  }
  const features = header.space["data.features"];
  if (features?.type !== "categorical") return;
  const { listOfChoice } = await import("../search-space/index.js");
  for (const choice of features.choices)
    await buildDataset(name, { ...params, "data.features": listOfChoice(choice) }, options);
}
