/** `mlbench-hpo stop`, `pause` and `resume`: commands to a running `optimize`. */
import type { StudyCommand } from "../../study/commands.js";
import type { CommandDefinition } from "../command.js";
import { printNote } from "../io.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

/** A command without arguments that is sent to whoever optimizes the study. */
function controlCommand(type: "stop" | "pause" | "resume", description: string, done: string): CommandDefinition {
  return (program, { io }) => {
    addStudyOptions(program.command(type), { positional: true })
      .description(description)
      .action(async (name: string | undefined, options: StudyOptions) => {
        const ref = await resolveStudy(options, name);
        const { commandStudy } = await import("../../app/command-study.js");
        await commandStudy(ref, { type } satisfies StudyCommand);
        printNote(io.stdout, `${ref.name} ${done}`);
      });
  };
}

/** `mlbench-hpo stop` */
export const stopCommand = controlCommand(
  "stop",
  "end a running optimize: no further trial is started",
  "was asked to stop: trials under way end first",
);

/** `mlbench-hpo pause` */
export const pauseCommand = controlCommand(
  "pause",
  "start no further trial in a running optimize until `resume`; running trials go on",
  "is paused",
);

/** `mlbench-hpo resume` */
export const resumeCommand = controlCommand("resume", "let a paused optimize go on", "goes on");
