import { objectivesInWords } from "../../core/index.js";
import type { StudySummary } from "../../storage/storage.js";
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
      const storage = await openStorage(options.storage, process.cwd());
      const entries = await storage.summaries();
      const rows = entries.flatMap(({ summary }) => (summary ? [rowOf(summary)] : []));
      for (const { error } of entries) {
        // One study that can't be read hides no other.
        if (!error) continue;
        printLine(io.stderr, `error: ${error.message}`);
        setExitCode(1);
      }
      await printData(io, parseFormat(options.format), rows, {
        table: () =>
          entries.length === 0
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

function rowOf({ name, objectives, created_at, counts, best, sampler, pruner, location }: StudySummary) {
  return {
    ...{ name, objectives, created_at },
    ...{ trials: Object.values(counts).reduce((sum, count) => sum + count, 0), counts },
    ...{ best_value: best?.value ?? null, sampler: sampler.name, pruner: pruner.name, file: location },
  };
}
