/** The contract of a command of the program. */
import type { Command } from "commander";
import type { CliIo } from "./io.js";

/** What a command's file gets. */
export interface CommandContext {
  readonly io: CliIo;
  /** As typed, for commands whose options depend on other options (`--model lstm` brings that model's). */
  readonly argv: readonly string[];
  readonly setExitCode: (code: number) => void;
}

/** Adds one command. Whatever is heavy (TensorFlow.js, pools, charts) is imported in its action. */
export type CommandDefinition = (program: Command, context: CommandContext) => void | Promise<void>;
