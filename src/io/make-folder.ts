/** Making folders one by one: Node's own way of making several at once never ends where the system lets none be made. */
import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder, and those above it that are missing; nothing happens where it is there.
 * `mkdir` with `recursive` loops for ever under `/proc`, which answers "no such file" for a folder whose parent is there.
 * @throws the system's error: `ENOENT` where it takes no folders, `ENOTDIR` or `EEXIST` where something else is in the way.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(path);
    if (code === "ENOENT" && above !== path) {
      await makeFolder(above);
      await mkdir(path).catch((again: unknown) => acceptFolder(path, again));
    } else await acceptFolder(path, error);
  }
}

/** A folder that is there is all that was wanted, whatever was said of making it (a drive's root may not be made). */
async function acceptFolder(path: string, error: unknown): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found?.isDirectory()) throw error;
}

/** {@link makeFolder}, done when it returns. */
export function makeFolderSync(path: string): void {
  const make = (): void => {
    try {
      mkdirSync(path);
    } catch (error) {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    }
  };
  try {
    make();
  } catch (error) {
    const above = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === path) throw error;
    makeFolderSync(above);
    make();
  }
}
