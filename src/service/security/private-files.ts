/** Files of the service's own folder in a storage, `.service/`: nobody but their owner reads them. */
import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cannotWrite } from "../../io/atomic-write.js";
import { makeFolder } from "../../io/make-folder.js";

/** The service's folder in a storage. */
export function serviceFolder(storageDir: string): string {
  return join(storageDir, ".service");
}

/** Makes the folder for its owner alone (0700), whatever it was before. @throws MlbenchError `cannot-write` */
export async function makePrivateFolder(storageDir: string): Promise<string> {
  const folder = serviceFolder(storageDir);
  try {
    await makeFolder(storageDir);
    await mkdir(folder, { mode: 0o700 }).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !(await stat(folder)).isDirectory()) throw error;
    });
    if (process.platform !== "win32" && ((await stat(folder)).mode & 0o077) !== 0) await chmod(folder, 0o700);
    return folder;
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

/** Replaces a file whole or not at all; it is its owner's alone (0600) from its first byte on. */
export async function writePrivately(path: string, text: string): Promise<void> {
  await placed(path, text, (temporary) => rename(temporary, path));
}

/** The text of a file, which is made with `text` where it is not there; of several who make it one does. */
export async function readOrMake(path: string, text: () => string): Promise<string> {
  try {
    return await readPrivately(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await placed(path, text(), async (temporary) => {
    await link(temporary, path).catch(async (error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      // Whoever was first has made it. Where there are no hard links the file is renamed.
      if (code !== "EEXIST") await rename(temporary, path);
    });
  });
  return readPrivately(path);
}

/** A file that others could read or change is taken back from them, and read. */
async function readPrivately(path: string): Promise<string> {
  const text = await readFile(path, "utf8");
  if (process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
  return text;
}

async function placed(path: string, text: string, place: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary);
  } catch (error) {
    throw cannotWrite(path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
