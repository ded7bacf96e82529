import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { winnerOf, winnersOf } from "../../../src/app/winners.js";
import { shown } from "../../../src/cli/io.js";
import type { CliIo } from "../../../src/cli/io.js";
import { createOptimizeView } from "../../../src/cli/optimize-view.js";
import { stand, Teller } from "../../../src/cli/teller.js";
import { trialTable } from "../../../src/cli/trial-table.js";
import { bestSoFar, blankTrial, createStudyState } from "../../../src/core/index.js";
import type { OptimizeEvent, StudyHeader, StudyObjective, Trial } from "../../../src/core/index.js";

const one: readonly StudyObjective[] = [{ metric: "loss", direction: "minimize" }];
const two: readonly StudyObjective[] = [...one, { metric: "score", direction: "maximize" }];

function complete(number: number, values: readonly number[], constraints: Trial["constraints"] = {}): Trial {
  const params = { "train.lr": 0.5 };
  return blankTrial(number, { state: "complete", values, constraints, params, finish_index: number, seconds: 1.5 });
}

function stateOf(objectives: readonly StudyObjective[], trials: readonly Trial[], banned: readonly number[] = []) {
  const header = { name: "s", objectives } as unknown as StudyHeader;
  const annotations = new Map(banned.map((number) => [number, { note: "", tags: [], banned: true }]));
  return createStudyState(header, trials, { annotations });
}

/** What a view prints of trials of a study. */
async function printed(
  objectives: readonly StudyObjective[],
  events: OptimizeEvent[],
  json: boolean,
  front: Trial[] = [],
  teller = new Teller(() => {}),
) {
  let text = "";
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const io = { stdout, stderr: stdout } as unknown as CliIo;
  const leave = stand(teller, [stdout]);
  const view = await createOptimizeView(io, json, { objectives, file: "s.json", front });
  for (const event of events) view.onEvent(event);
  view.stop();
  leave();
  return text.trimEnd().split("\n");
}

const told = (trial: Trial): OptimizeEvent => ({ event: "trial", trial });
const finish = (best: Trial | null, front: readonly number[]): OptimizeEvent => ({
  event: "finish",
  result: {
    ...{
      study: "s",
      stoppedBy: "trials",
      stopReason: null,
      finished: 3,
      added: 3,
      best,
      front,
      subscriberFailures: [],
      exitCode: 0,
    },
  },
});

/** What another program leaves behind when it dies. */
const traceback = 'Traceback (most recent call last):\n  File "fit.py", line 3, in <module>\r\nValueError: no\n';
const inOneLine = 'exception: Traceback (most recent call last): File "fit.py", line 3, in <module> ValueError: no';

function failed(number: number): Trial {
  const failure = { class: "exception", message: traceback, where: "fit.py" } as const;
  return blankTrial(number, { state: "failed", params: { kind: "a\nb" }, finish_index: number, failure });
}

test("a failure of several lines breaks neither the line of its trial nor the table", async () => {
  expect(await printed(one, [told(failed(0)), told(complete(1, [0.5]))], false)).toEqual([
    `trial   0  failed                 kind a b  ${inOneLine}`,
    "trial   1  complete  0.5 *        lr 0.5",
  ]);
  const table = shown(trialTable([failed(0), complete(1, [0.5])], one));
  expect(table.split("\n")).toHaveLength(3);
  expect(table).toContain(inOneLine);
});

describe("events for programs", () => {
  const report = { event: "report", number: 4, step: 1, value: 0.5, prune: false, reason: "" } as const;

  test("of one objective have a value beside the values, and a best trial", async () => {
    const [trial] = stateOf(one, [complete(0, [0.5])]).trials as [Trial];
    const lines = await printed(one, [{ ...report, metrics: {} }, told(trial), finish(trial, [0])], true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: "report", number: 4, step: 1, value: 0.5 },
      { event: "trial", number: 0, state: "complete", value: 0.5, values: [0.5], params: { "train.lr": 0.5 } },
      {
        ...{ event: "finish", study: "s", file: "s.json", finished: 3, stopped_by: "trials" },
        best: { number: 0, value: 0.5, params: { "train.lr": 0.5 } },
      },
    ]);
  });

  test("of several have values alone, metrics where there are some, and a front", async () => {
    const [trial] = stateOf(two, [complete(0, [0.5, NaN])]).trials as [Trial];
    const metrics = { loss: 0.5, extra: Infinity };
    const pruned = blankTrial(1, { state: "pruned", params: { x: 1 } });
    const lines = await printed(two, [{ ...report, metrics }, told(trial), told(pruned), finish(null, [0, 2])], true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: "report", number: 4, step: 1, value: 0.5, metrics: { loss: 0.5, extra: "Infinity" } },
      { event: "trial", number: 0, state: "complete", values: [0.5, "NaN"], params: { "train.lr": 0.5 } },
      { event: "trial", number: 1, state: "pruned", values: null, params: { x: 1 } },
      {
        ...{ event: "finish", study: "s", file: "s.json", finished: 3, stopped_by: "trials" },
        ...{ best: null, front: [0, 2] },
      },
    ]);
  });
});

