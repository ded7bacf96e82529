import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadStudy } from "../../../src/app/study.js";
import { isSweep, planSweep, sweep, trialsLeft } from "../../../src/app/sweep.js";
import type { SweepOptions } from "../../../src/app/sweep.js";
import { sweepPoints } from "../../../src/app/views/sweep-points.js";
import { categorical, float, int } from "../../../src/core/index.js";
import type { ObjectiveTrial } from "../../../src/core/index.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-sweep-"));
});
afterEach(() => rm(storage, { recursive: true, force: true }));

const grid = { lr: [0.1, 0.2], width: "8,16" };

/** 10 lr + width / 16, and what is added for the n-th trial of a round of four points. */
const objective = (trial: ObjectiveTrial): number =>
  10 * Number(trial.params["lr"]) + Number(trial.params["width"]) / 16 + 0.01 * Math.floor(trial.number / 4);

describe("a sweep", () => {
  test("has each point under several seeds, and means with their spread, best first", async () => {
    const { study, result, points, left } = await sweep(
      { storage, name: "s", grid, repeat: 3, seed: 1 },
      { objective },
    );
    expect(result).toMatchObject({ stoppedBy: "trials", finished: 12, exitCode: 0 });
    expect(left).toBe(0);
    expect(points.map(({ params }) => params)).toEqual([
      { lr: 0.1, width: 8 },
      { lr: 0.1, width: 16 },
      { lr: 0.2, width: 8 },
      { lr: 0.2, width: 16 },
    ]);
    // 1.5, 1.51, 1.52: mean 1.51, sample standard deviation 0.01, half width t(0.975, 2) 0.01 / sqrt(3) = 4.302653 / 173.205
    const [best] = points;
    expect(best).toMatchObject({ trials: [0, 4, 8], complete: 3, failed: 0, pruned: 0, unfinished: 0, infeasible: 0 });
    const score = best?.scores[0];
    expect([score?.mean, score?.sd, score?.interval?.[0], score?.interval?.[1]].map((x) => x?.toFixed(6))).toEqual([
      "1.510000",
      "0.010000",
      "1.485159",
      "1.534841",
    ]);
    expect(new Set(study.trials.map(({ seed }) => seed)).size).toBe(12);
    expect(study.header).toMatchObject({
      sampler: { name: "grid", options: { repeat: 3 } },
      pruner: { name: "nop" },
      settings: { on_duplicate: "run" },
    });
  });

  test("goes on where it ended, with the same options or as a study; points in between are those of one go", async () => {
    const options = { storage, name: "s", grid, repeat: 2, seed: 1 };
    const first = await sweep(options, { objective, trials: 3 });
    expect([first.result.finished, first.left]).toEqual([3, 5]);
    const study = await loadStudy({ storage, name: "s" });
    await study.optimize(objective, { trials: 2 });
    const second = await sweep(options, { objective });
    expect([second.result.finished, second.result.added, second.left]).toEqual([8, 3, 0]);
    const whole = await sweep({ ...options, name: "whole" }, { objective });
    expect(second.points).toEqual(whole.points);
    expect((await sweep(options, { objective })).result.added).toBe(0);
    // As a study without a goal it ends by itself.
    const again = await loadStudy({ storage, name: "s" });
    expect(await again.optimize(objective, { trials: 5 })).toMatchObject({ stoppedBy: "space-exhausted", added: 0 });
  });

  test("counts what failed, was banned, queued and repeated", async () => {
    const failing = (trial: ObjectiveTrial): number => {
      if (trial.params["x"] === 2 && trial.number < 4) throw new Error("no luck");
      return Number(trial.params["x"]);
    };
    const options: SweepOptions = { storage, name: "f", grid: { x: [1, 2, 3] }, repeat: 2, seed: 1 };
    const { study } = await sweep(options, { objective: failing, trials: 3, maxRetries: 1 });
    // Trial 1 failed; its retry, with a number of its own, takes its place.
    const [, two] = await sweepPoints(study);
    expect(study.trials[1]).toMatchObject({ state: "failed", params: { x: 2 } });
    expect(two).toMatchObject({ params: { x: 3 }, complete: 1 });
    await study.annotate(study.trials.find(({ params }) => params["x"] === 3)?.number ?? -1, { banned: true });
    const queued = await study.enqueueTrial({ x: 1 });
    await study.close();
    const { points, left } = await sweep(options, { objective: failing });
    expect(left).toBe(0);
    expect(
      points.map(({ params: { x }, trials, complete, failed }) => ({ x, n: trials.length, complete, failed })),
    ).toEqual([
      { x: 1, n: 2, complete: 2, failed: 0 },
      { x: 2, n: 2, complete: 1, failed: 1 },
    ]);
    expect(points[0]?.trials).toContain(queued.number);
  });

  test("with several objectives has a score each; misses of a constraint come after what meets it", async () => {
    const { points } = await sweep(
      { storage, name: "two", grid: { x: [1, 2, 3] }, directions: ["maximize", "minimize"], repeat: 2 },
      {
        objective: (trial) => {
          const x = Number(trial.params["x"]);
          trial.setConstraint("small", x - 2);
          return [x, 10 * x];
        },
      },
    );
    expect(
      points.map(({ params, infeasible, scores }) => [params["x"], infeasible, ...scores.map(({ mean }) => mean)]),
    ).toEqual([
      [2, 0, 2, 20],
      [1, 0, 1, 10],
      [3, 2, 3, 30],
    ]);
    expect(points[0]?.scores).toEqual([
      { metric: "value_0", n: 2, mean: 2, sd: 0, interval: null },
      { metric: "value_1", n: 2, mean: 20, sd: 0, interval: null },
    ]);
  });

  test("over a model searches what is named and fixes the rest at its defaults", async () => {
    const named = { model: "lstm", dataset: "dummy", grid: ["lr=1e-3,1e-2", "hidden_size=int:16..64:step=16"] };
    const plan = await planSweep({ storage, ...named, repeat: 5 });
    expect(plan.header.name).toBe("lstm-dummy-sweep");
    expect([plan.points, plan.repeat]).toEqual([8, 5]);
    expect(plan.header.space).toEqual({
      "model.hidden_size": int(16, 64, { step: 16 }),
      "train.lr": categorical([0.001, 0.01]),
    });
    expect(isSweep(plan.header)).toBe(true);
    // A preset's own ranges are no part of it, what it fixes is.
    const preset = await planSweep({
      storage,
      config: "dummy-lstm",
      grid: { "train.lr": [1e-3] },
      params: { "train.epochs": 3 },
    });
    expect(Object.keys(preset.header.space)).toEqual(["train.lr"]);
    expect(preset.header.task.params).toMatchObject({ "train.epochs": 3 });
    // Several models are a parameter as well.
    const models = await planSweep({ storage, model: ["lstm", "mlp"], grid: { "train.lr": [1e-3, 1e-2] } });
    expect([Object.keys(models.header.space), models.points]).toEqual([["model", "train.lr"], 4]);
  });

  test.each<[string, Partial<SweepOptions>, string]>([
    ["no parameter", { grid: {} }, "no parameter is named"],
    ["a range without end", { grid: { x: float(0, 1) } }, 'a full grid has no end of values for "x"'],
    [
      "too much",
      { grid: { x: int(1, 200), y: int(1, 30) }, repeat: 2 },
      "6000 points, 12000 trials with --repeat 2: more than 10000",
    ],
    ["too many random points", { grid: { x: int(1, 200) }, random: 300 }, "the grid has only 200 points"],
    ["no repeat", { repeat: 0 }, "repeat must be a whole number of at least 1, got 0"],
    ["an unknown option", { repeats: 3 } as Partial<SweepOptions>, 'unknown option "repeats": did you mean "repeat"'],
    [
      "a value that is none",
      { model: "mlp", grid: { "train.lr": [-1] } },
      "--grid train.lr: -1 is outside what train.lr takes",
    ],
    ["an unknown name", { model: "mlp", grid: ["lrr=1"] }, 'unknown parameter "lrr": did you mean'],
    ["a bad range", { model: "mlp", grid: ["lr=1e-3..x"] }, '--grid lr=1e-3..x: "1e-3..x" is no range LOW..HIGH'],
    [
      "what is searched and fixed",
      { model: "mlp", grid: ["lr=0.1,0.2"], fix: ["lr=0.1"] },
      "train.lr is both searched and fixed",
    ],
  ])("refuses %s before there is a study", async (_what, options, message) => {
    await expect(sweep({ storage, name: "refused", grid: { x: [1] }, ...options })).rejects.toThrow(message);
    await expect(loadStudy({ storage, name: "refused" })).rejects.toThrow('unknown study "refused"');
  });

  test("random points of a range, each repeated", async () => {
    const options = {
      storage: "memory",
      grid: { x: float(0, 1), y: int(1, 3) },
      random: 4,
      repeat: 3,
      seed: 5,
    } as const;
    const { study, points } = await sweep(options, { objective: (trial) => Number(trial.params["x"]) });
    expect(points.map(({ complete }) => complete)).toEqual([3, 3, 3, 3]);
    expect(points.map(({ scores: [score] }) => score?.sd?.toFixed(12))).toEqual(Array(4).fill("0.000000000000"));
    expect(trialsLeft(study.state)).toBe(0);
  });
});
