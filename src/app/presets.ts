/** The presets that the package brings: study files by name. */
import { readdir } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";

/** The folder of the presets: the same steps away from src/ and from dist/. */
const presetFolder = fileURLToPath(new URL("../../studies/presets/", import.meta.url));

/** The names of the presets, sorted. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(presetFolder);
  return files.flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -".yaml".length)] : [])).sort();
}

/**
 * Refuses a name that is no preset's.
 * @param advice what else may be given, for the message
 * @throws UsageError `unknown-preset`.
 */
export async function requirePreset(name: string, advice = ""): Promise<void> {
  const known = await presetNames();
  if (known.includes(name)) return;
  const hint = didYouMean(name, known);
  throw new UsageError("unknown-preset", `unknown preset "${name}":${hint} presets: ${known.join(", ")}${advice}`);
}

async function presetPath(name: string): Promise<string> {
  await requirePreset(name, `; a file is given by its path, as in ./${name}.yaml`);
  return join(presetFolder, `${name}.yaml`);
}

/** Whether a study file is named by its path; else it is a preset's name. */
export function isConfigPath(nameOrPath: string): boolean {
  return /[\\/]/.test(nameOrPath) || [".yaml", ".yml", ".json"].includes(extname(nameOrPath));
}

/**
 * The path of a study file that is named by it, or of a preset that is named.
 * @param directory where a relative path starts
 * @throws UsageError `unknown-preset`.
 */
export async function studyConfigPath(nameOrPath: string, directory: string): Promise<string> {
  return isConfigPath(nameOrPath) ? resolve(directory, nameOrPath) : presetPath(nameOrPath);
}
