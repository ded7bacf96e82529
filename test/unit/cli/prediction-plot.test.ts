/** What `predict --plot` draws, and what it leaves out and says so. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { predictionFigure } from "../../../src/cli/prediction-plot.js";
import { svgPlot } from "../../../src/cli/svg-plot.js";
import { ForwardModel } from "../../../src/models/forward-model.js";
import type { PredictOptions } from "../../../src/training/predict.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { run } from "../../../src/training/run.js";
import type { Row } from "../../fixtures/csv/battery-tables.js";
import { csvText, fadingRows, sohAt } from "../../fixtures/csv/battery-tables.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-figure-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const files = ["a", "b"].map((name) => join(folder, `${name}.safetensors`));
const write = (name: string, rows: readonly Row[]): string => {
  writeFileSync(join(folder, name), csvText(rows, ["cell", "cycle", "soh", "temp", "ir"]));
  return join(folder, name);
};

beforeAll(async () => {
  const params = { "data.path": write("t.csv", fadingRows(["A", "B", "C"], 60)), "data.window": 10, "data.horizon": 5 };
  for (const [seed, checkpoint] of files.entries())
    await run({ model: "mlp", dataset: "csv", seed, params: { ...params, "train.epochs": 6 } }, { checkpoint });
});

const predicted = (rows: readonly Row[], options: PredictOptions = {}) =>
  predictCheckpoint(files, { params: { "data.path": write("new.csv", rows) }, forecast: true, ...options });
const ofN = (cycles: number): Row[] => fadingRows(["x", "y", "z", "N"], cycles).filter(({ cell }) => cell === "N");

test("measured SOH, paths, their range, the end of life as a line and as a forecast", async () => {
  // 51 rows: SOH is .7013 at cycle 51 and .6937 at 52.
  const prediction = await predicted(ofN(51));
  const { panels, note } = predictionFigure(prediction);
  expect(note).toBeUndefined();
  expect(panels).toHaveLength(1);
  const [{ title, series, bands, limits, marks }] = panels as [(typeof panels)[number]];
  const [measured, forecast, ahead] = series;
  expect(series.map(({ name }) => name)).toEqual(["measured", "forecast", "predicted 5 cycles ahead"]);
  expect(measured?.points).toEqual(Array.from({ length: 51 }, (_, i) => [i + 1, sohAt(3, i + 1)]));
  const rows = [...prediction.rows()];
  const ends = rows.filter((row) => row.step === 5 && !Number.isNaN(row.soh_true));
  expect(ahead?.points).toEqual(ends.map(({ cycle, soh_pred }) => [cycle, soh_pred]));
  const newest = rows.slice(-5);
  // From the last measured one on.
  expect(forecast?.points).toEqual([
    [51, Math.fround(sohAt(3, 51))],
    ...newest.map(({ cycle, soh_pred }) => [cycle, soh_pred]),
  ]);
  expect(bands?.map(({ name, points }) => [name, points.length])).toEqual([
    ["5 to 95 % of 2 checkpoints", ends.length],
    ["5 to 95 % of 2 checkpoints", 6],
  ]);
  expect(bands?.[1]?.points.slice(1)).toEqual(newest.map(({ cycle, soh_low, soh_high }) => [cycle, soh_low, soh_high]));
  expect(limits).toEqual([{ name: "end of life (SOH 0.7)", y: 0.7 }]);
  const end = newest.find(({ soh_pred }) => soh_pred <= 0.7)?.cycle as number;
  expect(end).toBeGreaterThan(51);
  expect(marks).toEqual([{ name: "forecast end of life", at: [end, 0.7], label: `cycle ${end}` }]);
  expect(title).toBe(`N: end of life forecast at cycle ${end}, ${end - 51} after the last measured`);
});

test("the title says where there is no end within the horizon, and where it is measured", async () => {
  const young = predictionFigure(await predicted(ofN(30)));
  expect(young.panels[0]).toMatchObject({ title: "N: no end of life within 5 cycles of cycle 30", marks: [] });
  const old = predictionFigure(await predicted(ofN(60)));
  const measured = Array.from({ length: 60 }, (_, i) => i + 1).find((cycle) => sohAt(3, cycle) <= 0.7);
  expect(old.panels[0]).toMatchObject({ title: `N: end of life measured at cycle ${measured}`, marks: [] });
});

test("of many cells some are drawn and no other is predicted for it, and that is said; names choose", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `N${String(i).padStart(2, "0")}`);
  const rows = names.flatMap((cell) => ofN(20).map((row) => ({ ...row, cell })));
  const prediction = await predicted(rows);
  const forward = vi.spyOn(ForwardModel.prototype, "forward");
  const { panels, note } = predictionFigure(prediction);
  expect(panels).toHaveLength(8);
  expect([panels[0]?.title.slice(0, 3), panels[7]?.title.slice(0, 3)]).toEqual(["N00", "N29"]);
  expect(note).toBe("drawn: 8 of 30 cells, taken evenly (--plot-cells names others)");
  // 6 windows a cell are known, 1 is newest (asked for path and forecast), by each of two checkpoints.
  const windows = forward.mock.calls.reduce((sum, [batch]) => sum + batch.size, 0);
  expect(windows).toBe(8 * (6 + 1 + 1) * 2);
  forward.mockRestore();
  const two = predictionFigure(prediction, ["N07", "N03", "N07"]);
  expect(two.panels.map(({ title }) => title.slice(0, 3))).toEqual(["N07", "N03"]);
  expect(two.note).toBeUndefined();
  expect(() => predictionFigure(prediction, ["N7"])).toThrow(
    /--plot-cells: no prediction for a cell "N7": did you mean/,
  );
});

test("of a long life the end is drawn before a forecast, and all of it in few points without one", async () => {
  const long = Array.from({ length: 1500 }, (_, i): Row => ({
    ...{ cell: "L", cycle: i + 1, temp: 25, ir: 0.05 },
    soh: Math.round((1 - i * 1e-4) * 1e5) / 1e5,
  }));
  const ahead = predictionFigure(await predicted(long));
  expect(ahead.note).toBe("drawn: the last 100 cycles before a forecast");
  expect(ahead.panels[0]?.series[0]?.points).toHaveLength(101);
  const whole = predictionFigure(await predicted(long, { forecast: false }));
  expect(whole.note).toBe("drawn: at most 500 points of a line, taken evenly");
  const points = whole.panels[0]?.series[0]?.points ?? [];
  expect([points.length, points[0]?.[0], points.at(-1)?.[0]]).toEqual([500, 1, 1500]);
});

test("in the SVG: an area for the range, a dash-dotted line from edge to edge, a word at the forecast", async () => {
  const { panels, note } = predictionFigure(await predicted(ofN(51)));
  const svg = await svgPlot(panels, { x: "cycle number", y: "SOH (1 = as new)" }, note);
  expect(svg).not.toContain("NaN");
  for (const text of ["measured", "predicted 5 cycles ahead", "forecast", "end of life (SOH 0.7)", "cycle number"])
    expect(svg).toContain(`>${text}<`);
  expect(svg).toMatch(/>cycle 5[2-6]</);
  // Two areas: of paths' ends, of the forecast.
  expect(svg.match(/fill="#7f7f7f" fill-opacity="0.28" stroke="#7f7f7f"/g)).toHaveLength(2);
  // A figure of one column is 760 wide: the plot from 72 to 736.
  expect(svg).toMatch(
    /<path d="M72 [\d.]+L736 [\d.]+" fill="none"[^>]* stroke="#444444"[^>]* stroke-dasharray="9,3,2,3"/,
  );
});
