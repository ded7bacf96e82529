/** The folders of installations: begun beside one another, put in place in one step, and swept away when abandoned. */
import { randomBytes } from "node:crypto";
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "../../io/make-folder.js";
import type { ProcessIdentity } from "../../storage/json-file/process-identity.js";
import { judge, realProcessView } from "../../storage/json-file/process-identity.js";

const OWNER = "owner.json";
/** Of a process that cannot be looked at from here: far longer than any installation takes. */
const ABANDONED_MS = 24 * 3600 * 1000;

const token = (): string => randomBytes(4).toString("hex");

/** A folder for an installation that begins, in the cache's folder, with a note of whose it is. */
export async function beginFolder(cache: string): Promise<string> {
  await makeFolder(cache);
  const folder = join(cache, `.installing-${token()}`);
  await mkdir(folder);
  await writeFile(join(folder, OWNER), JSON.stringify(realProcessView.self));
  return folder;
}

/** Where downloads that were interrupted wait for the next installation. */
const waiting = (cache: string): string => join(cache, "downloads");

/** The two files of a download: its bytes and what identifies them. */
const partNames = (name: string): readonly [string, string] => [`${name}.part`, `${name}.part.json`];

async function moveParts(from: string, to: string, names: readonly string[]): Promise<void> {
  await makeFolder(to);
  for (const name of names)
    await rename(join(from, name), join(to, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
}

/** Takes what an earlier installation left of a download: a rename, so that only one of several gets it. */
export async function takeDownload(cache: string, folder: string, name: string): Promise<string> {
  await moveParts(waiting(cache), folder, partNames(name));
  return join(folder, partNames(name)[0]);
}

/** Leaves a download for the next installation. */
export async function leaveDownload(cache: string, folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /\.part(\.json)?$/.test(name));
  if (names.length > 0) await moveParts(folder, waiting(cache), names);
}

/**
 * Gives a finished folder its name and makes the link mean it: before that step it was nothing, after it is all. What the
 * link meant before is removed.
 */
export async function putInPlace(folder: string, link: string, version: string): Promise<string> {
  const before = await realpath(link).catch(() => null);
  const final = join(dirname(link), `${version}-${basename(link)}-${token()}`);
  await rename(folder, final);
  const temporary = `${link}.${token()}.tmp`;
  await symlink(basename(final), temporary);
  await rename(temporary, link);
  if (before !== null) await rm(before, { recursive: true, force: true });
  return final;
}

async function isAbandoned(folder: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(folder);
    const owner = JSON.parse(await readFile(join(folder, OWNER), "utf8")) as ProcessIdentity;
    const verdict = judge(owner, mtimeMs, realProcessView);
    return verdict === "gone" || (verdict === "elsewhere" && Date.now() - mtimeMs > ABANDONED_MS);
  } catch {
    // One that has just been made has no note yet.
    const found = await stat(folder).catch(() => null);
    return found !== null && Date.now() - found.mtimeMs > ABANDONED_MS;
  }
}

/** Removes what no link means and no living process works on: of killed installations, and of replaced ones. */
export async function sweep(cache: string, own: readonly string[] = []): Promise<void> {
  const names = await readdir(cache).catch((): string[] => []);
  const meant = new Set<string>();
  for (const name of names) {
    const target = await readlink(join(cache, name)).catch(() => null);
    if (target !== null && !name.endsWith(".tmp")) meant.add(target);
  }
  for (const name of names) {
    const path = join(cache, name);
    const found = await lstat(path).catch(() => null);
    if (name.endsWith(".tmp") && found?.isSymbolicLink() && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path);
    const isInstallation = /^\.installing-|-[0-9a-f]{8}$/.test(name);
    if (!found?.isDirectory() || !isInstallation || meant.has(name)) continue;
    if (!own.includes(path) && !(await isAbandoned(path))) continue;
    await leaveDownload(cache, path).catch(() => undefined);
    await rm(path, { recursive: true, force: true });
  }
}

/** Removes this machine's installation and everything that was left of others. @returns the folder that it was in */
export async function removeInstallation(cache: string, link: string): Promise<string | null> {
  const folder = await realpath(link).catch(() => null);
  const there = await lstat(link).catch(() => null);
  await rm(link, { force: true });
  await sweep(cache, folder === null ? [] : [folder]);
  await rm(waiting(cache), { recursive: true, force: true });
  return there === null ? null : (folder ?? link);
}
