/** Options of a command for registered parameters (`--hidden-size`, `--set`): added, and read back as parameters. */
import { Command, Option } from "commander";
import type { ConfigValue } from "../core/index.js";
import { UsageError, canonicalJson } from "../core/index.js";
import { ambiguousFlag, ambiguousFlags, parameterOptions, parseSet, shortFlag } from "../registry/index.js";
import type { QualifiedParameter } from "../registry/index.js";
import { globalFlags } from "./global-options.js";
import { collect } from "./shared-options.js";

/** What must be known of a command's line before its other options exist. */
export interface Prescan {
  readonly model?: string;
  readonly dataset?: string;
  readonly plugin: readonly string[];
  readonly config?: string;
  readonly resume?: string;
  readonly study?: string;
  readonly storage?: string;
  readonly trial?: string;
  /** Every word that is no option; an option's value may be among them. */
  readonly operands: readonly string[];
}

/** Reads `--model`, `--dataset`, `--plugin`, … out of a line whose other options are still unknown. */
export function prescan(argv: readonly string[]): Prescan {
  const probe = new Command()
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .option("--model <name>")
    .option("--dataset <name>")
    .option("--config <file>")
    .option("--resume <file>")
    .option("--study <name>")
    .option("--storage <dir>")
    .option("--trial <n>")
    .addOption(new Option("--plugin <file>").argParser(collect));
  try {
    probe.parseOptions([...argv]);
  } catch {
    // an option without its value: the real parse says so
  }
  const { plugin = [], ...given } = probe.opts<Partial<Omit<Prescan, "operands">>>();
  return { ...given, plugin, operands: argv.filter((token) => !token.startsWith("-")) };
}

const groupTitles = { model: "Model parameters", data: "Data parameters", train: "Training parameters" } as const;

/** The long flags that a command has of its own: they come before a parameter's short form. */
function ownFlags(command: Command): string[] {
  return [...command.options.map((option) => option.long ?? ""), ...globalFlags, "--help", "--version"];
}

/**
 * Adds the short options of the parameters to a command, and `--set group.name=value` for all of them.
 * @returns a function that reads the given ones back, by qualified name.
 */
export function addParameterOptions(
  command: Command,
  parameters: readonly QualifiedParameter[],
): () => Record<string, ConfigValue> {
  command.addOption(
    new Option("--set <group.name=value>", "set any parameter by its qualified name (repeatable)").argParser(collect),
  );
  const own = ownFlags(command);
  const given: Record<string, ConfigValue> = {};
  const switches: (() => void)[] = [];
  for (const option of parameterOptions(parameters, own)) {
    if (option.flag === null) continue;
    const added = new Option(`${option.flag} ${option.argument}`, option.description)
      .argParser((text: string) => {
        given[option.qualified] = option.parse(text);
        return text;
      })
      .helpGroup(`${groupTitles[option.parameter.group]}:`);
    command.addOption(added);
    // A switch without its value (`--residual`) is not parsed. A preset would be, but it is shown in the help.
    switches.push(() => {
      if (command.getOptionValue(added.attributeName()) === true) given[option.qualified] = option.parse("true");
    });
  }
  for (const [flag, names] of ambiguousFlags(parameters, own)) {
    const refuse = (): never => {
      throw ambiguousFlag(flag, names);
    };
    command.addOption(new Option(`${flag} [value]`).argParser(refuse).preset("").hideHelp());
  }
  return () => {
    for (const read of switches) read();
    const sets = (command.opts<{ set?: string[] }>().set ?? []).map((text) => parseSet(text, parameters));
    for (const { qualified, value } of sets) refuseTwo(qualified, given[qualified], value);
    return { ...given, ...Object.fromEntries(sets.map(({ qualified, value }) => [qualified, value])) };
  };
}

/** One parameter under both of its names must be given one value. @throws UsageError `conflicting-options` */
function refuseTwo(qualified: string, short: ConfigValue | undefined, set: ConfigValue): void {
  if (short === undefined || canonicalJson(short) === canonicalJson(set)) return;
  throw new UsageError(
    "conflicting-options",
    `${qualified} is given twice: ${shortFlag(qualified)} ${String(short)} and --set ${qualified}=${String(set)}`,
  );
}
