import { expect, test } from "vitest";
import { UsageError } from "../../../src/core/index.js";
import type { Direction, Trial } from "../../../src/core/index.js";
import { createPruner, pruners } from "../../../src/pruners/index.js";
import { AshaPruner } from "../../../src/pruners/asha.js";
import { HyperbandPruner } from "../../../src/pruners/hyperband.js";
import { ProspectPruner } from "../../../src/pruners/prospect.js";
import { ThresholdPruner } from "../../../src/pruners/threshold.js";
import { WilcoxonPruner } from "../../../src/pruners/wilcoxon.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { NopPruner } from "../../../src/pruners/nop.js";
import { PatientPruner } from "../../../src/pruners/patient.js";
import { PercentilePruner } from "../../../src/pruners/percentile.js";
import { reportedTrial } from "../../fixtures/trials.js";
import { historyOf } from "./records.js";

const flat = (number: number, value: number, length = 10): Trial =>
  reportedTrial(
    number,
    "complete",
    Array.from({ length }, () => value),
  );
const nine = [0.02, 0.025, 0.026, 0.028, 0.0287, 0.03, 0.04, 0.05, 0.06].map((v, i) => flat(i, v));
const running = (...values: number[]): Trial => reportedTrial(50, "running", values);
const seven = (value: number): Trial => running(...Array.from({ length: 7 }, () => value));
const minimize = historyOf("minimize", ...nine);

test("a decision says the epoch, both figures and how many voted", () => {
  const pruner = new MedianPruner();
  expect(pruner.decide(seven(0.031), minimize)).toEqual({
    prune: true,
    reason: "step 7: best 0.0310 > median 0.0287 of 9 trials",
  });
  expect(pruner.decide(seven(0.025), minimize)).toEqual({
    prune: false,
    reason: "step 7: best 0.0250 <= median 0.0287 of 9 trials",
  });
  expect(pruner.decide(seven(0.0287), minimize).reason).toBe("step 7: best 0.0287 <= median 0.0287 of 9 trials");
  expect(pruner.decide(seven(0.02870001), minimize).reason).toBe(
    "step 7: best 0.02870001 > median 0.02870000 of 9 trials",
  );
  const maximize = historyOf("maximize", ...nine);
  expect(pruner.decide(seven(0.025), maximize).reason).toBe("step 7: best 0.0250 < median 0.0287 of 9 trials");
  expect(new PercentilePruner({ percentile: 25 }).decide(seven(0.027), minimize).reason).toBe(
    "step 7: best 0.0270 > percentile-25 0.0260 of 9 trials",
  );
  expect(new PercentilePruner({ percentile: 25 }).decide(seven(0.045), maximize)).toEqual({
    prune: false,
    reason: "step 7: best 0.0450 >= percentile-25 0.0400 of 9 trials",
  });
});

test("a kept trial's reason says why it was not judged", () => {
  const reason = (pruner: MedianPruner, trial: Trial, ...trials: Trial[]): string => {
    const decision = pruner.decide(trial, historyOf("minimize", ...trials));
    expect(decision.prune).toBe(false);
    return decision.reason;
  };
  const pruner = new MedianPruner();
  expect(reason(pruner, running())).toBe("no report yet");
  expect(reason(pruner, seven(9))).toBe("step 7: no trial is complete yet");
  expect(reason(pruner, seven(9), ...nine.slice(0, 4))).toBe("step 7: 4 of 5 startup trials are complete");
  expect(reason(pruner, running(9, 9, 9, 9), ...nine)).toBe("step 4: warm-up until step 5");
  const short = nine.map((t) => reportedTrial(t.number, "complete", [0.1, 0.1]));
  expect(reason(pruner, seven(9), ...short)).toBe("step 7: 0 of 3 trials needed have reported this step");
  const nan = nine.map((t) => flat(t.number, NaN));
  expect(reason(pruner, seven(9), ...nan)).toBe("step 7: the median of 0 trials is NaN");
  const every = new MedianPruner({ intervalSteps: 3 });
  expect(reason(every, seven(9), ...nine)).toBe("step 7: between checks (every 3 steps from 5)");
  expect(new MedianPruner().decide(seven(NaN), minimize)).toEqual({
    prune: true,
    reason: "step 7: every report is NaN",
  });
});

