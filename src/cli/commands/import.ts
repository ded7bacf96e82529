/** `mlbench-hpo import`: a study out of a file. */
import type { Command } from "commander";
import { Option } from "commander";
import type { ImportedStudy } from "../../app/import-study.js";
import { directionNames, objectivesInWords, UsageError } from "../../core/index.js";
import type { Direction } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { componentOptions } from "../component-options.js";
import { printNote } from "../io.js";
import type { CliIo } from "../io.js";
import { parseFormat } from "../io.js";
import { printData } from "../render.js";
import { collect, collectList, formatOption, pluginOption, wholeNumber } from "../shared-options.js";
import { folderLocation, storageArgument, storageOption } from "../study-ref.js";
import { typedProgram } from "../typed-program.js";

interface ImportOptions {
  readonly storage: string;
  readonly studyName?: string;
  readonly study?: string;
  readonly as?: string;
  readonly objective?: string;
  readonly command?: string;
  readonly shell?: boolean;
  readonly cwd?: string;
  readonly reportPattern?: string;
  readonly model?: string[];
  readonly dataset?: string;
  readonly plugin?: string[];
  readonly set?: string[];
  readonly search?: string[];
  readonly fix?: string[];
  readonly metric?: string[];
  readonly direction?: Direction;
  readonly sampler?: string;
  readonly samplerOption?: string[];
  readonly pruner?: string;
  readonly prunerOption?: string[];
  readonly seed?: number;
  readonly format: string;
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`).argParser(collect);
}

/** `mlbench-hpo import FILE` */
export const importCommand: CommandDefinition = (program, { io }) => {
  const command = program
    .command("import")
    .description("make a study of one in a file: a journal of Optuna 4 or 5, or what export writes as JSON or CSV")
    .argument("<file>", "the journal, or the export")
    .addOption(storageOption())
    .option("--study-name <name>", "the study in the file, where it has several")
    .addOption(new Option("--study <name>").hideHelp())
    .option("--as <name>", "its name here (default: its own)");
  addSubject(command);
  command
    .option("--seed <n>", "seed of what goes on here (default: the study's own, else drawn)", wholeNumber("--seed", 0))
    .addOption(formatOption())
    .action((file: string, options: ImportOptions) => importFile(io, file, options));
};

/** What the study is to go on with, where the file does not say. */
function addSubject(command: Command): void {
  command
    .option("--objective <file>", "go on with a module whose default export is async (trial) => number")
    .option("--command <line>", "go on with a program: 'python train.py --lr {lr}'")
    .option("--shell", "have `sh -c` run the line of --command")
    .option("--cwd <folder>", "the folder that --command runs in (default: this one)")
    .option("--report-pattern <regex>", "read reports off the lines of --command")
    .addOption(new Option("--model <names>", "go on with a model; several as a,b").argParser(collectList))
    .option("--dataset <name>", "dataset of the model")
    .addOption(pluginOption())
    .addOption(repeatable("--set <name=value>", "set a parameter of the model, dataset or training"))
    .addOption(repeatable("--search <name=range>", "search a parameter otherwise than in the file: lr=log:1e-5..1e-1"))
    .addOption(repeatable("--fix <name=value>", "fix a parameter of the objective or the model"))
    .addOption(
      new Option("--metric <name>", "what the values are, as NAME or NAME:maximize (CSV)").argParser(collectList),
    )
    .addOption(new Option("--direction <direction>", "which way is better (CSV)").choices(directionNames))
    .option("--sampler <name>", "sampler of what goes on here")
    .addOption(repeatable("--sampler-option <name=value>", "option of the sampler"))
    .option("--pruner <name>", "pruner of what goes on here")
    .addOption(repeatable("--pruner-option <name=value>", "option of the pruner"));
}

async function importFile(io: CliIo, file: string, options: ImportOptions): Promise<void> {
  const format = parseFormat(options.format);
  const { studyName, study = studyName, as: name, storage, objective, model, dataset } = options;
  if (study !== undefined && studyName !== undefined && study !== studyName)
    throw new UsageError("two-studies", `two studies are named: ${studyName} and ${study}; name one`);
  const { command, shell, cwd, reportPattern } = options;
  const { plugin, set = [], fix = [], search, metric, direction, seed } = options;
  const { loadPlugins } = await import("../../plugins/load-plugins.js");
  await loadPlugins(plugin ?? []);
  const fixed = [...set, ...fix];
  const { importStudy } = await import("../../app/import-study.js");
  const imported = await importStudy({
    ...{ file, study, name, storage: folderLocation(storage), objective, model, dataset, plugins: plugin },
    ...{ command, shell, cwd, reportPattern },
    ...{ search, fix: fixed.length > 0 ? fixed : undefined, metric, direction, seed },
    sampler: await componentOptions("sampler", options.sampler, options.samplerOption, undefined),
    pruner: await componentOptions("pruner", options.pruner, options.prunerOption, undefined),
  });
  await print(io, format, imported, storageArgument(storage));
}

async function print(
  io: CliIo,
  format: ReturnType<typeof parseFormat>,
  imported: ImportedStudy,
  where: string,
): Promise<void> {
  const { name, file, format: from, header, counts, notes } = imported;
  const { objectives, space } = header;
  const trials = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const states = Object.entries(counts).flatMap(([state, n]) => (n > 0 ? `${n} ${state}` : []));
  const made = `imported study ${name}: ${file} (${trials} trials${trials > 0 ? `: ${states.join(", ")}` : ""})`;
  const searched = `${objectivesInWords(objectives)}; ${Object.keys(space).length} searched: ${Object.keys(space).join(", ")}`;
  await printData(
    io,
    format,
    { study: name, file, from, objectives, space, seed: header.seed, counts, notes },
    { table: () => made, value: () => name },
  );
  if (format !== "table") return;
  printNote(io.stdout, searched);
  for (const note of notes) printNote(io.stderr, `note: ${note}`);
  printNote(io.stdout, nextOf(imported, where));
}

/** What goes on with it: a call, or trials that are asked for. */
function nextOf({ name, header: { task, settings } }: ImportedStudy, where: string): string {
  const runs = settings.objective !== null || settings.command !== undefined || task.model !== undefined;
  if (runs) return `next: ${typedProgram()} optimize ${name}${where} --trials 100`;
  return `next: ${typedProgram()} ask ${name}${where}, then tell; or import it with --objective FILE or --command LINE to optimize it here`;
}
