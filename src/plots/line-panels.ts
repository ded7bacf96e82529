/** Line charts in panels: predictions beside what was measured, with ranges, limits and marks. */
import type { ChartOption } from "#echarts";
import { seriesColor } from "./theme.js";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A range about a line, drawn as an area. */
export interface Band {
  readonly name: string;
  /** Ascending in x. */
  readonly points: readonly (readonly [x: number, low: number, high: number])[];
}

/** One point with a word beside it. */
export interface Mark {
  readonly name: string;
  readonly at: readonly [x: number, y: number];
  readonly label: string;
}

/** A group of lines with axes of their own. */
export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  readonly bands?: readonly Band[];
  /** Values that the lines are held against, as thin lines across the panel. */
  readonly limits?: readonly { readonly name: string; readonly y: number }[];
  readonly marks?: readonly Mark[];
}

/** What the axes show, with units. */
export interface AxisNames {
  readonly x: string;
  readonly y: string;
}

/** Wider figures put panels side by side. */
const ONE_COLUMN = { panels: 3, width: 760 };
const TWO_COLUMNS = { panels: Infinity, width: 1000 };
const PLOT_HEIGHT = 220;
/** Around a panel's plot: its title above, its axis' labels and name below, those of the y axis left. */
const MARGIN = { top: 44, bottom: 52, left: 72, right: 24 };
const PANEL_HEIGHT = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom;
const LEGEND = { top: 8, row: 24, below: 4, icon: 32, gap: 14, character: 5.5 };
const NOTE_HEIGHT = 26;

/** In print without colour lines are told apart by their dashes. */
const DASHES = ["solid", "dashed", "dotted"];
const LABELS = { color: "@text", hideOverlap: true };
const LIMIT = { color: "@axis", dash: [9, 3, 2, 3] };
const BAND = { fill: "@band", opacity: 0.28 };

/** An infinite value or NaN is a gap in its line. */
const plotted = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Where panels stand. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly left: (panel: number) => number;
  readonly top: (panel: number) => number;
  readonly plotWidth: number;
}

/** Rows that a legend takes: one that is too long for the width goes on below. */
function legendRows(names: readonly string[], width: number): number {
  let [rows, used] = [1, 0];
  for (const name of names) {
    const entry = LEGEND.icon + 5 + name.length * LEGEND.character + LEGEND.gap;
    if (used > 0 && used + entry > width) [rows, used] = [rows + 1, 0];
    used += entry;
  }
  return rows;
}

function layoutOf(panels: readonly Panel[], names: readonly string[], note: string | undefined): Layout {
  const columns = panels.length <= ONE_COLUMN.panels ? 1 : 2;
  const { width } = columns === 1 ? ONE_COLUMN : TWO_COLUMNS;
  const rows = legendRows(names, width - MARGIN.left - MARGIN.right);
  const head = LEGEND.top + rows * LEGEND.row + LEGEND.below;
  const foot = note === undefined ? 0 : NOTE_HEIGHT;
  return {
    width,
    height: head + Math.ceil(panels.length / columns) * PANEL_HEIGHT + foot,
    left: (p) => (p % columns) * (width / columns) + MARGIN.left,
    top: (p) => head + Math.floor(p / columns) * PANEL_HEIGHT,
    plotWidth: width / columns - MARGIN.left - MARGIN.right,
  };
}

function axesOf(panels: readonly Panel[], axes: AxisNames, layout: Layout): ChartOption {
  const common = { type: "value", scale: true, nameLocation: "middle", splitLine: { lineStyle: { color: "@grid" } } };
  const line = { axisLine: { show: true, onZero: false, lineStyle: { color: "@axis" } } };
  const name = { nameTextStyle: { color: "@text" }, axisLabel: LABELS };
  const grids = panels.map((_, p) => ({
    ...{ left: layout.left(p), width: layout.plotWidth },
    ...{ top: layout.top(p) + MARGIN.top, height: PLOT_HEIGHT },
  }));
  return {
    grid: grids,
    xAxis: panels.map((panel, p) => ({
      ...{ ...common, ...line, ...name, gridIndex: p, name: axes.x, nameGap: 28 },
      ...edgeToEdge(panel),
    })),
    yAxis: panels.map((_, p) => ({ ...common, ...line, ...name, gridIndex: p, name: axes.y, nameGap: 48 })),
  };
}

/** The least and the greatest x of what a panel shows. */
function rangeOf({ series, bands = [], marks = [] }: Panel): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  const lines = [...series.map(({ points }) => points), ...bands.map(({ points }) => points)];
  for (const points of [...lines, marks.map(({ at }) => at)])
    for (const [x] of points) {
      if (!Number.isFinite(x)) continue;
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
  return [low, high];
}

/** A line that others are held against goes from edge to edge: the axis ends where the data do, not at round numbers. */
function edgeToEdge(panel: Panel): ChartOption {
  const [low, high] = rangeOf(panel);
  if ((panel.limits ?? []).length === 0 || !(low < high)) return {};
  return {
    ...{ min: low, max: high },
    axisLabel: { ...LABELS, showMinLabel: false, showMaxLabel: false },
  };
}

