/** `mlbench-hpo models`: the registered models. */
import { models } from "../../models/index.js";
import type { CommandDefinition } from "../command.js";
import { formatOption, pluginOption } from "../shared-options.js";
import { listRegistry } from "../list-registry.js";

/** `mlbench-hpo models` */
export const modelsCommand: CommandDefinition = (program, { io }) => {
  program
    .command("models")
    .description("list the models")
    .addOption(pluginOption())
    .addOption(formatOption())
    .action((options: { plugin?: string[]; format: string }) => listRegistry(io, models, options));
};
