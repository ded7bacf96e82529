import type { Direction, StudyState } from "../../core/index.js";
import { isFinished } from "../../core/index.js";
import { bestOfStudy, directionsOf, objectivesInWords } from "../../core/index.js";
import { bestSoFar } from "../best.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat } from "../io.js";
import { duration, printData, shortNumber } from "../render.js";
import { formatOption } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { paramText } from "../trial-table.js";

/** `mlbench-hpo show`: states, best, time, pruned share, a history plot. */
export const showCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("show"), { positional: true })
    .description("summarise a study: states, best trial, time, pruned share, history plot")
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (name: string | undefined, options: StudyOptions & { format: string }) => {
      const format = parseFormat(options.format);
      const ref = await resolveStudy(options, name);
      const { state, findings, owner } = await ref.storage.inspect(ref.name);
      const summary = summarise(state, ref.storage.fileOf(ref.name));
      await printData(
        io,
        format,
        { ...summary, owner, findings },
        {
          table: async () => {
            const { terminalPlot } = await import("../plot.js");
            const points = bestSoFar(state.trials, directionsOf(state.header)[0] as Direction);
            const plot =
              points.length < 2
                ? ""
                : `\n\nbest ${state.header.objectives[0]?.metric} by finished trials\n` +
                  (await terminalPlot([{ name: "best so far", points }], {
                    columns: Math.min(io.stdout.columns ?? 80, 120),
                    color: io.stdout.isTTY === true,
                    digits: 5,
                  }));
            const running = owner ? `\noptimized now by process ${owner.pid}` : "";
            const amiss = findings.map((finding) => `\n${finding.severity}: ${finding.message}`).join("");
            return inWords(summary) + running + amiss + plot;
          },
        },
      );
    });
};

function summarise(state: StudyState, file: string | null) {
  const { header, trials, counts } = state;
  const best = bestOfStudy(state);
  const finished = trials.filter(isFinished);
  const seconds = trials.reduce((sum, trial) => sum + (trial.seconds ?? 0), 0);
  const judged = counts.complete + counts.pruned;
  const failures: Record<string, number> = {};
  for (const trial of finished)
    if (trial.failure) failures[trial.failure.class] = (failures[trial.failure.class] ?? 0) + 1;
  return {
    ...{ name: header.name, file, objectives: header.objectives, created_at: header.created_at },
    ...{ seed: header.seed, task: header.task, sampler: header.sampler, pruner: header.pruner },
    ...{ trials: trials.length, counts, failures, trial_seconds: seconds },
    pruned_share: judged === 0 ? null : counts.pruned / judged,
    steps: trials.reduce((sum, trial) => sum + trial.intermediate.length, 0),
    best: best ? { number: best.number, value: best.value, params: best.params, metrics: best.metrics } : null,
    user_attrs: header.user_attrs,
  };
}

function inWords(summary: ReturnType<typeof summarise>): string {
  const { counts, best, task } = summary;
  const states = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const what = task.model === undefined ? "objective" : `${[task.model].flat().join(",")} on ${task.dataset}`;
  const lines = [
    `${summary.name}: ${what}, ${objectivesInWords(summary.objectives)}, ${summary.sampler.name} + ${summary.pruner.name}, seed ${summary.seed}`,
    `file     ${summary.file}`,
    `trials   ${states.join(", ") || "none"}`,
  ];
  if (summary.pruned_share !== null)
    lines.push(`pruned   ${(100 * summary.pruned_share).toFixed(0)} % of those judged; ${summary.steps} epochs run`);
  const failures = Object.entries(summary.failures).map(([name, count]) => `${count} ${name}`);
  if (failures.length > 0) lines.push(`failed   ${failures.join(", ")}`);
  lines.push(`time     ${duration(summary.trial_seconds)} in trials`);
  if (best) {
    lines.push(`best     trial ${best.number}: ${shortNumber(best.value, 5)}`);
    for (const [name, value] of Object.entries(best.params)) lines.push(`           ${name} = ${paramText(value)}`);
  }
  return lines.join("\n");
}
