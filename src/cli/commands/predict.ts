/** `mlbench-hpo predict`: the predictions of a checkpoint, or of several together, as CSV or JSON. */
import { Option } from "commander";
import type { Command } from "commander";
import type { SplitName } from "../../core/index.js";
import { UsageError, stringifyJson } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { checkpointParameters, loadCheckpointPlugins } from "../checkpoint-options.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { printNotice } from "../io.js";
import type { CliIo } from "../io.js";
import { addBackendOptions, outputOption, pluginOption } from "../shared-options.js";
import { writeOutputFile, writeText } from "../write-text.js";
import type { Prediction } from "../../training/prediction.js";

interface PredictOptions {
  split?: SplitName;
  dataset?: string;
  forecast?: boolean;
  format: "csv" | "json";
  output?: string;
  dump?: string;
  backend: "wasm";
  kernels: "auto";
}

function addPredictOptions(command: Command): Command {
  return addBackendOptions(
    command
      .description("predict with a checkpoint: CSV cell,cycle,step,soh_true,soh_pred; of several, their mean")
      .argument("<checkpoint...>", "a .safetensors file written by `train`; several: their mean, soh_low and soh_high")
      .addOption(
        new Option(
          "--split <part>",
          "the part to predict (default: every window of cells that the model was not trained with; else val)",
        ).choices(["val", "test", "train"]),
      )
      .option("--dataset <name>", "another dataset than the one trained on")
      .option("--forecast", "also each cell's newest window, whose path lies ahead of the data")
      .addOption(new Option("--format <format>", "output format").choices(["csv", "json"]).default("csv"))
      .addOption(outputOption())
      .option("--dump <file.safetensors>", "write x, last_soh, t_eval, y_true, soh_r as tensors")
      .addOption(pluginOption()),
  );
}

/** The prediction as one JSON document, with the ends of life that its forecasts imply. */
function document(prediction: Prediction): string {
  const { dataset, part, horizon, eol, windows, warnings } = prediction;
  const known = (truth: number): number | null => (Number.isNaN(truth) ? null : truth);
  const predictions = Array.from(prediction.rows(), (row) => ({ ...row, soh_true: known(row.soh_true) }));
  return `${stringifyJson({ dataset, part, windows, horizon, eol, warnings, predictions, forecasts: prediction.forecasts() })}\n`;
}

async function print(io: CliIo, prediction: Prediction, { format, output }: PredictOptions): Promise<void> {
  const lines = format === "json" ? [document(prediction)] : prediction.csvLines();
  if (output !== undefined) return writeOutputFile(output, lines);
  for (const line of lines) await writeText(io.stdout, line);
}

/** `mlbench-hpo predict CHECKPOINT …`: a row a predicted step; `--forecast` looks ahead; `--dump` writes the tensors. */
export const predictCommand: CommandDefinition = async (program, { io, argv }) => {
  const command = addPredictOptions(program.command("predict"));
  if (argv[0] !== "predict") return;
  const read = addParameterOptions(command, await checkpointParameters(prescan(argv.slice(1))));
  command.action(async (checkpoints: string[], options: PredictOptions) => {
    const { predictCheckpoint } = await import("../../training/predict.js");
    const { requireWritable } = await import("../../io/atomic-write.js");
    const { split, dataset, forecast = false, backend, kernels, dump, output } = options;
    if (dump !== undefined && checkpoints.length > 1)
      throw new UsageError("conflicting-options", "--dump writes what one model is fed: give one checkpoint");
    for (const file of [dump, output]) if (file !== undefined) await requireWritable(file);
    await loadCheckpointPlugins(checkpoints);
    const prediction = await predictCheckpoint(checkpoints, {
      ...{ params: read(), backend, kernels, forecast },
      ...(split ? { split } : {}),
      ...(dataset ? { dataset } : {}),
    });
    for (const warning of prediction.warnings) printNotice(io.stderr, "warning", warning);
    if (dump) await prediction.dump(dump);
    await print(io, prediction, options);
  });
};
