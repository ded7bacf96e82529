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
  /** The project file in force; null where there is none. @default null */
  readonly projectFile?: ProjectFile | null;
  /** Holds every option that the project file sets against its command. @throws UsageError `invalid-config` */
  readonly checkProjectFile?: () => Promise<void>;
  /** Project files of folders above that do not hold, each with the reason. @default none */
  readonly passedOver?: readonly string[];
}

/** Adds one command. Whatever is heavy (TensorFlow.js, pools, charts) is imported in its action. */
export type CommandDefinition = (program: Command, context: CommandContext) => void | Promise<void>;
