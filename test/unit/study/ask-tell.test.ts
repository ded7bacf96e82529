import { describe, expect, it } from "vitest";
import { categorical, createRng, deriveSeed, float, int, TrialPruned } from "../../../src/core/index.js";
import type { ObjectiveTrial } from "../../../src/core/index.js";
import { createStudy } from "../../../src/app/create-study.js";
import { deleteStudy, listStudies, loadStudy } from "../../../src/app/study.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { outcomes, square, study } from "../../fixtures/study/studies.js";

const history = { direction: "minimize", trials: [] } as const;

describe("ask and tell", () => {
  it("hands out a declared space drawn jointly, and records what is told", async () => {
    const s = await study({ space: { x: float(-5, 5), n: int(1, 3), kind: categorical(["a", "b"]) } });
    const trial = await s.ask();
    expect(Object.keys(trial.params)).toEqual(["x", "n", "kind"]);
    expect(trial.suggestFloat("x", -5, 5)).toBe(trial.params["x"]);
    trial.report(0.5, 1);
    trial.setUserAttr("note", { deep: [1] });
    const told = await s.tell(trial, { value: 0.25 });
    expect(told).toMatchObject({
      ...{ number: 0, state: "complete", value: 0.25, intermediate: [[1, 0.5]], seen: [0], finish_index: 0 },
      ...{ owner: "external", user_attrs: { note: { deep: [1] } } },
    });
    expect(s.bestTrial).toBe(told);
    expect(Object.isFrozen(told)).toBe(true);
  });

  it("draws the space that ask is given, and keeps it with the trial", async () => {
    const s = await study({ space: {} });
    const trial = await s.ask({ y: int(3, 3) });
    expect(trial.params).toEqual({ y: 3 });
    expect(s.trials[0]?.distributions).toEqual({ y: int(3, 3) });
  });

  it("keeps a finished trial as it is: telling it again is a mistake", async () => {
    const s = await study();
    const trial = await s.ask();
    const told = await s.tell(trial.number, { value: 1 });
    await expect(s.tell(trial, { value: 0 })).rejects.toMatchObject({ code: "trial-finished", exitCode: 2 });
    expect(() => (trial.report(1, 1), undefined)).toThrow(expect.objectContaining({ code: "trial-not-running" }));
    await s.tell(await s.ask(), { value: 2 });
    expect(s.trials[0]).toBe(told);
  });

  it.each([
    ["nothing", {}, "invalid-value"],
    ["complete without a value", { state: "complete" }, "invalid-value"],
    ["text", { value: "1" }, "invalid-value"],
    ["a value that its state would lose", { value: 1, state: "failed" }, "invalid-value"],
  ])("refuses %s", async (_what, result, code) => {
    const s = await study();
    await expect(s.tell(await s.ask(), result as never)).rejects.toMatchObject({ code });
  });

  it.each([
    [{ metrics: null }, "tell(0, …): expected numbers by metric, got null"],
    [{ metrics: [1] }, "tell(0, …): expected numbers by metric, got [1]"],
    [{ metrics: { a: "x" } }, 'tell(0, …): the metric "a" must be a number, got string'],
    [{ constraints: null }, "tell(0, …): expected numbers by constraint, got null"],
    [{ constraints: { c: true } }, 'tell(0, …): the constraint "c" must be a number, got boolean'],
  ])("refuses %j in a line", async (result, message) => {
    const s = await study();
    const told = s.tell(await s.ask(), { value: 1, ...(result as object) });
    await expect(told).rejects.toMatchObject({ code: "invalid-value", message, exitCode: 2 });
    expect(s.trials[0]?.state).toBe("running");
  });

  it("names the trials that there are", async () => {
    const s = await study();
    await expect(s.tell(3, { value: 1 })).rejects.toMatchObject({ code: "unknown-trial" });
    await s.enqueueTrial({ x: 1 });
    await expect(s.tell(0, { value: 1 })).rejects.toMatchObject({ code: "trial-not-asked" });
    expect(await s.tell(0, { state: "failed" })).toMatchObject({ state: "failed" });
  });

  it.each([
    ["fail", { state: "failed", value: null, failure: { class: "diverged" } }],
    ["prune", { state: "pruned", value: null, prune_reason: "the objective value is NaN" }],
    ["worst", { state: "complete", value: Number.NaN }],
  ] as const)("treats NaN by the rule %s", async (on_nan, record) => {
    const s = await study({ settings: { on_nan } });
    expect(await s.tell(await s.ask(), { value: Number.NaN })).toMatchObject(record);
    await s.tell(await s.ask(), { value: 3 });
    expect(s.bestTrial?.value).toBe(3);
  });

  it("finds the best in both directions, the first of equals", async () => {
    for (const [direction, best] of [
      ["minimize", 1],
      ["maximize", 0],
    ] as const) {
      const s = await study({ direction });
      for (const value of [5, 2, 2, 5]) await s.tell(await s.ask(), { value });
      expect(s.bestTrial?.number).toBe(best);
    }
  });

  it("takes waiting trials first and draws what they leave open", async () => {
    const s = await study({ space: { x: float(-5, 5), n: int(1, 9) } });
    await s.enqueueTrial({ x: 1.5 }, { userAttrs: { from: "me" } });
    const trial = await s.ask();
    expect(trial.number).toBe(0);
    expect(trial.params["x"]).toBe(1.5);
    expect(trial.params["n"]).toBeTypeOf("number");
    expect(s.trials[0]?.user_attrs).toEqual({ from: "me" });
  });

  it("refuses to queue what its space does not know", async () => {
    const s = await study({ space: { x: float(-5, 5), kind: categorical(["a", "b"]) } });
    await expect(s.enqueueTrial({ z: 1 })).rejects.toMatchObject({ code: "unknown-parameter" });
    await expect(s.enqueueTrial({ kind: "c" })).rejects.toMatchObject({ code: "invalid-value" });
    await expect(s.enqueueTrial({ x: "1" })).rejects.toMatchObject({ code: "invalid-value" });
    expect((await s.enqueueTrial({ x: 7 })).params).toEqual({ x: 7 });
  });

  it("ends when a finite space is tried out", async () => {
    const s = await study({ space: { n: int(1, 2) } });
    const seen = [await s.ask(), await s.ask()].map((trial) => trial.params["n"]);
    expect(seen.sort()).toEqual([1, 2]);
    await expect(s.ask()).rejects.toMatchObject({ code: "space-exhausted" });
  });

  it("gives trials taken over from equal ones under reuse", async () => {
    const s = await study({ space: { n: int(1, 4) }, settings: { on_duplicate: "reuse" }, seed: 1 });
    const result = await s.optimize((trial) => Number(trial.params["n"]), { trials: 4 });
    expect(result.stoppedBy).toBe("trials");
    const reused = s.trials.filter((trial) => "reused_from" in trial.user_attrs);
    for (const trial of reused) {
      const source = s.trials[trial.user_attrs["reused_from"] as number];
      expect(trial).toMatchObject({ state: "complete", params: source?.params, value: source?.value });
    }
    expect(reused.length).toBeGreaterThan(0);
  });
});

