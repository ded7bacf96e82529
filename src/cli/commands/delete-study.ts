/** `mlbench-hpo delete-study`: a study removed with its files. */
import { UsageError } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import type { CliIo } from "../io.js";
import { printLine, printNote } from "../io.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";

/** Asks whoever sits at the terminal; in a pipe or a script nobody is asked. */
async function confirm({ storage, name }: StudyRef, io: CliIo): Promise<"yes" | "no" | "interrupt"> {
  if (!process.stdin.isTTY || io.stdout.isTTY !== true) return "yes";
  // One that cannot be read can be deleted all the same.
  const summary = await storage.summary(name).catch(() => null);
  const count = Object.values(summary?.counts ?? {}).reduce((sum, n) => sum + n, 0);
  const trials = summary === null ? "trials" : `${count} ${count === 1 ? "trial" : "trials"}`;
  const { askYesOrNo } = await import("../ask.js");
  const question = `delete ${name} with its ${trials}, checkpoints and logs? (yes/no) `;
  return askYesOrNo(question, { input: process.stdin, output: process.stdout });
}

/** `mlbench-hpo delete-study NAME`: with its journal and files. */
export const deleteStudyCommand: CommandDefinition = (program, { io, setExitCode }) => {
  addStudyOptions(program.command("delete-study"), { positional: true })
    .description("delete a study with its journal, checkpoints and logs; on a terminal it asks first")
    .option("--yes", "do not ask")
    .action(async (name: string | undefined, options: StudyOptions & { yes?: boolean }) => {
      const ref = await resolveStudy(options, name);
      const answer = options.yes === true ? "yes" : await confirm(ref, io);
      if (answer === "interrupt") {
        printLine(io.stderr, `interrupted: ${ref.name} was not deleted`);
        return setExitCode(130);
      }
      if (answer === "no") throw new UsageError("not-confirmed", `${ref.name} was not deleted`);
      const { deleteStudy } = await import("../../app/study.js");
      await deleteStudy(ref);
      printNote(io.stdout, `deleted ${ref.name}`);
    });
};
