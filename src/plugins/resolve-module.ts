/** Where a module that a user names lies: a file, a URL, or an installed package. */
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../core/index.js";

/**
 * The file of a module: a path from `directory`, a file URL, or a package installed there.
 * @param option how it was named, for messages
 * @throws UsageError `plugin-not-found`
 */
export function resolveModule(specifier: string, directory: string, option: string): string {
  if (specifier.startsWith("file:"))
    try {
      return fileURLToPath(specifier);
    } catch {
      throw new UsageError("plugin-not-found", `${option} ${specifier}: no file of this machine`);
    }
  const path = resolve(directory, specifier);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory())
    throw new UsageError("plugin-not-found", `${option} ${specifier}: expected a module's file, not a folder`);
  if (found) return path;
  if (!specifier.startsWith(".") && !isAbsolute(specifier)) {
    try {
      return createRequire(join(resolve(directory), "noop.js")).resolve(specifier);
    } catch {
      // neither a file nor a package: said below
    }
  }
  throw new UsageError("plugin-not-found", `${option} ${specifier}: no such file or package (looked for ${path})`);
}

/** Where a module lies or would lie, for who decides whether that may be looked at: nothing says which of the two. */
export function modulePath(specifier: string, directory: string): string {
  try {
    return resolveModule(specifier, directory, "");
  } catch {
    return specifier.startsWith("file:") ? specifier : resolve(directory, specifier);
  }
}
