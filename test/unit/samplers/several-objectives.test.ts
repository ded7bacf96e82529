import { describe, expect, test } from "vitest";
import type { Direction, History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { createRng, float, frontVolume, isFeasible } from "../../../src/core/index.js";
import { createSampler } from "../../../src/samplers/index.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
import { SpaceEncodings } from "../../../src/samplers/tpe/encoding.js";
import { FrontProgress } from "../../../src/samplers/tpe/front-progress.js";
import { needsParetoSplit, withoutNaN } from "../../../src/samplers/tpe/pareto-split.js";
import { rankedByConstraints, weighSeveral } from "../../../src/samplers/tpe/several-objectives.js";
import { observe, splitTrials } from "../../../src/samplers/tpe/split.js";
import type { Observations, Split } from "../../../src/samplers/tpe/split.js";
import { selectSubset } from "../../../src/samplers/tpe/subset-selection.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { trialOf } from "../../fixtures/trials.js";

const two: readonly Direction[] = ["minimize", "minimize"];
const space = { x: float(0, 1) };

function observed(trials: readonly Trial[], directions = two) {
  const history: History = { direction: directions[0] as Direction, directions, trials };
  return { history, observations: observe(new SpaceEncodings().of(space), history, { running: true, failed: true }) };
}

const numbersOf = (split: Split): [number[], number[]] => [
  split.ranking.map((place) => split.below[place]?.trial.number as number),
  split.above.map(({ trial }) => trial.number),
];

const weigh = (observations: Observations, good: number) =>
  weighSeveral(observations, two, { gamma: () => good, nStartupTrials: 1 });

describe("one objective under constraints", () => {
  const values = [5, 1, 3, -9, -8, Infinity];
  const missed = [0, -1, 0, 2, 1, 0];
  const trials = [
    ...values.map((value, i) =>
      trialOf(i, { x: i / 10 }, { value, values: [value], constraints: { c: missed[i] as number } }),
    ),
    trialOf(6, { x: 0.6 }, { value: -99, values: [-99], constraints: { c: NaN } }),
    trialOf(7, { x: 0.7 }, { state: "running" }),
  ];

  test("feasible trials come before infeasible ones, these by how far they miss, whatever their values", () => {
    const { history, observations } = observed(trials, ["minimize"]);
    expect(needsParetoSplit(history, observations)).toBe(true);
    expect(numbersOf(splitTrials(rankedByConstraints(observations, "minimize"), "minimize", 6))).toEqual([
      [1, 2, 0, 4, 3, 5],
      [6, 7],
    ]);
    const up = observed(trials, ["maximize"]).observations;
    expect(numbersOf(splitTrials(rankedByConstraints(up, "maximize"), "maximize", 5))[0]).toEqual([5, 0, 2, 1, 4]);
  });

  test("that every trial meets leave the rule as it is", async () => {
    const met = Array.from({ length: 15 }, (_, i) => trialOf(i, { x: i / 15 }, { value: i, constraints: { c: -i } }));
    const none = met.map((trial) => Object.freeze({ ...trial, constraints: {} }));
    const { history, observations } = observed(met, ["minimize"]);
    expect(needsParetoSplit(history, observations)).toBe(false);
    for (const preset of ["default", "optuna"] as const) {
      const ask = (of: readonly Trial[]): Params =>
        new TpeSampler({ preset }).suggest(space, { direction: "minimize", trials: of }, createRng(3));
      expect(ask(met)).toEqual(ask(none));
    }
  });

  test.each(["default", "optuna"] as const)("lead the search to where they are met: preset %s", async (preset) => {
    const plane: SearchSpace = { a: float(-5, 5), b: float(-5, 5) };
    // The best of a + b where a^2 + b^2 <= 4 and a - b >= 1: (-0.82, -1.82), which is -2.65.
    const trials = await run(plane, new TpeSampler({ preset }), 80, ({ a, b }) => {
      const [x, y] = [a as number, b as number];
      return { values: [x + y], constraints: { disc: x * x + y * y - 4, line: 1 - x + y } };
    });
    const feasible = trials.filter(isFeasible);
    // A twenty-eighth of the square is feasible: of 80 by chance three.
    expect(feasible.length).toBeGreaterThan(15);
    expect(Math.min(...feasible.map(({ values }) => values?.[0] as number))).toBeLessThan(-1.9);
  });
});

describe("several objectives", () => {
  test("the best ranks are good, pruned, failed and running trials are not, and those that miss come last", () => {
    const trials = [
      trialOf(0, { x: 0 }, { values: [1, 4] }),
      trialOf(1, { x: 0 }, { values: [4, 1] }),
      trialOf(2, { x: 0 }, { values: [2, 2] }),
      trialOf(3, { x: 0 }, { values: [5, 5] }),
      trialOf(4, { x: 0 }, { values: [0, 0], constraints: { c: 0.5 } }),
      trialOf(5, { x: 0 }, { state: "pruned", intermediate: [[9, -9]] }),
      trialOf(6, { x: 0 }, { state: "running" }),
      trialOf(7, { x: 0 }, { values: [-1, NaN] }),
      trialOf(8, { x: 0 }, { state: "failed", failure: { class: "diverged", message: "", where: "" } }),
    ];
    const observations = withoutNaN(observed(trials).observations);
    const good = (count: number): number[] => weigh(observations, count).split.below.map((o) => o.trial.number);
    // Up to (4.4, 4.4), which lies a tenth behind the worst: [2,2] adds 5.76, then [1,4] and [4,1] as much, .4.
    expect(good(1)).toEqual([2]);
    expect(good(2)).toEqual([0, 2]);
    expect(good(3)).toEqual([0, 1, 2]);
    expect(good(4)).toEqual([0, 1, 2, 3]);
    expect(good(9)).toEqual([0, 1, 2, 3, 4]);
    expect(weigh(observations, 9).split.above.map((o) => o.trial.number)).toEqual([5, 6, 7, 8]);
  });

  /** 35 % of 20 % of a range. */
  const FIRST_STEP = 0.07;
  test("a step grows with what changes the front, and shrinks with what does not", () => {
    const step = (values: readonly number[][], constraints: readonly number[] = []): number => {
      const trials = values.map((own, i) =>
        trialOf(i, { x: 0 }, { values: own, constraints: { c: constraints[i] ?? 0 } }),
      );
      return weigh(observed(trials).observations, 2).step / FIRST_STEP;
    };
    const grown = step([[1, 4], [4, 1]]); // prettier-ignore
    expect(grown).toBeGreaterThan(1);
    expect(step([[1, 4], [1, 4]])).toBeLessThan(1); // prettier-ignore
    expect(step([[1, 4], [2, 5]])).toBeLessThan(1); // prettier-ignore
    // Nothing feasible yet: nearer is better; afterwards no infeasible trial is a success.
    expect(step([[1, 1], [9, 9]], [3, 2])).toBe(grown); // prettier-ignore
    expect(step([[1, 1], [0, 0]], [0, 2])).toBeLessThan(1); // prettier-ignore
  });

  test("what is kept from ask to ask changes nothing: a trial that finished late comes in between", () => {
    const trials = [4, 3, 2, 5, 1].map((value, i) => trialOf(i, { x: 0 }, { values: [value, 1] }));
    const kept = new FrontProgress();
    const successes = (of: readonly Trial[], progress = new FrontProgress(), directions = two) =>
      progress.of(observed(of).observations.complete, directions).map(({ trial }) => trial.value);
    for (const missing of [4, 1, 3, 0, 9]) {
      const some = trials.filter(({ number }) => number !== missing);
      expect(successes(some, kept)).toEqual(successes(some));
    }
    expect(successes(trials, kept)).toEqual([-1, -2, -3, Infinity, -4]);
    // The same records, asked for the other way: 4 is the best until 5 comes.
    expect(successes(trials, kept, ["maximize", "minimize"])).toEqual([-1, Infinity, Infinity, -2, Infinity]);
  });

  test("a subset is the greedy one: equals come after all others, infinities as they are", () => {
    expect(selectSubset([[1, 4], [2, 2], [2, 2], [4, 1]], 3, [5, 5]).sort()).toEqual([0, 1, 3]); // prettier-ignore
    expect(selectSubset([[2, 2], [2, 2], [2, 2]], 2, [5, 5])).toEqual([0, 1]); // prettier-ignore
    expect(selectSubset([[1, 4], [2, 2], [4, 1]], 2, [Infinity, 5])).toEqual([0, 1]); // prettier-ignore
    expect(selectSubset([[1, 4], [2, 2], [4, -Infinity]], 1, [5, 5])).toEqual([2]); // prettier-ignore
    expect(selectSubset([[1, 4, 0], [2, 2, 0], [4, -Infinity, 0]], 2, [5, 5, 5])).toEqual([2, 0]); // prettier-ignore
  });

  test.each(["default", "optuna"] as const)("turned round with their directions change no proposal: %s", (preset) => {
    const trials = Array.from({ length: 30 }, (_, i) =>
      trialOf(i, { x: i / 30 }, { values: [(i * 7) % 31, (i * 11) % 37] }),
    );
    const turned = trials.map((trial) =>
      trialOf(trial.number, trial.params, { values: [trial.values?.[0] as number, -(trial.values?.[1] as number)] }),
    );
    const ask = (of: readonly Trial[], directions: readonly Direction[]): Params =>
      new TpeSampler({ preset }).suggest(space, { direction: "minimize", directions, trials: of }, createRng(4));
    expect(ask(turned, ["minimize", "maximize"])).toEqual(ask(trials, two));
    expect(ask(turned, two)).not.toEqual(ask(trials, two));
  });

  test.each(["default", "optuna"] as const)(
    "the search has more hypervolume than chance: preset %s",
    async (preset) => {
      const plane: SearchSpace = { a: float(-4, 4), b: float(-4, 4), c: float(-4, 4), d: float(-4, 4) };
      const score = (params: Params): { values: number[] } => {
        const own = Object.values(params) as number[];
        const far = (centre: number): number => 1 - Math.exp(-own.reduce((sum, v) => sum + (v - centre) ** 2, 0));
        return { values: [far(-0.5), far(0.5)] };
      };
      const volume = async (sampler: Sampler): Promise<number> =>
        frontVolume(await run(plane, sampler, 70, score), two, [1.1, 1.1])?.value ?? 0;
      expect(await volume(new TpeSampler({ preset }))).toBeGreaterThan(
        0.1 + (await volume(await createSampler("random"))),
      );
    },
  );
});

/** A study of so many trials, one after another. */
async function run(
  of: SearchSpace,
  sampler: Sampler,
  count: number,
  evaluate: (params: Params) => { values: number[]; constraints?: Record<string, number> },
): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (let number = 0; number < count; number++) {
    const directions = trials[0]?.values?.length === 1 ? (["minimize"] as const) : two;
    const params = await sampler.suggest(of, { direction: "minimize", directions, trials }, createRng(7, number));
    const { values, constraints = {} } = evaluate(params as Params);
    const one = values.length === 1 ? { value: values[0] as number } : {};
    trials.push(trialOf(number, params as Params, { values, constraints, ...one }));
  }
  return trials;
}
