import { Option } from "commander";
import type { Command } from "commander";
import { MlbenchError, UsageError, stringifyJson } from "../../core/index.js";
import type { ConfigValue, FinishEvent, RunConfig, RunEvent } from "../../core/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addParameterOptions, prescan } from "../derived-options.js";
import { printLine } from "../io.js";
import type { CliIo } from "../io.js";
import { withInterrupt } from "../interrupt.js";
import { addBackendOptions, pluginOption, wholeNumber } from "../shared-options.js";
import type { RunFile } from "../run-file.js";

interface TrainOptions {
  model?: string;
  dataset?: string;
  seed?: number;
  backend: RunConfig["backend"];
  kernels: RunConfig["kernels"];
  checkpoint: string | false;
  resume?: string;
  plot?: string | true;
  format: "table" | "json";
}

/** What a run resolves to before its folds are known. */
interface TrainPlan {
  readonly config: RunConfig;
  readonly options: TrainOptions;
  readonly io: CliIo;
}

/** `mlbench-hpo train`: one training run; its options are those of the chosen model, dataset and training. */
export const trainCommand: CommandDefinition = async (program, context) => {
  const command = addTrainOptions(program.command("train"));
  if (context.argv[0] !== "train") return;
  const scanned = prescan(context.argv.slice(1));
  const { loadPlugins } = await import("../../app/plugins.js");
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
      ...{ backend: options.backend ?? "wasm", kernels: options.kernels ?? "auto" },
      ...(seed === undefined ? {} : { seed }),
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
    .description("train one model on one dataset and score it beside the baselines")
    .option("--model <name>", "model (see `mlbench-hpo models`)", "lstm")
    .option("--dataset <name>", "dataset (see `mlbench-hpo datasets`)", "dummy")
    .option("--config <file>", "YAML or JSON with model, dataset, seed, params; the command line comes before it")
    .addOption(pluginOption())
    .option(
      "--seed <n>",
      "derives the streams data, split, init, shuffle, dropout; drawn when absent",
      wholeNumber("--seed", 0),
    );
  return addBackendOptions(command)
    .option("--checkpoint <file>", "where the weights go (default: artifacts/<model>.safetensors)")
    .option("--no-checkpoint", "write no weights")
    .option("--resume <file>", "go on from a checkpoint of `train`; --epochs is the total")
    .option("--plot [file.svg]", "draw predicted against true SOH here and as an SVG (default: artifacts/<model>.svg)")
    .addOption(new Option("--format <format>", "json: one event a line").choices(["table", "json"]).default("table"));
}

async function train(plan: TrainPlan, context: CommandContext): Promise<void> {
  const cells = plan.config.params?.["data.val_cells"];
  if (cells === "each" || (Array.isArray(cells) && cells.length === 1 && cells[0] === "each"))
    return trainEachCell(plan, context);
  const finish = await trainOnce(plan, context);
  if (finish && plan.options.format !== "json") await printResult(plan, finish);
}

const checkpointOf = ({ options, config }: TrainPlan, fold?: string): string | null => {
  if (options.checkpoint === false) return null;
  const base = options.checkpoint ?? `artifacts/${config.model}.safetensors`;
  return fold === undefined ? base : base.replace(/(\.safetensors)?$/, `.${fold}.safetensors`);
};

async function trainOnce(plan: TrainPlan, context: CommandContext, fold?: string): Promise<FinishEvent | null> {
  const { io, options } = plan;
  const json = options.format === "json";
  const [{ run }, { resolveConfig }, { createTrainView }] = await Promise.all([
    import("../../training/run.js"),
    import("../../training/config.js"),
    import("../train-view.js"),
  ]);
  const epochs = Number(resolveConfig(plan.config).params["train.epochs"]);
  const view = await createTrainView(io, epochs, fold === undefined ? "" : `${fold} `, json);
  let finish: FinishEvent | null = null;
  const onEvent = (event: RunEvent): void => {
    if (json && event.event !== "checkpoint")
      printLine(io.stdout, stringifyJson(fold === undefined ? event : { ...event, fold }));
    if (event.event === "epoch") view.epoch(event);
    if (event.event === "finish") finish = event;
  };
  const result = await withInterrupt(async (signal) =>
    run(plan.config, {
      ...{ signal, onEvent, checkpoint: checkpointOf(plan, fold) },
      ...(options.resume ? { resume: options.resume } : {}),
    }),
  ).finally(() => view.stop());
  if (!json) for (const warning of result.warnings) printLine(io.stderr, `warning: ${warning}`);
  if (result.state === "diverged") throw new MlbenchError("diverged", result.message);
  if (result.state === "cancelled") {
    printLine(io.stderr, "interrupted");
    context.setExitCode(130);
    return null;
  }
  return finish;
}

