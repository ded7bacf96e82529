/** A study's values against the parameters that matter most, on the terminal: small panels side by side. */
import type { StudyState } from "../core/index.js";
import { rangeOf, shortLabel, wantsLog } from "../plots/chart-parts.js";
import { LeftOut } from "../plots/left-out.js";
import { firstMeasure } from "../plots/measure.js";
import { measured } from "../plots/measured-trials.js";
import type { MeasuredTrial } from "../plots/measured-trials.js";
import { scaleText } from "../plots/number-text.js";
import { chooseParameters } from "../plots/parameters.js";
import type { PlotParameter } from "../plots/parameters.js";
import { plotStudyOf } from "../plots/plot-study.js";
import { terminalGrid } from "./terminal-grid.js";
import { cutText, padText } from "./text-layout.js";

const MOST_PANELS = 4;
/** Fewer trials show nothing. */
const LEAST_TRIALS = 5;
const HEIGHT = 6;
/** Columns of a panel's y labels, with the axis; between panels; of a panel that can still be read. */
const COLUMNS = { labels: 10, between: 3, least: 30 };

/** The words under a panel: each choice below its place as far as they have room, else the ends. */
function axisLabels({ choices, log }: PlotParameter, [low, high]: readonly [number, number], width: number): string {
  const value = (place: number): string => scaleText(log ? 10 ** place : place);
  const labels =
    choices === null
      ? [low, high].map((place) => [place, value(place)] as const)
      : choices.slice(low, high + 1).map((choice, i) => [low + i, choice] as const);
  let line = "";
  for (const [place, text] of labels) {
    const share = high > low ? (place - low) / (high - low) : 0;
    const at = Math.max(0, Math.round(share * (width - 1) - share * (text.length - 1)));
    if (line === "" || at > line.length) line = `${line.padEnd(at)}${text}`;
  }
  return cutText(line, width);
}

/** A panel as lines of `width` columns at most. */
async function panelLines(
  parameter: PlotParameter,
  trials: readonly MeasuredTrial[],
  log: boolean,
  width: number,
): Promise<string[]> {
  const points = trials.flatMap(({ trial, value }) => {
    const place = parameter.place(trial);
    if (place === null) return [];
    return [[parameter.log ? Math.log10(place) : place, log ? Math.log10(value) : value] as const];
  });
  const title = shortLabel(parameter.name, width - COLUMNS.labels - 6) + (parameter.log ? " (log)" : "");
  const indent = " ".repeat(COLUMNS.labels);
  if (points.length === 0) return [indent + title, `${indent}(no trial has it)`];
  const [min, max] = rangeOf(trials.map(({ value }) => (log ? Math.log10(value) : value)));
  const [low, high] = max > min ? [min, max] : [min - (Math.abs(min) / 10 || 1), max + (Math.abs(max) / 10 || 1)];
  const room = width - COLUMNS.labels;
  const rows = await terminalGrid(points, room, { height: HEIGHT, min: low, max: high, mode: "point" });
  const labelled = rows.map((row, i) => {
    const value = high - (i * (high - low)) / HEIGHT;
    const label = i % 3 === 0 ? scaleText(log ? 10 ** value : value) : "";
    return `${cutText(label, COLUMNS.labels - 2).padStart(COLUMNS.labels - 2)} ┤${row}`;
  });
  return [
    indent + title,
    ...labelled,
    `${" ".repeat(COLUMNS.labels - 1)}└${"─".repeat(room)}`,
    indent + axisLabels(parameter, rangeOf(points.map(([x]) => x)), room),
  ];
}

/** Lines of panels beside each other. */
function beside(panels: readonly (readonly string[])[], width: number): string[] {
  const rows = Math.max(...panels.map((lines) => lines.length));
  return Array.from({ length: rows }, (_, i) =>
    panels
      .map((lines, p) => (p === panels.length - 1 ? (lines[i] ?? "") : padText(lines[i] ?? "", width)))
      .join(" ".repeat(COLUMNS.between))
      .trimEnd(),
  );
}

/**
 * The first objective against each of the parameters that matter most; empty where there is too little to see.
 * @param columns how wide it may be
 */
export async function slicesInWords(state: StudyState, columns: number): Promise<string> {
  const study = plotStudyOf(state);
  const measure = firstMeasure(study, undefined);
  const trials = measured(study, measure, new LeftOut(study));
  if (trials.length < LEAST_TRIALS) return "";
  const { parameters } = chooseParameters(study, undefined, MOST_PANELS, measure);
  if (parameters.length === 0) return "";
  const across = parameters.length > 1 && columns >= 2 * COLUMNS.least + COLUMNS.between ? 2 : 1;
  const width = Math.floor((columns - (across - 1) * COLUMNS.between) / across);
  const log = wantsLog(trials.map(({ value }) => value));
  const panels = await Promise.all(parameters.map((parameter) => panelLines(parameter, trials, log, width)));
  const lines: string[] = [];
  for (let i = 0; i < panels.length; i += across) lines.push("", ...beside(panels.slice(i, i + across), width));
  return [`${measure.name} by parameter${log ? " (log)" : ""}`, ...lines].join("\n");
}
