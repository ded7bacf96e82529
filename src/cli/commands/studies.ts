/** `mlbench-hpo studies`: the studies of the storage, a line each. */
import type { StudyListEntry } from "../../app/views/study-list.js";
import { objectivesInWords, oneLine } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printNote, printNotice } from "../io.js";
import { printData, renderTable, shortNumber } from "../render.js";
import type { Column } from "../render.js";
import { formatOption } from "../shared-options.js";
import type { Style } from "../styles.js";
import { folderLocation, storageOption } from "../study-ref.js";

const failures = ({ counts }: { counts: { failed: number } }): Style | undefined =>
  counts.failed > 0 ? "failed" : undefined;

interface StudiesOptions {
  readonly storage: string;
  readonly format: string;
  readonly all?: boolean;
  readonly archived?: boolean;
}

function isListed(archived: boolean, { all = false, archived: only = false }: StudiesOptions): boolean {
  return all || archived === only;
}

/** What the studies are that a list leaves out, and which option shows them. */
function left({ archived = false }: StudiesOptions): string {
  return archived ? "that are not archived (--all shows them)" : "archived (--all shows them)";
}

/** Which studies services have open, a line a service. */
function served(studies: readonly StudyListEntry[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, owner } of studies)
    if (owner?.url !== undefined) names.set(owner.url, [...(names.get(owner.url) ?? []), name]);
  return [...names].map(([url, open]) => `open in the service at ${url}: ${open.join(", ")}`);
}

/** What is longer is read with `show`. */
const LONGEST_REMARK = 60;

/** What people say about the studies; no column where they say nothing. */
function remarkColumn(studies: readonly StudyListEntry[]): Column<StudyListEntry>[] {
  const remark = ({ note, archived_at }: StudyListEntry): string =>
    [...(archived_at === null ? [] : ["archived"]), ...(note === "" ? [] : [oneLine(note)])].join("; ");
  const cut = (text: string): string => (text.length > LONGEST_REMARK ? `${text.slice(0, LONGEST_REMARK - 1)}…` : text);
  return studies.some((row) => remark(row) !== "") ? [{ title: "note", text: (row) => cut(remark(row)) }] : [];
}

/** `mlbench-hpo studies` */
export const studiesCommand: CommandDefinition = (program, { io, setExitCode }) => {
  program
    .command("studies")
    .alias("study-names")
    .description("list the studies of the storage")
    .addOption(storageOption())
    .option("--all", "archived ones, too")
    .option("--archived", "archived ones only")
    .addOption(formatOption())
    .action(async (options: StudiesOptions) => {
      const [{ summarizeStudies }, { placeInWords }] = await Promise.all([
        import("../../app/views/study-list.js"),
        import("../../app/find-study.js"),
      ]);
      const { studies: found, unread } = await summarizeStudies({ storage: folderLocation(options.storage) });
      const studies = found.filter(({ archived_at }) => isListed(archived_at !== null, options));
      for (const { message } of unread) printNotice(io.stderr, "error", message);
      if (unread.length > 0) setExitCode(1);
      await printData(io, parseFormat(options.format), studies, {
        table: (width) =>
          studies.length + unread.length === 0
            ? found.length > 0
              ? `no studies in ${placeInWords(options.storage)} but ${found.length} ${left(options)}`
              : `no studies in ${placeInWords(options.storage)}: create one with \`mlbench-hpo create-study\``
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
                  ...remarkColumn(studies),
                ],
                studies,
                width,
              ),
        value: () => studies.map((row) => row.name).join("\n"),
      });
      const hidden = found.length - studies.length;
      if (options.format === "table" && studies.length > 0 && hidden > 0)
        printNote(io.stderr, `and ${hidden} ${left(options)}`);
      if (options.format === "table") for (const line of served(studies)) printNote(io.stderr, line);
    });
};
