/** `mlbench-hpo train`: a training run, or one a cell, shown as it goes and scored beside the baselines. */
import { Option } from "commander";
import type { Command } from "commander";
import { defined, MlbenchError, stringifyJson, UsageError } from "../../core/index.js";
import type { ConfigValue, FinishEvent, Folds, RunConfig, RunEvent } from "../../core/index.js";
import type { RunResult } from "../../training/run-types.js";
import type { PredictionFigure } from "../prediction-plot.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { printDetail, printLine, printNote } from "../io.js";
import type { CliIo } from "../io.js";
import { withInterrupt } from "../interrupt.js";
import { addBackendOptions, addPartOptions, pluginOption, wholeNumber } from "../shared-options.js";
import { mlflowOption } from "../mlflow-options.js";
import type { MlflowGiven } from "../mlflow-options.js";
import type { LoggedTraining } from "../../app/mlflow.js";
import type { TrainingDone } from "../logged-training.js";
import type { RunFile } from "../run-file.js";
import type { RunPrinter } from "../train-printer.js";

interface TrainOptions {
  model?: string;
  dataset?: string;
  seed?: number;
  folds?: Folds | "none";
  seeds?: number;
  backend: RunConfig["backend"];
  kernels: RunConfig["kernels"];
  checkpoint: string | false;
  resume?: string;
  plot?: string | true;
  mlflow?: MlflowGiven;
  format: "table" | "json";
}

/** What a run resolves to before its folds are known. */
interface TrainPlan {
  readonly config: RunConfig;
  readonly options: TrainOptions;
  readonly io: CliIo;
  /** Where it is logged besides. */
  readonly logged?: LoggedTraining | null;
}

/** `mlbench-hpo train`: one training run; its options are those of the chosen model, dataset and training. */
export const trainCommand: CommandDefinition = async (program, context) => {
  const command = addTrainOptions(program.command("train"));
  if (context.argv[0] !== "train") return;
  const scanned = prescan(context.argv.slice(1));
  const { loadPlugins } = await import("../../plugins/load-plugins.js");
  await loadPlugins(scanned.plugin);
  const file: RunFile = scanned.config ? await (await import("../run-file.js")).readRunFile(scanned.config) : {};
  await loadPlugins(file.plugins ?? []);
  const resumed = scanned.resume === undefined ? null : await resumedRun(scanned.resume);
  await loadPlugins(resumed?.plugins ?? []);
  const model = scanned.model ?? file.model ?? resumed?.model ?? "lstm";
  const dataset = scanned.dataset ?? file.dataset ?? resumed?.dataset ?? "dummy";
  const { parametersFor } = await import("../../training/config.js");
  const readParameters = addParameterOptions(command, parametersFor(model, dataset));
  command.action((options: TrainOptions) => {
    const params: Record<string, ConfigValue> = { ...file.params, ...readParameters() };
    const seed = options.seed ?? file.seed;
    const config: RunConfig = {
      ...{ model, dataset, params, plugins: [...scanned.plugin, ...(file.plugins ?? [])] },
      ...{ backend: options.backend ?? "auto", kernels: options.kernels ?? "auto" },
      ...defined({ seed, folds: options.folds ?? file.folds, seeds: options.seeds ?? file.seeds }),
    };
    return train({ config, options, io: context.io }, context);
  });
};

/** What a checkpoint was trained on, so that `--resume FILE` alone goes on with it. */
async function resumedRun(path: string): Promise<RunConfig> {
  const { readCheckpointConfig } = await import("../../training/checkpoint.js");
  return readCheckpointConfig(path);
}

