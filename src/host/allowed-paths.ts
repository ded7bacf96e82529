/** Files that a request names: only below the folders that the operator allowed, whatever links stand between. */
import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../core/index.js";

/** A file that a request names. */
export interface NamedPath {
  /** The field that names it. */
  readonly field: string;
  readonly path: string | URL;
}

function refused(field: string, path: string, why: string): UsageError {
  return new UsageError("not-allowed", `${field}: ${path} ${why}`);
}

/** The file system's own name of the nearest ancestor that is there, with the rest behind it: a link leads nowhere else. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = resolve(path, "..");
    return parent === path ? path : resolve(await realOf(parent), relative(parent, path));
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function pathOf({ field, path }: NamedPath): string {
  const text = typeof path === "string" ? path : path.href;
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return text;
  if (!text.startsWith("file:")) throw refused(field, text, "is no file");
  try {
    return fileURLToPath(text);
  } catch {
    throw refused(field, text, "is no file of this machine");
  }
}

/**
 * Refuses whatever does not lie below an allowed folder.
 * @param directory where relative paths start
 * @throws UsageError `not-allowed`.
 */
export async function requireAllowed(
  named: readonly NamedPath[],
  allow: readonly string[],
  directory: string,
): Promise<void> {
  if (named.length === 0) return;
  const folders = await Promise.all(allow.map((folder) => realOf(resolve(folder))));
  for (const one of named) {
    const path = pathOf(one);
    const real = await realOf(resolve(directory, path));
    if (folders.some((folder) => isBelow(real, folder))) continue;
    throw refused(
      one.field,
      path,
      allow.length === 0
        ? "is a file, and the service was started without --allow: it opens none that requests name"
        : `does not lie below a folder that the service was allowed (--allow ${allow.join(", ")})`,
    );
  }
}
