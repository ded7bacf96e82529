/** The command line of a trial whose study is over a program. */
import { shellLine } from "../core/command-words.js";
import type { CommandSettings, Params, StudyHeader, Trial } from "../core/index.js";
import type { ProgramReference } from "../executors/executor.js";
import { programWords } from "../programs/placeholders.js";
import { absolutePath } from "./study-files.js";

/** A stored program with its folder made absolute. @param base the study's folder; null where it has none */
export function programOf(
  { words, shell, cwd, report_pattern }: CommandSettings,
  base: string | null,
): ProgramReference {
  return { words, shell, cwd: absolutePath(cwd, base), reportPattern: report_pattern };
}

/** Where a study's program runs, and its trials keep what they leave. */
export interface ProgramPlace {
  /** Where its stored paths start; null: they are absolute. */
  readonly base: string | null;
  /** A trial's own folder; null where it has none but while it runs. */
  readonly folderOf: (number: number) => string | null;
}

/** What a trial runs, as a shell in the program's folder takes it; null of a study that is over no program. */
export function commandLineOf(
  { settings, space, task }: Pick<StudyHeader, "settings" | "space" | "task">,
  { number, params }: Pick<Trial, "number" | "params">,
  { base, folderOf }: ProgramPlace,
): string | null {
  if (!settings.command) return null;
  const all = { ...(task.params as Params | undefined), ...params };
  return shellLine(programWords(programOf(settings.command, base), { params: all, space }, folderOf(number) ?? "."));
}
