import { MlbenchError } from "../../core/index.js";
import { bestOfStudy } from "../../core/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { parseFormat, printLine } from "../io.js";
import { printData, shortNumber } from "../render.js";
import { formatOption, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { paramText } from "../trial-table.js";

interface BestOptions extends StudyOptions {
  checkpoint?: boolean;
  output?: string;
  retrain?: boolean;
  seeds: number;
  format: string;
}

/** `mlbench-hpo best-trial [--checkpoint -o FILE] [--retrain --seeds N]` */
export const bestTrialCommand: CommandDefinition = (program, context) => {
  addStudyOptions(program.command("best-trial"), { positional: true })
    .description("show the best complete trial; hand over its weights; train it again under fresh seeds")
    .option("--checkpoint", "write the winner's weights (see --output)")
    .option("-o, --output <file>", "where --checkpoint writes (default: STUDY.safetensors)")
    .option("--retrain", "train the winner and the defaults under the same fresh seeds: mean ± sd, paired difference")
    .option("--seeds <n>", "how many seeds --retrain takes", wholeNumber("--seeds", 2, 1000), 5)
    .addOption(formatOption())
    .action((name: string | undefined, options: BestOptions) => best(name, options, context));
};

async function best(name: string | undefined, options: BestOptions, context: CommandContext): Promise<void> {
  const { io } = context;
  const format = parseFormat(options.format);
  const ref = await resolveStudy(options, name);
  const { copyCheckpoint, readStudy } = await import("../../app/read-study.js");
  const state = await readStudy(ref);
  const { header } = state;
  const trial = bestOfStudy(state);
  if (!trial) throw new MlbenchError("no-best-trial", `study "${ref.name}" has no complete trial yet`);
  if (options.retrain) {
    const { retrain } = await import("../retrain.js");
    return retrain({ io, ref, trial, seeds: options.seeds, format });
  }
  if (options.checkpoint || options.output !== undefined) {
    const file = options.output ?? `${ref.name}.safetensors`;
    await copyCheckpoint(ref, trial.number, file);
    if (format === "table") printLine(io.stderr, `weights: ${file}`);
  }
  await printData(io, format, trial, {
    table: () =>
      [
        `trial ${trial.number}: ${header.objectives.map(({ metric }, i) => `${metric} ${trial.values?.[i]}`).join(", ")}`,
        ...Object.entries(trial.params).map(([key, value]) => `  ${key} = ${paramText(value)}`),
        ...Object.entries(trial.metrics.best ?? {}).map(([key, value]) => `  ${key}: ${shortNumber(value, 5)}`),
      ].join("\n"),
    value: () => String(trial.value),
  });
}
