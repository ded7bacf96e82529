/** `mlbench-hpo trials`: the records of a study. */
import type { TrialQuery } from "../../app/views/trial-query.js";
import { frontOfStudy } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printLine } from "../io.js";
import { printData } from "../render.js";
import { collect, collectList, formatOption, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";
import { trialTable } from "../trial-table.js";

/** The owner of a trial that `ask` handed out: no process of ours runs it. */
const EXTERNAL = "external";

async function ownerOf(ref: StudyRef) {
  const { inspectStudy } = await import("../../app/read-study.js");
  return (await inspectStudy(ref)).owner;
}

type TrialsOptions = StudyOptions & TrialQuery & { format: string };

/** `mlbench-hpo trials`: records, by state, filter, order and number. JSON is unlimited unless `--limit` says so. */
export const trialsCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("trials"), { positional: true })
    .description("list the trials of a study")
    .option("--state <states>", "only these: complete, pruned, failed, running, waiting", collectList)
    .option("--filter <condition>", "such as 'train.lr<0.01' or 'state=pruned' (repeatable; all must hold)", collect)
    .option("--sort <field>", "a field or parameter; -field descends", "number")
    .option("--limit <n>", "at most so many", wholeNumber("--limit", 0))
    .addOption(formatOption())
    .action(async (name: string | undefined, options: TrialsOptions) => {
      const format = parseFormat(options.format);
      const ref = await resolveStudy(options, name);
      const [{ readStudy }, { queryTrials }, { annotated }] = await Promise.all([
        import("../../app/read-study.js"),
        import("../../app/views/trial-query.js"),
        import("../../app/views/annotated.js"),
      ]);
      const study = await readStudy(ref);
      const { trials, header, annotations } = study;
      const { state, filter, sort, limit } = options;
      const chosen = annotated(queryTrials(trials, { state, filter, sort, limit }, header.objectives), annotations);
      await printData(io, format, chosen, {
        table: (width) => {
          const best = new Set(frontOfStudy(study).map(({ number }) => number));
          return chosen.length === 0 ? "no trials" : trialTable(chosen, header.objectives, width, best);
        },
        value: () => chosen.map((trial) => trial.number).join("\n"),
      });
      const abandoned = chosen.filter(({ state: now, owner }) => now === "running" && owner !== EXTERNAL);
      // Whose they are is only looked up where it matters.
      if (format !== "table" || abandoned.length === 0 || (await ownerOf(ref)) !== null) return;
      const numbers = abandoned.map(({ number }) => number).join(", ");
      printLine(io.stderr, `nobody runs trial ${numbers}: the process has gone, and the next optimize reruns it first`);
    });
};
