/** `mlbench-hpo delete-study`: a study removed with its files. */
import type { CommandDefinition } from "../command.js";
import { printLine } from "../io.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

/** `mlbench-hpo delete-study NAME`: with its journal and files. */
export const deleteStudyCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("delete-study"), { positional: true })
    .description("delete a study with its journal, checkpoints and logs")
    .action(async (name: string | undefined, options: StudyOptions) => {
      const ref = await resolveStudy(options, name);
      const { deleteStudy } = await import("../../app/study.js");
      await deleteStudy(ref);
      printLine(io.stdout, `deleted ${ref.name}`);
    });
};
