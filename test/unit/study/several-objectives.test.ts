import { describe, expect, it } from "vitest";
import { createStoredStudy } from "../../../src/app/study.js";
import type { ObjectiveTrial, OptimizeEvent, Params } from "../../../src/core/index.js";
import { categorical, float, int } from "../../../src/core/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { GridSampler } from "../../../src/samplers/grid.js";
import { createComponents, study, studyOf } from "../../fixtures/study/studies.js";

/** Two goals at odds: near 0 and near 2 (Schaffer 1985); every x in [0, 2] is in the front. */
const schaffer = ({ params }: { readonly params: Params }): number[] => {
  const x = params["x"] as number;
  return [x ** 2, (x - 2) ** 2];
};

describe("a study with several objectives", () => {
  it("has a front and no single best", async () => {
    const s = await studyOf(["minimize", "minimize"]);
    const result = await s.optimize(schaffer, { trials: 40 });
    const inside = s.trials.filter(({ params }) => (params["x"] as number) >= 0 && (params["x"] as number) <= 2);
    expect(inside.length).toBeGreaterThan(3);
    const front = s.bestTrials.map(({ number }) => number);
    expect(front).toEqual(expect.arrayContaining(inside.map(({ number }) => number)));
    // Of those outside, only the nearest may be in it, one on each side.
    expect(front.length).toBeLessThanOrEqual(inside.length + 2);
    expect(result).toMatchObject({ best: null, front });
    expect(() => s.bestTrial).toThrow(expect.objectContaining({ code: "several-objectives" }) as Error);
    expect(s.directions).toEqual(["minimize", "minimize"]);
  });

  it("counts feasible trials alone, NaN being infeasible", async () => {
    const s = await studyOf(["minimize", "minimize"]);
    const bounds = [1, 0, NaN, -1];
    await s.optimize(
      (trial: ObjectiveTrial) => {
        trial.setConstraint("c", bounds[trial.number] as number);
        return [trial.number, -trial.number];
      },
      { trials: 4 },
    );
    expect(s.bestTrials.map(({ number }) => number)).toEqual([1, 3]);
    expect(s.trials.map(({ constraints }) => constraints["c"])).toEqual(bounds);
    const one = await study();
    await one.optimize(
      (trial) => {
        trial.setConstraint("c", trial.number === 0 ? NaN : trial.number - 2);
        return trial.number;
      },
      { trials: 4 },
    );
    expect(one.bestTrial?.number).toBe(1);
  });

  it("is served by the random sampler and by the grid, and refuses one for a single objective", async () => {
    const grid = { x: int(0, 2), kind: categorical(["a", "b"]) };
    const s = await studyOf(["minimize", "maximize"], {
      ...{ sampler: { name: "grid", options: {} }, space: grid },
    });
    const result = await s.optimize(({ params }) => [Number(params["x"]), Number(params["x"])]);
    expect(result).toMatchObject({ stoppedBy: "space-exhausted", finished: new GridSampler().size(grid) });
    expect(new Set(s.trials.map(({ params }) => JSON.stringify(params))).size).toBe(6);
    expect(s.bestTrials).toHaveLength(6);

    const { header } = s;
    const mine = { name: "mine", suggest: () => ({ x: 1 }) };
    await expect(createComponents(header, { sampler: mine })).rejects.toMatchObject({ code: "several-objectives" });
    const serving = { ...mine, objectives: "several" } as const;
    expect(await createComponents(header, { sampler: serving })).toMatchObject({ sampler: serving });
    const storage = new MemoryStorage();
    await expect(createStoredStudy(storage, header, { sampler: mine })).rejects.toMatchObject({ exitCode: 2 });
    expect(await storage.list()).toEqual([]);
  });

  it("takes over all values of an equal trial", async () => {
    const { settings } = (await study()).header;
    const s = await studyOf(["minimize", "maximize"], {
      space: { x: float(0, 1, { step: 0.25 }) },
      settings: { ...settings, on_duplicate: "reuse" },
    });
    await s.optimize(
      (trial) => {
        trial.setConstraint("c", 3);
        return { value_1: 5, value_0: 7 };
      },
      { trials: 10 },
    );
    const again = s.trials.filter(({ user_attrs }) => "reused_from" in user_attrs);
    expect(again.length).toBeGreaterThan(0);
    for (const trial of again) expect(trial).toMatchObject({ values: [7, 5], constraints: { c: 3 } });
    expect(s.bestTrials).toEqual([]);
  });

  it("tells every subscriber of a report's metrics", async () => {
    const s = await studyOf(["minimize", "minimize"]);
    const events: OptimizeEvent[] = [];
    await s.optimize(
      (trial: ObjectiveTrial) => {
        trial.report(1, 1, { loss: 1, grad: Infinity });
        trial.report(2, 2);
        return [1, 2];
      },
      { trials: 1, onEvent: (event) => events.push(event) },
    );
    const reports = events.filter((event) => event.event === "report");
    expect(reports.map(({ metrics }) => metrics)).toEqual([{ loss: 1, grad: Infinity }, {}]);
  });
});

describe("a trial that is told", () => {
  it("has one value an objective, and is held against the study's constraints", async () => {
    const { settings } = (await study()).header;
    const constraints = ["value_0<=5", "latency<=10"];
    const s = await studyOf(["minimize", "maximize"], { settings: { ...settings, constraints } });
    const first = await s.ask();
    await expect(s.tell(first, { value: 1 })).rejects.toMatchObject({ code: "invalid-value", exitCode: 2 });
    await expect(s.tell(first, { values: [1, 2, 3] })).rejects.toMatchObject({ code: "invalid-value" });
    first.setConstraint("own", -1);
    const told = await s.tell(first, { values: [3, 4], metrics: { latency: 12 } });
    expect(told).toMatchObject({ values: [3, 4], constraints: { own: -1, "value_0<=5": -2, "latency<=10": 2 } });
    const second = await s.ask();
    await s.tell(second, { values: [6, 4], constraints: { "latency<=10": 0 } });
    expect(s.trials[1]?.constraints).toEqual({ "value_0<=5": 1, "latency<=10": 0 });
    const third = await s.ask();
    await s.tell(third, { values: [1, 1] });
    expect(s.trials[2]?.constraints).toEqual({ "value_0<=5": -4, "latency<=10": NaN });
    expect(s.bestTrials).toEqual([]);
  });
});
