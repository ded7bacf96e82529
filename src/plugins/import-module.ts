/** A user's module imported, and why it could not be, in one line. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inOneLine, MlbenchError, placeInWords, userPlace } from "../core/index.js";

const run = promisify(execFile);

/** The first Node that runs TypeScript files as they are. */
const TYPESCRIPT_NODE = "22.18";

/** Node's own words name neither the version that would do nor a way out. */
function typescriptInWords(error: unknown): string | null {
  if (!(error instanceof Error && "code" in error && error.code === "ERR_UNKNOWN_FILE_EXTENSION")) return null;
  const [, extension = "", file = ""] = /"(\.[cm]?ts)" for (.*)$/.exec(error.message) ?? [];
  if (extension === "") return null;
  return (
    `${basename(file)}: ${extension} files need Node >= ${TYPESCRIPT_NODE} (this is ${process.version}): ` +
    "compile it to JavaScript, or use .mjs"
  );
}

/** Where the syntax of a file is wrong, which the error of an import does not say: a Node that only reads it does. */
async function syntaxErrorLine(file: string): Promise<number | null> {
  const options = { timeout: 10_000, env: { ...process.env, NODE_OPTIONS: "" } };
  const { stderr = "" } = await run(process.execPath, ["--check", file], options).catch(
    (failure: { stderr?: string }) => failure,
  );
  const [first = ""] = stderr.split("\n");
  const [, shown = "", line = ""] = /^(.+):(\d+)$/.exec(first) ?? [];
  return [file, pathToFileURL(file).href].includes(shown) ? Number(line) : null;
}

/** Whether it is the module itself that is not there, and not something that it imports. */
function isMissing(file: string, error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND" && !existsSync(file);
}

/**
 * Why a user's module could not be imported, or what it threw: `plug-in /lab/me/mean.mjs:12: its message`.
 * @param what what it is, for the message
 * @param file its path, or a URL that is no file's
 */
export async function importFailure(what: string, file: string, error: unknown): Promise<string> {
  const typescript = typescriptInWords(error);
  if (typescript !== null) return `${what} ${typescript}`;
  if (isMissing(file, error)) return `${what} ${file}: no such file`;
  // Who throws one of ours has said what to do; where it stands helps nobody. A program that uses the library has frames
  // of its own below the import.
  const place = error instanceof MlbenchError ? null : userPlace(error, importModule.name);
  const line = place || !(error instanceof SyntaxError) ? null : await syntaxErrorLine(file);
  if (line !== null || place?.file === file) return `${what} ${file}:${place?.line ?? line}: ${inOneLine(error)}`;
  return `${what} ${file}${place ? ` (${placeInWords(place)})` : ""}: ${inOneLine(error)}`;
}

/** What a user's module may export. */
export interface UserModule {
  readonly default?: unknown;
  readonly space?: unknown;
}

/** Imports a module. What compilers write as CommonJS for `export default` stands one level deeper. */
export async function importModule(url: string): Promise<UserModule> {
  const module = (await import(url)) as UserModule;
  const inner = module.default as UserModule | null | undefined;
  return typeof inner === "object" && typeof inner?.default === "function" ? inner : module;
}

/** The path of a file's URL; of another, the URL itself. */
export function shownFile(url: string): string {
  return url.startsWith("file:") ? fileURLToPath(url) : url;
}
