/** `mlbench-hpo trials`: the records of a study. */
import type { TrialQuery } from "../../app/views/trial-query.js";
import { frontOfStudy } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printLine } from "../io.js";
import { printData } from "../render.js";
import { collect, collectList, formatOfTrials, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";
import { EXTERNAL, nobodyRuns, trialTable } from "../trial-table.js";

/** Who has the study open, where that says more than the table does. */
async function remarkOn(ref: StudyRef, abandoned: readonly number[]): Promise<string | null> {
  const owner = await ref.storage.ownerOf(ref.name);
  if (owner === null) return abandoned.length === 0 ? null : nobodyRuns(abandoned);
  if (owner.url === undefined) return null;
  const { heldInWords } = await import("../../app/views/study-overview.js");
  return heldInWords(ref.name, owner);
}

type TrialsOptions = StudyOptions & TrialQuery & { column?: string[]; format: string };

/** `mlbench-hpo trials`: records, by state, filter, order and number. JSON is unlimited unless `--limit` says so. */
export const trialsCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("trials"), { positional: true })
    .description("list the trials of a study")
    .option("--state <states>", "only trials in these states: complete, pruned, failed, running, waiting", collectList)
    .option(
      "--filter <condition>",
      "only trials that meet it: 'train.lr<0.01', 'state=pruned' (repeatable; all must hold)",
      collect,
    )
    .option("--sort <field>", "field, parameter or metric to sort by; -field sorts descending", "number")
    .option(
      "--column <names>",
      "further columns of the table: metrics, such as val_mae, or fields; metrics.last.NAME: of the last epoch",
      collectList,
    )
    .option("--limit <n>", "show at most N trials", wholeNumber("--limit", 0))
    .addOption(formatOfTrials())
    .action(async (name: string | undefined, options: TrialsOptions) => {
      const format = parseFormat(options.format);
      const ref = await resolveStudy(options, name);
      const [{ readStudy }, { queryTrials, trialColumn }, { annotated }] = await Promise.all([
        import("../../app/read-study.js"),
        import("../../app/views/trial-query.js"),
        import("../../app/views/annotated.js"),
      ]);
      const study = await readStudy(ref);
      const { trials, header, annotations } = study;
      const { state, filter, sort, limit } = options;
      const chosen = annotated(queryTrials(trials, { state, filter, sort, limit }, header.objectives), annotations);
      const further = (options.column ?? []).map((title) => ({
        title,
        of: trialColumn(trials, title, header.objectives),
      }));
      await printData(io, format, chosen, {
        table: (width) => {
          const best = new Set(frontOfStudy(study).map(({ number }) => number));
          return chosen.length === 0 ? "no trials" : trialTable(chosen, header.objectives, { width, best, further });
        },
        value: () => chosen.map((trial) => trial.number).join("\n"),
      });
      const abandoned = chosen.filter(({ state: now, owner }) => now === "running" && owner !== EXTERNAL);
      if (format !== "table") return;
      const remark = await remarkOn(
        ref,
        abandoned.map(({ number }) => number),
      );
      if (remark !== null) printLine(io.stderr, remark);
    });
};
