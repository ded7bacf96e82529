/** The files that a study depends on: their paths and digests as they are stored, and whether they have changed. */
import { stat } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { UsageError, messageOf } from "../core/index.js";
import type { ConfigValue, HashedFile, StudyHeader } from "../core/index.js";
import { sha256OfFile } from "../io/sha256.js";
import type { QualifiedParameter } from "../registry/index.js";

/** Digests that this process has taken, by path, with the state of the file that each is of. */
const taken = new Map<string, { readonly state: string; readonly sha256: string }>();
const MOST_TAKEN = 1000;

/** A file that was written within this time may be written again without its times telling. */
const SETTLED_MS = 2000;

async function digestOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = await stat(path, { bigint: true });
  const state = [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  const known = taken.get(path);
  if (known?.state === state) return known.sha256;
  const isSettled = Date.now() - Math.max(Number(mtimeMs), Number(ctimeMs)) > SETTLED_MS;
  const sha256 = await sha256OfFile(path);
  if (taken.size >= MOST_TAKEN) taken.clear();
  if (isSettled) taken.set(path, { state, sha256 });
  return sha256;
}

/**
 * SHA-256 of a file, hex: a process that makes a study and runs it reads its data once for that.
 * @throws UsageError `file-not-found`
 */
async function sha256Of(path: string): Promise<string> {
  try {
    return await digestOf(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UsageError("file-not-found", `${path}: ${missing ? "no such file" : messageOf(error)}`);
  }
}

/**
 * A file as a study stores it: its path from the study's folder, and its digest.
 * @param path absolute
 * @param base the study's folder; null where it has none: the path stays absolute
 */
export async function hashedFile(path: string, base: string | null): Promise<HashedFile> {
  return { path: storedPath(path, base), sha256: await sha256Of(path) };
}

/** A path as a study stores it. @param path absolute. @param base the study's folder; null where it has none */
export function storedPath(path: string, base: string | null): string {
  return base === null ? path : relative(base, path).replaceAll("\\", "/") || ".";
}

/** A stored path made absolute. @param base the study's folder; null where it has none */
export function absolutePath(path: string, base: string | null): string {
  return isAbsolute(path) || base === null ? path : resolve(base, path);
}

function mapPaths(
  params: Readonly<Record<string, ConfigValue>>,
  parameters: readonly QualifiedParameter[],
  change: (path: string) => string,
): Record<string, ConfigValue> {
  const paths = new Set(parameters.filter(({ info }) => info.meta.path).map(({ qualified }) => qualified));
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      paths.has(name) && typeof value === "string" ? change(value) : value,
    ]),
  );
}

/** Parameters that are paths, as a study stores them. @param directory where given relative paths start */
export function storePaths(
  params: Readonly<Record<string, ConfigValue>>,
  parameters: readonly QualifiedParameter[],
  base: string | null,
  directory: string,
): Record<string, ConfigValue> {
  return mapPaths(params, parameters, (path) => storedPath(resolve(directory, path), base));
}

/** Parameters that are paths made absolute, so that every thread and process finds them. */
export function openPaths(
  params: Readonly<Record<string, ConfigValue>>,
  parameters: readonly QualifiedParameter[],
  base: string | null,
): Record<string, ConfigValue> {
  return mapPaths(params, parameters, (path) => absolutePath(path, base));
}

/** Every file that the study depends on. */
function filesOf({ settings }: StudyHeader): HashedFile[] {
  const own = [settings.objective, settings.command?.file ?? null].filter((file) => file !== null);
  return [...settings.plugins, ...own, ...settings.data_files];
}

/**
 * Files whose content is no longer what the study was created with (accepted changes counted), with their present hash.
 * @throws UsageError `file-not-found`
 */
export async function changedFiles(header: StudyHeader, base: string | null): Promise<HashedFile[]> {
  const accepted = new Map(header.settings.accepted_changes.map(({ path, sha256 }) => [path, sha256]));
  const changed: HashedFile[] = [];
  for (const { path, sha256 } of filesOf(header)) {
    const now = await sha256Of(absolutePath(path, base));
    if (now !== (accepted.get(path) ?? sha256)) changed.push({ path, sha256: now });
  }
  return changed;
}
