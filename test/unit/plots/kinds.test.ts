/** What the kinds of plots say, held against numbers found by hand. */
import { describe, expect, test } from "vitest";
import type { ChartOption } from "#echarts";
import { float } from "../../../src/core/index.js";
import { importances } from "../../../src/analysis/index.js";
import { describePlot } from "../../../src/plots/kinds.js";
import { localMean } from "../../../src/plots/kinds/contour.js";
import { edfOf } from "../../../src/plots/kinds/edf.js";
import { medianLine } from "../../../src/plots/kinds/intermediate.js";
import { ranksOf } from "../../../src/plots/kinds/rank.js";
import { inLanes, withoutPauses } from "../../../src/plots/kinds/timeline.js";
import type { Plot } from "../../../src/plots/plot.js";
import { reportedTrial, trialOf } from "../../fixtures/trials.js";
import { pair, studyOf } from "./study.js";
import { wantsLog } from "../../../src/plots/chart-parts.js";

/** The data of the series of a name. */
const dataOf = ({ option }: Plot, name: string): unknown[][] =>
  (option["series"] as readonly ChartOption[]).flatMap((series) =>
    series["name"] === name ? (series["data"] as unknown[][]) : [],
  );

const failure = { class: "exception", message: "no luck", where: "objective.mjs:1" } as const;

describe("history", () => {
  const trials = [
    trialOf(0, {}, { value: 4 }),
    trialOf(1, {}, { value: 5 }),
    trialOf(2, {}, { value: 1, constraints: { c: 0.5 } }),
    trialOf(3, {}, { state: "failed", failure }),
    trialOf(4, {}, { value: 3 }),
    reportedTrial(5, "pruned", [9, 7]),
    trialOf(6, {}, { value: NaN }),
    trialOf(7, {}, { value: 3 }),
    trialOf(8, {}, { state: "running" }),
    trialOf(9, {}, { value: 0 }),
  ];

  test("the best so far of feasible complete trials, and each other trial by its state", async () => {
    const plot = await describePlot("history", studyOf(trials, {}, [9]));
    // 4 after the first, 3 after the fifth; it goes on to the last that finished.
    expect(dataOf(plot, "best so far")).toEqual([
      [1, 4],
      [5, 3],
      [8, 3],
    ]);
    expect(dataOf(plot, "complete")).toEqual([
      [1, 4, 0],
      [2, 5, 1],
      [5, 3, 4],
      [8, 3, 7],
    ]);
    expect(dataOf(plot, "infeasible")).toEqual([[3, 1, 2]]);
    expect(dataOf(plot, "pruned")).toEqual([[6, 7, 5]]);
    expect(dataOf(plot, "failed").map(([, , trial]) => trial)).toEqual([3]);
    expect(dataOf(plot, "without a finite value").map(([, , trial]) => trial)).toEqual([6]);
    expect(plot.notes).toContain("Trials not drawn: 1 running, 1 banned.");
  });

  test("several objectives have a panel each, a maximized one rises", async () => {
    const values = [
      [3, 1],
      [1, 0],
      [2, 5],
    ].map((v, i) => trialOf(i, {}, { values: v }));
    const plot = await describePlot("history", studyOf(values, pair));
    expect(plot.option["grid"]).toHaveLength(2);
    // The line of `cost`, then that of `gain`.
    expect(dataOf(plot, "best so far")).toEqual([
      ...[
        [1, 3],
        [2, 1],
        [3, 1],
      ],
      ...[
        [1, 1],
        [3, 5],
      ],
    ]);
  });

  test("values of several orders of magnitude get a logarithmic axis, those with 0 among them none", async () => {
    const axis = async (...values: number[]): Promise<unknown> => {
      const plot = await describePlot("history", studyOf(values.map((value, i) => trialOf(i, {}, { value }))));
      return (plot.option["yAxis"] as readonly ChartOption[])[0]?.["type"];
    };
    expect(await axis(1e-4, 1e-2, 1)).toBe("log");
    expect(await axis(0, 1e-2, 1)).toBe("value");
    expect(await axis(1, 2)).toBe("value");
    // All but one in the lowest tenth of a range of 20 to 1.
    expect(await axis(1, 1.5, 2, 20)).toBe("log");
    expect(await axis(1, 10, 15, 20)).toBe("value");
  });

  test("any metric that trials have; which way is better is its own, and unknown for a user's", async () => {
    const metric = (val_mae: number, knee: number) => ({ metrics: { best: { val_mae, knee } } });
    const study = studyOf([
      trialOf(0, {}, { value: 1, ...metric(0.2, 3) }),
      trialOf(1, {}, { value: 2, ...metric(0.1, 4) }),
    ]);
    expect(dataOf(await describePlot("history", study, { metric: "val_mae" }), "best so far")).toEqual([
      [1, 0.2],
      [2, 0.1],
    ]);
    const own = await describePlot("history", study, { metric: "knee" });
    expect(dataOf(own, "best so far")).toEqual([]);
    expect(dataOf(own, "complete").map(([, value]) => value)).toEqual([3, 4]);
  });
});

