/** `mlbench-hpo export`: a study for other programs. */
import { Option } from "commander";
import type { ExportFormat } from "../../app/export-study.js";
import type { CommandDefinition } from "../command.js";
import { printNote } from "../io.js";
import { outputOption } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { writeOutput } from "../write-text.js";

interface ExportOptions extends StudyOptions {
  readonly to: ExportFormat;
  readonly output?: string;
  readonly force?: boolean;
}

/** `mlbench-hpo export --to csv|json|optuna-journal`: a line a trial, or the whole study. */
export const exportCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("export"), { positional: true })
    .description("write a study's trials as CSV (a line each), or the whole study as JSON or as a journal of Optuna")
    .addOption(
      new Option("--to <format>", "csv, json or optuna-journal (Optuna 4 and 5)")
        .choices(["csv", "json", "optuna-journal"])
        .makeOptionMandatory(),
    )
    .addOption(outputOption())
    .option("--force", "replace a journal that is there")
    .action(async (name: string | undefined, { to, output, force, ...options }: ExportOptions) => {
      const ref = await resolveStudy(options, name);
      const { exportStudy, studyExport } = await import("../../app/export-study.js");
      if (to === "optuna-journal" && output) {
        const notes = await exportStudy(ref, { to, file: output, force });
        for (const note of notes) printNote(io.stderr, `note: ${note}`);
        return;
      }
      const { text, notes } = await studyExport(ref, to);
      await writeOutput(io.stdout, output, text);
      for (const note of notes) printNote(io.stderr, `note: ${note}`);
    });
};
