/** How much fields go up and down together: rank correlations of parameters, objectives and what trials cost, as a plot. */
import { evenly, nameAxis, rounded, shortLabel } from "../../../src/plots/chart-parts.js";
import { scaleText } from "../../../src/plots/number-text.js";
import type { Field } from "../filter/fields.js";
import type { WebPlot } from "./web-plot.js";

/** More fields have no room for their names. */
const MOST_FIELDS = 24;
/** More trials change no digit that is shown. */
const MOST_TRIALS = 20_000;

/** Ranks from 1; equals share the mean of their places. In typed arrays: a page asks for hundreds of columns. */
function ranksOf(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    const value = values[order[from] as number];
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] as number] === value) to++;
    for (let i = from; i <= to; i++) ranks[order[i] as number] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/** Pearson's correlation of ranks; null where either does not vary. */
function ofRanks(a: Float64Array, b: Float64Array): number | null {
  const mean = (a.length + 1) / 2;
  let [both, own, other] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const da = (a[i] as number) - mean;
    const db = (b[i] as number) - mean;
    both += da * db;
    own += da * da;
    other += db * db;
  }
  return own === 0 || other === 0 ? null : both / Math.sqrt(own * other);
}

/** Spearman's correlation: Pearson's of the ranks, equals sharing theirs; null where either does not vary. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  return ofRanks(ranksOf(Float64Array.from(x)), ranksOf(Float64Array.from(y)));
}

/** A field over the trials that are looked at. */
interface Sampled {
  readonly field: Field;
  /** NaN where there is no finite one. */
  readonly values: Float64Array;
  /** Null where some are not finite: then ranks hang on the other field of a pair. */
  readonly ranks: Float64Array | null;
}

function sampled(field: Field, rows: readonly number[]): Sampled {
  const values = Float64Array.from(rows, (row) => {
    const value = field.numbers?.data[row] ?? NaN;
    return Number.isFinite(value) ? value : NaN;
  });
  return { field, values, ranks: values.some(Number.isNaN) ? null : ranksOf(values) };
}

/** How two fields go together over the trials in which both are finite, and how many those are. */
function together(a: Sampled, b: Sampled): { readonly trials: number; readonly value: number | null } {
  const { ranks } = a;
  if (ranks && b.ranks) return { trials: ranks.length, value: ranks.length < 3 ? null : ofRanks(ranks, b.ranks) };
  const both = (_: number, i: number): boolean => a.values[i] === a.values[i] && b.values[i] === b.values[i];
  const [x, y] = [a.values.filter(both), b.values.filter(both)];
  return { trials: x.length, value: x.length < 3 ? null : ofRanks(ranksOf(x), ranksOf(y)) };
}

/** Whether a field has two different finite values. */
function varies({ values }: Sampled): boolean {
  const first = values.find((value) => value === value);
  return first !== undefined && values.some((value) => value === value && value !== first);
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
  const all = numeric.map((field) => sampled(field, sample)).filter(varies);
  const shown = all.slice(0, MOST_FIELDS);
  const pairs = shown.flatMap((a, i) => shown.slice(0, i).map((b, j) => ({ i, j, a, b, ...together(a, b) })));
  // Each is seen from both fields.
  const cells = [
    ...shown.map((a, i) => ({ i, j: i, a, b: a, trials: 0, value: 1 })),
    ...pairs,
    ...pairs.map(({ i, j, a, b, ...found }) => ({ i: j, j: i, a: b, b: a, ...found })),
  ].sort((one, other) => one.i - other.i || one.j - other.j);
  const names = shown.map(({ field }) => shortLabel(field.name, 22));
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
            value === null ? [] : [[i, i, j, j, rounded(value), a.field.name, b.field.name]],
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
      rows: cells
        .filter(({ i, j }) => i < j)
        .map(({ a, b, value, trials }) => [a.field.name, b.field.name, value, trials]),
    },
  };
}