test("patience: only a trial that stopped improving is judged", () => {
  const alone = new PatientPruner({ patience: 1 });
  const decide = (...values: number[]) => alone.decide(running(...values), minimize);
  expect(decide(0.3, 0.2)).toEqual({ prune: false, reason: "step 2: 2 of 3 reports that patience needs" });
  expect(decide(0.3, 0.2, 0.25)).toEqual({
    prune: false,
    reason: "step 3: best of the last 2 reports 0.200 <= 0.300 before",
  });
  expect(decide(0.2, 0.3, 0.25)).toEqual({
    prune: true,
    reason: "step 3: best of the last 2 reports 0.250 > 0.200 before",
  });
  expect(decide(NaN, 0.3, 0.25).prune).toBe(false);
  expect(decide(0.2, NaN, NaN).prune).toBe(false);
  const tolerant = new PatientPruner({ patience: 1, minDelta: 0.1 });
  expect(tolerant.decide(running(0.2, 0.3, 0.25), minimize).prune).toBe(false);
  const wrapped = new PatientPruner({ pruner: new MedianPruner({ nWarmupSteps: 0 }), patience: 1 });
  expect(wrapped.decide(running(0.031, 0.04, 0.05), minimize)).toEqual({
    prune: true,
    reason: "step 3: best 0.0310 > median 0.0287 of 9 trials; best of the last 2 reports 0.0400 > 0.0310 before",
  });
  expect(wrapped.decide(running(0.02, 0.04, 0.05), minimize).prune).toBe(false);
  expect(wrapped.decide(running(0.5, 0.04, 0.05), minimize).prune).toBe(false);
});

test("nop keeps everything", () => {
  expect(new NopPruner().decide(seven(NaN), minimize)).toEqual({ prune: false, reason: "step 7: pruning is off" });
});

test("defaults are five startup trials, five warm-up steps, every step, three trials", () => {
  expect(new MedianPruner()).toMatchObject({
    name: "median",
    percentile: 50,
    nStartupTrials: 5,
    nWarmupSteps: 5,
    intervalSteps: 1,
    nMinTrials: 3,
  });
});

test.each([
  () => new PercentilePruner({ percentile: 101 }),
  () => new PercentilePruner({ percentile: NaN }),
  () => new PercentilePruner({ percentile: "50" as never }),
  () => new PatientPruner({ patience: 1, minDelta: "0.1" as never }),
  () => new WilcoxonPruner({ pThreshold: "0.1" as never }),
  () => new ProspectPruner({ percentile: 101 }),
  () => new ProspectPruner({ margin: -1 }),
  () => new ProspectPruner({ margin: "2" as never }),
  () => new ProspectPruner({ nWarmupSteps: 0.5 }),
  () => new MedianPruner({ nStartupTrials: -1 }),
  () => new MedianPruner({ nWarmupSteps: 1.5 }),
  () => new MedianPruner({ intervalSteps: 0 }),
  () => new MedianPruner({ nMinTrials: 0 }),
  () => new PatientPruner({ patience: -1 }),
  () => new PatientPruner({ patience: 1, minDelta: -0.1 }),
  () => new PatientPruner({} as never),
  () => new AshaPruner({ minResource: 0 }),
  () => new AshaPruner({ minResource: "first" as never }),
  () => new AshaPruner({ reductionFactor: 1 }),
  () => new AshaPruner({ minEarlyStoppingRate: -1 }),
  () => new AshaPruner({ minResource: "auto", bootstrapCount: 1 }),
  () => new HyperbandPruner({ minResource: 3, maxResource: 2 }),
  () => new HyperbandPruner({ minResource: 1.5 }),
  () => new HyperbandPruner({ bootstrapCount: 1 }),
  () => new HyperbandPruner({ studyName: 3 as never }),
  () => new WilcoxonPruner({ pThreshold: 1.1 }),
  () => new WilcoxonPruner({ nStartupSteps: -1 }),
  () => new ThresholdPruner({ lower: 2, upper: 1 }),
  () => new ThresholdPruner({ lower: NaN }),
  () => new ThresholdPruner({ upper: "5" as never }),
])("a bad option is refused in one line: %s", (make) => {
  expect(make).toThrow(UsageError);
  expect(make).toThrow(/^pruner "\w+": \w+ must be .+, got /);
});

