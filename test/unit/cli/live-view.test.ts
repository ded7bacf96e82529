import { expect, it, vi } from "vitest";
import { createOptimizeView } from "../../../src/cli/optimize-view.js";
import type { CliIo } from "../../../src/cli/io.js";
import type { StudyHeader } from "../../../src/core/index.js";
import { newTrial } from "../../../src/study/new-trial.js";
import { onPlainTerminal, screenOf } from "../../fixtures/screen.js";
import type { Screen } from "../../fixtures/screen.js";

onPlainTerminal();

/** After the next drawing. */
const drawn = (): void => void vi.advanceTimersByTime(100);
const header = { seed: 1 } as StudyHeader;
const ioOf = ({ stream }: Screen): CliIo => ({ stdout: stream, stderr: stream });
const minimized = (metric: string) => [{ metric, direction: "minimize" }] as const;

it("counts the points of the front where there are several objectives", async () => {
  const screen = screenOf();
  const objectives = ["a", "b"].map((metric) => ({ metric, direction: "minimize" }) as const);
  const view = await createOptimizeView(ioOf(screen), false, { objectives, file: null, front: [] });
  view.onEvent({ event: "start", study: "s", finished: 0, more: 9, slots: 1, recovered: [] });
  for (const [number, values] of [
    [1, 3],
    [3, 1],
    [2, 2],
    [2, 4],
  ].entries())
    view.onEvent({
      event: "trial",
      trial: newTrial(header, number, {}, { state: "complete", values, finish_index: number }),
    });
  drawn();
  const lines = await screen.lines();
  expect(lines.join("\n")).toContain("4/9  front 3");
  expect(lines[1]).toBe("values: minimize a, minimize b; * marks a new point of the front");
  expect(lines.filter((line) => / \*$/.test(line))).toHaveLength(3);
  view.stop();
});

it("keeps the picture whole when lines are written above it", async () => {
  const screen = screenOf();
  const view = await createOptimizeView(ioOf(screen), false, { objectives: minimized("v"), file: null, front: [] });
  const trial = (number: number, value: number) =>
    newTrial(header, number, { x: 1 }, { state: "complete", value, finish_index: number });
  view.onEvent({ event: "start", study: "s", finished: 0, more: 9, slots: 3, recovered: [] });
  for (const [number, slot] of [
    [0, 0],
    [1, 1],
  ] as const) {
    view.onEvent({ event: "trial-start", number, slot, attempt: 1, params: { x: 1 } });
    const reason = "step 3: a long line that says at length why this trial goes on, and on, and on";
    view.onEvent({ event: "report", number, step: 3, value: 0.5, metrics: {}, prune: false, reason });
  }
  view.onEvent({ event: "trial-start", number: 2, slot: 2, attempt: 1, params: { x: 1 } });
  drawn();
  expect((await screen.lines())[3]).toMatch(
    /^ {2}\[0\] trial 0 {2}0\.1 s {2}step 3 {2}0\.5 {2}a long line that says .*…$/,
  );
  view.onEvent({ event: "trial", trial: trial(0, 2) });
  view.onEvent({ event: "trial", trial: trial(1, 1) });
  view.onEvent({ event: "draining", by: "interrupt", running: [2], graceMs: 10_000 });
  drawn();
  const lines = await screen.lines();
  expect(lines.slice(0, 5)).toEqual([
    "s: 0 of 9 trials done, 3 in parallel",
    "values: minimize v; * marks a new best",
    "trial   0  complete  2 *          x 1",
    "trial   1  complete  1 *          x 1",
    "interrupted: waiting up to 10 s for trial 2; Ctrl-C again stops now",
  ]);
  expect(lines.slice(5).map((line) => line.trim())).toEqual([
    expect.stringContaining("2/9  best 1"),
    "[0] free",
    "[1] free",
    expect.stringContaining("[2] trial 2"),
  ]);
  view.stop();
  screen.stream.write("what follows\nto go on: …\n");
  view.stop();
  expect((await screen.lines()).slice(-3)).toEqual([
    expect.stringContaining("2/9  best 1"),
    "what follows",
    "to go on: …",
  ]);
});

it("says that a call is paused, goes on, and that a subscriber has failed", async () => {
  const screen = screenOf();
  const view = await createOptimizeView(ioOf(screen), false, { objectives: minimized("a"), file: null, front: [] });
  view.onEvent({ event: "start", study: "s", finished: 0, more: 9, slots: 1, recovered: [] });
  view.onEvent({ event: "paused" });
  view.onEvent({ event: "resumed" });
  view.onEvent({ event: "subscriber-failed", subscriber: "tracker 1", message: "no room" });
  drawn();
  expect((await screen.lines()).slice(0, 5)).toEqual([
    "s: 0 of 9 trials done, 1 in parallel",
    "values: minimize a; * marks a new best",
    "paused: no further trial starts until `mlbench-hpo resume`",
    "resumed",
    "tracker 1 failed, and goes on being called: no room",
  ]);
  view.stop();
});

const params = {
  ...{ "model.hidden_size": 48, "model.layers": 2, "model.dropout": 0.123, "train.lr": 0.00312 },
  ...{ "train.batch_size": 32, "train.weight_decay": 1e-7 },
};
const pruned = newTrial(header, 17, params, {
  ...{ state: "pruned", prune_reason: "step 3: best 0.05 > median 0.03 of 12 trials", finish_index: 17 },
});

it.each([60, 80, 120])(
  "a trial's line goes on below at %i columns, its parameters before the reason",
  async (columns) => {
    const screen = screenOf(columns, 30);
    const view = await createOptimizeView(ioOf(screen), false, { objectives: minimized("a"), file: null, front: [] });
    view.onEvent({ event: "start", study: "s", finished: 0, more: 9, slots: 2, recovered: [] });
    view.onEvent({ event: "trial", trial: pruned });
    view.stop();
    const lines = (await screen.lines()).slice(2, -1);
    expect(lines[0]).toMatch(/^trial {2}17 {2}pruned {17}hidden_size 48/);
    expect(lines.slice(1).every((line) => line.startsWith(" ".repeat(11)))).toBe(true);
    expect(
      lines
        .map((line) => line.trim())
        .join("  ")
        .replaceAll(/ {2,}/g, " "),
    ).toBe(
      "trial 17 pruned hidden_size 48 layers 2 dropout 0.123 lr 0.00312 batch_size 32 weight_decay 1e-7 " +
        "step 3: best 0.05 > median 0.03 of 12 trials",
    );
  },
);

it.each([
  ["TERM", "dumb"],
  ["CI", "true"],
])("with %s=%s a terminal gets plain lines", async (name, value) => {
  vi.stubEnv("NO_COLOR", "");
  vi.stubEnv(name, value);
  const screen = screenOf();
  if (name === "CI") Object.assign(screen.stream, { getColorDepth: () => 1 });
  const view = await createOptimizeView(ioOf(screen), false, { objectives: minimized("a"), file: null, front: [] });
  view.onEvent({ event: "start", study: "s", finished: 0, more: 9, slots: 1, recovered: [] });
  view.onEvent({ event: "trial-start", number: 17, slot: 0, attempt: 1, params });
  view.onEvent({ event: "trial", trial: pruned });
  view.stop();
  expect(screen.sent()).toMatch(/^[^\u001b\r]*\n$/);
  expect(screen.sent().split("\n")).toHaveLength(4);
});
