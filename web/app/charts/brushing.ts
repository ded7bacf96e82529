/** Rectangles drawn on charts, as ranges of the fields that their axes show. */
import type { ChartOption } from "#echarts";
import type { Range } from "../filter/filter.js";

/** The fields of a grid's axes; absent: an axis of something that no filter has. */
export interface GridFields {
  readonly x?: string | undefined;
  readonly y?: string | undefined;
}

/** What a chart's grids show, by the kind of plot and the columns of its table. */
export function gridFields(
  kind: string,
  columns: readonly string[],
  objectives: readonly string[],
  grid: number,
): GridFields {
  // Every table begins with the trial's number, or with what is said of no single trial.
  switch (kind) {
    case "slice":
      return { x: columns[1 + grid], y: columns.at(-1) };
    case "contour":
      return { x: columns[1], y: columns[2] };
    case "rank": {
      const params = columns.slice(3);
      const pairs = params.flatMap((x, i) => params.slice(i + 1).map((y) => ({ x, y })));
      return pairs[grid] ?? {};
    }
    case "pareto":
    case "tradeoff": {
      const names = columns.slice(1, -1);
      const pairs = names.flatMap((x, i) => names.slice(i + 1).map((y) => ({ x, y })));
      return pairs[grid] ?? {};
    }
    case "history":
      return { y: columns[3 + grid] };
    case "edf":
      return { x: objectives[grid] };
    default:
      return {};
  }
}

const asList = (given: unknown): readonly Readonly<Record<string, unknown>>[] =>
  (Array.isArray(given) ? given : given === undefined ? [] : [given]) as readonly Readonly<Record<string, unknown>>[];

/** The axis of a grid that is drawn with its first series: other ones lie on its edge. */
function axisOf(
  option: ChartOption,
  key: "xAxis" | "yAxis",
  grid: number,
): Readonly<Record<string, unknown>> | undefined {
  return asList(option[key]).find((axis) => (axis["gridIndex"] ?? 0) === grid);
}

const digits = (value: number): number => Number(value.toPrecision(4));

/** The range between two places of an axis; null where it narrows nothing. */
export function axisRange(axis: Readonly<Record<string, unknown>> | undefined, a: number, b: number): Range | null {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  if (axis?.["type"] === "category") {
    const names = (axis["data"] as readonly unknown[]).map(String);
    const choices = names.slice(Math.max(0, Math.round(low)), Math.round(high) + 1);
    return choices.length === 0 || choices.length === names.length ? null : { choices };
  }
  return Number.isFinite(low) && Number.isFinite(high) ? { low: digits(low), high: digits(high) } : null;
}

/** The ranges of a rectangle, by field. */
export function rectangleRanges(
  option: ChartOption,
  fields: GridFields,
  grid: number,
  from: readonly [number, number],
  to: readonly [number, number],
): [name: string, range: Range][] {
  const both = [
    [fields.x, axisRange(axisOf(option, "xAxis", grid), from[0], to[0])],
    [fields.y, axisRange(axisOf(option, "yAxis", grid), from[1], to[1])],
  ] as const;
  return both.flatMap(([name, range]) =>
    name === undefined || range === null ? [] : [[name, range] as [string, Range]],
  );
}

/** The trial that a point of a chart stands for; null: it stands for none. */
export function trialOf(option: ChartOption, seriesIndex: number | undefined, data: unknown): number | null {
  const series = asList(option["series"])[seriesIndex ?? -1];
  const at = ((series?.["dimensions"] ?? []) as readonly unknown[]).indexOf("trial");
  const values: readonly unknown[] = Array.isArray(data) ? (data as unknown[]) : [];
  const number = at < 0 ? undefined : values[at];
  return typeof number === "number" ? number : null;
}