function addTrainOptions(command: Command): Command {
  command
    .description("train one model on one dataset and compare it with the baselines")
    .option("--model <name>", "model (see `mlbench-hpo models`)", "lstm")
    .option("--dataset <name>", "dataset (see `mlbench-hpo datasets`)", "dummy")
    .option(
      "--config <file>",
      "YAML or JSON with model, dataset, seed, params; options on the command line override it",
    )
    .addOption(pluginOption())
    .option(
      "--seed <n>",
      "seed of data, split, initialization, shuffling and dropout (default: drawn)",
      wholeNumber("--seed", 0),
    );
  return addBackendOptions(addPartOptions(command))
    .option(
      "-o, --checkpoint <file>",
      "file for the weights (default: artifacts/<model>.safetensors); weights of another configuration found there are kept as *.prev.safetensors",
    )
    .option("--no-checkpoint", "write no weights")
    .option("--resume <file>", "continue from a checkpoint of `train`; --epochs is the total")
    .option(
      "--plot [file.svg]",
      "plot predicted and true SOH in the terminal and as an SVG (default: artifacts/<model>.svg)",
    )
    .addOption(mlflowOption())
    .addOption(new Option("--format <format>", "json: one event per line").choices(["table", "json"]).default("table"));
}

/** What would only fail when the work is done. */
async function requireOutputs(plan: TrainPlan): Promise<void> {
  const { requireWritable } = await import("../../io/atomic-write.js");
  const checkpoint = checkpointOf(plan);
  if (checkpoint !== null) await requireWritable(checkpoint);
  if (plan.options.plot === undefined) return;
  if (checkpoint === null)
    throw new UsageError(
      "plot-needs-checkpoint",
      "--plot predicts from the written weights: leave out --no-checkpoint",
    );
  const file = plotFile(plan);
  (await import("../svg-plot.js")).requireSvgName("--plot", file);
  await requireWritable(file);
}

async function train(plan: TrainPlan, context: CommandContext): Promise<void> {
  const { model, dataset, seed, plugins = [], params = {} } = plan.config;
  printDetail(plan.io.stderr, () => `run: ${model} on ${dataset}, seed ${seed ?? "drawn"}`);
  for (const plugin of plugins) printDetail(plan.io.stderr, () => `plug-in: ${plugin}`);
  for (const [name, value] of Object.entries(params))
    printDetail(plan.io.stderr, () => `parameter: ${name} = ${stringifyJson(value)}`);
  await requireOutputs(plan);
  const { loggedTraining } = await import("../logged-training.js");
  const training = { config: plan.config, checkpoint: checkpointOf(plan), resume: plan.options.resume };
  await loggedTraining(plan.options.mlflow, plan.io, training, (logged) =>
    trainAsPlanned({ ...plan, config: logged?.config ?? plan.config, logged }, context),
  );
}

async function trainAsPlanned(plan: TrainPlan, context: CommandContext): Promise<TrainingDone> {
  const { isCrossValidated } = await import("../../app/cross-validate.js");
  const plots = plan.options.plot === undefined ? [] : [plotFile(plan)];
  if (isCrossValidated(plan.config)) return { finish: await trainParts(plan, context), plots };
  const finish = await trainOnce(plan, context);
  if (!finish) return { finish, plots: [] };
  if (plan.options.format !== "json")
    await (await import("../train-result.js")).printResult(plan.io, plan.config.model, finish);
  await plot(plan, [finish]);
  return { finish, plots };
}

const checkpointOf = ({ options, config }: TrainPlan): string | null =>
  options.checkpoint === false ? null : (options.checkpoint ?? `artifacts/${config.model}.safetensors`);

async function trainOnce(plan: TrainPlan, context: CommandContext): Promise<FinishEvent | null> {
  const { options, config } = plan;
  const [{ run }, printer] = await Promise.all([import("../../app/run.js"), createPrinter(plan)]);
  let finish: FinishEvent | null = null;
  const onEvent = async (event: RunEvent): Promise<void> => {
    plan.logged?.tracker.onEvent(event);
    await printer.onEvent(event);
    if (event.event === "finish") finish = event;
  };
  const resume = options.resume ? { resume: options.resume } : {};
  const result = await withInterrupt((signal) =>
    run(config, { ...{ signal, onEvent, checkpoint: checkpointOf(plan), keepEarlier: true }, ...resume }),
  ).finally(() => {
    printer.stop();
  });
  printer.end(result);
  if (result.state === "diverged") throw new MlbenchError("diverged", result.message);
  if (result.state === "cancelled") sayInterrupted(result, context);
  return finish;
}

