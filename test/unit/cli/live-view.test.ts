import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createOptimizeView } from "../../../src/cli/optimize-view.js";
import type { CliIo } from "../../../src/cli/io.js";
import type { StudyHeader } from "../../../src/core/index.js";
import { newTrial } from "../../../src/study/new-trial.js";

/** What a terminal shows of a text with the few control sequences that the view uses. */
function screen(text: string): string[] {
  const lines: string[] = [""];
  let [row, column] = [0, 0];
  const at = (): string => (lines[row] ??= "");
  for (const [, code, final, char] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|(\u001b7|\u001b8|[\s\S])/gu)) {
    const n = Number(code) || (final === "K" || final === "J" ? 0 : 1);
    if (char === "\n") [row, column] = [row + 1, 0];
    else if (char === "\r") column = 0;
    else if (char !== undefined && char.length === 1) {
      lines[row] = at().padEnd(column).slice(0, column) + char + at().slice(column + 1);
      column++;
    } else if (final === "A") row = Math.max(0, row - n);
    else if (final === "B") row += n;
    else if (final === "G") column = n - 1;
    else if (final === "K") lines[row] = n === 2 ? "" : at().slice(0, column);
    else if (final === "J") lines.splice(row, Infinity, at().slice(0, column));
    at();
  }
  return lines.map((line) => line.trimEnd()).filter((line) => line !== "");
}

it("counts the points of the front where there are several objectives", async () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let text = "";
  stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const io = { stderr, stdout: stderr } as unknown as CliIo;
  const objectives = ["a", "b"].map((metric) => ({ metric, direction: "minimize" }) as const);
  const view = await createOptimizeView(io, false, { objectives, file: null, front: [] });
  const header = { seed: 1 } as StudyHeader;
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
  while (!text.includes("4/9")) await once(stderr, "data");
  expect(screen(text).join("\n")).toContain("4/9  front 3");
  expect(screen(text).filter((line) => line.includes(" *"))).toHaveLength(3);
  view.stop();
});

it("keeps the picture whole when lines are written above it", async () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let text = "";
  stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const io = { stderr, stdout: stderr } as unknown as CliIo;
  const view = await createOptimizeView(io, false, {
    objectives: [{ metric: "v", direction: "minimize" }],
    file: null,
    front: [],
  });
  /** A picture is drawn in one go: once one of its words is there, the rest follows before the next turn. */
  const drawn = async (word: string): Promise<void> => {
    while (!text.includes(word)) await once(stderr, "data");
    await new Promise((resolve) => setImmediate(resolve));
  };
  const header = { seed: 1 } as StudyHeader;
  const trial = (number: number, value: number) =>
    newTrial(header, number, { x: 1 }, { state: "complete", value, finish_index: number });
  view.onEvent({ event: "start", study: "s", finished: 0, more: 9, slots: 3, recovered: [] });
  for (const [number, slot] of [
    [0, 0],
    [1, 1],
  ] as const) {
    view.onEvent({ event: "trial-start", number, slot, attempt: 1, params: { x: 1 } });
    const reason = "step 3: a long line that says at length why this trial goes on";
    view.onEvent({ event: "report", number, step: 3, value: 0.5, metrics: {}, prune: false, reason });
  }
  view.onEvent({ event: "trial-start", number: 2, slot: 2, attempt: 1, params: { x: 1 } });
  await drawn("[2] trial 2");
  expect(text).toContain("step 3  0.5  a long line that says");
  view.onEvent({ event: "trial", trial: trial(0, 2) });
  view.onEvent({ event: "trial", trial: trial(1, 1) });
  view.onEvent({ event: "draining", by: "interrupt", running: [2], graceMs: 10_000 });
  await drawn("interrupted");
  const shown = screen(text);
  expect(shown.slice(0, 4)).toEqual([
    "s: 0 of 9 trials done, 3 in parallel",
    "trial   0  complete  2 *         x 1",
    "trial   1  complete  1 *         x 1",
    "interrupted: waiting up to 10 s for trial 2; Ctrl-C again stops now",
  ]);
  expect(shown.slice(4).map((line) => line.trim())).toEqual([
    expect.stringContaining("2/9  best 1"),
    "[0] free",
    "[1] free",
    expect.stringContaining("[2] trial 2"),
  ]);
  view.stop();
  stderr.write("what follows\nto go on: …\n");
  view.stop();
  expect(screen(text).slice(-3)).toEqual([expect.stringContaining("2/9  best 1"), "what follows", "to go on: …"]);
});

it("says that a call is paused, goes on, and that a subscriber has failed", async () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let text = "";
  stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const io = { stderr, stdout: stderr } as unknown as CliIo;
  const objectives = [{ metric: "a", direction: "minimize" }] as const;
  const view = await createOptimizeView(io, false, { objectives, file: null, front: [] });
  view.onEvent({ event: "start", study: "s", finished: 0, more: 9, slots: 1, recovered: [] });
  view.onEvent({ event: "paused" });
  view.onEvent({ event: "resumed" });
  view.onEvent({ event: "subscriber-failed", subscriber: "tracker 1", message: "no room" });
  while (!text.includes("tracker 1")) await once(stderr, "data");
  expect(screen(text).slice(0, 4)).toEqual([
    "s: 0 of 9 trials done, 1 in parallel",
    "paused: no further trial starts until `mlbench-hpo resume`",
    "resumed",
    "tracker 1 failed, and goes on being called: no room",
  ]);
  view.stop();
});
