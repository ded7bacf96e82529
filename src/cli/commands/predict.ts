/** `mlbench-hpo predict`: the predictions of a checkpoint, or of several together, as CSV or JSON. */
import { Option } from "commander";
import type { Command } from "commander";
import type { SplitName } from "../../core/index.js";
import { UsageError } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { checkpointParameters, loadCheckpointPlugins } from "../checkpoint-options.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { printNote, printNotice } from "../io.js";
import type { CliIo } from "../io.js";
import { addBackendOptions, outputOption, pluginOption } from "../shared-options.js";
import { writeOutput } from "../write-text.js";
import type { WeightsOptions } from "../study-weights.js";
import { addWeightsOptions, chosenCheckpoints, withStudyWeights } from "../study-weights.js";
import type { Prediction } from "../../training/prediction.js";

interface PredictOptions extends WeightsOptions {
  split?: SplitName;
  dataset?: string;
  forecast?: boolean;
  format: "csv" | "json";
  output?: string;
  plot?: string;
  plotCells?: string;
  dump?: string;
  backend: "auto";
  kernels: "auto";
}

function addPredictOptions(command: Command): Command {
  return addBackendOptions(
    addWeightsOptions(command)
      .description("predict with a checkpoint, or with the mean of several; CSV: cell,cycle,step,soh_true,soh_pred")
      .argument("[checkpoint...]", "a .safetensors file written by `train`; several add the range soh_low, soh_high")
      .addOption(
        new Option(
          "--split <part>",
          "the part to predict (default: every window of cells that the model was not trained with; else val)",
        ).choices(["val", "test", "train"]),
      )
      .option("--dataset <name>", "dataset (default: the one trained on)")
      .option("--forecast", "also forecast from each cell's last window, beyond the data")
      .addOption(new Option("--format <format>", "output format").choices(["csv", "json"]).default("csv"))
      .addOption(outputOption())
      .option(
        "--plot <file.svg>",
        "draw measured and predicted SOH, the range of several, and the end of life, by cell",
      )
      .option("--plot-cells <names>", "the cells that --plot draws, as A,B (default: all, of more than 8 some)")
      .option("--dump <file.safetensors>", "write x, cycles, last_soh, t_eval, y_true, soh_r as tensors")
      .addOption(pluginOption()),
  );
}

async function print(io: CliIo, prediction: Prediction, { format, output }: PredictOptions): Promise<void> {
  const lines = format === "json" ? prediction.jsonPieces() : prediction.csvLines();
  await writeOutput(io.stdout, output, lines);
}

/** `--plot`: an SVG, and lines on the terminal where the rows go to a file. */
async function plot(
  io: CliIo,
  prediction: Prediction,
  { plot: file, plotCells, output }: PredictOptions,
): Promise<void> {
  if (file === undefined) return;
  const [{ writeSvgPlot }, { predictionFigure }, { listOf }] = await Promise.all([
    import("../svg-plot.js"),
    import("../prediction-plot.js"),
    import("../../datasets/index.js"),
  ]);
  const { panels, note } = predictionFigure(prediction, plotCells === undefined ? undefined : listOf(plotCells));
  await writeSvgPlot(file, panels, { x: "cycle number", y: "SOH (1 = as new)" }, note);
  if (output && io.stdout.isTTY) await (await import("../terminal-plot.js")).printPanels(io, panels);
  printNote(io.stderr, `plot: ${file}${note === undefined ? "" : ` (${note})`}`);
}

/** What must be right before anything is computed. */
async function requireOutputs(checkpoints: readonly string[], options: PredictOptions): Promise<void> {
  const { dump, output, plot: file, plotCells } = options;
  if (dump !== undefined && checkpoints.length > 1)
    throw new UsageError("conflicting-options", "--dump writes what one model is fed: give one checkpoint");
  if (plotCells !== undefined && file === undefined)
    throw new UsageError("conflicting-options", "--plot-cells says what --plot draws: give --plot FILE.svg, too");
  if (file !== undefined) (await import("../svg-plot.js")).requireSvgName("--plot", file);
  const { requireWritable } = await import("../../io/atomic-write.js");
  for (const path of [dump, output, file]) if (path) await requireWritable(path);
}

/** `mlbench-hpo predict CHECKPOINT …`: a row a predicted step; `--forecast` looks ahead; `--dump` writes the tensors. */
export const predictCommand: CommandDefinition = async (program, { io, argv }) => {
  const command = addPredictOptions(program.command("predict"));
  if (argv[0] !== "predict") return;
  const read = addParameterOptions(command, await checkpointParameters(await withStudyWeights(prescan(argv.slice(1)))));
  command.action(async (files: string[], options: PredictOptions) => {
    const checkpoints = await chosenCheckpoints(files, options);
    const { predictCheckpoint } = await import("../../training/predict.js");
    const { split, dataset, forecast = false, backend, kernels, dump } = options;
    await requireOutputs(checkpoints, options);
    await loadCheckpointPlugins(checkpoints);
    const prediction = await predictCheckpoint(checkpoints, {
      ...{ params: read(), backend, kernels, forecast },
      ...(split ? { split } : {}),
      ...(dataset ? { dataset } : {}),
    });
    for (const warning of prediction.warnings) printNotice(io.stderr, "warning", warning);
    if (dump) await prediction.dump(dump);
    await plot(io, prediction, options);
    await print(io, prediction, options);
  });
};
