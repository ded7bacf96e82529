/** `mlbench-hpo logs`: what a trial has printed. */
import type { CommandDefinition } from "../command.js";
import { wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { writeText } from "../write-text.js";

/** `mlbench-hpo logs N`: what trial N printed. */
export const logsCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("logs"), { positional: false })
    .description("print a trial's log")
    .argument("<number>", "the trial's number", wholeNumber("logs", 0))
    .action(async (number: number, options: StudyOptions) => {
      const ref = await resolveStudy(options);
      const { trialLog } = await import("../../app/read-study.js");
      for await (const chunk of await trialLog(ref, number)) await writeText(io.stdout, chunk);
    });
};
