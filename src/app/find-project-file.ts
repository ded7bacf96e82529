/** Where the project file lies that holds in a folder. Small: every command looks for one. */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { UsageError } from "../core/index.js";

/** The names that a project file may have. */
const projectFileNames = ["mlbench-hpo.config.json", "mlbench-hpo.config.yaml", "mlbench-hpo.config.mjs"] as const;

/** Names that other programs would take: refused rather than passed over. */
const mistakenNames = ["yml", "js", "cjs", "ts", "mts"].map((extension) => `mlbench-hpo.config.${extension}`);

export interface ProjectFilePlace {
  /** Absolute. */
  readonly path: string;
  /** As messages call it: from the folder that it was looked for in. */
  readonly shown: string;
}

export interface ProjectFileSearch {
  /** The file that holds; null where there is none. */
  readonly found: ProjectFilePlace | null;
  /** Files of folders above that do not hold, each with the reason in words. */
  readonly passedOver: readonly string[];
}

/** In a folder that we may not look into nothing is there for us, and no command fails because of it. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() === true;
}

/** @throws UsageError `invalid-config` for two in one folder */
function fileIn(folder: string): string | null {
  const [first, second] = projectFileNames.filter((name) => isFile(join(folder, name)));
  if (second !== undefined)
    throw new UsageError("invalid-config", `${folder} has ${first} and ${second}: a folder has one project file`);
  return first ?? null;
}

/** As git does: a file that somebody else put above the current folder does not hold. */
function isOurs(path: string): boolean {
  const us = process.getuid?.();
  if (us === undefined) return true;
  const owner = statSync(path).uid;
  return owner === us || owner === 0;
}

/**
 * Looks in the current folder, and inside of a repository in those above it, to the one with `.git`. From a folder above
 * only data are taken (`.json`, `.yaml`), and only of a file that belongs to who runs the program, or to root.
 * @param from the current folder
 * @throws UsageError `invalid-config` for two files in one folder, or one under a name that is not read
 */
export function findProjectFile(from: string): ProjectFileSearch {
  const here = resolve(from);
  const own = fileIn(here);
  const mistaken = own === null ? mistakenNames.find((name) => isFile(join(here, name))) : undefined;
  if (mistaken !== undefined)
    throw new UsageError("invalid-config", `${mistaken} is not read: a project file is ${projectFileNames.join(", ")}`);
  if (own !== null) return { found: { path: join(here, own), shown: own }, passedOver: [] };
  let found: ProjectFilePlace | null = null;
  const passedOver: string[] = [];
  for (let folder = here; ; folder = dirname(folder)) {
    const name = folder === here || found ? null : fileIn(folder);
    if (name !== null) {
      const path = join(folder, name);
      const shown = relative(here, path);
      if (name.endsWith(".mjs")) passedOver.push(`${shown} does not hold: code is only run from the current folder`);
      else if (!isOurs(path)) passedOver.push(`${shown} does not hold: it belongs to another user`);
      else found = { path, shown };
    }
    if (statOf(join(folder, ".git"))) return { found, passedOver };
    // Outside of a repository nothing says which folders belong together.
    if (dirname(folder) === folder) return { found: null, passedOver: [] };
  }
}

const SCHEME = /^[a-z][a-z0-9+.-]+:/i;

/**
 * A path that a project file names, as it would be typed in the current folder; a storage's URL stays.
 * @param folder the file's, absolute
 */
export function pathFromProject(folder: string, path: string, from = process.cwd()): string {
  if (isAbsolute(path) || SCHEME.test(path) || folder === from) return path;
  return relative(from, resolve(folder, path)) || ".";
}
