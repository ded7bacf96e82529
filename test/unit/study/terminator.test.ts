import { describe, expect, test } from "vitest";
import type { Direction, SearchSpace, Trial, TrialPart } from "../../../src/core/index.js";
import { blankTrial, createNormal, createRng, float } from "../../../src/core/index.js";
import { noiseAmongNeighbours, noiseOverParts, terminatorVerdict } from "../../../src/study/terminator.js";
import { outcomes, square, study, studyOf } from "../../fixtures/study/studies.js";

const space: SearchSpace = { x: float(-5, 5) };

function complete(number: number, value: number, given: Partial<Trial> = {}): Trial {
  return blankTrial(number, { state: "complete", value, finish_index: number, params: { x: 0 }, ...given });
}

const verdictOn = (trials: readonly Trial[], minTrials = 10, directions: readonly Direction[] = ["minimize"]) =>
  terminatorVerdict({ directions, space, trials }, minTrials);

const partsOf = (values: readonly number[], fold = (i: number) => [`cell ${i}`]): TrialPart[] =>
  values.map((value, i) => ({ fold: fold(i), seed: i, values: [value] }));

describe("the noise of a value", () => {
  test("of a cross-validated trial is Optuna's cross-validation error", () => {
    // Optuna 5.0.0 (CrossValidationErrorEvaluator): sqrt((1/k + 1/(k - 1)) var(scores)), var by k.
    const scores = [1, 2, 4, 5];
    const variance = (4 + 1 + 1 + 4) / 4;
    expect(noiseOverParts({ parts: partsOf(scores) })).toBeCloseTo(Math.sqrt((1 / 4 + 1 / 3) * variance), 12);
  });
  test("is taken over folds, whose seeds are averaged first", () => {
    const twoSeeds = [0.9, 1.1, 1.9, 2.1, 4.4, 3.6, 5, 5];
    const parts = partsOf(twoSeeds, (i) => [`cell ${Math.floor(i / 2)}`]);
    expect(noiseOverParts({ parts })).toBeCloseTo(Math.sqrt((1 / 4 + 1 / 3) * 2.5), 12);
  });
  test("over seeds alone is the standard error of their mean", () => {
    const parts = partsOf([1, 2, 4, 5], () => []);
    expect(noiseOverParts({ parts })).toBeCloseTo(Math.sqrt(10 / 3 / 4), 12);
    expect(noiseOverParts({ parts: partsOf([1]) })).toBeNull();
    expect(noiseOverParts({ parts: null })).toBeNull();
  });
  test("among neighbours is what their parameters leave unexplained", () => {
    const sample = (sigma: number, seed: number): number => {
      const [rng, normal] = [createRng(seed, "x"), createNormal(createRng(seed, "noise"))];
      const trials = Array.from({ length: 200 }, (_, i) => {
        const x = -5 + 10 * rng();
        return complete(i, 3 * x + sigma * normal(), { params: { x } });
      });
      return noiseAmongNeighbours(space, trials, "minimize") as number;
    };
    for (let seed = 0; seed < 5; seed++) {
      // A slope of 3 over a range of 10 is told apart from noise; good trials are chosen ones, so somewhat less is found.
      expect(sample(0, seed)).toBeLessThan(0.3);
      expect(sample(2, seed)).toBeGreaterThan(1);
      expect(sample(2, seed)).toBeLessThan(2.4);
    }
    expect(noiseAmongNeighbours(space, [complete(0, 1)], "minimize")).toBeNull();
  });
});

