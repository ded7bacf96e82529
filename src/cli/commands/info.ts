/** `mlbench-hpo info`: what this program and machine are, as studies and runs record it. */
import type { CommandDefinition } from "../command.js";
import { parseFormat } from "../io.js";
import { printData, renderTable } from "../render.js";
import { formatOption } from "../shared-options.js";

/** `mlbench-hpo info` */
export const infoCommand: CommandDefinition = (program, { io }) => {
  program
    .command("info")
    .description("show what studies and runs record about this installation: package, commit, Node, CPU, kernels")
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (options: { format: string }) => {
      const { madeBy } = await import("../../app/made-by.js");
      const made = madeBy();
      await printData(io, parseFormat(options.format), made, {
        table: (width) =>
          renderTable(
            [
              { title: "", text: ([key]) => key.replace("_", " ") },
              { title: "", text: ([, value]) => value },
            ],
            Object.entries(made) as [string, string][],
            width,
          ),
      });
    });
};