/** What is shown of the runs of one command. */
async function createPrinter({ io, options }: TrainPlan): Promise<RunPrinter> {
  const { createRunPrinter } = await import("../train-printer.js");
  return createRunPrinter(io, { json: options.format === "json", backendGiven: options.backend !== "auto" });
}

/** Says how to go on, and ends the command as interrupted. */
function sayInterrupted({ checkpoint, epoch }: RunResult, { io, setExitCode }: CommandContext): void {
  const resume = checkpoint === null ? "" : `; continue with --resume ${checkpoint}`;
  printLine(io.stderr, `interrupted after ${epoch} epochs${resume}`);
  setExitCode(130);
}

/** A model a fold and seed, in lockstep. */
async function trainParts(plan: TrainPlan, context: CommandContext): Promise<FinishEvent | null> {
  const { io, options, config } = plan;
  if (options.resume !== undefined)
    throw new UsageError("not-available", "a run over folds or seeds cannot be continued: leave out --resume");
  const [{ crossValidate }, printer] = await Promise.all([import("../../app/cross-validate.js"), createPrinter(plan)]);
  const { folds, mean, spread, interrupted, result } = await withInterrupt((signal) =>
    crossValidate(config, {
      ...{ signal, checkpoint: checkpointOf(plan), keepEarlier: true },
      onEvent: (event, part) => {
        if (part === null) plan.logged?.tracker.onEvent(event);
        return printer.onEvent(event, part);
      },
    }),
  ).finally(() => {
    printer.stop();
  });
  printer.end(result);
  if (interrupted) sayInterrupted(interrupted, context);
  if (!mean) return null;
  if (options.format !== "json")
    await (await import("../train-result.js")).printFolds(io, config.model, { folds, mean, spread });
  await plot(
    plan,
    folds.map(({ finish }) => finish),
  );
  return mean;
}

const plotFile = ({ options, config }: TrainPlan): string =>
  typeof options.plot === "string" ? options.plot : `artifacts/${config.model}.svg`;

/** `--plot`: predicted and true SOH at each path's end, by cell, as an SVG; for people in the terminal as well. */
async function plot(plan: TrainPlan, finishes: readonly FinishEvent[]): Promise<void> {
  const { io, options } = plan;
  if (options.plot === undefined) return;
  const [{ writeSvgPlot }, { printPanels }] = await Promise.all([
    import("../svg-plot.js"),
    import("../terminal-plot.js"),
  ]);
  const figures = await Promise.all(finishes.map((finish) => figureOf(plan, finish)));
  const panels = figures.flatMap((figure) => figure.panels);
  const note = figures.find((figure) => figure.note !== undefined)?.note;
  const file = plotFile(plan);
  await writeSvgPlot(file, panels, { x: "cycle number", y: "SOH (1 = as new)" }, note);
  const words = `plot: ${file}${note === undefined ? "" : ` (${note})`}`;
  if (options.format === "json") return printNote(io.stderr, words);
  await printPanels(io, panels);
  printLine(io.stdout, `\n${words}`);
}

/** One panel a validation cell. */
async function figureOf({ options }: TrainPlan, { checkpoint }: FinishEvent): Promise<PredictionFigure> {
  const { predictCheckpoint } = await import("../../training/predict.js");
  const { endPointsFigure } = await import("../prediction-plot.js");
  const { backend = "auto", kernels = "auto" } = options;
  return endPointsFigure(await predictCheckpoint(checkpoint as string, { split: "val", backend, kernels }));
}
