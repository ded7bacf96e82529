import { UsageError } from "../../core/index.js";
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
      const { LOG_FILE } = await import("../../executors/trial-files.js");
      const { size } = await ref.storage.read(ref.name);
      if (number >= size)
        throw new UsageError("unknown-trial", `study "${ref.name}" has no trial ${number}; it has ${size}`);
      const log = (await ref.storage.artifacts(ref.name)?.read(number, LOG_FILE)) ?? null;
      if (log === null) throw new UsageError("no-log", `trial ${number} has no log`);
      for await (const chunk of log.setEncoding("utf8")) await writeText(io.stdout, chunk as string);
    });
};
