/** The options of every command: `-q`, `--verbose`, `--log-file`; before the command they and `--storage` may stand as well. */
import type { Command } from "commander";
import { Option } from "commander";
import { UsageError } from "../core/index.js";
import { addServerOptions, serverFlags } from "./server-option.js";

/** Where help lists them. */
const GLOBAL_GROUP = "Options of every command:";

/** What was given before the command, or with it. */
export interface GlobalOptions {
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly logFile?: string;
  readonly storage?: string;
}

/** Flags that no parameter's short form takes. */
export const globalFlags: readonly string[] = ["--quiet", "--verbose", "--log-file", ...serverFlags];

function globalOptions(): Option[] {
  return [
    new Option("-q, --quiet", "results, warnings and errors only: no progress, no hints"),
    new Option("--verbose", "also what helps to understand: settings and where they come from, decisions, times"),
    new Option("--log-file <file>", "append every line, with its time and whatever the terminal shows, to a file"),
  ];
}

/** Adds the options to a command and all of its own; those of a service where they work on studies. */
export function addGlobalOptions(command: Command): void {
  addServerOptions(command);
  for (const option of globalOptions()) command.addOption(option.helpGroup(GLOBAL_GROUP));
  for (const child of command.commands) addGlobalOptions(child);
}

/** The same for the program itself, where help shows them. */
export function addLeadingOptions(program: Command): void {
  for (const option of globalOptions()) program.addOption(option);
  program.option("--storage <dir>", "where studies live, for commands that take it");
}

const valued = { "--log-file": "logFile", "--storage": "storage" } as const;
const ends = ["-h", "--help", "-V", "--version"];

/**
 * Takes what stands before the command off a line.
 * @throws UsageError `invalid-command` for an option that only stands behind a command, `invalid-option` without its value
 */
export function takeLeadingOptions(argv: readonly string[]): { leading: GlobalOptions; line: string[] } {
  const leading: { -readonly [K in keyof GlobalOptions]: GlobalOptions[K] } = {};
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] as string;
    if (!word.startsWith("-") || ends.includes(word)) break;
    const [flag = "", ...rest] = word.split("=");
    if (word === "-q" || word === "--quiet") leading.quiet = true;
    else if (word === "--verbose") leading.verbose = true;
    else if (flag === "--log-file" || flag === "--storage") {
      const value = rest.length > 0 ? rest.join("=") : argv[++at];
      if (value === undefined || value === "")
        throw new UsageError("invalid-option", `${flag}: expected a ${flag === "--storage" ? "folder" : "file"}`);
      leading[valued[flag]] = value;
    } else
      throw new UsageError(
        "invalid-command",
        `${word}: options stand behind the command, as in mlbench-hpo studies ${word}; before it only -q, --verbose, --log-file and --storage`,
      );
  }
  return { leading, line: argv.slice(at) };
}

/**
 * What holds for a command: given behind it, behind those that it belongs to, or before all.
 * @throws UsageError `conflicting-options`
 */
export function settledOptions(command: Command, leading: GlobalOptions): GlobalOptions {
  const chain: GlobalOptions[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) chain.push(at.opts<GlobalOptions>());
  chain.push(leading);
  const quiet = chain.some((given) => given.quiet === true);
  const verbose = chain.some((given) => given.verbose === true);
  if (quiet && verbose)
    throw new UsageError("conflicting-options", "--quiet and --verbose exclude each other: give one of them");
  const logFile = chain.find((given) => given.logFile !== undefined)?.logFile;
  if (logFile === "") throw new UsageError("invalid-option", "--log-file: expected a file");
  return { quiet, verbose, ...(logFile === undefined ? {} : { logFile }) };
}

/**
 * Hands a storage that stands before the command to the command.
 * @throws UsageError `invalid-option` for a command without studies
 */
export function handStorage(command: Command, { storage }: GlobalOptions): void {
  if (storage === undefined) return;
  if (!command.options.some(({ long }) => long === "--storage"))
    throw new UsageError("invalid-option", `--storage ${storage}: ${pathOf(command)} works on no storage of studies`);
  if (command.getOptionValueSource("storage") !== "cli") command.setOptionValueWithSource("storage", storage, "cli");
}

/** A command as it is typed: `datasets show`. */
function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}
