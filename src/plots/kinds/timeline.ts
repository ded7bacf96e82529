/** The kind `timeline`: when each trial ran, a lane a worker, and where attempts were lost. */
import type { Trial } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import { insideZoom, nameAxis, numberAxis, PLOT_WIDTH, rounded, topLegend } from "../chart-parts.js";
import { LeftOut, trialsInWords } from "../left-out.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";

const MOST_TRIALS = 1500;
const ROW = 30;
const AREA = { left: 120, right: 24, top: 40, bottom: 46 };
/** A pause is cut where nothing ran for so long a share of the time in which something did. */
const PAUSE = 0.1;

const sorts = {
  complete: { color: "@series1" },
  pruned: { color: "@series5" },
  failed: { color: "@series2" },
  running: { color: "@series3" },
  "lost attempt": { color: "@series4" },
} as const;
type Sort = keyof typeof sorts;

/** One run of a trial, in milliseconds since 1970. */
export interface Span {
  readonly trial: number;
  readonly attempt: number;
  readonly sort: Sort;
  readonly from: number;
  readonly to: number;
  /** Who ran it, in words; null where that is not known: it gets a lane where there is room. */
  readonly worker: string | null;
  readonly lane: string;
}

function workerOf({ owner, slot }: Trial): string | null {
  if (owner === "external") return null;
  if (slot === null) return null;
  const remote = owner?.startsWith("remote:") ? `${owner.slice("remote:".length)} ` : "";
  return `${remote}place ${slot}`;
}

/** The runs of a trial that have a beginning: lost attempts, and what came of the last one. */
function spansOf(trial: Trial, now: number): Omit<Span, "lane">[] {
  const time = (iso: string | null): number => (iso === null ? NaN : Date.parse(iso));
  const lost = trial.attempts.map(({ attempt, started_at, ended_at }) => ({
    ...{ trial: trial.number, attempt, sort: "lost attempt" as const, from: time(started_at), to: time(ended_at) },
    worker: null,
  }));
  const sort = trial.state === "waiting" ? null : trial.state;
  const last =
    sort === null
      ? []
      : [
          {
            ...{ trial: trial.number, attempt: trial.attempt, sort, from: time(trial.started_at) },
            ...{ to: sort === "running" ? now : time(trial.finished_at), worker: workerOf(trial) },
          },
        ];
  return [...lost, ...last].filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to));
}

/** The latest moment that the records know of: where bars of running trials end. */
function latest(trials: readonly Trial[]): number {
  const times = trials.flatMap(({ started_at, finished_at, attempts }) => [
    ...[started_at, finished_at].map((iso) => (iso === null ? -Infinity : Date.parse(iso))),
    ...attempts.map(({ ended_at }) => (ended_at === null ? -Infinity : Date.parse(ended_at))),
  ]);
  return times.reduce((a, b) => Math.max(a, b), -Infinity);
}

/** Gives each span its lane: the worker's own, or the first of the unknown ones that is free by then. */
export function inLanes(spans: readonly Omit<Span, "lane">[]): Span[] {
  const free: number[] = [];
  return [...spans]
    .sort((a, b) => a.from - b.from)
    .map((span) => {
      if (span.worker !== null) return { ...span, lane: span.worker };
      let at = free.findIndex((until) => until <= span.from);
      if (at < 0) at = free.push(-Infinity) - 1;
      free[at] = span.to;
      return { ...span, lane: `no place, ${at + 1}` };
    });
}

/** Time without the pauses in which nothing ran. */
export function withoutPauses(spans: readonly Pick<Span, "from" | "to">[]): {
  readonly at: (time: number) => number;
  readonly pauses: readonly { readonly from: number; readonly to: number }[];
} {
  const sorted = [...spans].sort((a, b) => a.from - b.from);
  const gaps: { from: number; to: number }[] = [];
  let end = sorted[0]?.from ?? 0;
  const first = end;
  for (const { from, to } of sorted) {
    if (from > end) gaps.push({ from: end, to: from });
    end = Math.max(end, to);
  }
  const idle = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const least = PAUSE * Math.max(end - first - idle, 1000);
  const pauses = gaps.filter((gap) => gap.to - gap.from > least);
  const at = (time: number): number =>
    time - first - pauses.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(time, to) - from), 0);
  return { at, pauses };
}

const units = [
  { name: "hours", ms: 3_600_000 },
  { name: "minutes", ms: 60_000 },
  { name: "seconds", ms: 1000 },
];

function durationInWords(ms: number): string {
  const unit = units.find((known) => ms >= 2 * known.ms) ?? { name: "seconds", ms: 1000 };
  return `${Number((ms / unit.ms).toPrecision(2))} ${unit.name}`;
}

