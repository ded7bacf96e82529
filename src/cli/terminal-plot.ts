/** Line charts on the terminal. */
import type { CliIo } from "./io.js";
import { printLine } from "./io.js";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

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

/** Digits that tell the axis' values from one another. */
function digitsFor(series: readonly Series[], height: number, least: number): number {
  const ys = series.flatMap(({ points }) => points.map(([, y]) => y));
  const step = (ys.reduce((a, b) => Math.max(a, b)) - ys.reduce((a, b) => Math.min(a, b))) / height;
  return step > 0 ? Math.min(15, Math.max(least, Math.ceil(-Math.log10(step)))) : least;
}

/** A line chart for a terminal: `series` share the x axis; drawn in the order given, with a legend. */
export async function terminalPlot(
  series: readonly Series[],
  options: {
    columns?: number;
    height?: number;
    color?: boolean;
    /** At least so many after the point; more where the values are close. @default 3 */
    digits?: number;
  } = {},
): Promise<string> {
  const { default: asciichart } = await import("asciichart");
  const { columns = 80, height = 12, color = false } = options;
  const palette = [asciichart.blue, asciichart.lightred, asciichart.green, asciichart.magenta, asciichart.cyan];
  const colorOf = (index: number): string => palette[index % palette.length] as string;
  const drawn = series.map(finiteOnly).filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return "(nothing to draw)";
  const xs = drawn.flatMap(({ points }) => points.map(([x]) => x));
  const low = xs.reduce((a, b) => Math.min(a, b));
  const high = xs.reduce((a, b) => Math.max(a, b));
  const digits = digitsFor(drawn, height, options.digits ?? 3);
  const longest = Math.max(...drawn.map(({ points }) => points.length));
  const width = Math.min(longest, Math.max(10, columns - digits - 10));
  const lines = drawn.map(({ points }) => onAxis(points, low, high, width));
  const first = lines[0]?.[0] as number;
  const chart = asciichart.plot(lines, {
    height,
    format: (value: number): string => value.toFixed(digits).padStart(digits + 5),
    ...(lines.flat().every((value) => value === first) ? { min: first - 1, max: first + 1 } : {}),
    ...(color ? { colors: drawn.map((_, i) => colorOf(i)) } : {}),
  });
  const legend = drawn.map(({ name }, i) => `  ${color ? asciichart.colored(name, colorOf(i)) : name}`);
  return `${chart}\n${legend.join("")}`;
}

/** Panels on the terminal, each under its title. */
export async function printPanels(
  { stdout }: CliIo,
  panels: readonly { readonly title: string; readonly series: readonly Series[] }[],
): Promise<void> {
  const columns = Math.min(stdout.columns ?? 80, 120);
  for (const { title, series } of panels) {
    printLine(stdout, `\n${title}`);
    printLine(stdout, await terminalPlot(series, { columns, color: stdout.isTTY === true }));
  }
}
