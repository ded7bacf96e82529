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
