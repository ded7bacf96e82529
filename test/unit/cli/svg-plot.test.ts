import { expect, test } from "vitest";
import { svgPlot } from "../../../src/cli/svg-plot.js";

const panel = (title: string, ...ys: number[][]) => ({
  title,
  series: ys.map((values, i) => ({
    name: ["true", "predicted"][i] as string,
    points: values.map((y, x) => [x * 10, y] as const),
  })),
});

/** What the path of a line's colour is made of: its commands, in the order of the drawing. */
const pathsOf = (svg: string, color: string): string[][] =>
  [...svg.matchAll(/<path d="([^"]+)" fill="none"[^>]* stroke="(#[0-9a-f]+)"/g)]
    .filter(([, , stroke]) => stroke === color)
    .map(([, d]) => (d as string).match(/[ML][^ML]+/g) ?? []);

test("a panel a group, a line a series, in the colour and dashes of its name; titles are text", async () => {
  const svg = await svgPlot([panel("B0006 <1>", [1, 0.9, 0.8], [1, 0.95, 0.7]), panel("B0007", [1, 0.5, 0.75])], {
    x: "cycle",
    y: "SOH",
  });
  expect(svg).toContain("B0006 &lt;1&gt;");
  expect(svg.match(/>(cycle|SOH|true|predicted)</g)?.sort()).toEqual(
    [">SOH<", ">SOH<", ">cycle<", ">cycle<", ">predicted<", ">true<"].sort(),
  );
  // Lines of three points: blue ones of "true" in both panels, one of "predicted", which is dashed there and in the legend.
  const lines = (color: string): string[][] => pathsOf(svg, color).filter((path) => path.length === 3);
  expect([lines("#0072b2").length, lines("#d55e00").length]).toEqual([2, 1]);
  expect(svg.match(/stroke-dasharray/g)).toHaveLength(2);
});

test("lines stay within their own panel", async () => {
  const svg = await svgPlot([panel("a", [1, 0.9, 0.8]), panel("b", [1, 0.9, 0.8])], { x: "x", y: "y" });
  const heights = pathsOf(svg, "#0072b2").map((path) => path.map((point) => Number(point.trim().split(" ").at(-1))));
  const tall = heights.filter((ys) => Math.max(...ys) - Math.min(...ys) > 50);
  expect(tall).toHaveLength(2);
  // A plot is 220 high; the second begins 316 below the first.
  const [first, second] = tall as [number[], number[]];
  first.forEach((y, i) => {
    expect((second[i] as number) - y).toBeCloseTo(316, 0);
  });
  for (const ys of tall) expect(Math.max(...ys) - Math.min(...ys)).toBeLessThanOrEqual(220);
});

test("what is no number is a gap; a single point is a dot; nothing at all is an empty plot", async () => {
  const broken = await svgPlot([panel("gap", [1, 0.9, Number.NaN, 0.7, 0.6])], { x: "x", y: "y" });
  const moves = pathsOf(broken, "#0072b2").flat();
  expect(moves.filter((command) => command.startsWith("M")).length).toBeGreaterThanOrEqual(2);
  expect(broken).not.toContain("NaN");
  const dot = await svgPlot([panel("dot", [0.5])], { x: "x", y: "y" });
  expect(dot).toContain('fill="#0072b2"');
  expect(await svgPlot([], { x: "x", y: "y" })).toMatch(/^<svg /);
});
