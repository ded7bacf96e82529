/** `mlbench-hpo logs`: what a trial has printed. */
import type { CommandDefinition } from "../command.js";
import { shown } from "../io.js";
import { addStudyOptions, addTrialArgument, resolveStudy, trialArgument } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { writeText } from "../write-text.js";

/** `mlbench-hpo logs N`: what trial N printed. */
export const logsCommand: CommandDefinition = (program, { io }) => {
  addTrialArgument(addStudyOptions(program.command("logs"), { positional: false }))
    .description("print a trial's log")
    .action(async (words: string[], options: StudyOptions) => {
      const { study, number } = trialArgument("logs", words);
      const ref = await resolveStudy(options, study);
      const { trialLog } = await import("../../app/read-study.js");
      // To a file or a pipe the log goes as it is; a carriage return is what progress bars are made of.
      const safe = io.stdout.isTTY === true ? (text: string) => shown(text.replaceAll("\r\n", "\n")) : String;
      for await (const chunk of await trialLog(ref, number)) await writeText(io.stdout, safe(chunk));
    });
};
