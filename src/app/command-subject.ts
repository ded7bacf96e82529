/** A study over a program: its words and its space, checked before anything is stored; and how a stored one is run. */
import { basename, resolve } from "node:path";
import type { CommandSettings, StudyHeader } from "../core/index.js";
import { UsageError } from "../core/index.js";
import { commandWords } from "../core/command-words.js";
import { ownFile, requireProgram } from "../programs/find-program.js";
import { passedOn, requirePlaceholders } from "../programs/placeholders.js";
import { compilePattern } from "../programs/report-pattern.js";
import type { CommandWorkload } from "../programs/run-program.js";
import type { DerivedSpace } from "../search-space/index.js";
import { declareSpace } from "../search-space/index.js";
import { programOf } from "./command-line.js";
import type { MayOpen } from "./may-open.js";
import type { MergedRequest } from "./study-request.js";

/** A program before its paths are stored. */
export interface SubjectCommand extends Omit<CommandSettings, "file"> {
  /** Absolute, as its folder is. */
  readonly file: string | null;
}

/** What the trials of a study over a program have in common. */
export interface CommandSubject {
  readonly task: { readonly params: DerivedSpace["fixed"] };
  readonly derived: DerivedSpace;
  readonly command: SubjectCommand;
  readonly defaultName: string;
}

const OPTION = "--command";

/** What a study without a name of its own is called after: `train` of `python train.py`. */
function nameOf(file: string | null, words: readonly string[]): string {
  const stem = basename(file ?? words[0] ?? "").replace(/\.[^.]+$/, "");
  return /^[\w.-]+$/.test(stem) ? stem : "command";
}

/** A program's words: of a shell a single text. @throws UsageError `invalid-words`. */
function wordsOf(given: string | readonly string[], shell: boolean): readonly string[] {
  if (typeof given !== "string") {
    if (given.length === 0 || given[0] === "")
      throw new UsageError("invalid-words", `${OPTION}: expected a program's words`);
    if (!shell) return given;
    throw new UsageError(
      "conflicting-options",
      `shell: sh takes a line, and command is a list of words: give one of them`,
    );
  }
  if (shell && given.trim() !== "") return [given];
  try {
    return commandWords(OPTION, given);
  } catch (error) {
    if (!(error instanceof UsageError) || !error.message.includes("needs a shell")) throw error;
    const message = error.message.replace(/quote it, or run one with .*$/, "quote it, or give --shell");
    throw new UsageError(error.code, message, { cause: error });
  }
}

/**
 * The subject of a study over a program.
 * @param directory where relative paths start
 * @throws UsageError `invalid-words`, `no-space`, `unknown-parameter` for a placeholder, `program-not-found`,
 * `invalid-option` for a pattern.
 */
export async function commandSubject(
  merged: MergedRequest,
  directory: string,
  mayOpen?: MayOpen,
): Promise<CommandSubject> {
  const { request, config, own, base } = merged;
  const shell = request.shell ?? config.shell ?? false;
  const words = wordsOf(request.command ?? config.command ?? "", shell);
  const cwd = request.cwd === undefined ? (config.cwd ?? resolve(directory)) : resolve(directory, request.cwd);
  await mayOpen?.([{ field: "command", words, shell, cwd }]);
  const derived = declareSpace({}, { ...own, base });
  const names = [...Object.keys(derived.space), ...Object.keys(derived.fixed)];
  if (names.length === 0)
    throw new UsageError("no-space", `${OPTION}: say what is searched: --search lr=log:1e-5..1e-1, once a parameter`);
  requirePlaceholders({ words, shell }, names, OPTION);
  const report_pattern = request.reportPattern ?? config.report_pattern ?? null;
  if (report_pattern !== null) compilePattern(report_pattern, "--report-pattern", ["value", reportedName(merged)]);
  requireProgram(OPTION, { words, shell, cwd });
  const file = ownFile({ words, shell, cwd });
  return {
    ...{ task: { params: derived.fixed }, derived },
    command: { words, shell, cwd, report_pattern, file },
    defaultName: nameOf(file, words),
  };
}

/** The name of what is to be reported, as far as it is given. */
function reportedName({ request, config, objectives: { metric = [], objectives = [] } }: MergedRequest): string {
  const given = request.pruneBy ?? config.prune_by ?? metric[0]?.split(",", 1)[0] ?? objectives[0]?.metric;
  return given?.split(":", 1)[0]?.trim() ?? "value";
}

/**
 * What the trials of a study over a program run.
 * @throws UsageError `program-not-found` where it could not be started: before a trial is.
 */
export function commandWorkload(header: StudyHeader, base: string | null): CommandWorkload {
  const { name, settings } = header;
  const program = programOf(settings.command as CommandSettings, base);
  requireProgram(`study "${name}"`, program);
  return { kind: "command", program, study: name, pruneBy: settings.prune_by ?? null };
}

/** A parameter that the line passes on nowhere, where it passes others, may have been forgotten: a sentence each. */
export function unpassed({ settings, space }: StudyHeader): readonly string[] {
  const names = Object.keys(space);
  const passed = passedOn(settings.command as CommandSettings, names);
  if (passed === "all" || passed.size === 0) return [];
  return names
    .filter((name) => !passed.has(name))
    .map((name) => `${name} is searched, and the command has no {${name}}: it finds it in MLBENCH_HPO_PARAMS alone`);
}
