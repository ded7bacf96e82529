/** `mlbench-hpo evaluate`: a checkpoint, or the mean of several, scored on one part of the data. */
import { Option } from "commander";
import type { SplitName } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { checkpointParameters, loadCheckpointPlugins } from "../checkpoint-options.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { parseFormat, printNotice } from "../io.js";
import { printData, shortNumber } from "../render.js";
import { addBackendOptions, formatOption, pluginOption } from "../shared-options.js";
import type { WeightsOptions } from "../study-weights.js";
import { addWeightsOptions, chosenCheckpoints, withStudyWeights } from "../study-weights.js";
import { hangText } from "../text-layout.js";
import type { EnsembleInterval } from "../../training/evaluate.js";

interface EvaluateOptions extends WeightsOptions {
  split?: SplitName;
  dataset?: string;
  format: string;
  backend: "auto";
  kernels: "auto";
}

/** How the range of several checkpoints stands to the truth. */
function rangeInWords(interval: EnsembleInterval | undefined): string | null {
  if (!interval) return null;
  const { coverage, nominal, mean_width } = interval;
  const share = `${(100 * coverage).toFixed(1)} % of the true values (nominal: ${100 * nominal} %)`;
  return `the range between them (5 to 95 %, mean width ${shortNumber(mean_width)}) covers ${share}`;
}

/** `mlbench-hpo evaluate CHECKPOINT …`: the stored weights on a part of their dataset, or of another one. */
export const evaluateCommand: CommandDefinition = async (program, { io, argv }) => {
  const command = addBackendOptions(
    addWeightsOptions(program.command("evaluate"))
      .description("score a checkpoint, or the mean of several, and compare it with the baselines")
      .argument("[checkpoint...]", "a .safetensors file written by `train`; of several the range's coverage, too")
      .addOption(
        new Option("--split <part>", "the part to score (default: val; of several checkpoints test)").choices([
          "val",
          "test",
          "train",
        ]),
      )
      .option("--dataset <name>", "dataset (default: the one trained on)")
      .addOption(pluginOption())
      .addOption(formatOption(["table", "json", "yaml"])),
  );
  if (argv[0] !== "evaluate") return;
  const read = addParameterOptions(command, await checkpointParameters(await withStudyWeights(prescan(argv.slice(1)))));
  command.action(async (files: string[], options: EvaluateOptions) => {
    const checkpoints = await chosenCheckpoints(files, options);
    await loadCheckpointPlugins(checkpoints);
    const { evaluateCheckpoint } = await import("../../training/evaluate.js");
    const result = await evaluateCheckpoint(checkpoints, {
      ...(options.split ? { split: options.split } : {}),
      ...{ params: read(), backend: options.backend, kernels: options.kernels },
      ...(options.dataset ? { dataset: options.dataset } : {}),
    });
    if (options.format === "table") for (const warning of result.warnings) printNotice(io.stderr, "warning", warning);
    await printData(io, parseFormat(options.format), result, {
      table: async (width) => {
        const { resultTable, verdict } = await import("../baselines-view.js");
        const words = verdict(result.model, result);
        const several = checkpoints.length > 1 ? ` (mean of ${checkpoints.length} checkpoints)` : "";
        const title = `${result.model}${several} on ${result.dataset}, ${result.split} part: ${result.windows} windows`;
        const { ownMetricsLine, rulLine } = await import("../metrics-view.js");
        const further = [
          words,
          rangeInWords(result.interval),
          await ownMetricsLine(result.metrics, result.split),
          rulLine(result.metrics),
        ];
        const after = further.flatMap((line) => (line === null ? [] : [hangText(line, width, 2)]));
        return [title, resultTable(result.model, result), ...after].join("\n");
      },
    });
  });
};
