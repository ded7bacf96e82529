/** `mlbench-hpo stop`, `pause` and `resume`: commands to a running `optimize`. */
import type { StudyCommand } from "../../study/commands.js";
import type { CommandDefinition } from "../command.js";
import { printNote } from "../io.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

/** What is said of a study that was sent a command. @param running how many of its trials run */
type InWords = (name: string, running: number) => string;

/** A command without arguments that is sent to whoever optimizes the study. */
function controlCommand(type: "stop" | "pause" | "resume", description: string, inWords: InWords): CommandDefinition {
  return (program, { io }) => {
    addStudyOptions(program.command(type), { positional: true })
      .description(description)
      .action(async (name: string | undefined, options: StudyOptions) => {
        const ref = await resolveStudy(options, name);
        const { commandStudy } = await import("../../app/command-study.js");
        await commandStudy(ref, { type } satisfies StudyCommand);
        const { readStudy } = await import("../../app/read-study.js");
        printNote(io.stdout, inWords(ref.name, (await readStudy(ref)).counts.running));
      });
  };
}

function stillRunning(running: number): string {
  if (running === 0) return "no trial is running";
  return running === 1 ? "1 trial is still running" : `${running} trials are still running`;
}

/** `mlbench-hpo stop` */
export const stopCommand = controlCommand(
  "stop",
  "stop a running optimize: running trials finish, no further trial starts",
  (name, running) => `asked "${name}" to stop; ${stillRunning(running)}`,
);

/** `mlbench-hpo pause` */
export const pauseCommand = controlCommand(
  "pause",
  "pause a running optimize: running trials finish, no further trial starts until `resume`",
  (name, running) => `paused "${name}"; ${stillRunning(running)}`,
);

/** `mlbench-hpo resume` */
export const resumeCommand = controlCommand("resume", "continue a paused optimize", (name) => `resumed "${name}"`);
