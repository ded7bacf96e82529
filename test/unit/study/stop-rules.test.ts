import { describe, expect, it } from "vitest";
import type { Direction, ObjectiveTrial, Trial } from "../../../src/core/index.js";
import { blankTrial } from "../../../src/core/index.js";
import { resolveOptions } from "../../../src/study/optimize-options.js";
import { StopRules } from "../../../src/study/stop-rules.js";
import { study, studyOf } from "../../fixtures/study/studies.js";

function complete(number: number, values: readonly number[], constraints: Trial["constraints"] = {}): Trial {
  return blankTrial(number, { state: "complete", values, constraints, finish_index: number });
}

/** The trials, by their place, after which `patience` would have ended the call. */
function impatientAfter(directions: readonly Direction[], patience: number, trials: readonly Trial[]): number[] {
  const objectives = directions.map((direction, i) => ({ metric: `value_${i}`, direction }));
  const rules = new StopRules(resolveOptions({ patience }), { objectives });
  return trials.flatMap((trial, i) => (rules.after(trial) === "patience" ? [i] : []));
}

describe("failures in a row", () => {
  const failed = (number: number): Trial => blankTrial(number, { state: "failed" });
  /** The number of failures after which the rules end a call. */
  const failuresUntilEnd = (rules: StopRules): number => {
    for (let n = 1; n <= 100; n++) if (rules.after(failed(n)) === "max-failures") return n;
    return Infinity;
  };
  const objectives = [{ metric: "value", direction: "minimize" as const }];
  const rulesOf = (options: object, achieved: boolean): StopRules =>
    new StopRules(resolveOptions(options), { objectives }, [], achieved);

  it("are 5 while nothing was achieved, 20 in a study that has completed or pruned trials, or what is asked for", () => {
    expect(failuresUntilEnd(rulesOf({}, false))).toBe(5);
    expect(failuresUntilEnd(rulesOf({}, true))).toBe(20);
    expect(failuresUntilEnd(rulesOf({ maxFailures: 7 }, false))).toBe(7);
    expect(failuresUntilEnd(rulesOf({ maxFailures: 7 }, true))).toBe(7);
    expect(failuresUntilEnd(rulesOf({ maxFailures: 0 }, false))).toBe(Infinity);
  });

  it("begin anew with a trial that is completed or pruned, and are 20 from then on", () => {
    for (const achieved of [complete(4, [1]), blankTrial(4, { state: "pruned" })]) {
      const rules = rulesOf({}, false);
      for (let n = 0; n < 4; n++) expect(rules.after(failed(n))).toBeNull();
      expect(rules.after(achieved)).toBeNull();
      expect(failuresUntilEnd(rules)).toBe(20);
    }
  });
});

describe("patience", () => {
  it("counts trials that do not change the front", () => {
    const trials = [
      complete(0, [5, 5]),
      complete(1, [6, 4]), // joins the front
      complete(2, [6, 6]), // dominated
      complete(3, [5, 5]), // as good as one that is there
      complete(4, [1, 9]), // joins
      complete(5, [2, 10]),
      blankTrial(6, { state: "pruned" }),
      complete(7, [0, 0]), // takes the place of all
      complete(8, [0, 0]),
    ];
    expect(impatientAfter(["minimize", "minimize"], 1, trials)).toEqual([2, 3, 5, 6, 8]);
    expect(impatientAfter(["minimize", "minimize"], 2, trials)).toEqual([3, 6]);
    expect(impatientAfter(["maximize", "minimize"], 1, trials)).toEqual([2, 3, 4, 5, 6, 8]);
  });

  it("takes no infeasible trial for an improvement, with one objective or several", () => {
    const infeasible = { a: 1 };
    const one = [complete(0, [5]), complete(1, [1], infeasible), complete(2, [4]), complete(3, [3], { a: NaN })];
    expect(impatientAfter(["minimize"], 1, one)).toEqual([1, 3]);
    const two = [complete(0, [5, 5]), complete(1, [1, 1], infeasible), complete(2, [4, 6])];
    expect(impatientAfter(["minimize", "minimize"], 1, two)).toEqual([1]);
  });

  it("goes by the front that the study has when the call begins", async () => {
    const s = await studyOf(["minimize", "maximize"]);
    const values = [
      [1, 2],
      [2, 1],
      [1, 2],
      [3, 3],
      [4, 3],
      [5, 3],
    ];
    const objective = ({ number }: ObjectiveTrial) => values[number] as number[];
    await s.optimize(objective, { trials: 2 });
    expect(await s.optimize(objective, { trials: 10, patience: 1 })).toMatchObject({ added: 1, stoppedBy: "patience" });
    const last = await s.optimize(objective, { trials: 10, patience: 2 });
    expect(last).toMatchObject({ added: 3, stoppedBy: "patience", best: null, front: [0, 2, 3] });
  });
});

