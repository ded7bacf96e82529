/** `mlbench-hpo completion`: the script for a shell; and `complete`, which that script asks. */
import { Argument } from "commander";
import type { CommandDefinition } from "../command.js";
import { completionScripts, completionShells } from "../completion-scripts.js";
import type { CompletionShell } from "../completion-scripts.js";
import { printLine } from "../io.js";

/** `mlbench-hpo completion bash|zsh|fish` */
export const completionCommand: CommandDefinition = (program, { io }) => {
  program
    .command("completion")
    .description("print a script that completes command lines: `source <(mlbench-hpo completion bash)`")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices(completionShells))
    .action((shell: CompletionShell) => {
      io.stdout.write(completionScripts[shell]);
    });
};

/** `mlbench-hpo complete SHELL -- WORD …`: what may stand for the last word, a line each; nothing when in doubt. */
export const completeCommand: CommandDefinition = (program, { io, commands = [] }) => {
  program
    .command("complete")
    .addArgument(new Argument("<shell>").choices(completionShells))
    .argument("[words...]")
    .action(async (shell: CompletionShell, words: string[]) => {
      const { completions } = await import("../complete.js");
      const found = await completions(shell, words, { io, commands }).catch(() => []);
      for (const line of found) printLine(io.stdout, line);
    });
};
