/** `mlbench-hpo show`: a study in figures and a plot of how its best value came about, once or as it changes. */
import type { InspectedStudy } from "../../app/read-study.js";
import { partNames } from "../../app/views/baselines.js";
import type { BestTrialSummary, DryRunSummary, StudyOverview } from "../../app/views/study-overview.js";
import {
  bestOfStudy,
  bestSoFar,
  comparableTrials,
  directionsOf,
  hypervolumeHistory,
  objectivesInWords,
  oneLine,
  stringifyJson,
  annotationInWords,
} from "../../core/index.js";
import type { MadeBy, StudyObjective, TrialPart } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { baselinesLine, trialVerdict } from "../baselines-view.js";
import { parseFormat } from "../io.js";
import type { CliIo } from "../io.js";
import { styled } from "../styles.js";
import { plotColumns } from "../terminal.js";
import { hangText } from "../text-layout.js";
import { duration, printData, shortNumber, timeText } from "../render.js";
import { formatOption } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { EXTERNAL, nobodyRuns, paramText, valueText, volumeInWords } from "../trial-table.js";

type ShowOptions = StudyOptions & { format: string; watch?: boolean; reference?: string };

/** `mlbench-hpo show`: states, best, time, pruned share, a history plot. */
export const showCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("show"), { positional: true })
    .description("summarise a study: states, best trial, time, pruned share, history plot")
    .option("--watch", "show it again whenever it changes, until Ctrl-C")
    .option(
      "--reference <point>",
      "with several objectives: where the hypervolume ends, such as val_rmse=0.1,parameters=5e4 (default: a tenth behind the front)",
    )
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (name: string | undefined, options: ShowOptions) => {
      const format = parseFormat(options.format);
      const ref = await resolveStudy(options, name);
      const overview = overviewUpTo(options.reference);
      const inWords = (inspected: InspectedStudy, _io: CliIo, width: number): Promise<string> =>
        studyInWords(inspected, { io, width, reference: options.reference });
      if (options.watch) {
        const { watch } = await import("../watch-view.js");
        return watch(ref, { io, format, overview, inWords });
      }
      const { inspectStudy } = await import("../../app/read-study.js");
      const inspected = await inspectStudy(ref);
      await printData(io, format, await overview(inspected), {
        table: (width) => inWords(inspected, io, width),
      });
    });
};

/** A study's figures, its hypervolume taken up to a point in words. */
function overviewUpTo(reference: string | undefined): (inspected: InspectedStudy) => Promise<StudyOverview> {
  return async (inspected) => {
    const { overviewOf } = await import("../../app/views/study-overview.js");
    return overviewOf(inspected.state, inspected, await referenceOf(inspected, reference));
  };
}

async function referenceOf(
  { state }: InspectedStudy,
  text: string | undefined,
): Promise<readonly number[] | undefined> {
  if (text === undefined) return undefined;
  const { parseReference } = await import("../../app/reference-point.js");
  return parseReference(text, state.header.objectives);
}

/** How a study is shown. */
interface ShownOn {
  readonly io: CliIo;
  readonly width: number;
  readonly reference: string | undefined;
}

/** A study for people: in lines, with its plot. */
async function studyInWords(inspected: InspectedStudy, { io, width, reference }: ShownOn): Promise<string> {
  const { heldInWords } = await import("../../app/views/study-overview.js");
  const summary = await overviewUpTo(reference)(inspected);
  const changed = summary.earlier_trials;
  const spaces = changed ? await spacesInWords(changed) : [];
  const owner = summary.owner ? heldInWords(summary.name, summary.owner) : "";
  return (
    [...inWords(summary, { owner, spaces, verdict: wordsOf(inspected), width }), ...abandonedInWords(inspected)].join(
      "\n",
    ) +
    (await historyPlot(inspected, io, summary)) +
    (await slicePlot(inspected, io))
  );
}

/** How often a study's space was changed, and what has become of the trials of the earlier ones. */
async function spacesInWords(changed: NonNullable<StudyOverview["earlier_trials"]>): Promise<string[]> {
  const { earlierInWords } = await import("../../app/views/earlier-in-words.js");
  const [first = "", ...others] = earlierInWords(changed);
  return [`changed ${changed.version === 1 ? "once" : `${changed.version} times`}; ${first}`, ...others];
}

/** `8 trials would have been pruned, saving 120 of 400 steps (30 %); the best one among them` */
function dryRunInWords({ pruned, steps_saved, best_pruned }: DryRunSummary, steps: number): string {
  const share = steps === 0 ? 0 : (100 * steps_saved) / steps;
  const best = best_pruned === true ? "; the best one among them" : "";
  return `${pruned} ${pruned === 1 ? "trial" : "trials"} would have been pruned, saving ${steps_saved} of ${steps} steps (${share.toFixed(0)} %)${best}`;
}

