import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { float, int } from "../../../src/core/index.js";
import { divide, valueAtUnit } from "../../../src/samplers/cmaes/dimensions.js";
import { Evolution } from "../../../src/samplers/cmaes/evolution.js";
import { Margin } from "../../../src/samplers/cmaes/margin.js";
import { strategyOf } from "../../../src/samplers/cmaes/strategy.js";
import { promisingStart } from "../../../src/samplers/cmaes/warm-start.js";

interface State {
  readonly mean: readonly number[];
  readonly sigma: number;
  readonly covariance: readonly (readonly number[])[];
  readonly path_sigma: readonly number[];
  readonly path_c: readonly number[];
  readonly widths?: readonly number[];
}
interface Generation {
  readonly draws: readonly (readonly number[])[];
  readonly points: readonly (readonly number[])[];
  readonly places?: readonly (readonly number[])[];
  readonly values: readonly number[];
  readonly after: State;
}
interface Reference {
  readonly plain: readonly {
    readonly dimensions: number;
    readonly population: number;
    readonly sigma: number;
    readonly covariance: readonly (readonly number[])[] | null;
    readonly generations: readonly Generation[];
  }[];
  readonly margin: readonly {
    readonly cells: readonly number[];
    readonly population: number;
    readonly sigma: number;
    readonly margin: number;
    readonly generations: readonly Generation[];
  }[];
  readonly warm_start: {
    readonly points: readonly (readonly number[])[];
    readonly values: readonly number[];
    readonly mean: readonly number[];
    readonly sigma: number;
    readonly covariance: readonly (readonly number[])[];
  };
}
const cmaes = JSON.parse(
  readFileSync(new URL("../../fixtures/samplers/cmaes.json", import.meta.url), "utf8"),
) as Reference;

/** max |a - b| / max |b| */
function off(a: ArrayLike<number>, b: readonly number[]): number {
  const scale = Math.max(1e-300, ...b.map(Math.abs));
  return Math.max(...b.map((v, i) => Math.abs((a[i] as number) - v))) / scale;
}

function expectState(evolution: Evolution, { mean, sigma, covariance, path_sigma, path_c }: State): void {
  expect(off(evolution.mean, mean)).toBeLessThan(1e-9);
  expect(Math.abs(evolution.sigma / sigma - 1)).toBeLessThan(1e-9);
  expect(off(evolution.covariance, covariance.flat())).toBeLessThan(1e-9);
  expect(off(evolution.pathSigma, path_sigma)).toBeLessThan(1e-9);
  expect(off(evolution.pathC, path_c)).toBeLessThan(1e-9);
}

/** The draws of a generation as cmaes makes them: repeated while a continuous coordinate is outside [0, 1]. */
function points(evolution: Evolution, { draws }: Generation, isContinuous: (i: number) => boolean): Float64Array[] {
  return draws.map((z) => evolution.at(z)).filter((x) => x.every((v, i) => !isContinuous(i) || (v >= 0 && v <= 1)));
}

const bestFirst = <T>(items: readonly T[], values: readonly number[]): T[] =>
  [...items.keys()].sort((a, b) => (values[a] as number) - (values[b] as number)).map((i) => items[i] as T);

describe("CMA-ES beside cmaes 0.13, fed with the same normal draws and values", () => {
  test.each(cmaes.plain.map((run) => [`${run.dimensions} dimensions, population ${run.population}`, run] as const))(
    "%s: points, mean, sigma, C and paths to 1e-9",
    (_name, { dimensions: n, population, sigma, covariance, generations }) => {
      const start = { mean: new Float64Array(n).fill(0.5), sigma };
      const evolution = new Evolution(
        strategyOf(n, population),
        covariance ? { ...start, covariance: Float64Array.from(covariance.flat()) } : start,
      );
      for (const generation of generations) {
        const drawn = points(evolution, generation, () => true);
        expect(drawn).toHaveLength(population);
        expect(Math.max(...drawn.map((x, k) => off(x, generation.points[k] as number[])))).toBeLessThan(1e-9);
        evolution.update(bestFirst(drawn, generation.values));
        expectState(evolution, generation.after);
      }
    },
  );

  test.each(cmaes.margin.map((run) => [`cells ${run.cells.join(", ")}`, run] as const))(
    "with margin, %s: the values that are run, mean, sigma, C, paths and A to 1e-9",
    (_name, { cells, population, sigma, margin: least, generations }) => {
      const space = Object.fromEntries(cells.map((k, i) => [`x${i}`, k ? int(0, k - 1) : float(0, 1)]));
      const { dimensions } = divide(space);
      const n = cells.length;
      expect([n, 1 / (n * population)]).toEqual([dimensions.length, least]);
      const evolution = new Evolution(strategyOf(n, population), { mean: new Float64Array(n).fill(0.5), sigma });
      const margin = new Margin(dimensions, least);
      for (const generation of generations) {
        const drawn = points(evolution, generation, (i) => cells[i] === 0);
        expect(Math.max(...drawn.map((x, k) => off(x, generation.points[k] as number[])))).toBeLessThan(1e-9);
        const run = drawn.map((x) =>
          Array.from(margin.placeOf(x, evolution.mean), (v, i) => {
            const value = valueAtUnit(dimensions[i] as never, v) as number;
            return cells[i] ? (value + 0.5) / cells[i] : value;
          }),
        );
        expect(Math.max(...run.map((x, k) => off(x, generation.places?.[k] as number[])))).toBeLessThan(1e-9);
        evolution.update(bestFirst(drawn, generation.values));
        margin.correct(evolution);
        expectState(evolution, generation.after);
        expect(off(margin.widths, generation.after.widths as number[])).toBeLessThan(1e-9);
      }
    },
  );

  test("the warm start's mean, sigma and C", () => {
    const { points: given, values, mean, sigma, covariance } = cmaes.warm_start;
    const start = promisingStart(bestFirst(given, values).map((x) => Float64Array.from(x)));
    expect(off(start.mean, mean)).toBeLessThan(1e-9);
    expect(Math.abs(start.sigma / sigma - 1)).toBeLessThan(1e-9);
    expect(off(start.covariance, covariance.flat())).toBeLessThan(1e-9);
  });
});
