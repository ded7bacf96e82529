/** `mlbench-hpo delete-study`: a study removed with its files. */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { UsageError } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import type { CliIo } from "../io.js";
import { printLine, printNote } from "../io.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";

/** Asks whoever sits at the terminal; in a pipe or a script nobody is asked. */
async function confirm({ storage, name }: StudyRef, io: CliIo): Promise<boolean> {
  if (!process.stdin.isTTY || io.stdout.isTTY !== true) return true;
  // One that cannot be read can be deleted all the same.
  const summary = await storage.summary(name).catch(() => null);
  const count = Object.values(summary?.counts ?? {}).reduce((sum, n) => sum + n, 0);
  const trials = summary === null ? "trials" : `${count} ${count === 1 ? "trial" : "trials"}`;
  const asked = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const question = `delete ${name} with its ${trials}, checkpoints and logs? (yes/no) `;
    // Ctrl-C and Ctrl-D close it, on a line that has no end yet; what closes unanswered never settles by itself.
    const answer = await Promise.race([
      asked.question(question).catch(() => null),
      once(asked, "close").then(() => null),
    ]);
    if (answer === null) printLine(io.stdout, "");
    return answer !== null && /^y(es)?$/i.test(answer.trim());
  } finally {
    asked.close();
  }
}

/** `mlbench-hpo delete-study NAME`: with its journal and files. */
export const deleteStudyCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("delete-study"), { positional: true })
    .description("delete a study with its journal, checkpoints and logs; on a terminal it asks first")
    .option("--yes", "do not ask")
    .action(async (name: string | undefined, options: StudyOptions & { yes?: boolean }) => {
      const ref = await resolveStudy(options, name);
      if (options.yes !== true && !(await confirm(ref, io)))
        throw new UsageError("not-confirmed", `${ref.name} was not deleted`);
      const { deleteStudy } = await import("../../app/study.js");
      await deleteStudy(ref);
      printNote(io.stdout, `deleted ${ref.name}`);
    });
};
