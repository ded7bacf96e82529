/** What of charts knows no browser: which drawing is next, where the pointer is, and what is new for a page. */
import { expect, test } from "vitest";
import { gridAt } from "../../../web/app/charts/chart-pointer.js";
import type { Redrawing } from "../../../web/app/charts/drawing-protocol.js";
import { LatestDrawing } from "../../../web/app/charts/latest-drawing.js";
import { answered } from "../../../web/app/columns/use-answer.js";

test("one drawing at a time: of what comes meanwhile the latest of each part is drawn together", () => {
  const sent: Redrawing[] = [];
  const latest = new LatestDrawing((drawing) => sent.push(drawing));
  latest.begin();
  const size = { width: 1, height: 2, devicePixelRatio: 1 };
  latest.draw({ option: { a: 1 } });
  latest.draw({ size });
  latest.draw({ option: { a: 2 } });
  expect(sent).toEqual([]);
  latest.done();
  expect(sent).toEqual([{ option: { a: 2 }, size }]);
  latest.draw({ theme: "dark" });
  expect(sent).toHaveLength(1);
  latest.done();
  expect(sent[1]).toEqual({ theme: "dark" });
  // Nothing waits: the next one goes at once.
  latest.done();
  latest.draw({ theme: "light" });
  expect(sent[2]).toEqual({ theme: "light" });
});

test("a place lies in the grid that has it, its edges included", () => {
  const grids = [
    { x: 10, y: 10, width: 20, height: 20 },
    { x: 50, y: 10, width: 20, height: 20 },
  ];
  expect([gridAt(grids, [10, 30]), gridAt(grids, [69, 11]), gridAt(grids, [40, 15]), gridAt(grids, [60, 31])]).toEqual([
    0, 1, -1, -1,
  ]);
});

test("an answer that says nothing new leaves the same object, which draws nothing", () => {
  const before = { answer: { id: "1" }, error: null, pending: false };
  expect(answered(before, { answer: null, pending: false })).toBe(before);
  expect(answered(before, { answer: null, pending: true })).toEqual({ ...before, pending: true });
  expect(answered(before, { answer: { id: "2" }, pending: false }).answer).toEqual({ id: "2" });
  const failed = answered(before, { error: "no", pending: false });
  expect(failed).toEqual({ ...before, error: "no" });
  expect(answered(failed, { answer: null, pending: false })).toEqual(before);
});
