/** The options of `mlbench-hpo create-study`, as the program declares them and as a line gives them. */
import { Option } from "commander";
import type { Command } from "commander";
import { directionNames, onDuplicateRules, onNanRules, trialValueRules } from "../core/index.js";
import type { Direction, Folds, OnDuplicate, OnNan, TrialValueRule } from "../core/index.js";
import { addPartOptions, collect, collectList, formatOption, pluginOption, wholeNumber } from "./shared-options.js";
import { storageOption } from "./study-ref.js";

/** What a line gives. */
export interface CreateOptions {
  studyName?: string;
  name?: string;
  study?: string;
  storage: string;
  model?: string[];
  dataset?: string;
  objective?: string;
  command?: string;
  shell?: boolean;
  cwd?: string;
  reportPattern?: string;
  config?: string;
  plugin?: string[];
  search?: string[];
  fix?: string[];
  sampler?: string;
  samplerOption?: string[];
  pruner?: string;
  prunerOption?: string[];
  direction?: Direction;
  metric?: string[];
  constraint?: string[];
  pruneBy?: string;
  forceDirection?: boolean;
  seed?: number;
  folds?: Folds | "none";
  seeds?: number;
  trialValue?: TrialValueRule;
  onNan?: OnNan;
  onDuplicate?: OnDuplicate;
  dryRunPruner?: boolean;
  from?: string;
  top?: number;
  terminator?: string | true;
  dryRun?: boolean;
  spaceChange?: boolean;
  defaults?: boolean;
  skipIfExists?: boolean;
  format: string;
}

/** Adds all but the parameters, which depend on the line. */
export async function addCreateOptions(command: Command): Promise<Command> {
  command
    .description("create a study; with no options: lstm on dummy, pruned by prospect")
    .addOption(storageOption())
    .option("--name <name>", "the study's name (default: MODEL-DATASET)")
    .option("--study-name <name>", "the same as --name")
    .addOption(new Option("--study <name>").hideHelp());
  addSubjectOptions(command)
    .addOption(repeatable("--search <name=range>", "search a parameter: train.lr=log:1e-5..1e-1"))
    .addOption(repeatable("--fix <name=value>", "fix a parameter"));
  await addSamplerOptions(command);
  await addPrunerOptions(command, "prospect; nop with several objectives");
  command.option("--dry-run-pruner", "prune nothing, only record what would have been pruned");
  addJudgingOptions(command).addOption(
    new Option(
      "--on-duplicate <rule>",
      "what to do with parameters that were tried already (default: resample)",
    ).choices(onDuplicateRules),
  );
  return addPartOptions(command)
    .option("--seed <n>", "seed of the study (default: drawn, and stored)", wholeNumber("--seed", 0))
    .option("--terminator [rule]", "stop where the expected gain is below the noise: min-trials=60 (the default)")
    .option("--no-defaults", "do not run the defaults as the first trial")
    .option("--space-change", "have a study that is there search otherwise: --search and --fix are laid over its space")
    .option("--dry-run", "print the resolved search space; create nothing")
    .addOption(new Option("--skip-if-exists").hideHelp())
    .addOption(formatOption(["table", "json", "yaml", "value"]));
}

/** An option that a line may have several times. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`).argParser(collect);
}

/** What the trials run. */
export function addSubjectOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--model <names>", "a model; several (a,b) make the model a searched parameter").argParser(
        collectList,
      ),
    )
    .option("--dataset <name>", "dataset (see `mlbench-hpo datasets`)")
    .option(
      "--objective <file>",
      "objective instead of a model: a module whose default export is async (trial) => number",
    )
    .option("--command <line>", "program instead of a model: 'python train.py --lr {lr}'; also {args}, {json}")
    .option("--shell", "have `sh -c` run the line of --command")
    .option("--cwd <folder>", "the folder that --command runs in (default: this one)")
    .option(
      "--report-pattern <regex>",
      "read reports off the lines of --command: 'epoch (?<step>\\d+).* loss (?<value>\\S+)'",
    )
    .option("--config <file>", "a study file (YAML or JSON), or a preset's name: nasa-lstm, …")
    .addOption(pluginOption());
}

/** Who proposes trials: samplers that are registered by now, plug-ins' included. */
async function addSamplerOptions(command: Command): Promise<void> {
  const { samplers } = await import("../samplers/index.js");
  command
    .option("--sampler <name>", `one of ${samplers.names().join(", ")} (default: auto)`)
    .addOption(
      repeatable("--sampler-option <name=value>", "option of the sampler (tpe without --sampler): preset=optuna"),
    )
    .option("--from <study>", "begin from the best trials of another study: its name or file")
    .option("--top <n>", "how many trials of --from (default: 10)", wholeNumber("--top", 1));
}

/** Who ends trials early. */
export async function addPrunerOptions(command: Command, usual: string): Promise<void> {
  const { pruners } = await import("../pruners/index.js");
  command
    .option("--pruner <name>", `one of ${pruners.names().join(", ")} (default: ${usual})`)
    .addOption(repeatable("--pruner-option <name=value>", "option of the pruner, such as n_warmup_steps=3"));
}

/** How trials are judged. */
export function addJudgingOptions(command: Command): Command {
  const metric =
    "metric to optimize: NAME or NAME:maximize; several as a,b (repeatable; default: val_rmse); see describe metrics";
  return command
    .addOption(new Option("--metric <name>", metric).argParser(collectList))
    .addOption(
      new Option("--direction <direction>", "direction of the metric (default: its own)").choices(directionNames),
    )
    .option("--force-direction", "allow the direction in which a metric is known to get worse")
    .addOption(repeatable("--constraint <condition>", "condition that a best trial must meet: 'parameters <= 50000'"))
    .option("--prune-by <metric>", "metric that the pruner compares (default: the first --metric)")
    .addOption(
      new Option("--trial-value <rule>", "which epoch gives a trial its value (default: best)").choices(
        trialValueRules,
      ),
    )
    .addOption(
      new Option("--on-nan <rule>", "what becomes of a trial with a NaN value (default: fail)").choices(onNanRules),
    );
}
