/** The command line of a trial whose study is over a program. */
import { shellLine, shellWord } from "../core/command-words.js";
import type { CommandSettings, Params, StudyHeader, Trial } from "../core/index.js";
import { stringifyJson } from "../core/index.js";
import type { ProgramReference } from "../executors/executor.js";
import { passedOn, programWords } from "../programs/placeholders.js";
import { absolutePath } from "./study-files.js";

/** A stored program with its folder made absolute. @param base the study's folder; null where it has none */
export function programOf(
  { words, shell, cwd, report_pattern }: CommandSettings,
  base: string | null,
): ProgramReference {
  return { words, shell, cwd: absolutePath(cwd, base), reportPattern: report_pattern };
}

/** A program's line for people, placeholders as they were typed. */
export function programInWords({ words, shell }: Pick<CommandSettings, "words" | "shell">): string {
  if (shell) return words.join(" ");
  return words.map((word) => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : shellWord(word))).join(" ");
}

/** Where a study's program runs, and its trials keep what they leave. */
export interface ProgramPlace {
  /** Where its stored paths start; null: they are absolute. */
  readonly base: string | null;
  /** A trial's own folder; null where it has none but while it runs. */
  readonly folderOf: (number: number) => string | null;
}

/**
 * What a trial runs, as a shell in the program's folder takes it; null of a study that is over no program. Parameters that
 * its words do not pass on stand before it, as the program finds them.
 */
export function commandLineOf(
  { settings, space, task }: Pick<StudyHeader, "settings" | "space" | "task">,
  { number, params }: Pick<Trial, "number" | "params">,
  { base, folderOf }: ProgramPlace,
): string | null {
  if (!settings.command) return null;
  const all = { ...(task.params as Params | undefined), ...params };
  const line = shellLine(
    programWords(programOf(settings.command, base), { params: all, space }, folderOf(number) ?? "."),
  );
  const passed = passedOn(settings.command, Object.keys(all));
  if (passed === "all" || Object.keys(all).every((name) => passed.has(name))) return line;
  return `MLBENCH_HPO_PARAMS=${shellWord(stringifyJson(all))} ${line}`;
}
