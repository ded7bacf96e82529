/** The project file, read and checked: storage, plug-ins and defaults of the commands' options. */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import { readYaml } from "../io/yaml.js";
import { importFailure, importModule } from "../plugins/import-module.js";
import { providePackage } from "../plugins/own-package.js";
import type { ProjectConfig } from "./define-config.js";
import type { ProjectFilePlace } from "./find-project-file.js";

/** A project file, checked. */
export interface ProjectFile extends ProjectFilePlace {
  /** Absolute: where its relative paths start. */
  readonly folder: string;
  readonly config: ProjectConfig;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const list = z.array(z.union([z.string(), z.number()]));
const option = z.union([scalar, list, z.record(z.string(), z.union([scalar, list]))]);
const schema = z.strictObject({
  $schema: z.string().optional(),
  storage: z.string().min(1).optional(),
  plugins: z.array(z.string().min(1)).optional(),
  defaults: z.record(z.string(), z.record(z.string(), option)).optional(),
});

/** What the keys may hold; of `defaults`, by depth. */
const expected: Readonly<Record<string, string>> = {
  $schema: "a text",
  storage: "a folder, or a storage's URL",
  plugins: "a list of files or packages",
};
const expectedDefaults = [
  "commands with their options, as in { optimize: { workers: 2 } }",
  "options with their values, as in { workers: 2 }",
  "a text, a number, true, false, a list, or names with values",
] as const;

function invalid(source: string, what: string): UsageError {
  return new UsageError("invalid-config", `${source}: ${what}`);
}

function schemaError(source: string, { issues }: z.ZodError): UsageError {
  const [issue] = issues as [z.core.$ZodIssue];
  const known = Object.keys(schema.shape).filter((key) => key !== "$schema");
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const key = issue.keys[0] as string;
    return invalid(source, `unknown key "${key}":${didYouMean(key, known)} known: ${known.join(", ")}`);
  }
  if (issue.path.length === 0) return invalid(source, `expected an object with ${known.join(", ")}`);
  const [key, ...inner] = issue.path.map(String);
  const wanted = key === "defaults" ? expectedDefaults[Math.min(inner.length, 2)] : expected[key as string];
  return invalid(source, `${issue.path.slice(0, 3).join(".")}: expected ${wanted ?? issue.message}`);
}

/**
 * The data of a project file, checked; which options a command has is for whoever knows its options.
 * @param source what to call it in messages
 * @param commands every command as it is typed: `datasets show`
 * @throws UsageError `invalid-config`
 */
export function checkProjectConfig(data: unknown, source: string, commands: readonly string[]): ProjectConfig {
  const parsed = schema.safeParse(data ?? {});
  if (!parsed.success) throw schemaError(source, parsed.error);
  const unknown = Object.keys(parsed.data.defaults ?? {}).find((name) => !commands.includes(name));
  if (unknown !== undefined)
    throw invalid(
      source,
      `defaults: no command "${unknown}":${didYouMean(unknown, commands)} mlbench-hpo --help lists them`,
    );
  return parsed.data as ProjectConfig;
}

async function importConfig({ path, shown }: ProjectFilePlace): Promise<unknown> {
  providePackage(path);
  try {
    const module = await importModule(pathToFileURL(path).href);
    if (module.default !== undefined) return module.default;
  } catch (error) {
    throw new UsageError("invalid-config", await importFailure("project file", path, error), { cause: error });
  }
  throw invalid(shown, 'expected a default export, as in export default { storage: "studies" }');
}

/**
 * Reads and checks a project file.
 * @throws UsageError `invalid-config`, `config-not-found`
 */
export async function readProjectFile(place: ProjectFilePlace, commands: readonly string[]): Promise<ProjectFile> {
  const { path, shown } = place;
  const data = path.endsWith(".mjs") ? await importConfig(place) : await readYaml(path, shown);
  return { ...place, folder: dirname(path), config: checkProjectConfig(data, shown, commands) };
}