describe("lines for people", () => {
  test("mark a new best, or what changes the front; infeasible trials are called so", async () => {
    const trials = [complete(1, [3, 3]), complete(2, [2, 1]), complete(3, [9, 9], { a: 1 }), complete(4, [1, 4])];
    expect(await printed(two, trials.map(told), false, [complete(0, [2, 2])])).toEqual([
      "trial   1  complete  3, 3 *                  lr 0.5",
      "trial   2  complete  2, 1                    lr 0.5",
      "trial   3  complete  9, 9 infeasible         lr 0.5",
      "trial   4  complete  1, 4 *                  lr 0.5",
    ]);
    const single = [complete(1, [3]), complete(2, [1], { a: NaN }), complete(3, [2])];
    expect(await printed(one, single.map(told), false)).toEqual([
      "trial   1  complete  3 *          lr 0.5",
      "trial   2  complete  1 infeasible  lr 0.5",
      "trial   3  complete  2 *          lr 0.5",
    ]);
  });

  test("a table has a column an objective, and says what is missed", async () => {
    const rows = (text: string): string[][] => text.split("\n").map((line) => line.trim().split(/ {2,}/));
    const trials = [complete(0, [1, 2], { "p<=3": -1 }), complete(1, [3, 4], { "p<=3": 2.5 })];
    expect(rows(shown(trialTable(trials, two)))).toEqual([
      ["number", "state", "loss", "score", "lr", "steps", "seconds", "p<=3", "note"],
      ["0", "complete", "1", "2", "0.5", "0", "1.5", "-1"],
      ["1", "complete", "3", "4", "0.5", "0", "1.5", "2.5", "infeasible: p<=3 by 2.5"],
    ]);
    expect(rows(shown(trialTable([complete(0, [1], { "p<=3": -1 })], one)))[0]).toEqual([
      ...["number", "state", "value", "lr", "steps", "seconds"],
    ]);
    const unknown = trialTable([complete(0, [1], { "p<=3": NaN, "q<=0": 1 })], one);
    expect(unknown).toContain("infeasible: p<=3 unknown, q<=0 by 1");
  });
});

describe("what a study has come to", () => {
  test("its best, its front, or what comes nearest; never a banned trial", () => {
    const numbers = (...given: Parameters<typeof stateOf>) => {
      const { trials, feasible } = winnersOf(stateOf(...given));
      return { numbers: trials.map(({ number }) => number), feasible };
    };
    const trials = [complete(0, [1, 1]), complete(1, [2, 2]), complete(2, [0, 0], { a: 1 }), complete(3, [3, 2])];
    expect(numbers(two, trials)).toEqual({ numbers: [0, 1], feasible: true });
    expect(numbers(two, trials, [1])).toEqual({ numbers: [0, 3], feasible: true });
    expect(
      numbers(
        one,
        trials.map(({ number, values, constraints }) => complete(number, [values?.[0] ?? 0], constraints)),
      ),
    ).toEqual({ numbers: [0], feasible: true });
    const missing = [complete(0, [1], { a: 2 }), complete(1, [2], { a: 1 }), complete(2, [3], { a: 0.5 })];
    expect(numbers(one, missing)).toEqual({ numbers: [2], feasible: false });
    expect(numbers(one, missing, [2])).toEqual({ numbers: [1], feasible: false });
    expect(() => winnersOf(stateOf(one, missing, [0, 1, 2]))).toThrow("no complete trial");
  });

  test("one of several winners has to be chosen; none is handed over that misses a constraint", () => {
    const winners = winnersOf(stateOf(two, [complete(0, [1, 1]), complete(1, [2, 2]), complete(2, [3, 1])]));
    expect(() => winnerOf("s", winners)).toThrow(/2 best trials: choose with --trial one of 0, 1/);
    expect(winnerOf("s", winners, 1).number).toBe(1);
    expect(() => winnerOf("s", winners, 2)).toThrow(/trial 2 is not among the best trials of "s": 0, 1/);
    const only = winnersOf(stateOf(two, [complete(0, [1, 1])]));
    expect(winnerOf("s", only).number).toBe(0);
    const missing = winnersOf(stateOf(one, [complete(0, [1], { a: 2 })]));
    expect(() => winnerOf("s", missing)).toThrow(/no feasible trial/);
  });

  test("the history of the best leaves out infeasible trials", () => {
    const trials = [complete(0, [3]), complete(1, [1], { a: 1 }), complete(2, [2])];
    expect(bestSoFar(trials, "minimize")).toEqual([
      [1, 3],
      [2, 3],
      [3, 2],
    ]);
  });
});

describe("what happens to a call besides its trials", () => {
  const events: OptimizeEvent[] = [
    { event: "paused" },
    { event: "resumed" },
    { event: "subscriber-failed", subscriber: "tracker 1", message: "no room\nleft" },
  ];

  test("is a line for people", async () => {
    expect(await printed(one, events, false)).toEqual([
      "paused: no further trial starts until `mlbench-hpo resume`",
      "resumed",
      "warning: tracker 1 failed, and goes on being called: no room left",
    ]);
  });

  test("is not told to who wants it quiet, but for warnings", async () => {
    const teller = new Teller(() => {});
    teller.settle({ quiet: true, verbose: false, log: null });
    expect(await printed(one, events, false, [], teller)).toEqual([
      "warning: tracker 1 failed, and goes on being called: no room left",
    ]);
  });

  test("and an event for programs", async () => {
    const lines = await printed(one, events, true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(events);
  });
});