describe("a terminator", () => {
  const falling = (n: number, value: (i: number) => number): Trial[] =>
    Array.from({ length: n }, (_, i) => complete(i, value(i), { params: { x: -5 + (10 * i) / n } }));

  test("waits for its number of trials", () => {
    const flat = falling(9, () => 1);
    expect(verdictOn(flat)).toMatchObject({ ends: false, reason: "9 of at least 10 trials are done" });
    expect(verdictOn([...flat, complete(9, 1)])).toMatchObject({
      ...{ ends: true, finished: 10, gain: 0, reason: "the last 5 of 10 trials improved nothing" },
    });
    // Repeats of failed trials are none of them.
    expect(verdictOn([...flat, complete(9, 1, { retry_of: 3 })]).ends).toBe(false);
  });
  test("goes on while the later half won more than the error of the best trial's mean", () => {
    // Best of the first half 6, of all 1: gain 5.
    const trials = (spread: number) =>
      falling(10, (i) => 10 - i).map((trial) => ({ ...trial, parts: partsOf([1 - spread, 1 + spread]) }));
    // k = 2: sqrt(1.5) times the spread.
    expect(verdictOn(trials(5 / Math.sqrt(1.5) - 0.01))).toMatchObject({ ends: false, gain: 5 });
    expect(verdictOn(trials(5 / Math.sqrt(1.5) + 0.01))).toMatchObject({
      ...{ ends: true, gain: 5 },
      reason: expect.stringMatching(
        /^the last 5 of 10 trials improved the best value by 5, no more than the standard error over the best trial's parts \(5\.01\)$/,
      ) as unknown,
    });
  });
  test("ends where it won just as much as that error", () => {
    // Seeds alone: deviations of 5 about the mean of 1, so that s / sqrt(2) is 5.
    const parts = partsOf([-4, 6], () => []);
    const trials = falling(10, (i) => 10 - i).map((trial) => ({ ...trial, parts }));
    expect(verdictOn(trials)).toMatchObject({ ends: true, gain: 5, noise: 5 });
  });
  test("counts in the order of finishing, both ways alike", () => {
    const trials = falling(20, (i) => (i < 15 ? 5 : 1));
    expect(verdictOn(trials)).toMatchObject({ ends: false, gain: 4 });
    const early = trials.map((trial, i) => ({ ...trial, finish_index: (i + 5) % 20 }));
    expect(verdictOn(early)).toMatchObject({ ends: true, gain: 0 });
    const risen = trials.map((trial) => ({
      ...trial,
      values: [-(trial.value as number)],
      value: -(trial.value as number),
    }));
    expect(verdictOn(risen, 10, ["maximize"])).toMatchObject({ ends: false, gain: 4 });
  });
  test("takes nothing infeasible for a gain, and says where there is nothing to compare", () => {
    const trials = falling(20, (i) => (i < 10 ? 5 : 1)).map((trial, i) => ({
      ...trial,
      constraints: { c: i < 10 ? 0 : 1 },
    }));
    expect(verdictOn(trials)).toMatchObject({ ends: true, gain: 0 });
    const late = trials.map((trial, i) => ({ ...trial, constraints: { c: i < 10 ? 1 : 0 } }));
    expect(verdictOn(late)).toMatchObject({ ends: false, gain: null });
    expect(verdictOn(falling(20, () => Infinity)).ends).toBe(false);
  });
  test("of several objectives looks at the front", () => {
    const both: readonly Direction[] = ["minimize", "maximize"];
    const trials = Array.from({ length: 20 }, (_, i) =>
      blankTrial(i, { state: "complete", values: [1, 1], finish_index: i }),
    );
    expect(verdictOn(trials, 10, both)).toMatchObject({
      ...{ ends: true, reason: "the last 10 of 20 trials changed nothing of the front" },
    });
    expect(
      verdictOn(trials.with(15, blankTrial(15, { state: "complete", values: [2, 2], finish_index: 15 })), 10, both),
    ).toMatchObject({ ends: false, reason: "1 of the last 10 trials changed the front" });
  });
});

describe("a study with a terminator", () => {
  const flat = { terminator: { minTrials: 12 } } as const;

  test("ends by itself, says and keeps why, and goes on only when told to", async () => {
    const s = await study(flat);
    expect(s.header.settings.terminator).toEqual({ min_trials: 12 });
    const reason = "the last 6 of 12 trials improved nothing";
    const end = await s.optimize(() => 1, { trials: 50 });
    expect(end).toMatchObject({ stoppedBy: "stop", stopReason: reason, finished: 12, added: 12, exitCode: 0 });
    expect(s.header.ended).toMatchObject({ finished: 12, reason });
    const { at } = s.header.ended as { at: string };
    expect(await s.optimize(() => 0, { trials: 5 })).toMatchObject({
      ...{ stopReason: reason, added: 0, exitCode: 0 },
    });
    expect(s.header.ended?.at).toBe(at);
    const more = await s.optimize(({ number }) => -number, { trials: 5, terminator: false });
    expect(more).toMatchObject({ stoppedBy: "trials", stopReason: null, added: 5 });
    // It has something to go on for by now.
    expect(await s.optimize(({ number }) => -number, { trials: 1 })).toMatchObject({ stoppedBy: "trials", added: 1 });
  });
  test("ends at the same trial however its calls are cut", async () => {
    const options = { ...flat, seed: 3 };
    const [one, cut] = [await study(options), await study(options)];
    const steps = (trial: Parameters<typeof square>[0]): number => Math.round(square(trial) / 5);
    await one.optimize(steps, { trials: 60 });
    for (let i = 0; i < 4; i++) await cut.optimize(steps, { trials: 15 });
    expect(one.header.ended?.finished).toBeLessThan(60);
    expect(outcomes(cut.trials)).toEqual(outcomes(one.trials));
    expect(cut.header.ended).toMatchObject({ finished: one.header.ended?.finished, reason: one.header.ended?.reason });
  });
  test("leaves a call's own reason where that came first", async () => {
    const s = await study(flat);
    const end = await s.optimize(() => 1, { trials: 50, patience: 3 });
    expect(end).toMatchObject({ stoppedBy: "patience", stopReason: null });
    expect(s.header.ended).toBeUndefined();
  });
  test("of several objectives ends where the front stays as it is", async () => {
    const s = await studyOf(["minimize", "maximize"]);
    expect(s.header.settings.terminator).toBeUndefined();
    const { settings } = s.header;
    const ends = await studyOf(["minimize", "maximize"], { settings: { ...settings, terminator: { min_trials: 20 } } });
    expect(await ends.optimize(() => [1, 1], { trials: 50 })).toMatchObject({ stoppedBy: "stop", finished: 20 });
  });
  test.each([
    [{ terminator: { minTrials: 9 } }, "terminator: min-trials 9: expected a whole number of at least 10"],
    [{ terminator: { minTrial: 9 } as never }, /unknown option "minTrial": did you mean "minTrials"/],
  ])("is refused: %j", async (options, message) => {
    await expect(study(options)).rejects.toThrow(message);
  });
});
