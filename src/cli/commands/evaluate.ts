/** `mlbench-hpo evaluate`: a checkpoint scored on one part of the data. */
import { Option } from "commander";
import type { SplitName } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { checkpointParameters } from "../checkpoint-options.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { parseFormat, printNotice } from "../io.js";
import { printData } from "../render.js";
import { addBackendOptions, formatOption, pluginOption } from "../shared-options.js";
import { hangText } from "../text-layout.js";

interface EvaluateOptions {
  split: SplitName;
  dataset?: string;
  format: string;
  backend: "auto";
  kernels: "auto";
}

/** `mlbench-hpo evaluate CHECKPOINT`: the stored weights on a part of their dataset, or of another one. */
export const evaluateCommand: CommandDefinition = async (program, { io, argv }) => {
  const command = addBackendOptions(
    program
      .command("evaluate")
      .description("score a checkpoint and compare it with the baselines")
      .argument("<checkpoint>", "a .safetensors file written by `train`")
      .addOption(new Option("--split <part>", "the part to score").choices(["val", "test", "train"]).default("val"))
      .option("--dataset <name>", "dataset (default: the one trained on)")
      .addOption(pluginOption())
      .addOption(formatOption(["table", "json", "yaml"])),
  );
  if (argv[0] !== "evaluate") return;
  const read = addParameterOptions(command, await checkpointParameters(prescan(argv.slice(1))));
  command.action(async (checkpoint: string, options: EvaluateOptions) => {
    const { evaluateCheckpoint } = await import("../../training/evaluate.js");
    const result = await evaluateCheckpoint(checkpoint, {
      ...{ split: options.split, params: read(), backend: options.backend, kernels: options.kernels },
      ...(options.dataset ? { dataset: options.dataset } : {}),
    });
    if (options.format === "table") for (const warning of result.warnings) printNotice(io.stderr, "warning", warning);
    await printData(io, parseFormat(options.format), result, {
      table: async (width) => {
        const { resultTable, verdict } = await import("../baselines-view.js");
        const words = verdict(result.model, result);
        const title = `${result.model} on ${result.dataset}, ${options.split} part: ${result.windows} windows`;
        const { ownMetricsLine, rulLine } = await import("../metrics-view.js");
        const further = [words, await ownMetricsLine(result.metrics, options.split), rulLine(result.metrics)];
        const after = further.flatMap((line) => (line === null ? [] : [hangText(line, width, 2)]));
        return [title, resultTable(result.model, result), ...after].join("\n");
      },
    });
  });
};
