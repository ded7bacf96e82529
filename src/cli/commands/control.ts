/** `mlbench-hpo stop`, `pause`, `resume` and `cancel`: commands to a running `optimize`; `set-share`, to a service's run. */
import { Option } from "commander";
import { UsageError } from "../../core/index.js";
import type { StudyCommand } from "../../study/commands.js";
import type { CommandDefinition } from "../command.js";
import { printNote } from "../io.js";
import { wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { weightOption } from "../weight-option.js";

/** What is said of a study that was sent a command. @param running how many of its trials run */
type InWords = (name: string, running: number) => string;

/** A command without arguments that is sent to whoever optimizes the study. */
function controlCommand(
  type: "stop" | "pause" | "resume" | "cancel",
  description: string,
  inWords: InWords,
): CommandDefinition {
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

/** `mlbench-hpo cancel` */
export const cancelCommand = controlCommand(
  "cancel",
  "end a running optimize at once: running trials wait again, and start anew next time",
  (name) => `cancelled "${name}"; trials that ran wait again`,
);

interface ShareOptions extends StudyOptions {
  readonly workers?: number | "all";
  readonly weight?: number;
}

function places(text: string): number | "all" {
  return text === "all" ? text : wholeNumber("--workers", 1, 1024)(text);
}

/** `mlbench-hpo set-share` */
export const setShareCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("set-share"), { positional: true })
    .description("change the places and the weight of a study's run at a service")
    .addOption(new Option("--workers <n>", "the most trials in parallel, or all").argParser(places))
    .addOption(weightOption())
    .action(async (name: string | undefined, options: ShareOptions) => {
      const { workers, weight } = options;
      if (workers === undefined && weight === undefined)
        throw new UsageError("invalid-option", "set-share: give --workers N, --workers all or --weight W");
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/command-study.js");
      await commandStudy(ref, {
        type: "set-share",
        ...(workers === undefined ? {} : { workers: workers === "all" ? null : workers }),
        ...(weight === undefined ? {} : { weight }),
      });
      const share = [
        ...(workers === undefined ? [] : [workers === "all" ? "all places" : `at most ${placesInWords(workers)}`]),
        ...(weight === undefined ? [] : [`weight ${weight}`]),
      ];
      printNote(io.stdout, `"${ref.name}": ${share.join(", ")}`);
    });
};

function placesInWords(count: number): string {
  return count === 1 ? "1 place" : `${count} places`;
}
