import { writeFile } from "node:fs/promises";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Values spread over `columns` cells by averaging, so that a long series fits a terminal. */
function resample(values: readonly number[], columns: number): number[] {
  if (values.length <= columns) return [...values];
  return Array.from({ length: columns }, (_, i) => {
    const from = Math.floor((i * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((i + 1) * values.length) / columns));
    let sum = 0;
    for (let k = from; k < to; k++) sum += values[k] as number;
    return sum / (to - from);
  });
}

/** A line chart for a terminal: `series` share the x axis; drawn in the order given, with a legend. */
export async function terminalPlot(
  series: readonly Series[],
  options: { columns?: number; height?: number; color?: boolean; digits?: number } = {},
): Promise<string> {
  const { default: asciichart } = await import("asciichart");
  const { columns = 80, height = 12, color = false, digits = 3 } = options;
  const palette = [asciichart.blue, asciichart.lightred, asciichart.green, asciichart.magenta, asciichart.cyan];
  const finite = series.map((s) => s.points.map(([, y]) => y).filter(Number.isFinite)).filter((v) => v.length > 0);
  if (finite.length === 0) return "(nothing to draw)";
  const all = finite.flat();
  const low = Math.min(...all.slice(0, 100_000));
  const high = Math.max(...all.slice(0, 100_000));
  const label = (value: number): string => value.toFixed(digits).padStart(digits + 5);
  const chart = asciichart.plot(
    finite.map((values) => resample(values, Math.max(10, columns - digits - 10))),
    {
      height,
      format: label,
      ...(low === high ? { min: low - 1, max: high + 1 } : {}),
      ...(color ? { colors: series.map((_, i) => palette[i % palette.length]) } : {}),
    },
  );
  return `${chart}\n${series.map((s) => `  ${s.name}`).join("")}`;
}

/** The same lines as an SVG file, with axes, a legend and one panel a group. */
export async function writeSvgPlot(
  file: string,
  panels: readonly { readonly title: string; readonly series: readonly Series[] }[],
  axes: { readonly x: string; readonly y: string },
): Promise<void> {
  const vega = await import("vega");
  const values = panels.flatMap((panel, p) =>
    panel.series.flatMap((s) => s.points.map(([x, y]) => ({ panel: p, title: panel.title, name: s.name, x, y }))),
  );
  const names = [...new Set(values.map((value) => value.name))];
  const height = 220;
  const gap = 60;
  const panelMarks = panels.map((panel, p) => panelGroup(panel.title, p, height, p * (height + gap), axes));
  const spec = {
    width: 640,
    height: panels.length * (height + gap) - gap,
    padding: 10,
    background: "white",
    data: [{ name: "values", values }],
    scales: [{ name: "color", type: "ordinal", domain: names, range: ["#1f77b4", "#d62728", "#2ca02c", "#9467bd"] }],
    legends: [{ stroke: "color", orient: "right", symbolType: "stroke" }],
    marks: panelMarks,
  };
  const view = new vega.View(vega.parse(spec as unknown as Parameters<typeof vega.parse>[0]), { renderer: "none" });
  await writeFile(file, await view.toSVG());
  view.finalize();
}

function panelGroup(title: string, index: number, height: number, top: number, axes: { x: string; y: string }): object {
  const data = `panel${index}`;
  return {
    type: "group",
    encode: { enter: { y: { value: top }, width: { signal: "width" }, height: { value: height } } },
    title: { text: title, anchor: "start" },
    data: [{ name: data, source: "values", transform: [{ type: "filter", expr: `datum.panel === ${index}` }] }],
    scales: [
      { name: "x", type: "linear", domain: { data, field: "x" }, range: "width", nice: true, zero: false },
      { name: "y", type: "linear", domain: { data, field: "y" }, range: [height, 0], nice: true, zero: false },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: axes.x, grid: true, gridColor: "#eeeeee" },
      { orient: "left", scale: "y", title: axes.y, grid: true, gridColor: "#eeeeee" },
    ],
    marks: [
      {
        type: "group",
        from: { facet: { name: "line", data, groupby: "name" } },
        marks: [
          {
            type: "line",
            from: { data: "line" },
            encode: {
              enter: {
                x: { scale: "x", field: "x" },
                y: { scale: "y", field: "y" },
                stroke: { scale: "color", field: "name" },
                strokeWidth: { value: 1.5 },
              },
            },
          },
        ],
      },
    ],
  };
}