describe("intermediate", () => {
  test("the median of complete trials where at least two reported; gaps for what is not finite; ends of pruned ones", async () => {
    const trials = [
      reportedTrial(0, "complete", [8, 4, 2, 7], null, { value: 2 }),
      reportedTrial(1, "complete", [6, NaN, 1], null, { value: 1 }),
      reportedTrial(2, "complete", [1, 5], null, { value: 5 }),
      reportedTrial(3, "pruned", [100, 90]),
      trialOf(4, {}, { state: "failed", failure }),
    ];
    expect(medianLine(trials.map((trial) => ({ trial, points: trial.intermediate })))).toEqual([
      [1, 6],
      [2, 4.5],
      [3, 1.5],
    ]);
    const plot = await describePlot("intermediate", studyOf(trials));
    expect(dataOf(plot, "median of complete")).toEqual([
      [1, 6],
      [2, 4.5],
      [3, 1.5],
    ]);
    expect(dataOf(plot, "best (trial 1)")).toEqual([
      [1, 6],
      [2, null],
      [3, 1],
    ]);
    // The line and the diamond at its end.
    expect(dataOf(plot, "pruned")).toEqual([
      [1, 100, 3],
      [2, 90, 3],
      [2, 90, 3],
    ]);
    expect(plot.notes).toEqual([
      "Trials not drawn: 1 failed without reports.",
      "1 report is no finite number: a gap in its line.",
    ]);
  });

  test("another metric is that of the epochs' own file, of what is asked for", async () => {
    const trials = [reportedTrial(0, "complete", [2, 1], null, { value: 1 })];
    const epochs = new Map([[0, [1, 2].map((step) => ({ step, metrics: { lr: 1 / step } }))]]);
    const plot = await describePlot("intermediate", { ...studyOf(trials), epochs }, { metric: "lr" });
    expect(dataOf(plot, "complete")).toEqual([
      [1, 1, 0],
      [2, 0.5, 0],
    ]);
    await expect(describePlot("intermediate", { ...studyOf(trials), epochs }, { metric: "lrr" })).rejects.toThrow(
      '--metric lrr: no trial of "lab" has reported it: did you mean "lr"? there are loss, lr',
    );
  });
});

test("parallel: a line ends where its trial lacks a parameter, and goes on behind the gap", async () => {
  const of = (number: number, value: number, params: Readonly<Record<string, number>>) =>
    trialOf(number, params, { value });
  const trials = [of(0, 1, { a: 1, b: 2, c: 3, d: 4 }), of(1, 2, { a: 1, c: 3, d: 5 }), of(2, 3, { a: 2, b: 2, d: 5 })];
  const study = studyOf(trials, { space: {} });
  const plot = await describePlot("parallel", study);
  // b and c come last: some trials lack them. The best is drawn last.
  expect(plot.table.columns).toEqual(["trial", "loss", "a", "d", "b", "c"]);
  expect(dataOf(plot, "loss")).toEqual([
    [3, 2, 5, 2, "-", 3, 2],
    [2, 1, 5, "-", "-", 2, 1],
    [1, 1, 4, 2, 3, 1, 0],
  ]);
  const reordered = await describePlot(
    "parallel",
    studyOf([of(0, 1, { a: 1, b: 2, c: 3, d: 4 }), of(1, 2, { b: 1 }), of(2, 3, { a: 3, c: 5, d: 6 })], { space: {} }),
  );
  expect(dataOf(reordered, "loss").slice(0, 2)).toEqual([
    [3, 3, "-", "-", "-", 3, 2],
    ["-", "-", "-", 5, 6, 3, 2],
  ]);
});