const laneOrder = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

function spanSeries(spans: readonly Span[], lanes: readonly string[], place: (time: number) => number): ChartOption[] {
  return (Object.keys(sorts) as Sort[]).flatMap((sort) => {
    const own = spans.filter((span) => span.sort === sort);
    const data = own.map(({ trial, attempt, from, to, lane }) => [
      ...[rounded(place(from)), rounded(place(to)), lanes.indexOf(lane), trial, attempt, rounded((to - from) / 1000)],
    ]);
    return own.length === 0
      ? []
      : [
          {
            ...{ type: "custom", renderItem: "span", name: sort, itemStyle: { color: sorts[sort].color }, clip: true },
            ...{ itemPayload: { hollow: sort === "lost attempt" || sort === "failed" } },
            ...{ dimensions: ["from", "to", "lane", "trial", "attempt", "seconds"] },
            ...{ encode: { x: [0, 1], y: 2, tooltip: [3, 4, 5] }, data },
          },
        ];
  });
}

/** Draws when trials ran. */
export function timeline(study: PlotStudy, { width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const left = new LeftOut(study);
  const now = latest(study.trials);
  const whole = study.trials.map((trial) => ({ trial, spans: spansOf(trial, now) }));
  for (const { trial, spans } of whole)
    if (spans.length === 0) left.add(trial.state === "waiting" ? "waiting" : `${trial.state} without times`);
  const shown = whole.filter(({ spans }) => spans.length > 0);
  const spans = inLanes(shown.slice(-MOST_TRIALS).flatMap((run) => run.spans));
  const lanes = [...new Set(spans.map(({ lane }) => lane))].sort(laneOrder);
  const { at, pauses } = withoutPauses(spans);
  const total = spans.reduce((most, { to }) => Math.max(most, at(to)), 0);
  const unit = units.find(({ ms }) => total >= 3 * ms) ?? { name: "seconds", ms: 1000 };
  const series = spanSeries(spans, lanes, (time) => at(time) / unit.ms);
  const plotHeight = height === undefined ? Math.max(60, lanes.length * ROW) : height - AREA.top - AREA.bottom;
  const paused = pauses.reduce((sum, { from, to }) => sum + to - from, 0);
  const retryOf = new Map(study.trials.map(({ number, retry_of }) => [number, retry_of]));
  const retries = study.trials.filter(({ retry_of }) => retry_of !== null).length;
  return {
    ...{
      kind: "timeline",
      title: `${study.name}: timeline of the workers`,
      width,
      height: AREA.top + plotHeight + AREA.bottom,
    },
    notes: [
      ...(shown.length === 0 ? ["No trial has begun yet."] : []),
      ...left.notes(),
      ...(shown.length > MOST_TRIALS ? [`The last ${MOST_TRIALS} of ${trialsInWords(shown.length)} are drawn.`] : []),
      ...(pauses.length > 0
        ? [
            `${pauses.length} ${pauses.length === 1 ? "pause" : "pauses"} in which nothing ran, ${durationInWords(paused)} together, ${pauses.length === 1 ? "is" : "are"} cut out.`,
          ]
        : []),
      ...(spans.some(({ sort }) => sort === "running")
        ? ["A running trial's bar ends with the last thing that is known to have happened."]
        : []),
      ...(retries > 0
        ? [`${trialsInWords(retries)} ${retries === 1 ? "repeats" : "repeat"} a failed one (column retry of).`]
        : []),
    ],
    option: {
      grid: { left: AREA.left, right: AREA.right, top: AREA.top, height: plotHeight },
      legend: topLegend(series.map(({ name }) => name as string)),
      xAxis: numberAxis({ name: `${unit.name} since the first trial began`, more: { min: 0, scale: false } }),
      yAxis: nameAxis(lanes, {
        more: {
          inverse: true,
          axisTick: { show: false },
          axisLabel: {
            color: "@text",
            width: AREA.left - 14,
            overflow: "truncate",
            interval: lanes.length > 40 ? "auto" : 0,
          },
        },
      }),
      ...{ tooltip: { trigger: "item" }, dataZoom: insideZoom({ x: [0] }), series },
    },
    table: {
      columns: ["trial", "attempt", "state", "lane", "started at", "ended at", "seconds", "retry of"],
      rows: inLanes(shown.flatMap((run) => run.spans)).map(({ trial, attempt, sort, lane, from, to }) => [
        ...[trial, attempt, sort, lane, new Date(from).toISOString(), new Date(to).toISOString(), (to - from) / 1000],
        retryOf.get(trial) ?? null,
      ]),
    },
  };
}
