/** How much fields go up and down together: rank correlations of parameters, objectives and what trials cost, as a plot. */
import { evenly, nameAxis, rounded, shortLabel } from "../../../src/plots/chart-parts.js";
import { ranksOf } from "../../../src/plots/kinds/rank.js";
import { scaleText } from "../../../src/plots/number-text.js";
import type { Field } from "../filter/fields.js";
import type { WebPlot } from "./web-plot.js";

/** More fields have no room for their names. */
const MOST_FIELDS = 24;
/** More trials change no digit that is shown. */
const MOST_TRIALS = 20_000;

/** Spearman's correlation: Pearson's of the ranks, equals sharing theirs; null where either does not vary. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  const [a, b] = [ranksOf(x, "minimize"), ranksOf(y, "minimize")];
  const mean = (x.length + 1) / 2;
  let both = 0;
  let own = 0;
  let other = 0;
  for (let i = 0; i < a.length; i++) {
    const da = (a[i] as number) - mean;
    const db = (b[i] as number) - mean;
    both += da * db;
    own += da * da;
    other += db * db;
  }
  return own === 0 || other === 0 ? null : both / Math.sqrt(own * other);
}

/** The values of two fields where both are finite. */
function paired(a: Field, b: Field, rows: readonly number[]): [number[], number[]] {
  const [x, y]: [number[], number[]] = [[], []];
  for (const row of rows) {
    const u = a.numbers?.data[row] ?? NaN;
    const v = b.numbers?.data[row] ?? NaN;
    if (Number.isFinite(u) && Number.isFinite(v)) {
      x.push(u);
      y.push(v);
    }
  }
  return [x, y];
}

/** Fields of numbers that vary over some trials. */
function varying(fields: readonly Field[], rows: readonly number[]): Field[] {
  return fields.filter(({ numbers }) => {
    if (!numbers) return false;
    const finite = rows.map((row) => numbers.data[row] as number).filter(Number.isFinite);
    return finite.some((value) => value !== finite[0]);
  });
}

/** Draws the correlations of fields over some trials. */
export function correlations(
  name: string,
  fields: readonly Field[],
  rows: Uint32Array,
  notes: readonly string[],
  width: number,
): WebPlot {
  const sample = evenly(Array.from(rows), MOST_TRIALS);
  const numeric = fields.filter(({ kind, numbers }) => kind === "number" && numbers);
  const all = varying(numeric, sample);
  const shown = all.slice(0, MOST_FIELDS);
  const cells = shown.flatMap((a, i) =>
    shown.map((b, j) => {
      const [x, y] = i === j ? [[], []] : paired(a, b, sample);
      return { i, j, a, b, trials: x.length, value: i === j ? 1 : x.length < 3 ? null : spearman(x, y) };
    }),
  );
  const names = shown.map((field) => shortLabel(field.name, 22));
  const side = Math.max(30, Math.min(54, (width - 220) / Math.max(1, shown.length)));
  const height = Math.round(shown.length * Math.min(side, 34) + 190);
  const labels = { color: "@text", interval: 0, hideOverlap: false };
  return {
    ...{ kind: "correlations", title: `${name}: rank correlations`, width, height },
    notes: [
      ...(shown.length < 2 ? ["There are no two fields of numbers that vary over these trials."] : []),
      "Spearman's coefficient over complete trials: 1 rise together, -1 one falls as the other rises, 0 neither. It sees no more than two at a time, and no U-shape.",
      ...(sample.length < rows.length ? [`Found from ${sample.length} of ${rows.length} trials, taken evenly.`] : []),
      ...(shown.length < all.length ? [`${shown.length} of ${all.length} fields are shown.`] : []),
      ...notes,
    ],
    option: {
      grid: { left: 170, right: 24, top: 44, bottom: 120 },
      xAxis: nameAxis(names, { more: { axisLabel: { ...labels, rotate: 50 }, splitArea: { show: false } } }),
      yAxis: nameAxis(names, { more: { axisLabel: labels, inverse: true } }),
      visualMap: {
        ...{
          type: "continuous",
          orient: "horizontal",
          top: 2,
          right: 16,
          itemWidth: 10,
          itemHeight: 120,
          min: -1,
          max: 1,
        },
        ...{
          dimension: 4,
          seriesIndex: 0,
          calculable: false,
          hoverLink: false,
          text: ["1", "-1"],
          textStyle: { color: "@text" },
        },
        // Told apart without red and green: vermilion falls, blue rises.
        inRange: { color: ["@series2", "@background", "@series1"] },
      },
      tooltip: { trigger: "item" },
      series: [
        {
          ...{ type: "custom", renderItem: "cell", name: "correlation", clip: true },
          ...{ itemPayload: { bands: [true, true] }, encode: { x: [0, 1], y: [2, 3], tooltip: [5, 6, 4] } },
          dimensions: ["left", "right", "lower", "upper", "correlation", "of", "with"],
          data: cells.flatMap(({ i, j, a, b, value }) =>
            value === null ? [] : [[i, i, j, j, rounded(value), a.name, b.name]],
          ),
        },
        {
          ...{ type: "scatter", silent: true, symbolSize: 0, tooltip: { show: false } },
          label: {
            show: side >= 40,
            color: "@text",
            textBorderColor: "@background",
            textBorderWidth: 2,
            formatter: "{@[2]}",
          },
          data: cells.flatMap(({ i, j, value }) =>
            value === null ? [] : [[i, j, scaleText(Number(value.toFixed(2)))]],
          ),
        },
      ],
    },
    table: {
      columns: ["field", "with", "correlation", "trials"],
      rows: cells.filter(({ i, j }) => i < j).map(({ a, b, value, trials }) => [a.name, b.name, value, trials]),
    },
  };
}