describe("suggesting without declaring", () => {
  const branches = (trial: ObjectiveTrial): number => {
    const kind = trial.suggestCategorical("kind", ["line", "curve"]);
    const a = trial.suggestFloat("a", 0, 1);
    if (kind === "line") return a + trial.suggestInt("steps", 1, 4);
    return a * trial.suggestFloat("bend", 0.1, 10, { log: true });
  };

  it("keeps values and distributions with the trial", async () => {
    const s = await study({ space: {}, sampler: new TpeSampler({ nStartupTrials: 4 }) });
    await s.optimize(branches, { trials: 20 });
    for (const trial of s.trials) {
      const names = Object.keys(trial.params);
      expect(names).toEqual(trial.params["kind"] === "line" ? ["kind", "a", "steps"] : ["kind", "a", "bend"]);
      expect(Object.keys(trial.distributions ?? {})).toEqual(names);
    }
    expect(s.trials[0]?.distributions?.["bend"] ?? s.trials[0]?.distributions?.["steps"]).toBeDefined();
  });

  it("draws together what finished trials share, and repeats exactly after a break", async () => {
    const make = () => study({ space: {}, sampler: new TpeSampler({ nStartupTrials: 4 }), seed: 3 });
    const [whole, halves] = [await make(), await make()];
    await whole.optimize(branches, { trials: 30 });
    await halves.optimize(branches, { trials: 15 });
    await halves.optimize(branches, { trials: 15 });
    expect(outcomes(halves.trials)).toEqual(outcomes(whole.trials));
  });

  it("gives the same value to the same name", async () => {
    const s = await study({ space: {} });
    const trial = await s.ask();
    expect(trial.suggestFloat("a", 0, 1)).toBe(trial.suggestFloat("a", 0, 1));
    expect(s.trials[0]?.params).toEqual(trial.params);
  });
});

