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
  withoutSecrets,
  keptMessage,
} from "../core/index.js";
import { findProjectFile, pathFromProject } from "../app/find-project-file.js";
import type { ProjectFile } from "../app/project-file.js";
import { commandPaths, commands } from "./commands/index.js";
import type { CommandEntry } from "./command.js";
import {
  addGlobalOptions,
  addLeadingOptions,
  handStorage,
  settledOptions,
  takeLeadingOptions,
} from "./global-options.js";
import type { GlobalOptions } from "./global-options.js";
import { printDetail, printLine, printNotice, surviveClosedPipes } from "./io.js";
import type { CliIo } from "./io.js";
import type { ProjectDefaults } from "./project-defaults.js";
import { helpLayout, helpOutput } from "./help.js";
import type { LogFile } from "../io/log-file.js";
import { handServer } from "./server-option.js";
import { setUsualStorage } from "./study-ref.js";
import { stand, Teller, tellerOf } from "./teller.js";
import { version } from "./version.js";

/**
 * Runs the command line and returns the exit code: 0, 1 for a failure, 2 for a mistake in what was typed, 130 for an
 * interrupt. Nothing is thrown; errors are one line on stderr.
 */
export async function main(argv: readonly string[], io: CliIo = process): Promise<number> {
  keepDeepStacks();
  let unwritten = false;
  surviveClosedPipes(io, (error) => {
    unwritten = true;
    printNotice(io.stderr, "error", `the output cannot be written: ${messageOf(error)}`);
    // The stream may tell only after this function has returned.
    process.exitCode = 1;
  });
  const teller = new Teller(printLine);
  teller.onLogFailure = (error) => printNotice(io.stderr, "error", `${messageOf(error)}; the log ends here`);
  const leave = stand(teller, [io.stdout, io.stderr]);
  const started = process.hrtime.bigint();
  let exitCode: number;
  try {
    exitCode = await runLine(argv, io, teller);
  } catch (error) {
    await settleLate(argv, teller).catch(() => undefined);
    exitCode = report(error, io);
  }
  const code = (unwritten || teller.logFailure !== null) && exitCode === 0 ? 1 : exitCode;
  printDetail(
    io.stderr,
    () => `took ${(Number(process.hrtime.bigint() - started) / 1e9).toFixed(2)} s; exit code ${code}`,
  );
  leave();
  teller.close();
  return code;
}

async function runLine(argv: readonly string[], io: CliIo, teller: Teller): Promise<number> {
  let exitCode = 0;
  const program = createProgram(io);
  forgetEmptyVariables();
  const { leading, line: typed } = takeLeadingOptions(argv);
  const line = withoutHelpCommand(typed);
  requireCommand(line);
  const entry = commands.find(({ name, aliases = [] }) => name === line[0] || aliases.includes(line[0] ?? ""));
  const { file, passedOver } = entry && !entry.plain ? await projectFileHere() : { file: null, passedOver: [] };
  setUsualStorage(file?.config.storage === undefined ? "studies" : pathFromProject(file.folder, file.config.storage));
  if (file) await loadProjectPlugins(file, io);
  if (entry && !entry.plain) await loadEnvironmentPlugins();
  const defaults = file && entry ? await defaultsOf(file, entry, line, leading) : null;
  try {
    const context = {
      ...{ io, commands, setExitCode: (code: number) => void (exitCode = code), projectFile: file, passedOver },
      checkProjectFile: async () => {
        if (file) await checkDefaults(file, io);
      },
    };
    const early = defaults ? defaults.insert(line, defaults.of.earlyWords()) : line;
    for (const { name, aliases = [], summary, load, hidden } of commands) {
      if (entry?.name === name) await (await load())(program, { ...context, argv: [name, ...early.slice(1)] });
      else if (!hidden)
        program
          .command(name)
          .description(summary)
          .aliases([...aliases]);
    }
    if (!entry) addLeadingOptions(program);
    for (const command of program.commands) if (command.name() === entry?.name) addGlobalOptions(command);
    if (line.length === 0) program.help();
    program.hook("preAction", async (_program, command) => {
      handStorage(command, leading);
      await handServer(command, io);
      defaults?.of.mark(command);
      await settle(teller, io, argv, settledOptions(command, leading));
      for (const line of passedOver) printDetail(io.stderr, () => line);
      tellSettings(command, io, file);
    });
    const words = defaults ? defaults.insert(line, defaults.of.words(leafOf(program, defaults.path))) : line;
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    throw defaults ? defaults.of.attribute(error) : error;
  }
}

function createProgram(io: CliIo): Command {
  return (
    new Command("mlbench-hpo")
      .description("Hyperparameter optimization for machine-learning models of battery health")
      .version(version, "-V, --version", "print the version")
      .helpOption("-h, --help", "show help")
      .showSuggestionAfterError(true)
      // Without it `datasets show … --format json` would set the --format of `datasets`.
      .enablePositionalOptions()
      .configureOutput(helpOutput(io))
      .configureHelp(helpLayout)
      .exitOverride()
  );
}

/** `help optimize` is `optimize --help`: only a command that is typed gets its options. */
function withoutHelpCommand(line: readonly string[]): readonly string[] {
  const [first, ...rest] = line;
  const isCommand = commands.some(({ name, aliases = [] }) => [name, ...aliases].includes(rest[0] ?? ""));
  return first === "help" && isCommand ? [...rest, "--help"] : line;
}

/** The project file of the current folder, read, and those that do not hold. */
async function projectFileHere(): Promise<{ file: ProjectFile | null; passedOver: readonly string[] }> {
  const { found, passedOver } = findProjectFile(".");
  if (!found) return { file: null, passedOver };
  const { readProjectFile } = await import("../app/project-file.js");
  return { file: await readProjectFile(found, commandPaths), passedOver };
}

