/** The contract of a command of the program. */
import type { Command } from "commander";
import type { ProjectFile } from "../app/project-file.js";
import type { CliIo } from "./io.js";

/** What a command's file gets. */
export interface CommandContext {
  readonly io: CliIo;
  /** As typed, for commands whose options depend on other options (`--model lstm` brings that model's). */
  readonly argv: readonly string[];
  readonly setExitCode: (code: number) => void;
  /** All of the program's, for what is told about other commands. @default none */
  readonly commands?: readonly CommandEntry[];
  /** The project file in force; null where there is none. @default null */
  readonly projectFile?: ProjectFile | null;
  /** Holds every option that the project file sets against its command. @throws UsageError `invalid-config` */
  readonly checkProjectFile?: () => Promise<void>;
  /** Project files of folders above that do not hold, each with the reason. @default none */
  readonly passedOver?: readonly string[];
}

/** Adds one command. Whatever is heavy (TensorFlow.js, pools, charts) is imported in its action. */
export type CommandDefinition = (program: Command, context: CommandContext) => void | Promise<void>;

/** A command before its module is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Commands of its own: `datasets show`. */
  readonly subcommands?: readonly string[];
  /** It works on nothing of the project: no project file, no plug-ins. */
  readonly plain?: true;
  /** Not among the commands that help lists. */
  readonly hidden?: true;
  /** For the list of commands; the module says it again with its options. */
  readonly summary: string;
  readonly load: () => Promise<CommandDefinition>;
}

/** The commands as they are typed: `datasets show`. */
export function pathsOf(commands: readonly CommandEntry[]): string[] {
  return commands.flatMap(({ name, subcommands = [], hidden }) =>
    hidden ? [] : [name, ...subcommands.map((subcommand) => `${name} ${subcommand}`)],
  );
}
