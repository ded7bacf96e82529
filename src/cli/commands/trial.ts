/** `mlbench-hpo trial`: what people say about one trial, and do to it. */
import type { Command } from "commander";
import type { StudyCommand } from "../../study/commands.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { printLine, printNote } from "../io.js";
import { wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";

/** `trial VERB N`, with the study as an option. */
function verb(trial: Command, name: string, description: string): Command {
  return addStudyOptions(trial.command(name), { positional: false })
    .description(description)
    .argument("<number>", "the trial's number", wholeNumber(`trial ${name}`, 0));
}

async function send<C extends StudyCommand>(options: StudyOptions, command: C) {
  const ref: StudyRef = await resolveStudy(options);
  const { commandStudy } = await import("../../app/command-study.js");
  return commandStudy(ref, command);
}

/** `mlbench-hpo trial note|tag|ban|restore|retry|stop` */
export const trialCommand: CommandDefinition = (program, { io }: CommandContext) => {
  const trial = program.command("trial").description("note, tag, ban, restore, retry or stop one trial");
  verb(trial, "note", "set a trial's note, replacing the one before")
    .argument("<text>", "the note; empty removes it")
    .action(async (number: number, note: string, options: StudyOptions) => {
      await send(options, { type: "annotate", number, change: { note } });
      printNote(io.stdout, note === "" ? `trial ${number}: no note` : `trial ${number}: noted`);
    });
  verb(trial, "tag", "set a trial's tags, replacing those before")
    .argument("[tags...]", "the tags; none removes them")
    .action(async (number: number, tags: string[], options: StudyOptions) => {
      const { tags: given } = await send(options, { type: "annotate", number, change: { tags } });
      printNote(io.stdout, `trial ${number}: ${given.length === 0 ? "no tags" : given.join(", ")}`);
    });
  verb(trial, "ban", "exclude a trial from best trial, sampler and plots; it still counts as finished").action(
    async (number: number, options: StudyOptions) => {
      await send(options, { type: "annotate", number, change: { banned: true } });
      printNote(io.stdout, `trial ${number} is banned; \`trial restore ${number}\` lifts the ban`);
    },
  );
  verb(trial, "restore", "lift the ban on a trial").action(async (number: number, options: StudyOptions) => {
    await send(options, { type: "annotate", number, change: { banned: false } });
    printNote(io.stdout, `trial ${number} is restored`);
  });
  verb(trial, "retry", "queue a failed trial's parameters again").action(
    async (number: number, options: StudyOptions) => {
      const queued = await send(options, { type: "retry", number });
      printLine(io.stdout, `trial ${queued.number} repeats trial ${number}`);
    },
  );
  verb(trial, "stop", "stop a running trial (it ends as pruned), or cancel a waiting one").action(
    async (number: number, options: StudyOptions) => {
      const { state } = await send(options, { type: "stop-trial", number });
      printNote(io.stdout, state === "running" ? `trial ${number} ends` : `trial ${number} is ${state}`);
    },
  );
};