describe("a study", () => {
  it("repeats from its seed: 15 + 15 one at a time are 30", async () => {
    const make = () => study({ sampler: new TpeSampler(), seed: 11, pruner: "median" });
    const objective = async (trial: ObjectiveTrial): Promise<number> => {
      for (let step = 1; step <= 8; step++) {
        trial.report(square(trial) + 1 / step, step);
        if (await trial.shouldPrune()) throw new TrialPruned();
      }
      return square(trial);
    };
    const [whole, halves] = [await make(), await make()];
    await whole.optimize(objective, { trials: 30 });
    await halves.optimize(objective, { trials: 15 });
    await halves.optimize(objective, { totalTrials: 30 });
    expect(outcomes(halves.trials)).toEqual(outcomes(whole.trials));
    expect(whole.trials.some((trial) => trial.state === "pruned")).toBe(true);
    expect(new Set(whole.trials.map((trial) => trial.seed)).size).toBe(30);
  });

  it("draws each trial from its own stream: study seed, trial number, sampler", async () => {
    const s = await study({ seed: 21 });
    for (let number = 0; number < 4; number++) {
      const expected = new RandomSampler().suggest(s.header.space, history, createRng(21, number, "sampler"));
      expect((await s.ask()).params).toEqual(expected);
    }
    expect(s.trials.map((trial) => trial.seed)).toEqual([0, 1, 2, 3].map((n) => deriveSeed(21, "trial-seed", n)));
  });

  it("draws a seed, and a sampler's own stands in for it", async () => {
    const s = await study({ seed: undefined as never, sampler: { name: "random", options: { seed: 5 } } });
    const t = await study({ seed: 99, sampler: { name: "random", options: { seed: 5 } } });
    expect(s.header.seed).toBeTypeOf("number");
    expect((await s.ask()).params).toEqual((await t.ask()).params);
  });

  it("is made, listed, loaded and deleted by name", async () => {
    const storage = "memory";
    await createStudy({ name: "one", storage, space: { x: float(0, 1) } });
    await expect(createStudy({ name: "one", storage })).rejects.toMatchObject({ code: "study-exists" });
    const loaded = await loadStudy({ name: "one", storage });
    const trial = await loaded.ask();
    await loaded.tell(trial, { value: 1 });
    // The other object has the study open; this one takes over.
    const again = await loadStudy({ name: "one", storage });
    await again.enqueueTrial({ x: 0.5 });
    expect(again.trials.map((t) => t.state)).toEqual(["complete", "waiting"]);
    expect(await listStudies({ storage })).toContain("one");
    await deleteStudy({ name: "one", storage });
    await expect(loadStudy({ name: "one", storage })).rejects.toMatchObject({ code: "unknown-study" });
  });

  it("keeps the options of its sampler and pruner", async () => {
    const { MedianPruner } = await import("../../../src/pruners/median.js");
    const s = await study({ pruner: new MedianPruner({ nWarmupSteps: 2 }), sampler: "random" });
    expect(s.header.sampler).toEqual({ name: "random", options: {} });
    expect(s.header.pruner).toMatchObject({ name: "median", options: { n_warmup_steps: 2 } });
  });

  it("keeps what a patient pruner wraps, so that a study that is opened again is judged alike", async () => {
    const { PatientPruner } = await import("../../../src/pruners/patient.js");
    const { PercentilePruner } = await import("../../../src/pruners/percentile.js");
    const { createPruner } = await import("../../../src/pruners/index.js");
    const inner = new PercentilePruner({ percentile: 30, nStartupTrials: 2 });
    const wrapping = new PatientPruner({ pruner: inner, patience: 2, minDelta: 0.1 });
    const { name, options } = (await study({ pruner: wrapping, sampler: "random" })).header.pruner;
    expect({ name, options }).toMatchObject({
      name: "patient",
      options: { ...{ pruner: "percentile", percentile: 30, n_startup_trials: 2 }, patience: 2, min_delta: 0.1 },
    });
    const again = await createPruner(name, options);
    expect(again).toMatchObject({ patience: 2, minDelta: 0.1, pruner: { percentile: 30, nStartupTrials: 2 } });
    const alone = (await study({ pruner: new PatientPruner({ patience: 1 }), sampler: "random" })).header.pruner;
    expect(await createPruner(alone.name, alone.options)).toMatchObject({ patience: 1, pruner: null });
    // One that cannot be named in the options is not taken for the median.
    const { AshaPruner } = await import("../../../src/pruners/asha.js");
    const other = new PatientPruner({ pruner: new AshaPruner(), patience: 1 });
    const stored = (await study({ pruner: other, sampler: "random" })).header.pruner;
    await expect(createPruner(stored.name, stored.options)).rejects.toThrow(/pruner must be .*got "?asha/);
  });

  it("keeps user attributes", async () => {
    const s = await study();
    await s.setUserAttr("dataset", "mine");
    expect(s.userAttrs).toEqual({ dataset: "mine" });
  });
});