describe("a target", () => {
  it("is refused where there are several objectives, before a trial runs", async () => {
    const s = await studyOf(["minimize", "maximize"]);
    await expect(s.optimize(() => [1, 2], { trials: 3, target: 1 })).rejects.toMatchObject({
      code: "several-objectives",
      exitCode: 2,
      message: expect.stringMatching(/^target 1 needs one objective; .* has 2 \(value_0, value_1\)/) as unknown,
    });
    expect(s.trials).toEqual([]);
  });

  it("is not met by an infeasible trial", async () => {
    const s = await study();
    const objective = (trial: ObjectiveTrial): number => {
      trial.setConstraint("early", trial.number < 3 ? 1 : 0);
      return 1;
    };
    expect(await s.optimize(objective, { trials: 10, target: 1 })).toMatchObject({ finished: 4, stoppedBy: "target" });
  });
});

describe("a trial that is banned during the call", () => {
  /** Trial 0 is best by far; each later one improves on those before it. */
  const improving = ({ number }: ObjectiveTrial): number => (number === 0 ? 0 : 100 - number);

  it.each([1, 4])("rules it no more (banned by trial %i)", async (by) => {
    const s = await study();
    const objective = async (trial: ObjectiveTrial): Promise<number> => {
      if (trial.number === by) await s.annotate(0, { banned: true });
      return improving(trial);
    };
    const result = await s.optimize(objective, { trials: 12, patience: 5 });
    expect(result).toMatchObject({ stoppedBy: "trials", finished: 12, best: { number: 11 } });
  });

  it("rules it again once it is restored", async () => {
    const s = await study();
    const objective = async (trial: ObjectiveTrial): Promise<number> => {
      if (trial.number === 1) await s.annotate(0, { banned: true });
      if (trial.number === 6) await s.annotate(0, { banned: false });
      return improving(trial);
    };
    // From then on trials 1 to 6 are six that did not improve on trial 0.
    expect(await s.optimize(objective, { trials: 12, patience: 5 })).toMatchObject({
      stoppedBy: "patience",
      finished: 7,
    });
  });

  it("while it runs counts, and improves nothing", async () => {
    const s = await study();
    const objective = async (trial: ObjectiveTrial): Promise<number> => {
      if (trial.number > 0) await s.annotate(trial.number, { banned: true });
      return 100 - trial.number;
    };
    expect(await s.optimize(objective, { trials: 12, patience: 3, target: 99 })).toMatchObject({
      stoppedBy: "patience",
      finished: 4,
      best: { number: 0 },
    });
  });

  it("was finished before it began, and leaves the best behind it to be improved on", async () => {
    const s = await study();
    await s.optimize(({ number }) => [0, 50, 60][number] as number, { trials: 3 });
    const objective = async (trial: ObjectiveTrial): Promise<number> => {
      if (trial.number === 3) await s.annotate(0, { banned: true });
      return { 3: 55, 4: 45, 5: 47 }[trial.number] ?? 48;
    };
    // 55 is no better than 50, 45 is; 47 and 48 are two in a row that are not.
    expect(await s.optimize(objective, { trials: 12, patience: 2 })).toMatchObject({
      stoppedBy: "patience",
      finished: 7,
      added: 4,
    });
  });
});