/** Trials that a process left running that is gone; nothing while somebody has the study. */
function abandonedInWords({ state, owner }: InspectedStudy): string[] {
  if (owner !== null) return [];
  const left = state.unfinished.filter((number) => {
    const trial = state.trial(number);
    return trial?.state === "running" && trial.owner !== EXTERNAL;
  });
  return left.length === 0 ? [] : [nobodyRuns(left)];
}

/** How the best value came about, with several objectives the hypervolume; nothing before there are two points. */
async function historyPlot(inspected: InspectedStudy, io: CliIo, { hypervolume }: StudyOverview): Promise<string> {
  const { name, points } = historyOf(inspected, hypervolume?.reference);
  if (points.length < 2) return "";
  const { terminalPlot } = await import("../terminal-plot.js");
  const plot = await terminalPlot([{ name: "best so far", points }], {
    columns: plotColumns(io.stdout),
    x: "finished trials",
    digits: 5,
  });
  return `\n\n${name} by finished trials\n${plot}`;
}

/** The value against the parameters that matter most; nothing before there is something to see. */
async function slicePlot({ state }: InspectedStudy, io: CliIo): Promise<string> {
  const { slicesInWords } = await import("../slice-view.js");
  const text = await slicesInWords(state, plotColumns(io.stdout));
  return text === "" ? "" : `\n\n${text}`;
}

function historyOf(
  { state }: InspectedStudy,
  reference: readonly number[] | undefined,
): { name: string; points: [number, number][] } {
  const [objective, ...others] = state.header.objectives as readonly [StudyObjective, ...StudyObjective[]];
  const trials = comparableTrials(state);
  if (others.length > 0)
    return { name: "hypervolume", points: hypervolumeHistory(trials, directionsOf(state.header), reference) };
  return { name: `best ${objective.metric}`, points: bestSoFar(trials, objective.direction) };
}

function archivedInWords({ archived_at }: StudyOverview): string[] {
  return archived_at === null ? [] : [`${timeText(archived_at)}; \`study unarchive\` brings it back`];
}

function originInWords({ copied_from: from }: StudyOverview): string[] {
  return from === null ? [] : [`${from.name} (created ${timeText(from.created_at)}, revision ${from.revision})`];
}

function endInWords({ terminator, ended }: StudyOverview): string[] {
  if (ended)
    return [`ended by the study's terminator at ${ended.finished} trials (${timeText(ended.at)}): ${ended.reason}`];
  return terminator ? [`where the expected gain is below the noise, from ${terminator.min_trials} trials on`] : [];
}

function priorInWords({ from }: StudyOverview): string[] {
  if (!from) return [];
  const { study, created_at, trials, top } = from;
  return [`the best trials of ${study} (created ${timeText(created_at)}): ${trials} of ${top} asked for`];
}

const MOST_NOTES = 10;

/** What people say of trials, a line each. */
function notesInWords({ annotations }: StudyOverview): string[] {
  const said = Object.entries(annotations).map(
    ([number, annotation]) => `trial ${number}: ${annotationInWords(annotation)}`,
  );
  const more = said.length - MOST_NOTES;
  return more > 0 ? [...said.slice(0, MOST_NOTES), `and ${more} more, which \`trials\` shows`] : said;
}

/** What is kept with the study, a line each. */
function attributesInWords({ user_attrs }: StudyOverview): string[] {
  return Object.entries(user_attrs).map(([key, value]) => oneLine(`${key} = ${stringifyJson(value)}`));
}

function madeByInWords({ package: name, commit, node, command_line }: MadeBy): string {
  return `${name}${commit ? ` (${commit.slice(0, 10)})` : ""}, Node ${node}: ${command_line}`;
}

/** `D01 0.0123, D02 0.0111`: what each part of a cross-validated trial came to. */
function partsInWords(parts: readonly TrialPart[]): string {
  const names = partNames(parts);
  return parts.map(({ values }, i) => `${names[i]} ${shortNumber(values[0])}`).join(", ");
}

/** `, over folds cells and 2 seeds`: what each trial is cross-validated over. */
function overInWords({ folds, seeds }: StudyOverview): string {
  const over = [
    ...(folds === null ? [] : [folds === "cells" ? "each cell held out" : `${folds} folds`]),
    ...(seeds === 1 ? [] : [`${seeds} seeds`]),
  ];
  return over.length === 0 ? "" : `, mean over ${over.join(" and ")}`;
}

/** `paused in a service: up to 40 trials, at most 2 at once`: what a service runs of the study, or last ran. */
function runInWords({ run }: StudyOverview): string[] {
  if (run === null) return [];
  const { state, total_trials: total, workers, ended_at, stopped_by, error } = run;
  const words = [
    ...(total === null ? [] : [`up to ${total} trials`]),
    ...(workers === null ? [] : [`at most ${workers} at once`]),
    ...(ended_at === null ? [] : [`ended ${timeText(ended_at)}`]),
    ...(stopped_by === null ? [] : [`by ${stopped_by}`]),
    ...(error === null ? [] : [oneLine(error.message)]),
  ];
  return [`${state} in a service${words.length === 0 ? "" : `: ${words.join(", ")}`}`];
}

