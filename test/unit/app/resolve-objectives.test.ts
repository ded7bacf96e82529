import { describe, expect, test } from "vitest";
import {
  checkServes,
  checkTrialValue,
  defaultPruner,
  defaultSampler,
  resolveConstraints,
  resolveObjectives,
  resolvePruneBy,
} from "../../../src/app/resolve-objectives.js";
import type { ObjectivesRequest } from "../../../src/app/resolve-objectives.js";
import { modelMetrics, parseConstraint, UsageError } from "../../../src/core/index.js";
import type { StudyObjective } from "../../../src/core/index.js";
import { GridSampler } from "../../../src/samplers/grid.js";
import { AutoSampler } from "../../../src/samplers/auto/auto.js";
import { NsgaIISampler } from "../../../src/samplers/nsga2/nsga2.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";

const ofModel = (request: ObjectivesRequest) => resolveObjectives(request, modelMetrics, "val_rmse");
const plain = (request: ObjectivesRequest) => resolveObjectives(request, null, "value");
/** `val_rmse+` for maximize, `val_rmse-` for minimize. */
const short = (objectives: readonly StudyObjective[]) =>
  objectives.map(({ metric, direction }) => `${metric}${direction === "maximize" ? "+" : "-"}`).join(" ");

/** What a call throws: `code: message`, one line, a usage error. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    const { code, message } = error as UsageError;
    expect(message).not.toContain("\n");
    return `${code}: ${message}`;
  }
  throw new Error("nothing was refused");
}

const two: readonly StudyObjective[] = [
  { metric: "val_rmse", direction: "minimize" },
  { metric: "parameters", direction: "minimize" },
];

describe("the objectives of a study", () => {
  test.each<[ObjectivesRequest, string]>([
    [{}, "val_rmse-"],
    [{ metric: ["val_r2"] }, "val_r2+"],
    [{ metric: ["val_rmse,parameters"] }, "val_rmse- parameters-"],
    [{ metric: ["val_rmse", " val_r2 , seconds"] }, "val_rmse- val_r2+ seconds-"],
    [{ metric: ["val_mae:minimize"] }, "val_mae-"],
    [{ metric: ["val_rmse:maximize"], forceDirection: true }, "val_rmse+"],
    [{ direction: "minimize" }, "val_rmse-"],
    [{ metric: ["val_r2"], direction: "minimize", forceDirection: true }, "val_r2-"],
    [{ metric: ["val_r2,epochs"], directions: ["maximize", "minimize"] }, "val_r2+ epochs-"],
    [
      { objectives: [{ metric: "val_r2" }, { metric: "inference_us", direction: "minimize" }] },
      "val_r2+ inference_us-",
    ],
  ])("of a model: %j", (request, expected) => {
    expect(short(ofModel(request))).toBe(expected);
  });

  test.each<[ObjectivesRequest, string]>([
    [{}, "value-"],
    [{ direction: "maximize" }, "value+"],
    [{ directions: ["maximize"] }, "value+"],
    [{ directions: ["minimize", "maximize", "minimize"] }, "value_0- value_1+ value_2-"],
    [{ metric: ["loss", "accuracy:maximize"] }, "loss- accuracy+"],
    [{ objectives: [{ metric: "x" }, { metric: "y", direction: "maximize" }] }, "x- y+"],
  ])("of a plain objective: %j", (request, expected) => {
    expect(short(plain(request))).toBe(expected);
  });

  test.each<[ObjectivesRequest, RegExp]>([
    [{ direction: "minimize", directions: ["minimize"] }, /^conflicting-options: direction and directions /],
    [
      { direction: "minimize", objectives: [{ metric: "val_rmse" }] },
      /^conflicting-options: direction and objectives /,
    ],
    [{ directions: ["minimize"], objectives: [] }, /^conflicting-options: directions and objectives /],
    [{ metric: ["val_rmse"], objectives: [{ metric: "val_mae" }] }, /^conflicting-options: objectives and metric /],
    [{ metric: ["val_rmse:minimize"], direction: "maximize" }, /^conflicting-options: val_rmse:minimize and /],
    [{ objectives: [] }, /^invalid-option: .*at least one/],
    [{ directions: [] }, /^invalid-option: .*at least one/],
    [{ directions: ["minimize", "minimize"] }, /^invalid-option: 2 directions without metrics/],
    [{ metric: ["val_rmse,val_mae"], direction: "minimize" }, /^invalid-option: .*val_rmse:minimize,val_mae:minimize/],
    [{ metric: ["val_rmse,val_mae"], directions: ["minimize"] }, /^invalid-option: 1 directions for 2 metrics/],
    [{ metric: ["val_rmse"], direction: "up" as "minimize" }, /^invalid-option: direction "up"/],
    [
      { metric: ["val_rsme"] },
      /^unknown-metric: unknown metric "val_rsme": did you mean "val_rmse"\? known: val_rmse, /,
    ],
    [{ objectives: [{ metric: "secnds" }] }, /^unknown-metric: .*"seconds"/],
    [{ metric: ["toString"] }, /^unknown-metric: /],
    [{ metric: ["val_rmse,val_rmse"] }, /^invalid-metric: .*"val_rmse" is named twice/],
    [{ metric: ["val_rmse,"] }, /^invalid-metric: metric ""/],
    [{ metric: ["val_rmse:up"] }, /^invalid-metric: metric "val_rmse:up": expected NAME/],
    [{ metric: ["val_rmse:minimize:maximize"] }, /^invalid-metric: .*expected NAME/],
    [{ metric: ["val_rmse:maximize"] }, /^wrong-direction: val_rmse is better the smaller .*--force-direction/],
    [{ metric: ["val_r2:minimize"] }, /^wrong-direction: val_r2 is better the larger /],
    [{ direction: "maximize" }, /^wrong-direction: val_rmse /],
    [{ directions: ["maximize"] }, /^wrong-direction: val_rmse /],
  ])("refuses %j", (request, message) => {
    expect(refusal(() => ofModel(request))).toMatch(message);
  });
});

describe("constraints", () => {
  test("are stored without spaces, once each", () => {
    expect(resolveConstraints(["parameters <= 5e4", "val_r2>=0.5", " parameters<=5e4 "], modelMetrics)).toEqual([
      "parameters<=5e4",
      "val_r2>=0.5",
    ]);
    expect(resolveConstraints(undefined, modelMetrics)).toEqual([]);
    expect(resolveConstraints(["latency<=10"], null)).toEqual(["latency<=10"]);
  });
  test("are on every metric that may be an objective", () => {
    for (const metric of ["val.loss", "top-5", "_x", "a1"]) {
      expect(plain({ metric: [metric] })[0]?.metric).toBe(metric);
      expect(resolveConstraints([`${metric} >= -1`], null)).toEqual([`${metric}>=-1`]);
    }
    for (const metric of ["1a", ".loss", "a b"]) {
      expect(refusal(() => plain({ metric: [metric] }))).toMatch(/^invalid-metric: /);
      expect(() => parseConstraint(`${metric.replace(" ", "\u00b7")} <= 1`)).toThrow(/expected METRIC/);
    }
  });
  test.each([
    ["parameters<50000", /^invalid-constraint: /],
    ["parameters<=many", /^invalid-constraint: /],
    ["<=3", /^invalid-constraint: /],
    ["parametres<=3", /^unknown-metric: .*did you mean "parameters"/],
  ])("refuses %s", (text, message) => {
    expect(refusal(() => resolveConstraints([text], modelMetrics))).toMatch(message);
  });
});

describe("the metric to prune by", () => {
  test("is a known one, or one of the objectives", () => {
    expect(resolvePruneBy(undefined, two, modelMetrics)).toBeNull();
    expect(resolvePruneBy("val_mae", two, modelMetrics)).toEqual({ metric: "val_mae", direction: "minimize" });
    const forced = [{ metric: "val_r2", direction: "minimize" }] as const;
    expect(resolvePruneBy("val_r2", forced, modelMetrics)).toEqual(forced[0]);
    expect(resolvePruneBy("val_r2:maximize", forced, modelMetrics)).toEqual({
      metric: "val_r2",
      direction: "maximize",
    });
    const own = [{ metric: "loss", direction: "minimize" }] as const;
    expect(resolvePruneBy("loss", own, null)).toEqual(own[0]);
  });
  test("goes against its own direction where that is insisted on", () => {
    const otherWay = { metric: "val_mae", direction: "maximize" };
    expect(resolvePruneBy("val_mae:maximize", two, modelMetrics, true)).toEqual(otherWay);
    expect(resolvePruneBy("val_rmse:maximize", two, null, true)).toEqual({ ...otherWay, metric: "val_rmse" });
    expect(refusal(() => resolvePruneBy("val_rmse:maximize", two, null))).toMatch(
      /^wrong-direction: .*--force-direction/,
    );
  });
  test.each([
    ["val_mea", modelMetrics, /^unknown-metric: .*"val_mae"/],
    ["val_mae:maximize", modelMetrics, /^wrong-direction: /],
    ["val_mae,val_rmse", modelMetrics, /^invalid-metric: /],
    ["accuracy", null, /^unknown-metric: .*known: val_rmse, parameters/],
  ])("refuses %s", (text, known, message) => {
    expect(refusal(() => resolvePruneBy(text, two, known))).toMatch(message);
  });
});

describe("what serves several objectives", () => {
  const one = two.slice(0, 1);
  const serves = (sampler: Parameters<typeof checkServes>[0], objectives = two) => checkServes(sampler, objectives);
  test("the defaults", () => {
    expect(defaultSampler).toEqual({ name: "auto", options: {} });
    serves(new AutoSampler(), two);
    expect(defaultPruner(one, null)).toEqual({ name: "prospect", options: {} });
    expect(defaultPruner(two, null)).toEqual({ name: "nop", options: {} });
    expect(defaultPruner(two, two[0] ?? null)).toEqual({ name: "prospect", options: {} });
  });
  test("a sampler that serves one is refused, and one that says nothing", () => {
    for (const sampler of [new RandomSampler(), new GridSampler(), new TpeSampler(), new NsgaIISampler()])
      serves(sampler);
    serves({ name: "mine" }, one);
    expect(refusal(() => serves({ name: "mine" }))).toBe(
      'several-objectives: sampler "mine" serves one objective; the study has 2 (minimize val_rmse, minimize parameters): use auto, tpe, gp, nsga2, random or grid',
    );
  });
  test("a mean over epochs is refused as the trial's value", () => {
    checkTrialValue("best-smoothed", one);
    checkTrialValue("last", two);
    expect(refusal(() => checkTrialValue("best-smoothed", two))).toMatch(/^several-objectives: .*use best or last$/);
  });
});
