/** `mlbench-hpo predict`: a checkpoint's predictions as CSV. */
import { Option } from "commander";
import type { SplitName } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { checkpointParameters } from "../checkpoint-options.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { addBackendOptions, pluginOption } from "../shared-options.js";
import { writeOutputFile, writeText } from "../write-text.js";

interface PredictOptions {
  split: SplitName;
  dataset?: string;
  output?: string;
  dump?: string;
  backend: "wasm";
  kernels: "auto";
}

/** `mlbench-hpo predict CHECKPOINT`: CSV of every predicted step; `--dump` writes the tensors. */
export const predictCommand: CommandDefinition = async (program, { io, argv }) => {
  const command = addBackendOptions(
    program
      .command("predict")
      .description("predict with a checkpoint: CSV cell,cycle,step,soh_true,soh_pred")
      .argument("<checkpoint>", "a .safetensors file written by `train`")
      .addOption(new Option("--split <part>", "the part to predict").choices(["val", "test", "train"]).default("val"))
      .option("--dataset <name>", "another dataset than the one trained on")
      .option("-o, --output <file>", "write the CSV here instead of stdout")
      .option("--dump <file.safetensors>", "write x, last_soh, t_eval, y_true, soh_r as tensors")
      .addOption(pluginOption()),
  );
  if (argv[0] !== "predict") return;
  const read = addParameterOptions(command, await checkpointParameters(prescan(argv.slice(1))));
  command.action(async (checkpoint: string, options: PredictOptions) => {
    const { predictCheckpoint } = await import("../../training/predict.js");
    const { requireWritable } = await import("../../io/atomic-write.js");
    for (const file of [options.dump, options.output]) if (file !== undefined) await requireWritable(file);
    const prediction = await predictCheckpoint(checkpoint, {
      ...{ split: options.split, params: read(), backend: options.backend, kernels: options.kernels },
      ...(options.dataset ? { dataset: options.dataset } : {}),
    });
    if (options.dump) await prediction.dump(options.dump);
    if (options.output) await writeOutputFile(options.output, prediction.csvLines());
    else for (const line of prediction.csvLines()) await writeText(io.stdout, line);
  });
};
