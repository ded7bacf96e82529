/** Line charts on the terminal. */
import type { Series } from "../plots/line-panels.js";
import type { CliIo } from "./io.js";
import { printLine } from "./io.js";
import { shortNumber } from "./render.js";
import { seriesStyles, styled } from "./styles.js";
import { plotColumns } from "./terminal.js";
import { flowText } from "./text-layout.js";

/** Marks of one x step: the mean of the values that fall on it. */
function averages(points: Series["points"], low: number, step: number, columns: number): (number | undefined)[] {
  const sums = new Float64Array(columns);
  const counts = new Uint32Array(columns);
  for (const [x, y] of points) {
    const column = step === 0 ? 0 : Math.min(columns - 1, Math.floor((x - low) / step));
    sums[column] = (sums[column] as number) + y;
    counts[column] = (counts[column] as number) + 1;
  }
  return Array.from(counts, (count, column) => (count === 0 ? undefined : (sums[column] as number) / count));
}

/**
 * A series on the steps of a shared x axis: straight over steps without a value, nothing after the last one. The chart
 * begins every line at its left edge: what starts later is drawn level up to its first value.
 */
function onAxis(points: Series["points"], low: number, high: number, columns: number): number[] {
  const means = averages(points, low, (high - low) / columns, columns);
  const known = means.flatMap((mean, column) => (mean === undefined ? [] : [column]));
  const values: number[] = [];
  let next = 0;
  for (let column = 0; column <= (known.at(-1) ?? -1); column++) {
    if (column > (known[next] as number)) next++;
    const [before, after] = [known[Math.max(0, next - 1)] as number, known[next] as number];
    const share = after === before ? 1 : Math.max(0, column - before) / (after - before);
    values.push((1 - share) * (means[before] as number) + share * (means[after] as number));
  }
  return values;
}

const finiteOnly = ({ name, points }: Series): Series => ({
  name,
  points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
});

/** From the least value to the greatest; around one that stays the same, a tenth of it to each side. */
function rangeOf(values: readonly number[]): { min: number; max: number } {
  const [min, max] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const around = min === max ? Math.abs(min) / 10 || 1 : 0;
  return { min: min - around, max: max + around };
}

/** Digits that tell the axis' values from one another. */
function digitsFor(series: readonly Series[], height: number, least: number): number {
  const { min, max } = rangeOf(series.flatMap(({ points }) => points.map(([, y]) => y)));
  const step = (max - min) / height;
  return step > 0 ? Math.min(15, Math.max(least, Math.ceil(-Math.log10(step)))) : least;
}

/** Marks that tell lines apart where there are no colours: plain characters, one column wide everywhere. */
const MARKS = "ox+*#@$%&=~^abcdefghijklmnpqrstuvwyz";
const markOf = (index: number): string => MARKS[index % MARKS.length] as string;
const colored = (index: number, text: string): string =>
  styled(seriesStyles[index % seriesStyles.length] ?? "series1", text);

/** Lines drawn one by one on the same grid, each with its mark; where several meet, they take turns. */
function overlaid(plots: readonly string[], axis: number): string {
  const grids = plots.map((plot) => plot.split("\n").map((row) => Array.from(row)));
  const [first = []] = grids;
  return first
    .map((_, y) => {
      const rows = grids.map((grid) => grid[y] ?? []);
      const head = rows[0]?.slice(0, axis).join("") ?? "";
      const wide = Math.max(...rows.map((row) => row.length));
      const cells = Array.from({ length: Math.max(0, wide - axis) }, (_cell, i) => {
        const here = rows.flatMap((row, index) => (/[─╭╮╰╯│╴╶]/.test(row[axis + i] ?? "") ? [index] : []));
        const index = here[i % here.length];
        return index === undefined ? " " : colored(index, markOf(index));
      });
      return `${head}${cells.join("")}`.trimEnd();
    })
    .join("\n");
}

/** The x axis: a line, its ends, and what it counts. */
function xAxis(low: number, high: number, title: string, axis: number, width: number): string {
  const [from, to] = [shortNumber(low), shortNumber(high)];
  const room = width - from.length - to.length - title.length;
  const left = Math.max(1, Math.floor(room / 2));
  const words =
    room < 2
      ? `${from}..${to} ${title}`
      : `${from}${" ".repeat(left)}${title}${" ".repeat(Math.max(1, room - left))}${to}`;
  return `${" ".repeat(axis - 1)}└${"─".repeat(Math.max(1, width - 1))}\n${" ".repeat(axis - 1)}${words.trimEnd()}`;
}

/**
 * A line chart: `series` share the x axis; drawn in the order given, with a legend. Several lines are drawn with a mark
 * each, so that they can be told apart without colours.
 */
export async function terminalPlot(
  series: readonly Series[],
  options: {
    columns?: number;
    height?: number;
    /** What the x axis counts. */
    x?: string;
    /** At least so many after the point; more where the values are close. @default 3 */
    digits?: number;
  } = {},
): Promise<string> {
  const { default: asciichart } = await import("asciichart");
  const { columns = 80, height = 12, x = "" } = options;
  const drawn = series.map(finiteOnly).filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return "(nothing to draw)";
  const xs = drawn.flatMap(({ points }) => points.map(([at]) => at));
  const low = xs.reduce((a, b) => Math.min(a, b));
  const high = xs.reduce((a, b) => Math.max(a, b));
  const digits = digitsFor(drawn, height, options.digits ?? 3);
  const longest = Math.max(...drawn.map(({ points }) => points.length));
  const width = Math.min(longest, Math.max(10, columns - digits - 10));
  const lines = drawn.map(({ points }) => onAxis(points, low, high, width));
  const range = rangeOf(lines.flat());
  const grid = {
    height,
    format: (value: number): string => value.toFixed(digits).padStart(digits + 5),
    ...range,
  };
  const axis = grid.format(range.max).length + 2;
  const plots = lines.map((line) => asciichart.plot(line, grid));
  const chart = plots.length === 1 ? (plots[0] as string) : overlaid(plots, axis);
  const several = drawn.length > 1;
  const legend = drawn.map(({ name }, i) => colored(i, several ? `${markOf(i)} ${name}` : name));
  return `${chart}\n${xAxis(low, high, x, axis, width)}\n  ${flowText(legend, columns - 3, 2)}`;
}

/** Panels on the terminal, each under its title. */
export async function printPanels(
  { stdout }: CliIo,
  panels: readonly { readonly title: string; readonly series: readonly Series[] }[],
): Promise<void> {
  const columns = plotColumns(stdout);
  for (const { title, series } of panels) {
    printLine(stdout, `\n${title}`);
    printLine(stdout, await terminalPlot(series, { columns, x: "cycle" }));
  }
}
