import { existsSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { objectivesInWords, UsageError } from "../../core/index.js";
import type { Direction, OnDuplicate, OnNan, Params, StudyHeader, TrialValueRule } from "../../core/index.js";
import type { StudyDefinition, StudyRequest } from "../../app/study-definition.js";
import type { StudyConfig } from "../../app/study-config.js";
import type { CommandDefinition } from "../command.js";
import { componentOptions } from "../component-options.js";
import { addParameterOptions, prescan } from "../derived-options.js";
import type { Prescan } from "../derived-options.js";
import { parseFormat, printLine } from "../io.js";
import type { CliIo } from "../io.js";
import { printData, renderTable } from "../render.js";
import { collect, collectList, formatOption, pluginOption, wholeNumber } from "../shared-options.js";
import { splitStudyPath, storageArgument, storageOption } from "../study-ref.js";

interface CreateOptions {
  studyName?: string;
  name?: string;
  study?: string;
  storage: string;
  model?: string[];
  dataset?: string;
  objective?: string;
  config?: string;
  search?: string[];
  fix?: string[];
  sampler?: string;
  samplerOption?: string[];
  pruner?: string;
  prunerOption?: string[];
  direction?: Direction;
  metric?: string;
  seed?: number;
  trialValue?: TrialValueRule;
  onNan?: OnNan;
  onDuplicate?: OnDuplicate;
  dryRunPruner?: boolean;
  dryRun?: boolean;
  defaults?: boolean;
  skipIfExists?: boolean;
  format: string;
}

/** `mlbench-hpo create-study` */
export const createStudyCommand: CommandDefinition = async (program, { io, argv }) => {
  const command = addCreateOptions(program.command("create-study"));
  if (argv[0] !== "create-study") return;
  const scanned = prescan(argv.slice(1));
  const { loadPlugins } = await import("../../plugins/load-plugins.js");
  await loadPlugins(scanned.plugin);
  const config = await configOf(argv, scanned);
  await loadPlugins(config?.plugins ?? []);
  const readParameters = addParameterOptions(command, await parametersOfLine(argv, scanned, config));
  command.action((options: CreateOptions) => create(io, options, config, readParameters()));
};

/** The study file that was named; a line that names neither data nor objective takes the preset `dummy-lstm`. */
async function configOf(argv: readonly string[], scanned: Prescan): Promise<StudyConfig | null> {
  const { loadStudyConfig } = await import("../../app/study-config.js");
  if (scanned.config !== undefined) return loadStudyConfig(scanned.config);
  const ownData = scanned.dataset !== undefined && scanned.dataset !== "dummy";
  if (ownData || namesObjective(argv)) return null;
  const preset = await loadStudyConfig("dummy-lstm");
  return scanned.model === undefined || scanned.model === "lstm" ? preset : forOtherModels(preset);
}

/** The preset without what it says about its own model. */
function forOtherModels({ model: _lstm, search, fixed, ...rest }: StudyConfig): StudyConfig {
  const ofModel = (name: string): boolean => name.startsWith("model.");
  return {
    ...rest,
    ...(search ? { search: search.filter((entry) => !ofModel(typeof entry === "string" ? entry : entry.name)) } : {}),
    ...(fixed ? { fixed: Object.fromEntries(Object.entries(fixed).filter(([name]) => !ofModel(name))) } : {}),
  };
}

function namesObjective(argv: readonly string[]): boolean {
  return argv.some((word) => word === "--objective" || word.startsWith("--objective="));
}

function addCreateOptions(command: Command): Command {
  return command
    .description("make a study; with no options: lstm on dummy, TPE and median pruning")
    .addOption(storageOption())
    .option("--name <name>", "the study's name (default: MODEL-DATASET)")
    .option("--study-name <name>", "the same as --name")
    .addOption(new Option("--study <name>").hideHelp())
    .addOption(new Option("--model <names>", "a model, or several: a,b searches the model too").argParser(collectList))
    .option("--dataset <name>", "dataset (see `mlbench-hpo datasets`)")
    .option("--objective <file>", "a module whose default export is async (trial) => number, instead of a model")
    .option("--config <file>", "a study file (YAML or JSON), or a preset's name: nasa-lstm, …")
    .addOption(pluginOption())
    .addOption(
      new Option("--search <name=range>", "search a parameter: train.lr=log:1e-5..1e-1 (repeatable)").argParser(
        collect,
      ),
    )
    .addOption(new Option("--fix <name=value>", "take a parameter out of the search (repeatable)").argParser(collect))
    .option("--sampler <name>", "tpe, random, grid")
    .addOption(new Option("--sampler-option <name=value>", "such as preset=optuna (repeatable)").argParser(collect))
    .option("--pruner <name>", "median, percentile, patient, nop")
    .addOption(new Option("--pruner-option <name=value>", "such as n_warmup_steps=3 (repeatable)").argParser(collect))
    .addOption(new Option("--direction <direction>", "default: the metric's").choices(["minimize", "maximize"]))
    .option("--metric <name>", "what a trial is judged by (default: val_rmse)")
    .option("--seed <n>", "the study's seed; drawn and stored when absent", wholeNumber("--seed", 0))
    .addOption(new Option("--trial-value <rule>", "a trial's value").choices(["best", "last", "best-smoothed"]))
    .addOption(new Option("--on-nan <rule>", "a NaN value").choices(["fail", "prune", "worst"]))
    .addOption(new Option("--on-duplicate <rule>", "parameters that were tried").choices(["resample", "reuse", "run"]))
    .option("--dry-run-pruner", "record what would have been pruned, prune nothing")
    .option("--no-defaults", "do not take the defaults as the first trial")
    .option("--dry-run", "print the resolved space as a table; make nothing")
    .addOption(new Option("--skip-if-exists").hideHelp())
    .addOption(formatOption(["table", "json", "yaml", "value"]));
}

async function parametersOfLine(argv: readonly string[], scanned: Prescan, config: StudyConfig | null) {
  if (namesObjective(argv) || config?.objective) return [];
  const { studyParameters } = await import("../../app/study-definition.js");
  const models = scanned.model?.split(",").map((name) => name.trim()) ?? [config?.model ?? "lstm"].flat();
  return studyParameters(models, scanned.dataset ?? config?.dataset ?? "dummy");
}

async function requestOf(
  options: CreateOptions,
  config: StudyConfig | null,
  fixed: Readonly<Record<string, unknown>>,
  name: string | undefined,
): Promise<StudyRequest> {
  const model = options.model ?? (config?.model === undefined ? undefined : [config.model].flat());
  return {
    name: name ?? config?.name,
    models: model,
    dataset: options.dataset ?? config?.dataset,
    objective: options.objective ?? config?.objective,
    plugins: [...(config?.plugins ?? []), ...((options as { plugin?: string[] }).plugin ?? [])],
    spaceRequests: { search: options.search ?? [], fix: options.fix ?? [], fixed },
    baseRequests: config ? { search: config.search ?? [], fixed: config.fixed ?? {} } : undefined,
    sampler: await componentOptions("sampler", options.sampler, options.samplerOption, config?.sampler),
    pruner: await componentOptions("pruner", options.pruner, options.prunerOption, config?.pruner),
    direction: options.direction ?? config?.direction,
    metric: options.metric ?? config?.metric,
    seed: options.seed ?? config?.seed,
    trialValue: options.trialValue ?? config?.trial_value,
    onNan: options.onNan ?? config?.on_nan,
    onDuplicate: options.onDuplicate ?? config?.on_duplicate,
    dryRunPruner: options.dryRunPruner ?? config?.dry_run_pruner,
  };
}

async function create(
  io: CliIo,
  options: CreateOptions,
  config: StudyConfig | null,
  fixed: Readonly<Record<string, unknown>>,
): Promise<void> {
  const format = parseFormat(options.format);
  const names = [...new Set([options.name, options.studyName, options.study].filter((name) => name !== undefined))];
  if (names.length > 1) throw new UsageError("two-studies", `two names are given: ${names.join(" and ")}`);
  const given = names[0] === undefined ? null : splitStudyPath(names[0]);
  const directory = given?.directory ?? options.storage;
  const { defineStudy } = await import("../../app/study-definition.js");
  const request = await requestOf(options, config, fixed, given?.name);
  const definition = await defineStudy(request, directory);
  await checkComponents(definition);
  if (options.dryRun) return printSpace(io, format, definition);
  const { openStorage } = await import("../../app/storage.js");
  const storage = await openStorage(directory);
  const { header } = definition;
  const file = join(directory, `${header.name}.json`);
  const next = `mlbench-hpo optimize ${given?.directory ? file : header.name}${given?.directory ? "" : storageArgument(directory)} --trials 100`;
  const data = { study: header.name, file, seed: header.seed, created: true };
  if (existsSync(file)) {
    const { differingFields } = await import("../../app/study-definition.js");
    const stored = (await storage.read(header.name)).header;
    const differing = differingFields(stored, header, request.seed !== undefined);
    if (differing.length > 0)
      throw new UsageError(
        "study-exists",
        `study "${header.name}" exists in ${directory} and differs (stored -> asked for): ${differing.join("; ")}; choose another --name`,
      );
    return printData(
      io,
      format,
      { ...data, seed: stored.seed, created: false },
      {
        table: () => `study ${header.name} is already there with the same settings: ${file}\nnext: ${next}`,
        value: () => header.name,
      },
    );
  }
  const { createStoredStudy } = await import("../../app/study.js");
  const study = await createStoredStudy(storage, header);
  try {
    const first = options.defaults === false ? {} : await defaultsOf(header);
    if (Object.keys(first).length > 0) await study.enqueueTrial(first);
  } finally {
    await study.close();
  }
  await printData(io, format, data, {
    table: () =>
      `created study ${header.name}: ${file} (seed ${header.seed}, ${Object.keys(header.space).length} searched)\nnext: ${next}`,
    value: () => header.name,
  });
}

/** The defaults go first, so that every study says what its search has won over them. */
async function defaultsOf({ task, space }: StudyHeader): Promise<Params> {
  if (task.dataset === undefined) return {};
  const { defaultTrial } = await import("../../app/default-trial.js");
  return defaultTrial(task, space);
}

/** Unknown samplers and pruners, and options that they refuse, are told before anything is stored. */
async function checkComponents({ header }: StudyDefinition): Promise<void> {
  const [{ createSampler }, { createPruner }] = await Promise.all([
    import("../../samplers/index.js"),
    import("../../pruners/index.js"),
  ]);
  await createSampler(header.sampler.name, header.sampler.options);
  await createPruner(header.pruner.name, header.pruner.options);
  if (header.sampler.name === "grid") {
    const { GridSampler } = await import("../../samplers/grid.js");
    new GridSampler().size(header.space);
  }
}

async function printSpace(
  io: CliIo,
  format: ReturnType<typeof parseFormat>,
  definition: StudyDefinition,
): Promise<void> {
  const { spaceTable } = await import("../../search-space/index.js");
  const { header, derived } = definition;
  const rows = spaceTable(derived.space, derived.fixed);
  await printData(
    io,
    format,
    { name: header.name, space: header.space, fixed: derived.fixed, task: header.task },
    {
      table: async () => {
        const table = await renderTable(
          [
            { title: "parameter", text: (row) => row.name },
            { title: "type", text: (row) => row.type },
            { title: "values", text: (row) => row.values },
            { title: "scale", text: (row) => row.scale },
            { title: "count", align: "right", text: (row) => (row.count === null ? "∞" : String(row.count)) },
            { title: "when", text: (row) => row.when },
          ],
          rows,
        );
        return `${header.name}: ${objectivesInWords(header.objectives)}, ${header.sampler.name} + ${header.pruner.name}\n\n${table}`;
      },
    },
  );
  if (format === "table") printLine(io.stderr, "dry run: nothing was made");
}
