/** `mlbench-hpo export`: a study for other programs. */
import { Option } from "commander";
import type { CommandDefinition } from "../command.js";
import { outputOption } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { writeOutput } from "../write-text.js";

/** `mlbench-hpo export --to csv|json`: a line a trial, or the whole study. */
export const exportCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("export"), { positional: true })
    .description("write a study's trials as CSV (one line per trial) or JSON (header and records)")
    .addOption(new Option("--to <format>", "csv or json").choices(["csv", "json"]).makeOptionMandatory())
    .addOption(outputOption())
    .action(async (name: string | undefined, options: StudyOptions & { to: "csv" | "json"; output?: string }) => {
      const ref = await resolveStudy(options, name);
      const { exportTrials } = await import("../../app/read-study.js");
      const text = await exportTrials(ref, options.to);
      await writeOutput(io.stdout, options.output, text);
    });
};