test("registered pruners are made from their options", async () => {
  expect(pruners.names()).toEqual([
    ...["median", "percentile", "prospect", "patient", "asha", "hyperband", "wilcoxon", "threshold", "nop"],
  ]);
  expect(await createPruner("median", { n_warmup_steps: 2 })).toMatchObject({ name: "median", nWarmupSteps: 2 });
  expect(await createPruner("percentile")).toMatchObject({ name: "percentile", percentile: 25, nMinTrials: 3 });
  expect(await createPruner("patient", { pruner: "percentile", percentile: 40, patience: 2 })).toMatchObject({
    patience: 2,
    minDelta: 0,
    pruner: { name: "percentile", percentile: 40 },
  });
  expect(await createPruner("patient", { pruner: "none" })).toMatchObject({ pruner: null, patience: 3 });
  expect(await createPruner("nop")).toBeInstanceOf(NopPruner);
  await expect(createPruner("medain")).rejects.toThrow('unknown pruner "medain": did you mean "median"?');
  await expect(createPruner("median", { n_warmup_steps: -1 })).rejects.toMatchObject({ code: "invalid-pruner-option" });
  await expect(createPruner("median", { warmup: 1 })).rejects.toMatchObject({ code: "invalid-pruner-option" });
});

test("one pruner follows histories that grow, shrink and change without forgetting or remembering too much", () => {
  const reused = new MedianPruner({ nStartupTrials: 0, nWarmupSteps: 0, nMinTrials: 1 });
  const fresh = () => new MedianPruner({ nStartupTrials: 0, nWarmupSteps: 0, nMinTrials: 1 });
  let x = 1;
  const draw = (): number => (x = (x * 16807) % 2147483647) / 2147483647;
  const trials: Trial[] = [];
  for (let round = 0; round < 400; round++) {
    const kind = draw();
    const value = draw();
    if (kind < 0.6) trials.push(flat(round, value, 1 + Math.floor(draw() * 4)));
    else if (kind < 0.75) trials.push(running(value));
    else if (kind < 0.85) trials.splice(Math.floor(draw() * trials.length), 1);
    else if (trials.length > 0) trials[Math.floor(draw() * trials.length)] = flat(round, value, 3);
    const direction: Direction = draw() < 0.5 ? "minimize" : "maximize";
    const history = { direction, trials: draw() < 0.3 ? [...trials].reverse() : trials };
    const asked = running(draw(), draw(), draw());
    expect(reused.decide(asked, history)).toEqual(fresh().decide(asked, history));
  }
});

test("a record that turns complete in place is noticed", () => {
  const pruner = new MedianPruner({ nStartupTrials: 1, nWarmupSteps: 0, nMinTrials: 1 });
  const other = { ...reportedTrial(0, "running", [0.1]) };
  const history = historyOf("minimize", other);
  expect(pruner.decide(running(0.2), history).prune).toBe(false);
  (other as { state: string }).state = "complete";
  expect(pruner.decide(running(0.2), history).prune).toBe(true);
});

test("a step reported twice keeps its first value", () => {
  const pruner = new MedianPruner({ nStartupTrials: 0, nWarmupSteps: 0, nMinTrials: 1 });
  const history = historyOf("minimize", reportedTrial(0, "complete", [0.5, 0.1], [1, 1]));
  expect(pruner.decide(running(0.4), history).reason).toBe("step 1: best 0.400 <= median 0.500 of 1 trial");
});