/** An area as a polygon: out along its lower edge, back along its upper one. */
function bandSeries({ name, points }: Band, axes: ChartOption): ChartOption {
  const edge = [
    ...points.map(([x, low]) => [x, low] as const),
    ...points.toReversed().map(([x, , high]) => [x, high] as const),
  ];
  return {
    ...{ type: "custom", name, silent: true, z: 1, ...axes },
    itemStyle: { color: BAND.fill, opacity: BAND.opacity },
    encode: { x: 0, y: [1, 2] },
    data: points.map((point) => [...point]),
    clip: true,
    renderItem: "band",
    itemPayload: { edge, fill: BAND.fill, opacity: BAND.opacity },
  };
}

function markSeries({ name, at, label }: Mark, axes: ChartOption, [low, high]: [number, number]): ChartOption {
  // A curve that falls leaves room above it on the right, and below it on the left.
  const isNearEdge = at[0] > low + 0.85 * (high - low);
  return {
    ...{ type: "line", name, silent: true, symbol: "diamond", symbolSize: 10, z: 5, ...axes },
    ...{ itemStyle: { color: "@text" }, lineStyle: { color: "@text", width: 0 } },
    data: [[...at]],
    label: {
      ...{ show: true, formatter: label, color: "@text", fontSize: 12 },
      ...{ position: isNearEdge ? "left" : "right", distance: 6, offset: [0, isNearEdge ? 10 : -10] },
    },
  };
}

function limitSeries(name: string, y: number, axes: ChartOption, [low, high]: [number, number]): ChartOption {
  return {
    ...{ type: "line", name, silent: true, symbol: "none", z: 2, ...axes },
    lineStyle: { width: 1.2, color: LIMIT.color, type: LIMIT.dash },
    itemStyle: { color: LIMIT.color },
    data: [
      [low, y],
      [high, y],
    ],
  };
}

function lineSeries({ name, points }: Series, axes: ChartOption, index: number): ChartOption {
  const color = seriesColor(index);
  return {
    ...{ type: "line", name, silent: true, z: 3, symbol: points.length === 1 ? "circle" : "none", ...axes },
    lineStyle: { width: 1.6, color, type: DASHES[index % DASHES.length] },
    itemStyle: { color },
    data: points.map(([x, y]) => [plotted(x), plotted(y)]),
  };
}

function seriesOf(panels: readonly Panel[], names: readonly string[]): ChartOption[] {
  return panels.flatMap((panel, p) => {
    const axes = { xAxisIndex: p, yAxisIndex: p };
    const range = rangeOf(panel);
    const { series, bands = [], limits = [], marks = [] } = panel;
    return [
      ...bands.map((band) => bandSeries(band, axes)),
      ...(range[0] <= range[1] ? limits.map(({ name, y }) => limitSeries(name, y, axes, range)) : []),
      ...series.map((line) => lineSeries(line, axes, names.indexOf(line.name))),
      ...marks.map((mark) => markSeries(mark, axes, range)),
    ];
  });
}

/** The names of what is drawn, each once; lines first, since their place gives colour and dashes. */
function namesOf(panels: readonly Panel[], what: (panel: Panel) => readonly { readonly name: string }[]): string[] {
  return [...new Set(panels.flatMap((panel) => what(panel).map(({ name }) => name)))];
}

function legendOf(panels: readonly Panel[]): ChartOption[] {
  const lines = namesOf(panels, ({ series, limits = [] }) => [...series, ...limits]).map((name) => ({
    ...{ name, itemStyle: { opacity: 0 } },
  }));
  const bands = namesOf(panels, (panel) => panel.bands ?? []).map((name) => ({ name, icon: "rect" }));
  const marks = namesOf(panels, (panel) => panel.marks ?? []).map((name) => ({ name, icon: "diamond" }));
  return [...lines, ...bands, ...marks];
}

/** Panels as a chart. */
export interface LinePanels {
  readonly option: ChartOption;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * The lines as a chart with axes, a legend and one panel a group: one below the other, from four on in two columns.
 * @param note a line below all panels
 */
export function linePanels(panels: readonly Panel[], axes: AxisNames, note?: string): LinePanels {
  const legend = legendOf(panels);
  const layout = layoutOf(
    panels,
    legend.map(({ name }) => String(name)),
    note,
  );
  const { width, height } = layout;
  const title = (text: string, left: number, top: number, size: number, weight: string): ChartOption => ({
    ...{ text, left, top, padding: 0 },
    textStyle: { fontSize: size, fontWeight: weight, color: "@text" },
  });
  const option = {
    legend: {
      ...{ data: legend, top: LEGEND.top, left: MARGIN.left, right: MARGIN.right, selectedMode: false },
      ...{ itemWidth: LEGEND.icon, itemGap: LEGEND.gap, align: "left", textStyle: { color: "@text" } },
    },
    title: [
      ...panels.map((panel, p) => title(panel.title, layout.left(p), layout.top(p) + 16, 14, "bold")),
      ...(note === undefined ? [] : [title(note, MARGIN.left, height - NOTE_HEIGHT, 12, "normal")]),
    ],
    ...axesOf(panels, axes, layout),
    series: seriesOf(
      panels,
      namesOf(panels, ({ series }) => series),
    ),
  };
  return { option, width, height };
}