async function printResult(plan: TrainPlan, finish: FinishEvent): Promise<void> {
  const { io, config } = plan;
  const { resultTable, verdict } = await import("../train-view.js");
  const { duration } = await import("../render.js");
  printLine(io.stdout, await resultTable(config.model, finish));
  const words = verdict(config.model, finish);
  if (words) printLine(io.stdout, words);
  const where = finish.checkpoint === null ? "" : `; weights: ${finish.checkpoint}`;
  printLine(io.stdout, `best epoch ${finish.best_epoch}, ${duration(finish.seconds)}${where}`);
  if (plan.options.plot !== undefined) await plot(plan, finish);
}

/** Every cell held out in turn. */
async function trainEachCell(plan: TrainPlan, context: CommandContext): Promise<void> {
  const { io, options, config } = plan;
  const { loadTables } = await import("../../datasets/index.js");
  const { resolveConfig } = await import("../../training/config.js");
  const base: RunConfig = { ...config, params: { ...config.params, "data.val_cells": [] } };
  const resolved = resolveConfig(base);
  const tables = await loadTables(config.dataset, resolved.data, { seed: resolved.seed });
  const finishes: { cell: string; finish: FinishEvent }[] = [];
  for (const { cell } of tables.cells) {
    const fold: TrainPlan = {
      ...plan,
      config: { ...config, seed: resolved.seed, params: { ...config.params, "data.val_cells": [cell] } },
    };
    const finish = await trainOnce(fold, context, cell);
    if (!finish) return;
    finishes.push({ cell, finish });
  }
  const mean = meanOf(finishes.map(({ finish }) => finish));
  if (options.format === "json")
    return printLine(
      io.stdout,
      stringifyJson({ ...mean, folds: Object.fromEntries(finishes.map(({ cell, finish }) => [cell, finish])) }),
    );
  const { resultTable, verdict } = await import("../train-view.js");
  for (const { cell, finish } of finishes) {
    printLine(io.stdout, `\n${cell} held out`);
    printLine(io.stdout, await resultTable(config.model, finish));
  }
  printLine(io.stdout, `\nmean of ${finishes.length} cells`);
  printLine(io.stdout, await resultTable(config.model, mean));
  const words = verdict(config.model, mean);
  if (words) printLine(io.stdout, words);
}

function meanOf(finishes: readonly FinishEvent[]): FinishEvent {
  const mean = (pick: (finish: FinishEvent) => Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(
      Object.keys(pick(finishes[0] as FinishEvent)).map((key) => [
        key,
        finishes.reduce((sum, finish) => sum + (pick(finish)[key] ?? NaN), 0) / finishes.length,
      ]),
    );
  return {
    event: "finish",
    metrics: mean((finish) => finish.metrics),
    last_metrics: mean((finish) => finish.last_metrics),
    baselines: mean((finish) => finish.baselines),
    checkpoint: null,
    best_epoch: Math.round(finishes.reduce((sum, finish) => sum + finish.best_epoch, 0) / finishes.length),
    seconds: finishes.reduce((sum, finish) => sum + finish.seconds, 0),
  };
}

/** Predicted and true SOH at each path's end, by cell: here and as an SVG. */
async function plot(plan: TrainPlan, finish: FinishEvent): Promise<void> {
  const { io, config, options } = plan;
  if (finish.checkpoint === null)
    throw new UsageError(
      "plot-needs-checkpoint",
      "--plot predicts from the written weights: leave out --no-checkpoint",
    );
  const { predictCheckpoint } = await import("../../training/predict.js");
  const { writeSvgPlot, terminalPlot } = await import("../plot.js");
  const prediction = await predictCheckpoint(finish.checkpoint, { split: "val" });
  const panels = prediction.endPoints().map(({ cell, points }) => ({
    title: `${cell}: SOH ${prediction.horizon} cycles ahead`,
    series: [
      { name: "true", points: points.map((p) => [p.cycle, p.true] as const) },
      { name: "predicted", points: points.map((p) => [p.cycle, p.predicted] as const) },
    ],
  }));
  for (const panel of panels) {
    printLine(io.stdout, `\n${panel.title}`);
    const columns = Math.min(io.stdout.columns ?? 80, 120);
    printLine(io.stdout, await terminalPlot(panel.series, { columns, color: io.stdout.isTTY === true }));
  }
  const file = typeof options.plot === "string" ? options.plot : `artifacts/${config.model}.svg`;
  await writeSvgPlot(file, panels, { x: "cycle", y: "SOH" });
  printLine(io.stdout, `\nplot: ${file}`);
}
