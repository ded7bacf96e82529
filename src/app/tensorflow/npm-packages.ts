/** Packages fetched by the user's npm, with its registry, proxy and certificates, and unpacked. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MlbenchError, UsageError } from "../../core/index.js";
import { runProgram } from "./run-program.js";
import type { NpmSource } from "./sources.js";

/**
 * Fetches packages without their dependencies and runs nothing of theirs: `npm pack`. What arrives is known by its digest.
 * @returns the folders that they were unpacked into, in the order of `sources`
 * @throws UsageError `install-unsupported` without npm or tar, MlbenchError `install-failed`, `checksum-mismatch`
 */
export async function fetchPackages(
  sources: readonly NpmSource[],
  folder: string,
  signal?: AbortSignal,
): Promise<string[]> {
  await mkdir(folder);
  const names = sources.map(({ name, version }) => `${name}@${version}`);
  // In the current folder, so that a project's .npmrc counts as it does for the project's own packages.
  const packed = await runProgram(
    ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder, ...names],
    { signal },
  );
  if (!packed)
    throw new UsageError("install-unsupported", "npm is needed to fetch @tensorflow/tfjs-node: there is none");
  if (packed.code !== 0)
    throw new MlbenchError("install-failed", `npm cannot fetch ${names.join(" and ")}: ${npmError(packed.output)}`);
  const digests = new Map<string, string>();
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    digests.set(
      `sha512-${createHash("sha512")
        .update(await readFile(path))
        .digest("base64")}`,
      path,
    );
  }
  const folders: string[] = [];
  for (const [i, { integrity }] of sources.entries()) {
    const path = digests.get(integrity);
    if (path === undefined)
      throw new MlbenchError(
        "checksum-mismatch",
        `${names[i]}: what npm fetched is not what was published under that version (${integrity.slice(0, 20)}…)`,
      );
    folders.push(await unpack(path, join(folder, `${i}`), signal));
  }
  return folders;
}

async function unpack(path: string, folder: string, signal?: AbortSignal): Promise<string> {
  await mkdir(folder);
  const done = await runProgram(["tar", "-xzf", path, "-C", folder, "--strip-components=1", "-o"], { signal });
  if (!done) throw new UsageError("install-unsupported", "tar is needed to unpack npm's packages: there is none");
  if (done.code !== 0)
    throw new MlbenchError("install-failed", `tar cannot unpack ${path}: ${done.output.trim().split("\n")[0]}`);
  return folder;
}

/** npm says a code and then what it means, each behind `npm error` (npm ERR! before version 10). */
function npmError(output: string): string {
  const lines = output
    .split("\n")
    .map((line) => /^npm (?:error|ERR!) (.+)$/.exec(line)?.[1]?.trim() ?? "")
    .filter((line) => line !== "" && !/^A complete log/.test(line));
  return lines.slice(0, 2).join(": ") || "it ends without a reason";
}