test("edf: the share of values at most as large, equals in one step", async () => {
  expect(edfOf([3, 1, 2, 2])).toEqual([
    [1, 0.25],
    [2, 0.75],
    [3, 1],
  ]);
  const plot = await describePlot("edf", studyOf([3, 1, 2, 2, NaN].map((value, i) => trialOf(i, {}, { value }))));
  expect(plot.table.rows).toEqual([
    ["loss", 1, 0.25],
    ["loss", 2, 0.75],
    ["loss", 3, 1],
  ]);
  expect(dataOf(plot, "loss")[0]).toEqual([1, 0]);
  expect(plot.notes).toEqual(["Trials not drawn: 1 whose value is not finite."]);
});

test("rank: the best is first whichever way is better, equals share the mean of their places", () => {
  expect(ranksOf([10, 30, 20, 20], "minimize")).toEqual([1, 4, 2.5, 2.5]);
  expect(ranksOf([10, 30, 20, 20], "maximize")).toEqual([4, 1, 2.5, 2.5]);
  expect(ranksOf([], "minimize")).toEqual([]);
});

test("contour: the weighted mean of what is near, and nothing where nothing is", async () => {
  const points = [
    { x: 0.5, y: 0.5, value: 2 },
    { x: 0.6, y: 0.5, value: 4 },
  ];
  // Half-way between two they count alike; beyond the reach of 0.12 nothing counts.
  expect(localMean(points, 0.55, 0.5)).toBeCloseTo(3, 12);
  expect(localMean(points, 0.55, 0.63)).toBeNull();
  // At distances 0 and 0.1 the weights are 1 and exp(-0.01 / (2 x 0.0025)) = exp(-2).
  expect(localMean(points, 0.5, 0.5)).toBeCloseTo((2 + 4 * Math.exp(-2)) / (1 + Math.exp(-2)), 12);
  // On an axis of names another name is far.
  const space = {
    a: { type: "categorical", choices: ["u", "v"] },
    b: { type: "float", low: 0, high: 1, log: false, step: null },
  } as const;
  const trials = [trialOf(0, { a: "u", b: 0.5 }, { value: 1 }), trialOf(1, { a: "v", b: 0.5 }, { value: 3 })];
  const plot = await describePlot("contour", studyOf(trials, { space }), { params: ["a", "b"] });
  const fields = dataOf(plot, "mean nearby");
  expect(new Set(fields.map(([from, , , , value]) => `${String(from)}: ${String(value)}`))).toEqual(
    new Set(["0: 1", "1: 3"]),
  );
  // Of 36 fields those within 0.12 of the middle: their middles are at (i + 0.5) / 36.
  expect(fields).toHaveLength(2 * 8);
});

