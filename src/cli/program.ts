/** The program: finds the command that is typed, runs it, and turns errors into a line and an exit code. */
import { Command, CommanderError } from "commander";
import {
  didYouMean,
  keepDeepStacks,
  MlbenchError,
  messageOf,
  stackText,
  UsageError,
  userErrorOf,
  keptMessage,
} from "../core/index.js";
import { commands } from "./commands/index.js";
import { printLine, printNotice, surviveClosedPipes } from "./io.js";
import type { CliIo } from "./io.js";
import { helpLayout, helpOutput } from "./help.js";
import { version } from "./version.js";

/**
 * Runs the command line and returns the exit code: 0, 1 for a failure, 2 for a mistake in what was typed, 130 for an
 * interrupt. Nothing is thrown; errors are one line on stderr.
 */
export async function main(argv: readonly string[], io: CliIo = process): Promise<number> {
  keepDeepStacks();
  let exitCode = 0;
  let unwritten = false;
  surviveClosedPipes(io, (error) => {
    unwritten = true;
    printNotice(io.stderr, "error", `the output cannot be written: ${messageOf(error)}`);
    // The stream may tell only after this function has returned.
    process.exitCode = 1;
  });
  const program = new Command("mlbench-hpo")
    .description("Hyperparameter optimization for machine-learning models of battery health")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .showSuggestionAfterError(true)
    // Without it `datasets show … --format json` would set the --format of `datasets`.
    .enablePositionalOptions()
    .configureOutput(helpOutput(io))
    .configureHelp(helpLayout)
    .exitOverride();
  try {
    forgetEmptyVariables();
    requireCommand(argv);
    await loadEnvironmentPlugins();
    const context = { io, argv, setExitCode: (code: number) => void (exitCode = code) };
    for (const { name, aliases = [], summary, load } of commands) {
      if (argv[0] === name || aliases.includes(argv[0] ?? "")) await (await load())(program, context);
      else
        program
          .command(name)
          .description(summary)
          .aliases([...aliases]);
    }
    if (argv.length === 0) program.help();
    await program.parseAsync(argv, { from: "user" });
    return unwritten && exitCode === 0 ? 1 : exitCode;
  } catch (error) {
    return report(error, io);
  }
}

/** A variable that is set to nothing is no setting. */
function forgetEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env))
    if (name.startsWith("MLBENCH_") && value === "") Reflect.deleteProperty(process.env, name);
}

/** @throws UsageError `invalid-command` for `help` of what is no command, and for an option before the command. */
function requireCommand([first = "", second]: readonly string[]): void {
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  if (first === "help" && second !== undefined && !second.startsWith("-") && !["help", ...names].includes(second))
    throw new UsageError(
      "invalid-command",
      `help ${second}: no command "${second}":${didYouMean(second, names)} mlbench-hpo --help lists them`,
    );
  if (first.startsWith("-") && !["-h", "--help", "-V", "--version"].includes(first))
    throw new UsageError(
      "invalid-command",
      `${first}: options stand behind the command, as in mlbench-hpo studies ${first}`,
    );
}

/**
 * Plug-ins that are there before a study is: its storage, for one, has to be known to open it. Their executors, samplers
 * and pruners are known as well; models and datasets belong to a study, whose workers load its own plug-ins.
 */
async function loadEnvironmentPlugins(): Promise<void> {
  const files = (process.env["MLBENCH_HPO_PLUGINS"] ?? "").split(",").map((file) => file.trim());
  const named = files.filter((file) => file !== "");
  if (named.length === 0) return;
  const { loadPlugins } = await import("../plugins/load-plugins.js");
  await loadPlugins(named, ".", "MLBENCH_HPO_PLUGINS");
}

function report(error: unknown, io: CliIo): number {
  // Commander has printed its own errors (unknown option, missing argument) by now; its code 0 is help and version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const debug = Boolean(process.env["MLBENCH_DEBUG"]);
  const usersOwn = error instanceof MlbenchError ? null : (userErrorOf(error)?.message ?? null);
  // What was given may stand in it, however long that is.
  printNotice(io.stderr, "error", keptMessage(usersOwn ?? messageOf(error)));
  if (usersOwn !== null && debug) printLine(io.stderr, stackText(error).trimEnd());
  if (usersOwn !== null) return 2;
  if (error instanceof MlbenchError) return error.exitCode;
  if (error instanceof Error && "syscall" in error) return 1;
  if (debug && error instanceof Error) printLine(io.stderr, error.stack ?? "");
  else
    printLine(io.stderr, "this looks like a bug in mlbench-hpo: run again with MLBENCH_DEBUG=1 for where it happened");
  return 1;
}
