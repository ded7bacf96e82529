/** Whose code an error arose in: the first frame of its stack that is not ours, and what a user's module holds. */
import { basename, dirname, isAbsolute, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, MlbenchError, oneLine } from "./errors.js";

/** A line of a user's file. */
export interface CodePlace {
  /** Absolute. */
  readonly file: string;
  readonly line: number;
}

const holder = globalThis as { [key: symbol]: Map<string, string> | undefined };
/** What users' modules hold, by their files: the process's, as registries are. */
const modules = (holder[Symbol.for("mlbench-hpo.user-modules")] ??= new Map<string, string>());

/** Notes what a user's module holds, in the words of messages: `objective`, `plug-in`, `model "mean"`. */
export function noteUserModule(file: string, what: string): void {
  modules.set(file, what);
}

const root = import.meta.url.startsWith("file:") ? fileURLToPath(new URL("../../", import.meta.url)) : null;
const ownFolders = root === null ? [] : ["dist", "src", "bin"].map((folder) => root + folder + sep);

/** A module that a user named is theirs wherever it lies, an installed package as well. */
function isUsers(file: string): boolean {
  if (modules.has(file)) return true;
  const own = ownFolders.find((folder) => file.startsWith(folder));
  // The suites stand in for users.
  if (own !== undefined) return file.startsWith(`${own}testing${sep}`);
  if (!file.split(/[\\/]/).includes("node_modules")) return true;
  return [...modules.keys()].some((module) => file.startsWith(dirname(module) + sep));
}

/** Where a stack's line is: one of its frames, or its very first line, by which Node says where a module is wrong. */
function placeOf(stackLine: string, index: number): CodePlace | null {
  const text = stackLine.trim();
  const frame = text.endsWith(")") ? text.slice(text.indexOf(" (") + 2, -1) : text.replace(/^at (?:async )?/, "");
  const shape = index === 0 ? /^(.+?)(?:\?[^:]*)?:(\d+)$/ : /^(.+?)(?:\?[^:]*)?:(\d+):\d+$/;
  const [, path = "", line = ""] = (index === 0 || text.startsWith("at ") ? shape.exec(frame) : null) ?? [];
  try {
    const file = path.startsWith("file:") ? fileURLToPath(path) : path;
    return isAbsolute(file) && isUsers(file) ? { file, line: Number(line) } : null;
  } catch {
    return null;
  }
}

/**
 * Where an error arose in a user's code, or what caused it; null where no frame of its stack is a user's.
 * @param under the name of a function of ours: the frames from it on are those of who called it, and do not count
 */
export function userPlace(error: unknown, under?: string): CodePlace | null {
  try {
    return firstPlace(error, under);
  } catch {
    // What was thrown throws when it is looked at.
    return null;
  }
}

function firstPlace(error: unknown, under: string | undefined): CodePlace | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    const stack: unknown = cause.stack;
    for (const [index, line] of typeof stack === "string" ? stack.split("\n").entries() : []) {
      if (
        under !== undefined &&
        line
          .trim()
          .replace(/^at (?:async )?/, "")
          .startsWith(`${under} (`)
      )
        break;
      const place = placeOf(line, index);
      if (place) return place;
    }
  }
  return null;
}

/** Whether an error is one of ours, and arose in our own code: its message says all. */
export function isOurs(error: unknown): boolean {
  try {
    return error instanceof MlbenchError && userPlace(error) === null;
  } catch {
    return false;
  }
}

/** `objective.mjs:12` */
export function placeInWords({ file, line }: CodePlace): string {
  return `${basename(file)}:${line}`;
}

/** An error that arose in a user's code. */
export interface UserError {
  /** `mean.mjs:12` */
  readonly where: string;
  /** `model "mean" (mean.mjs:12): its message`, in one line. */
  readonly message: string;
}

/** An error of a user's code in words; null for another. */
export function userErrorOf(error: unknown): UserError | null {
  const place = userPlace(error);
  if (!place) return null;
  const what = modules.get(place.file);
  const where = placeInWords(place);
  return { where, message: `${what === undefined ? where : `${what} (${where})`}: ${inOneLine(error)}` };
}

/**
 * {@link userErrorOf}, for modules that were named to us alone: where a program calls us, its own frame stands at the
 * end of every stack.
 */
export function moduleErrorOf(error: unknown): UserError | null {
  const place = userPlace(error);
  return place && modules.has(place.file) ? userErrorOf(error) : null;
}

/** The message of anything thrown, in one line. */
export function inOneLine(error: unknown): string {
  return oneLine(messageOf(error));
}

/** How deep stacks are kept where users' code runs: tensor operations put a dozen frames of ours above theirs. */
const STACK_FRAMES = 60;

/** Keeps stacks deep enough to reach the user's own frame. */
export function keepDeepStacks(): void {
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, STACK_FRAMES);
}

/** An error's stack and those of its causes, as text for a log. */
export function stackText(error: unknown): string {
  const stacks: string[] = [];
  for (let cause = error, depth = 0; cause !== undefined && depth < 8; depth++) {
    try {
      const stack: unknown = cause instanceof Error ? cause.stack : undefined;
      stacks.push(typeof stack === "string" ? stack : messageOf(cause));
      cause = cause instanceof Error ? cause.cause : undefined;
    } catch {
      stacks.push(messageOf(cause));
      break;
    }
  }
  return `${stacks.join("\ncaused by ")}\n`;
}
