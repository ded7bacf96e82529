/** `mlbench-hpo info`: what this program and machine are, as studies and runs record it. */
import type { ProjectFile } from "../../app/project-file.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printNote } from "../io.js";
import { printData, renderTable } from "../render.js";
import { formatOption } from "../shared-options.js";

/** `mlbench-hpo.config.yaml (storage studies; defaults of optimize, train)` */
function inWords(file: ProjectFile | null): string {
  if (!file) return "none";
  const { storage, plugins = [], defaults = {} } = file.config;
  const parts = [
    ...(storage === undefined ? [] : [`storage ${storage}`]),
    ...(plugins.length > 0 ? [`plug-ins ${plugins.join(", ")}`] : []),
    ...(Object.keys(defaults).length > 0 ? [`defaults of ${Object.keys(defaults).join(", ")}`] : []),
  ];
  return `${file.shown}${parts.length > 0 ? ` (${parts.join("; ")})` : ""}`;
}

/** `mlbench-hpo info` */
export const infoCommand: CommandDefinition = (program, context) => {
  const { io, projectFile = null, passedOver = [] } = context;
  program
    .command("info")
    .description(
      "show what studies and runs record about this installation (package, commit, Node, CPU, kernels), and the project file",
    )
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (options: { format: string }) => {
      const { madeBy } = await import("../../app/made-by.js");
      await context.checkProjectFile?.();
      const made = { ...madeBy(), project_file: projectFile?.path ?? null };
      await printData(io, parseFormat(options.format), made, {
        table: (width) =>
          renderTable(
            [
              { title: "", text: ([key]) => key.replace("_", " ") },
              { title: "", text: ([, value]) => value },
            ],
            Object.entries<string>({ ...made, project_file: inWords(projectFile) }),
            width,
          ),
      });
      if (options.format === "table") for (const line of passedOver) printNote(io.stderr, line);
    });
};