interface LineDefaults {
  readonly of: ProjectDefaults;
  /** The command as it is typed. */
  readonly path: readonly string[];
  /** Words put behind the command. */
  readonly insert: (line: readonly string[], words: readonly string[]) => string[];
}

async function defaultsOf(
  file: ProjectFile,
  { name, subcommands = [] }: CommandEntry,
  line: readonly string[],
  leading: GlobalOptions,
): Promise<LineDefaults> {
  const { ProjectDefaults } = await import("./project-defaults.js");
  const path = subcommands.includes(line[1] ?? "") ? [name, line[1] as string] : [name];
  const before = Object.keys(leading).map((key) => (key === "logFile" ? "--log-file" : `--${key}`));
  const insert: LineDefaults["insert"] = (words, more) => [
    ...words.slice(0, path.length),
    ...more,
    ...words.slice(path.length),
  ];
  return { of: new ProjectDefaults(file, path.join(" "), [...before, ...line.slice(path.length)]), path, insert };
}

/** @throws UsageError `invalid-config` for an option that a command does not have, or a value that it does not take */
async function checkDefaults(file: ProjectFile, io: CliIo): Promise<void> {
  for (const path of Object.keys(file.config.defaults ?? {})) {
    const line = path.split(" ");
    const entry = commands.find(({ name }) => name === line[0]) as CommandEntry;
    const { of, insert } = await defaultsOf(file, entry, line, {});
    const scratch = new Command("mlbench-hpo");
    try {
      await (
        await entry.load()
      )(scratch, { io, argv: insert(line, of.earlyWords()), setExitCode: () => {} });
      addGlobalOptions(scratch);
      of.words(leafOf(scratch, line));
    } catch (error) {
      throw of.attribute(error);
    }
  }
}

function leafOf(program: Command, path: readonly string[]): Command {
  return path.reduce((at, name) => at.commands.find((child) => child.name() === name) ?? at, program);
}

/** What `--quiet`, `--verbose` and `--log-file` say is in force from here on. */
async function settle(teller: Teller, io: CliIo, argv: readonly string[], given: GlobalOptions): Promise<void> {
  const { quiet = false, verbose = false, logFile } = given;
  try {
    teller.settle({ quiet, verbose, log: logFile === undefined ? null : await openLog(logFile, argv) });
  } catch (error) {
    teller.settle({ quiet, verbose, log: null });
    throw error;
  }
  printDetail(io.stderr, () => `mlbench-hpo ${version}, Node ${process.version}, in ${process.cwd()}`);
}

/** What is written first shows whether anything can be. */
async function openLog(path: string, argv: readonly string[]): Promise<LogFile> {
  const [{ LogFile }, { commandLine }] = await Promise.all([import("../io/log-file.js"), import("../app/made-by.js")]);
  const log = new LogFile(path);
  const words = commandLine(["", "mlbench-hpo", ...argv], ".");
  log.write(`${words}  (mlbench-hpo ${version}, process ${process.pid}, in ${process.cwd()})`);
  return log;
}

/** A line that failed before its options were read: its log hears why, if there is one. */
async function settleLate(argv: readonly string[], teller: Teller): Promise<void> {
  if (teller.settled) return;
  const at = argv.findIndex((word) => word === "--log-file" || word.startsWith("--log-file="));
  const [, given = argv[at + 1]] = (argv[at] ?? "").split(/=(.*)/s);
  if (at < 0 || !given) return;
  teller.settle({ quiet: false, verbose: false, log: await openLog(given, argv) });
}

const sources: Readonly<Record<string, string>> = { cli: "typed", env: "environment" };

/** Every option that is not at its default, and where it comes from. */
function tellSettings(command: Command, io: CliIo, file: ProjectFile | null): void {
  if (!tellerOf(io.stderr)?.hearsDetails) return;
  printDetail(io.stderr, () => `project file: ${file?.shown ?? "none"}`);
  for (const option of command.options) {
    const name = option.attributeName();
    const [value, source] = [command.getOptionValue(name) as unknown, command.getOptionValueSource(name)];
    if (value === undefined || source === undefined || source === "default") continue;
    const from = source === "config" ? (file?.shown ?? source) : (sources[source] ?? source);
    printDetail(io.stderr, () => `${option.long ?? option.flags}: ${withoutSecrets(textOf(value))} (${from})`);
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}

/** A variable that is set to nothing is no setting. */
function forgetEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env))
    if (name.startsWith("MLBENCH_") && value === "") Reflect.deleteProperty(process.env, name);
}

/** @throws UsageError `invalid-command` for `help` of what is no command. */
function requireCommand([first = "", second]: readonly string[]): void {
  const names = commands.flatMap(({ name, aliases = [], hidden }) => (hidden ? [] : [name, ...aliases]));
  if (first === "help" && second !== undefined && !second.startsWith("-") && second !== "help")
    throw new UsageError(
      "invalid-command",
      `help ${second}: no command "${second}":${didYouMean(second, names)} mlbench-hpo --help lists them`,
    );
}

/** The project file's plug-ins, for every command: a storage of its own, for one, has to be known to open it. */
async function loadProjectPlugins({ config, folder, shown: source }: ProjectFile, io: CliIo): Promise<void> {
  if (!config.plugins?.length) return;
  const { loadPlugins } = await import("../plugins/load-plugins.js");
  for (const file of await loadPlugins(config.plugins, folder, `${source}: plugins:`))
    printDetail(io.stderr, () => `plug-in ${file} (${source})`);
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