describe("pareto and hypervolume", () => {
  // The front of (cost, gain): (1, 2) and (3, 5); (2, 1) is dominated by (1, 2), (0, 9) misses a constraint.
  const trials = [
    trialOf(0, {}, { values: [1, 2] }),
    trialOf(1, {}, { values: [2, 1] }),
    trialOf(2, {}, { values: [0, 9], constraints: { c: 1 } }),
    trialOf(3, {}, { values: [3, 5] }),
    trialOf(4, {}, { values: [3, Infinity] }),
    trialOf(5, {}, { state: "failed", failure }),
  ].map((trial) => (trial.number === 4 ? { ...trial, values: [3, NaN] } : trial));

  test("each trial stands where it does", async () => {
    const plot = await describePlot("pareto", studyOf(trials, pair));
    expect(plot.table.rows).toEqual([
      [0, 1, 2, "front"],
      [1, 2, 1, "dominated"],
      [2, 0, 9, "infeasible"],
      [3, 3, 5, "front"],
    ]);
    expect(plot.notes).toEqual(["Trials not drawn: 1 with a value that is not finite, 1 failed."]);
  });

  test("three objectives make three panels", async () => {
    const objectives = ["a", "b", "c"].map((metric) => ({ metric, direction: "minimize" as const }));
    const study = studyOf([trialOf(0, {}, { values: [1, 2, 3] })], { objectives });
    expect((await describePlot("pareto", study)).option["grid"]).toHaveLength(3);
  });

  test("the hypervolume up to a point, by hand", async () => {
    const plot = await describePlot("hypervolume", studyOf(trials, pair), { reference: [4, 0] });
    // (1, 2): 3 x 2 = 6; (3, 5) adds 1 x (5 - 2) = 3. The trial with NaN adds nothing.
    expect(plot.table.rows).toEqual([
      [1, 6],
      [2, 6],
      [4, 9],
      [5, 9],
    ]);
    expect(plot.notes[0]).toBe("Taken up to cost = 4, gain = 0.");
  });
});

describe("timeline", () => {
  const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + 1000 * seconds).toISOString();
  const ran = (from: number, to: number | null) => ({ started_at: at(from), finished_at: to === null ? null : at(to) });

  test("a lane a place; what ran outside gets lanes where there is room; lost attempts and running trials are there", async () => {
    const trials = [
      trialOf(0, {}, { value: 1, slot: 0, owner: "7@boot", ...ran(0, 10) }),
      trialOf(1, {}, { value: 1, slot: 1, owner: "7@boot", ...ran(2, 12) }),
      trialOf(2, {}, { value: 1, owner: "external", ...ran(3, 8) }),
      trialOf(3, {}, { value: 1, owner: "external", ...ran(5, 9) }),
      trialOf(4, {}, { value: 1, owner: "external", ...ran(8, 9) }),
      trialOf(
        5,
        {},
        {
          ...{ state: "running", slot: 0, owner: "8@boot", attempt: 2, ...ran(20, null) },
          attempts: [{ attempt: 1, started_at: at(10), ended_at: at(15), reason: "gone", intermediate: [] }],
        },
      ),
      trialOf(6, {}, { value: 1, slot: 3, owner: "remote:lab3/42", ...ran(14, 21), retry_of: 2 }),
      trialOf(7, {}, { state: "waiting" }),
    ];
    const plot = await describePlot("timeline", studyOf(trials));
    const column = (name: string) => plot.table.columns.indexOf(name);
    const lanes = plot.table.rows.map((row) => [
      row[column("trial")],
      row[column("attempt")],
      row[column("state")],
      row[column("lane")],
    ]);
    expect(lanes).toEqual([
      [0, 1, "complete", "place 0"],
      [1, 1, "complete", "place 1"],
      [2, 1, "complete", "no place, 1"],
      [3, 1, "complete", "no place, 2"],
      [4, 1, "complete", "no place, 1"],
      [5, 1, "lost attempt", "no place, 1"],
      [6, 1, "complete", "lab3/42 place 3"],
      [5, 2, "running", "place 0"],
    ]);
    // The running one ends with the last thing known: 21 s after the first began.
    expect(dataOf(plot, "running").map(([from, to]) => [from, to])).toEqual([[20, 21]]);
    expect(plot.notes).toEqual([
      "Trials not drawn: 1 waiting.",
      "A running trial's bar ends with the last thing that is known to have happened.",
      "1 trial repeats a failed one (column retry of).",
    ]);
  });

  test("a pause in which nothing ran is cut out, overlapping runs are none", () => {
    const spans = [
      { from: 0, to: 10_000 },
      { from: 5000, to: 20_000 },
      { from: 90_000, to: 100_000 },
      { from: 100_500, to: 110_000 },
    ];
    const { at: place, pauses } = withoutPauses(spans);
    expect(pauses).toEqual([{ from: 20_000, to: 90_000 }]);
    expect([0, 20_000, 90_000, 110_000].map(place)).toEqual([0, 20_000, 20_000, 40_000]);
  });

  test("spans without a worker never overlap in their lane", () => {
    const spans = [0, 1, 2, 3].map((i) => ({
      ...{ trial: i, attempt: 1, sort: "complete" as const, from: i, to: i + 2.5, worker: null },
    }));
    expect(inLanes(spans).map(({ lane }) => lane)).toEqual([
      "no place, 1",
      "no place, 2",
      "no place, 3",
      "no place, 1",
    ]);
  });
});

