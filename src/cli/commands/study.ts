/** `mlbench-hpo study`: what is kept with a study. */
import { UsageError } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { printNote } from "../io.js";
import { jsonOrText } from "../json-arguments.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

/** `mlbench-hpo study set-user-attr --key K --value V` */
export const studyCommand: CommandDefinition = (program, { io }) => {
  const study = program.command("study").description("set user attributes of a study");
  addStudyOptions(study.command("set-user-attr"), { positional: true })
    .description("set a user attribute on the study")
    .requiredOption("--key <key>", "the attribute's name")
    .requiredOption("--value <value>", "its value: JSON, or text")
    .action(async (name: string | undefined, options: StudyOptions & { key: string; value: string }) => {
      if (options.key === "") throw new UsageError("invalid-key", "--key: expected a name");
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/command-study.js");
      await commandStudy(ref, {
        ...{ type: "set-user-attr", key: options.key, value: jsonOrText(options.value) },
      });
      printNote(io.stdout, `${ref.name}: ${options.key} is set`);
    });
};
