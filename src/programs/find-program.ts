/** Whether a program can be started, and which file is its own; found before any trial. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../core/index.js";
import type { ProgramReference } from "../executors/executor.js";

/** What is run, and where. */
export type Placed = Pick<ProgramReference, "words" | "shell" | "cwd">;

/** A word in which something is filled in for each trial: nothing is known of it before. */
const isOpen = (word: string): boolean => /\{[^{}\s]+\}/.test(word);

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}

/**
 * Refuses a program that could not be started in any trial.
 * @param what whose it is, for messages: `--command`, `study "tuned"`
 * @throws UsageError `program-not-found`.
 */
export function requireProgram(what: string, { words, shell, cwd }: Placed): void {
  const refuse = (why: string): never => {
    throw new UsageError("program-not-found", `${what}: ${why}`);
  };
  const folder = statSync(cwd, { throwIfNoEntry: false });
  if (!folder) refuse(`the folder that it runs in is not there: ${cwd}`);
  if (!folder?.isDirectory()) refuse(`what it should run in is no folder: ${cwd}`);
  const [program = ""] = words;
  if (shell || isOpen(program)) return;
  if (!program.includes("/")) {
    const folders = (process.env["PATH"] ?? "").split(delimiter);
    if (process.platform === "win32" || folders.some((at) => isExecutable(resolve(cwd, at, program)))) return;
    const here = isFile(resolve(cwd, program)) ? `: it lies in ${cwd}, where ./${program} names it` : "";
    refuse(`no program "${program}" on PATH${here || "; a file is given with its folder, as in ./train.sh"}`);
  }
  const path = resolve(cwd, program);
  if (!statSync(path, { throwIfNoEntry: false })) refuse(`no such program: ${path}`);
  if (!isFile(path)) refuse(`no file that could be run: ${path}`);
  if (!isExecutable(path))
    refuse(`not executable: ${path}; chmod +x makes it so, or name what runs it (python ${program})`);
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * The file that is a program's own: the program itself where it is one of the folder that it runs in, else its first
 * argument that is a file. Of a shell's text the words stand for the arguments.
 * @returns absolute; null where there is none
 */
export function ownFile({ words, shell, cwd }: Placed): string | null {
  const all = shell ? words.flatMap((text) => text.split(/[\s;|&()<>'"]+/)) : words;
  const [program = "", ...args] = all.filter((word) => word !== "");
  const path = join(cwd, program);
  const isOwn = program.includes("/") && !isAbsolute(program) && isFile(path) && isWithin(realOf(cwd), realOf(path));
  if (isOwn && !isOpen(program)) return path;
  const found = args.find((word) => !isOpen(word) && isFile(resolve(cwd, word)));
  return found === undefined ? null : resolve(cwd, found);
}