test("importances: shares of the whole, the most important first, with what they were found from", async () => {
  // The value is a's alone.
  const space = {
    a: { type: "float", low: 0, high: 1, log: false, step: null },
    b: { type: "float", low: 0, high: 1, log: false, step: null },
  } as const;
  const trials = Array.from({ length: 40 }, (_, i) => {
    const [a, b] = [((i * 7) % 40) / 40, ((i * 11) % 40) / 40];
    return trialOf(i, { a, b }, { value: (a - 0.3) ** 2 });
  });
  const plot = await describePlot("importances", studyOf(trials, { space }));
  const shares = plot.table.rows.map((row) => [row[1], row[3]]);
  expect(shares.map(([name]) => name)).toEqual(["a", "b"]);
  expect(shares[0]?.[1]).toBeGreaterThan(0.8);
  expect((shares[0]?.[1] as number) + (shares[1]?.[1] as number)).toBeCloseTo(1, 12);
  expect(plot.notes[0]).toBe("Found from 40 trials.");
});

test("slice: a panel a parameter, absent trials are counted, too many parameters are chosen by importance", async () => {
  const trials = [
    trialOf(0, { "train.lr": 0.01, "model.hidden_size": 16, "train.optimizer": "adamw" }, { value: 1 }),
    trialOf(
      1,
      { "train.lr": 0.1, "model.hidden_size": 32, "train.optimizer": "sgd", "train.momentum": 0.5 },
      { value: 2 },
    ),
  ];
  const plot = await describePlot("slice", studyOf(trials));
  expect(plot.option["grid"]).toHaveLength(4);
  expect((plot.option["xAxis"] as readonly ChartOption[]).map(({ type }) => type)).toEqual([
    "log",
    "log",
    "category",
    "value",
  ]);
  expect(plot.notes).toEqual([
    "Trials that do not have a conditional parameter are absent: 1 in the panel of train.momentum.",
  ]);
  const many = Array.from({ length: 12 }, (_, i) => `p${i}`);
  const wide = Array.from({ length: 30 }, (_, i) =>
    trialOf(i, Object.fromEntries(many.map((name, j) => [name, ((i * (2 * j + 3)) % 31) / 31])), {
      value: ((i * 25) % 31) / 31,
    }),
  );
  const space = Object.fromEntries(many.map((name) => [name, float(0, 1)]));
  const cut = await describePlot("slice", studyOf(wide, { space }));
  expect(cut.option["grid"]).toHaveLength(9);
  const ranked = importances({ trials: wide, space, objectives: [{ metric: "loss", direction: "minimize" }] })
    .targets[0];
  const first = new Set(ranked?.parameters.slice(0, 9).map(({ name }) => name));
  expect(cut.table.columns.slice(1, -1)).toEqual(many.filter((name) => first.has(name)));
  expect(cut.notes).toContain(
    "9 of 12 parameters are drawn, those that matter most (PED-ANOVA); --param names others.",
  );
  expect((await describePlot("slice", studyOf(wide, { space }), { params: ["p3"] })).table.columns).toEqual([
    "trial",
    "p3",
    "loss",
  ]);
});

test("an axis is logarithmic over orders of magnitude, but not down to the least that floats can say", () => {
  expect(
    [
      [1, 2, 3],
      [1e-5, 1e-1],
      [3e-323, 1e-174],
      [0, 1, 1000],
    ].map((values) => wantsLog(values)),
  ).toEqual([...[false, true, false, false]]);
});
