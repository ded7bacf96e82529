import { describe, expect, test } from "vitest";
import type { Direction, Params, Trial, TrialState } from "../../../src/core/index.js";
import { categorical, decodeNumber, float, hypervolume, lossesOf, violationOf } from "../../../src/core/index.js";
import { constrainedRanks, dominationRanks } from "../../../src/samplers/domination-ranks.js";
import { selectSurvivors } from "../../../src/samplers/nsga2/survivors.js";
import { SpaceEncodings } from "../../../src/samplers/tpe/encoding.js";
import { splitByDominance } from "../../../src/samplers/tpe/pareto-split.js";
import { defaultWeights, ParzenEstimator } from "../../../src/samplers/tpe/parzen-estimator.js";
import type { Observation } from "../../../src/samplers/tpe/encoding.js";
import { observe } from "../../../src/samplers/tpe/split.js";
import { trialOf } from "../../fixtures/trials.js";
import { fixture, numbers, relativeError } from "./fixtures.js";

type Row = readonly (number | string)[];
type Recorded = [
  state: TrialState,
  values: Row | null,
  constraints: number[],
  params: [number, string],
  reports: [number, number | string][],
];

interface Densities {
  readonly x: number[];
  readonly c: number[];
  readonly below: number[];
  readonly above: number[];
}

interface Pareto {
  readonly hypervolumes: { points: Row[]; reference: Row; value: number | string }[];
  readonly splits: {
    directions: Direction[];
    trials: Recorded[];
    n_below: number;
    below: number[];
    densities?: Densities;
  }[];
  readonly selections: {
    directions: Direction[];
    size: number;
    numbers: number[];
    values: Row[];
    constraints: number[][];
    elite: number[];
  }[];
}

const recorded = fixture<Pareto>("pareto.json");
const space = { x: float(-5, 10), c: categorical(["a", "b", "c"]) };

function constraintsOf(values: readonly number[]): Record<string, number> {
  return Object.fromEntries(values.map((value, i) => [`c${i}`, value]));
}

function trialFrom([state, values, constraints, [x, c], reports]: Recorded, number: number): Trial {
  const params: Params = { x, c };
  const own = values && numbers(values);
  return trialOf(number, params, {
    state,
    values: own,
    constraints: constraintsOf(constraints),
    intermediate: reports.map(([step, value]) => [step, decodeNumber(value) as number] as const),
    ...(own?.length === 1 ? { value: own[0] as number } : {}),
  });
}

test("hypervolumes are Optuna's, in one to five dimensions", () => {
  const wrong = recorded.hypervolumes.filter(({ points, reference, value }) => {
    const own = hypervolume(points.map(numbers), numbers(reference));
    return !(relativeError(own, decodeNumber(value) as number) < 1e-9);
  });
  expect(wrong).toEqual([]);
  expect(recorded.hypervolumes).toHaveLength(75);
});

describe("the division of the preset optuna", () => {
  const split = ({ directions, trials, n_below }: Pareto["splits"][number]) => {
    const history = { direction: directions[0] as Direction, directions, trials: trials.map(trialFrom) };
    const observations = observe(new SpaceEncodings().of(space), history, { running: true, failed: false });
    return splitByDominance(observations, directions, n_below);
  };

  test.each([1, 2, 3, 4])("takes Optuna's trials for good: %i objectives", (m) => {
    const cases = recorded.splits.filter(({ directions }) => directions.length === m);
    const got = cases.map((one) => split(one).below.map(({ trial }) => trial.number));
    expect(got).toEqual(cases.map(({ below }) => below));
    expect(cases).toHaveLength(12);
  });

  test("makes Optuna's densities of them", () => {
    let compared = 0;
    const errors: number[] = [];
    for (const one of recorded.splits) {
      if (!one.densities) continue;
      const { x, c, below, above } = one.densities;
      const { below: good, above: others } = split(one);
      const several = one.directions.length > 1;
      const density = (of: readonly Observation[], equal: boolean): number[] =>
        new ParzenEstimator({
          space,
          observations: {
            x: of.map(({ values }) => values[0] as number),
            c: of.map(({ values }) => values[1] as number),
          },
          weights: equal ? (n) => new Array<number>(n).fill(1) : defaultWeights,
        }).logPdf({ x, c });
      errors.push(...density(good, several).map((v, i) => relativeError(v, below[i] as number)));
      errors.push(...density(others, false).map((v, i) => relativeError(v, above[i] as number)));
      compared++;
    }
    expect(Math.max(...errors)).toBeLessThan(1e-9);
    expect(compared).toBe(16);
  });
});

test("NSGA-II's survivors are Optuna's, in its order", () => {
  const cases = recorded.selections;
  const got = cases.map(({ directions, size, numbers: of, values, constraints }) => {
    const trials = of.map((number, i) =>
      trialOf(
        number,
        {},
        { values: numbers(values[i] as Row), constraints: constraintsOf(constraints[i] as number[]) },
      ),
    );
    return selectSurvivors(trials, directions, size).map(({ trial }) => trial.number);
  });
  expect(got).toEqual(cases.map(({ elite }) => elite));
  expect(cases).toHaveLength(36);
});

test("ranks peel a front at a time; equals share one; infeasible points come behind, the nearest first", () => {
  const losses = [
    [1, 1],
    [0, 2],
    [1, 1],
    [2, 2],
    [3, 3],
    [-9, -9],
    [-8, -8],
  ];
  expect([...dominationRanks(losses.slice(0, 5))]).toEqual([0, 0, 0, 1, 2]);
  expect([...dominationRanks(losses.slice(0, 5), 2)]).toEqual([0, 0, 0, 1, 1]);
  expect([...constrainedRanks(losses, [0, 0, 0, 0, 0, 0.5, Infinity])]).toEqual([0, 0, 0, 1, 2, 3, 4]);
  expect(lossesOf([1, NaN], ["maximize", "maximize"])).toEqual([-1, Infinity]);
  expect(violationOf({ constraints: { a: NaN } })).toBe(Infinity);
});
