import { MlbenchError } from "../../core/index.js";
import type { StudyStorage } from "../../storage/storage.js";
import { bestOfStudy, objectivesInWords } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printLine } from "../io.js";
import { printData, renderTable, shortNumber } from "../render.js";
import { formatOption } from "../shared-options.js";
import { storageOption } from "../study-ref.js";

/** `mlbench-hpo studies` */
export const studiesCommand: CommandDefinition = (program, { io, setExitCode }) => {
  program
    .command("studies")
    .alias("study-names")
    .description("list the studies of the storage")
    .addOption(storageOption())
    .addOption(formatOption())
    .action(async (options: { storage: string; format: string }) => {
      const { openStorage } = await import("../../app/storage.js");
      const storage = await openStorage(options.storage);
      const rows: Awaited<ReturnType<typeof rowOf>>[] = [];
      const names = await storage.list();
      for (const name of names) {
        try {
          rows.push(await rowOf(storage, name));
        } catch (error) {
          // One study that can't be read hides no other.
          if (!(error instanceof MlbenchError)) throw error;
          if (error.code === "unknown-study") continue; // deleted meanwhile
          printLine(io.stderr, `error: ${error.message}`);
          setExitCode(1);
        }
      }
      await printData(io, parseFormat(options.format), rows, {
        table: () =>
          names.length === 0
            ? `no study in ${options.storage}: make one with \`mlbench-hpo create-study\``
            : renderTable(
                [
                  { title: "study", text: (row) => row.name },
                  { title: "trials", align: "right", text: (row) => String(row.trials) },
                  { title: "complete", align: "right", text: (row) => String(row.counts.complete) },
                  { title: "pruned", align: "right", text: (row) => String(row.counts.pruned) },
                  { title: "failed", align: "right", text: (row) => String(row.counts.failed) },
                  { title: "best", align: "right", text: (row) => shortNumber(row.best_value, 5) },
                  { title: "metric", text: (row) => `${objectivesInWords(row.objectives)}` },
                  { title: "created", text: (row) => row.created_at.slice(0, 16).replace("T", " ") },
                ],
                rows,
              ),
        value: () => rows.map((row) => row.name).join("\n"),
      });
    });
};

async function rowOf(storage: StudyStorage, name: string) {
  const state = await storage.read(name);
  const { header, trials, counts } = state;
  return {
    ...{ name, objectives: header.objectives, created_at: header.created_at },
    ...{ trials: trials.length, counts, best_value: bestOfStudy(state)?.value ?? null },
    ...{ sampler: header.sampler.name, pruner: header.pruner.name, file: storage.fileOf(name) },
  };
}