/** How the best trial stands to the baselines. */
function wordsOf({ state }: InspectedStudy): string | null {
  const best = bestOfStudy(state);
  return best ? trialVerdict(state.header, best) : null;
}

/** `1:02 in trials, 3.1 s a trial; 0.00012 better a minute until the best one` */
function timeInWords({ trial_seconds, median_trial_seconds: median, best_per_minute, front }: StudyOverview): string {
  const each = median === null ? "" : `, ${duration(median)} a trial`;
  const gain = front ? "hypervolume gained" : "better";
  const until = front ? "the front's last change" : "the best one";
  const won = best_per_minute
    ? `; ${shortNumber(best_per_minute.value, 3)} ${gain} a minute until ${until} (${duration(60 * best_per_minute.minutes)})`
    : "";
  return `${duration(trial_seconds)} in trials${each}${won}`;
}

/** `0.6 s, 1234 parameters`: what the best trial cost, as far as its record says. */
function costInWords({ seconds, parameters }: BestTrialSummary): string {
  const words = [
    ...(seconds === null ? [] : [duration(seconds)]),
    ...(parameters === null ? [] : [`${parameters} weights trained`]),
  ];
  return words.join(", ");
}

/** What stands behind a label, as wide as that is. */
const LABEL = 9;

interface Shown {
  /** Who optimizes the study, in words. */
  readonly owner: string;
  /** How its best trial stands to the baselines. */
  readonly verdict: string | null;
  /** What has become of the trials of earlier spaces, a sentence each. */
  readonly spaces: readonly string[];
  readonly width: number;
}

function inWords(summary: StudyOverview, { owner, verdict, spaces, width }: Shown): string[] {
  const { counts, best, front, hypervolume, task, baselines } = summary;
  const labelled = (label: string, text: string): string => label.padEnd(LABEL) + hangText(text, width, LABEL);
  const states = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const isModel = task.model !== undefined;
  const own = summary.command ? "a program" : "objective";
  const what = task.model === undefined ? own : `${[task.model].flat().join(",")} on ${task.dataset}`;
  const made = `${what}, ${objectivesInWords(summary.objectives, isModel)}, ${summary.sampler.name} + ${summary.pruner.name}${overInWords(summary)}`;
  const lines = [
    hangText(`${summary.name}: ${made}, seed ${summary.seed}`, width, 2),
    `file     ${summary.file}`,
    labelled("trials", states.join(", ") || "none"),
  ];
  if (summary.pruned_share !== null)
    lines.push(
      `pruned   ${(100 * summary.pruned_share).toFixed(0)} % of trials; ` +
        `${summary.steps} ${isModel ? "epochs trained" : "steps run"}`,
    );
  if (summary.dry_run) lines.push(labelled("dry run", dryRunInWords(summary.dry_run, summary.steps)));
  const failures = Object.entries(summary.failures).map(([name, count]) => `${count} ${name}`);
  if (failures.length > 0) lines.push(`failed   ${styled("failed", failures.join(", "))}`);
  lines.push(labelled("time", timeInWords(summary)));
  if (best) {
    lines.push(
      `best     trial ${best.number}: ${styled("best", valueText({ values: [best.value ?? NaN], spread: best.spread }))}`,
    );
    const cost = costInWords(best);
    if (cost !== "") lines.push(labelled("", cost));
    for (const [name, value] of Object.entries(best.params)) lines.push(`           ${name} = ${paramText(value)}`);
    if (best.command_line !== undefined) lines.push(labelled("command", best.command_line));
    if (best.parts) lines.push(labelled("parts", partsInWords(best.parts)));
  }
  if (front) lines.push(labelled("front", front.length === 0 ? "none" : `trials ${front.join(", ")}`));
  if (hypervolume) lines.push(labelled("volume", volumeInWords(hypervolume, summary.objectives)));
  const others = baselinesLine(baselines);
  if (others !== null) lines.push(labelled("baseline", others));
  if (verdict !== null) lines.push(labelled("", verdict));
  if (summary.sampler_choice) {
    const { sampler, reason } = summary.sampler_choice;
    lines.push(labelled("sampler", `auto asks ${sampler}: ${reason}`));
  }
  for (const [label, said] of [
    ["space", spaces],
    ["from", priorInWords(summary)],
    ["ends", endInWords(summary)],
    ["run", runInWords(summary)],
    ["note", summary.note === "" ? [] : summary.note.split("\n")],
    ["archived", archivedInWords(summary)],
    ["copy of", originInWords(summary)],
    ["attrs", attributesInWords(summary)],
    ["notes", notesInWords(summary)],
  ] as const)
    lines.push(...said.map((line, i) => labelled(i === 0 ? label : "", line)));
  if (summary.made_by) lines.push(labelled("made by", oneLine(madeByInWords(summary.made_by))));
  if (summary.owner) lines.push(owner);
  for (const { severity, message } of summary.findings)
    lines.push(`${styled(severity === "damage" ? "error" : "warning", severity)}: ${oneLine(message)}`);
  return lines;
}
