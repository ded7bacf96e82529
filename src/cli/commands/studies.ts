/** `mlbench-hpo studies`: the studies of the storage, a line each. */
import { objectivesInWords } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printNotice } from "../io.js";
import { printData, renderTable, shortNumber } from "../render.js";
import { formatOption } from "../shared-options.js";
import type { Style } from "../styles.js";
import { folderLocation, storageOption } from "../study-ref.js";

const failures = ({ counts }: { counts: { failed: number } }): Style | undefined =>
  counts.failed > 0 ? "failed" : undefined;

/** `mlbench-hpo studies` */
export const studiesCommand: CommandDefinition = (program, { io, setExitCode }) => {
  program
    .command("studies")
    .alias("study-names")
    .description("list the studies of the storage")
    .addOption(storageOption())
    .addOption(formatOption())
    .action(async (options: { storage: string; format: string }) => {
      const [{ summarizeStudies }, { placeInWords }] = await Promise.all([
        import("../../app/views/study-list.js"),
        import("../../app/find-study.js"),
      ]);
      const { studies, unread } = await summarizeStudies({ storage: folderLocation(options.storage) });
      for (const { message } of unread) printNotice(io.stderr, "error", message);
      if (unread.length > 0) setExitCode(1);
      await printData(io, parseFormat(options.format), studies, {
        table: (width) =>
          studies.length + unread.length === 0
            ? `no studies in ${placeInWords(options.storage)}: create one with \`mlbench-hpo create-study\``
            : renderTable(
                [
                  { title: "study", text: (row) => row.name },
                  { title: "trials", align: "right", text: (row) => String(row.trials) },
                  { title: "complete", align: "right", text: (row) => String(row.counts.complete) },
                  { title: "pruned", align: "right", text: (row) => String(row.counts.pruned) },
                  { title: "failed", align: "right", text: (row) => String(row.counts.failed), style: failures },
                  { title: "best", align: "right", text: (row) => shortNumber(row.best_value, 5), style: () => "best" },
                  { title: "metric", text: (row) => `${objectivesInWords(row.objectives)}` },
                  { title: "created (UTC)", text: (row) => row.created_at.slice(0, 16).replace("T", " ") },
                ],
                studies,
                width,
              ),
        value: () => studies.map((row) => row.name).join("\n"),
      });
    });
};
