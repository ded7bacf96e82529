/** Lines and points as characters in a grid: what the chart library draws, without its axes. */
import type { Settings } from "simple-ascii-chart";

/** What a grid shows. */
export interface GridOptions {
  /** Rows between the least and the greatest value; the grid has one more. */
  readonly height: number;
  readonly min: number;
  readonly max: number;
  /** Points stand alone; lines join values, one a column. */
  readonly mode: "line" | "point";
}

/**
 * The rows of a grid, from the top. Its columns run from the first x to the last.
 * @param width columns; of a line as many as it has values
 */
export async function terminalGrid(
  points: readonly (readonly [x: number, y: number])[],
  width: number,
  { height, min, max, mode }: GridOptions,
): Promise<string[]> {
  const { plot } = await import("simple-ascii-chart");
  const settings: Settings = {
    ...{ width: Math.max(2, width), height: height + 1, yRange: [min, max], mode, formatter: () => "" },
    // Rows without a tick or a value would be left out.
    customYAxisTicks: Array.from({ length: height + 1 }, (_, i) => min + (i * (max - min)) / height),
    ...{ hideXAxis: true, hideXAxisTicks: true, symbols: { point: "●" } },
  };
  const rows = plot([...points.map(([x, y]): [number, number] => [x, y])], settings)
    .split("\n")
    .filter((row) => /[┤│]/.test(row));
  return rows.slice(0, height + 1).map((row) => row.replace(/^.*?[┤│]/, "").trimEnd());
}
