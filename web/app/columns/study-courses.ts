/** Several studies in one plot: their best against what they spent, and how their values are spread. */
import { isBetter } from "../../../src/core/trial.js";
import type { Direction } from "../../../src/core/index.js";
import { evenly, insideZoom, numberAxis, rounded, topLegend, wantsLog } from "../../../src/plots/chart-parts.js";
import { edfOf } from "../../../src/plots/kinds/edf.js";
import { seriesColor, seriesColors } from "../../../src/plots/theme.js";
import { stateCodes } from "./state-names.js";
import type { ColumnStore } from "./column-store.js";
import type { CourseScale } from "./course-scales.js";
import type { WebPlot } from "./web-plot.js";

/** A study among those compared. */
export interface ComparedStudy {
  readonly name: string;
  readonly store: ColumnStore;
}

const scaleNames: Readonly<Record<CourseScale, string>> = {
  trials: "finished trials",
  epochs: "epochs in finished trials",
  seconds: "seconds in finished trials",
};

/** Lines are told apart by their dashes where colours come again, and in print. */
const DASHES = ["solid", "dashed", "dotted"] as const;
const MOST_STEPS = 800;

/** How a line of a study looks: one of its own as long as there are no more than twenty-one. */
export function lineLook(place: number): { readonly color: string; readonly type: string } {
  const type = DASHES[(place + Math.floor(place / seriesColors)) % DASHES.length] as string;
  return { color: seriesColor(place), type };
}

/** The rows of finished trials that count, in the order of finishing. */
function finishedRows({ store }: ComparedStudy): number[] {
  const { finish_index: order, banned } = store.own;
  const rows: number[] = [];
  for (let row = 0; row < store.size; row++)
    if (order.data[row] === order.data[row] && banned.data[row] !== 1) rows.push(row);
  return rows.sort((a, b) => (order.data[a] as number) - (order.data[b] as number));
}

const isFeasible = (store: ColumnStore, row: number): boolean => store.own.feasible.data[row] !== 0;

/** The best feasible value so far in an objective, at every change and at the end. */
export function courseOf(
  study: ComparedStudy,
  objective: number,
  direction: Direction,
  scale: CourseScale,
): [number, number][] {
  const { store } = study;
  const { seconds, steps } = store.own;
  const points: [number, number][] = [];
  let [spent, best] = [0, null as number | null];
  for (const row of finishedRows(study)) {
    spent += scale === "trials" ? 1 : (scale === "epochs" ? steps : seconds).at(row) || 0;
    if (store.state[row] !== stateCodes.complete || !isFeasible(store, row)) continue;
    const value = store.values[objective]?.at(row) ?? NaN;
    if (!Number.isFinite(value) || (best !== null && !isBetter(value, best, direction))) continue;
    best = value;
    points.push([spent, value]);
  }
  if (best !== null && (points.at(-1)?.[0] ?? 0) < spent) points.push([spent, best]);
  return points;
}

/** The objective that studies have in common, by name; null: none. */
export function commonObjective(
  studies: readonly ComparedStudy[],
): { readonly metric: string; readonly direction: Direction } | null {
  const [first, ...others] = studies;
  const shared = first?.store.objectives.find(({ metric, direction }) =>
    others.every(({ store }) => store.objectives.some((own) => own.metric === metric && own.direction === direction)),
  );
  return shared ?? null;
}

const placeOf = ({ store }: ComparedStudy, metric: string): number =>
  store.objectives.findIndex((own) => own.metric === metric);

function lineSeries(
  name: string,
  place: number,
  points: readonly (readonly [number, number])[],
): Record<string, unknown> {
  const { color, type } = lineLook(place);
  return {
    ...{ type: "line", name, step: "end", symbol: points.length === 1 ? "circle" : "none" },
    ...{ lineStyle: { color, type, width: 2 }, itemStyle: { color } },
    data: evenly(points, MOST_STEPS).map(([x, y]) => [rounded(x), rounded(y)]),
  };
}

const noCommon = "The studies have no objective in common: their values cannot be compared.";

/** Draws the best so far of each study. */
export function drawCourses(studies: readonly ComparedStudy[], scale: CourseScale, width: number): WebPlot {
  const objective = commonObjective(studies);
  const lines = objective
    ? studies.map((study) => ({
        name: study.name,
        points: courseOf(study, placeOf(study, objective.metric), objective.direction, scale),
      }))
    : [];
  const none = lines.filter(({ points }) => points.length === 0).map(({ name }) => name);
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const height = 340;
  return {
    ...{ kind: "course", title: `Best ${objective?.metric ?? "value"} by ${scaleNames[scale]}`, width, height },
    notes: [
      ...(objective ? [] : [noCommon]),
      ...(none.length > 0 ? [`Not drawn, for want of a feasible complete trial: ${none.join(", ")}.`] : []),
      ...(scale === "seconds"
        ? ["Seconds are those in trials, added up in the order of finishing: not those on the wall."]
        : []),
      ...(scale === "epochs" ? ["Epochs are the reports of all finished trials, the pruned ones too."] : []),
    ],
    option: {
      grid: { left: 84, right: 22, top: 40, height: height - 40 - 48 },
      xAxis: numberAxis({ name: scaleNames[scale], more: { scale: false, splitLine: { show: false } } }),
      yAxis: numberAxis({ name: `best ${objective?.metric ?? "value"}`, gap: 62, log: wantsLog(values) }),
      legend: topLegend(),
      ...{ tooltip: { trigger: "axis" }, dataZoom: insideZoom({ x: [0] }) },
      series: lines.map(({ name, points }, place) => lineSeries(name, place, points)),
    },
    table: {
      columns: ["study", scaleNames[scale], objective?.metric ?? "value"],
      rows: lines.flatMap(({ name, points }) => points.map(([x, y]) => [name, x, y])),
    },
  };
}

/** Draws the share of each study's complete trials whose value is at most so much. */
export function drawDistributions(studies: readonly ComparedStudy[], width: number): WebPlot {
  const objective = commonObjective(studies);
  const lines = objective
    ? studies.map((study) => {
        const { store } = study;
        const column = store.values[placeOf(study, objective.metric)];
        const values: number[] = [];
        for (let row = 0; row < store.size; row++) {
          const value = column?.data[row] ?? NaN;
          if (store.state[row] === stateCodes.complete && store.own.banned.data[row] !== 1 && Number.isFinite(value))
            values.push(value);
        }
        return { name: study.name, values, steps: edfOf(values) };
      })
    : [];
  const height = 340;
  const name = objective?.metric ?? "value";
  return {
    ...{ kind: "distributions", title: `Distribution of ${name}`, width, height },
    notes: [
      ...(objective ? [] : [noCommon]),
      ...lines.map((line) => `${line.name}: ${line.values.length} complete trials with a finite value.`),
    ],
    option: {
      grid: { left: 84, right: 22, top: 40, height: height - 40 - 48 },
      xAxis: numberAxis({ name, log: wantsLog(lines.flatMap(({ values }) => values)) }),
      yAxis: numberAxis({ name: "share of trials", gap: 46, more: { min: 0, max: 1 } }),
      legend: topLegend(),
      ...{ tooltip: { trigger: "axis" }, dataZoom: insideZoom({ x: [0] }) },
      series: lines.map((line, place) => lineSeries(line.name, place, line.steps)),
    },
    table: {
      columns: ["study", name, "share"],
      rows: lines.flatMap((line) => line.steps.map(([x, y]) => [line.name, x, y])),
    },
  };
}
