/** What this process is: the package, the machine, and its command line without secrets. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { basename, isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { shellLine } from "../core/command-words.js";
import { keptMessage, withoutSecrets } from "../core/index.js";
import type { KernelsName, MadeBy } from "../core/index.js";
import { resolveKernels } from "../tensor/kernels/select.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** @param kernels those that ran. @default those that `auto` stands for on this machine */
export function madeBy(kernels: KernelsName = resolveKernels("auto")): MadeBy {
  const manifest = ownManifest();
  const commit = manifest.gitHead ?? commitOf(root);
  return {
    package: packageName(manifest),
    ...(commit === null ? {} : { commit }),
    node: process.version,
    cpu: `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores, ${process.arch}`,
    kernels,
    command_line: keptMessage(commandLine(process.argv, process.cwd())),
  };
}

function ownManifest(): Manifest {
  return JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as Manifest;
}

/** This package: `mlbench-hpo 1.2.3`. */
export function packageName({ name, version }: Manifest = ownManifest()): string {
  return `${name} ${version}`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  /** Written by `npm publish`. */
  readonly gitHead?: string;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/**
 * The commit that a checkout stands on, read from its files: `git` may not be there. Null where `directory` is none.
 */
export function commitOf(directory: string): string | null {
  const git = resolve(directory, ".git");
  // A worktree has a file there that says where its folder is.
  const elsewhere = /^gitdir: (.+)$/m.exec(textOf(git) ?? "")?.[1];
  const folder = elsewhere === undefined ? git : resolve(directory, elsewhere);
  const head = textOf(resolve(folder, "HEAD"));
  if (head === null) return null;
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  const commit = ref === undefined ? head : commitOfRef(folder, ref);
  return commit !== null && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit) ? commit : null;
}

function commitOfRef(folder: string, ref: string): string | null {
  const common = resolve(folder, textOf(resolve(folder, "commondir")) ?? ".");
  const loose = textOf(resolve(folder, ref)) ?? textOf(resolve(common, ref));
  if (loose !== null) return loose;
  const packed = (textOf(resolve(common, "packed-refs")) ?? "").split("\n").find((line) => line.endsWith(` ${ref}`));
  return packed?.split(" ")[0] ?? null;
}

/** A process's arguments as a line that a shell takes, with {@link withoutSecrets}. */
export function commandLine([, script, ...args]: readonly string[], directory: string): string {
  const program = script === undefined ? ["node"] : programOf(script, directory);
  return shellLine([...program, ...args].map((word) => withoutSecrets(word)));
}

function programOf(script: string, directory: string): string[] {
  if (/^mlbench-hpo(\.js)?$/.test(basename(script))) return ["mlbench-hpo"];
  const path = relative(directory, script);
  return ["node", path.startsWith("..") || isAbsolute(path) ? script : path];
}
