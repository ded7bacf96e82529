import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { importances } from "../../../src/analysis/index.js";
import type { ImportanceOptions, TargetImportances } from "../../../src/analysis/index.js";
import { leavesOf } from "../../../src/analysis/fanova/leaves.js";
import { marginalVariance, pairVariance } from "../../../src/analysis/fanova/marginals.js";
import { growTree, treeData } from "../../../src/analysis/fanova/regression-tree.js";
import type { RegressionTree } from "../../../src/analysis/fanova/regression-tree.js";
import { scaled, tableOf } from "../../../src/analysis/fanova/columns.js";
import type { Measure, Table } from "../../../src/analysis/fanova/columns.js";
import { blankTrial, categorical, createRng, float, int } from "../../../src/core/index.js";
import type { Params, SearchSpace } from "../../../src/core/index.js";
import { drawPoint } from "../../fixtures/analysis/draw-point.js";

function study(space: SearchSpace, n: number, seed: number, f: (params: Params) => number) {
  const rng = createRng(seed, "closed-form");
  const trials = Array.from({ length: n }, (_, number) => {
    const params = drawPoint(space, rng);
    return blankTrial(number, { state: "complete", value: f(params), params });
  });
  return { trials, space };
}

function fanova(
  source: ReturnType<typeof study>,
  options: ImportanceOptions & { seed?: number } = {},
): TargetImportances {
  const { seed = 0, ...others } = options;
  const method = { name: "fanova", options: { measure: "space", seed } } as const;
  return importances(source, { method, ...others }).targets[0] as TargetImportances;
}

const of = ({ parameters }: TargetImportances, name: string) =>
  parameters.find((p) => p.name === name)?.importance ?? NaN;

/** The predictions of a tree at the middle of each cell of the whole space, with the cells' shares: nothing but the definition. */
function bruteForce(tree: RegressionTree, { axes, axisOf, columns }: Table, measure: Measure) {
  type Cell = { readonly share: number; readonly set: (row: Float64Array) => void };
  const cells = axes.map(({ column, choices, distribution }, axis): Cell[] => {
    if (choices > 0) {
      const patterns = Array.from({ length: 2 ** choices }, (_, bits) => bits).filter(
        (bits) => measure === "range" || (bits & (bits - 1)) === 0,
      );
      const valid = measure === "range" ? patterns : patterns.filter((bits) => bits > 0);
      return valid.map((bits) => ({
        share: 1 / valid.length,
        set: (row) => {
          for (let k = 0; k < choices; k++) row[column + k] = (bits >> k) & 1;
        },
      }));
    }
    if (distribution.type === "categorical") return [];
    const half = measure === "space" ? (distribution.step ?? 0) / 2 : 0;
    const scale = measure === "space" && distribution.log ? Math.log : (x: number) => x;
    const [low, high] = [distribution.low - half, distribution.high + half];
    const own = Array.from({ length: tree.size }, (_, node) => node).filter(
      (n) => axisOf[tree.column[n] as number] === axis,
    );
    const edges = [low, ...new Set(own.map((n) => tree.threshold[n] as number).sort((a, b) => a - b)), high];
    return edges.slice(1).map((edge, i) => {
      const before = edges[i] as number;
      return {
        share: (scale(edge) - scale(before)) / (scale(high) - scale(low)),
        set: (row) => (row[column] = (before + edge) / 2),
      };
    });
  });
  const predict = (row: Float64Array): number => {
    let node = 0;
    while (tree.column[node] !== -1)
      node = (
        (row[tree.column[node] as number] as number) <= (tree.threshold[node] as number) ? tree.left : tree.right
      )[node] as number;
    return tree.value[node] as number;
  };
  const row = new Float64Array(columns.length);
  const points: { place: number[]; share: number; value: number }[] = [];
  const walk = (axis: number, place: number[], share: number): void => {
    if (axis === axes.length) points.push({ place, share, value: predict(row) });
    else
      (cells[axis] as Cell[]).forEach((cell, i) => {
        cell.set(row);
        walk(axis + 1, [...place, i], share * cell.share);
      });
  };
  walk(0, [], 1);
  const mean = points.reduce((sum, { share, value }) => sum + share * value, 0);
  /** Of the means over all axes but some. */
  return (some: readonly number[]): number => {
    const groups = new Map<string, { share: number; sum: number }>();
    for (const { place, share, value } of points) {
      const key = some.map((axis) => place[axis]).join();
      const group = groups.get(key) ?? { share: 0, sum: 0 };
      groups.set(key, { share: group.share + share, sum: group.sum + share * (value - mean) });
    }
    return [...groups.values()].reduce((sum, group) => sum + (group.share > 0 ? group.sum ** 2 / group.share : 0), 0);
  };
}

describe("a tree's variances", () => {
  test.each(["range", "space"] as const)("measure %s: those of all its cells taken one by one", (measure) => {
    const space = {
      x: float(0.001, 1, { log: true }),
      k: int(1, 4),
      c: categorical(["a", "b", "c"]),
      d: categorical([true, false]),
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 2, max: 25 }), (seed, n) => {
        const rng = createRng(seed, "tree");
        const rows = Array.from({ length: n }, () => drawPoint(space, rng));
        const parameters = Object.entries(space).map(([name, distribution]) => ({
          ...{ name, distribution },
          values: Float64Array.from(rows, (row) =>
            distribution.type === "categorical" ? distribution.choices.indexOf(row[name] as never) : Number(row[name]),
          ),
        }));
        const table = tableOf(
          parameters,
          Float64Array.from(rows, () => Math.round(8 * rng())),
          measure,
        );
        const tree = growTree(treeData(table.columns, table.values), rng, 64);
        const leaves = leavesOf(tree, table, measure);
        const wanted = bruteForce(tree, table, measure);
        const all = [0, 1, 2, 3];
        const wrong: unknown[] = [];
        const compare = (what: unknown, ours: number, theirs: number) => {
          if (!(Math.abs(ours - theirs) < 1e-12)) wrong.push([what, ours, theirs]);
        };
        compare("all", leaves.variance, wanted(all));
        for (const a of all) compare(a, marginalVariance(leaves, a), wanted([a]));
        for (const a of all)
          for (const b of all.slice(a + 1)) compare([a, b], pairVariance(leaves, a, b), wanted([a, b]));
        expect(wrong).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("functions whose shares of the variance are known", () => {
  test("a sum: each part's variance over the sum of all", () => {
    // Variances of 3 u, 2 v and a choice of -1, 0, 1 with u, v uniform on [0, 1]: 9/12, 4/12, 2/3.
    const space = { u: float(0, 1), v: int(0, 99), c: categorical([-1, 0, 1]), none: float(0, 1) };
    const f = ({ u, v, c }: Params) => 3 * Number(u) + (2 * Number(v)) / 99 + Number(c);
    const total = 9 / 12 + 4 / 12 + 2 / 3;
    for (const seed of [0, 1]) {
      const found = fanova(study(space, 500, seed, f), { seed });
      expect(Math.abs(of(found, "u") - 9 / 12 / total)).toBeLessThan(0.05);
      expect(Math.abs(of(found, "v") - 4 / 12 / total)).toBeLessThan(0.05);
      expect(Math.abs(of(found, "c") - 2 / 3 / total)).toBeLessThan(0.05);
      expect(of(found, "none")).toBeLessThan(0.01);
    }
  });

  test("Ishigami's function: Sobol' indices 0.314, 0.442, 0, and 0.244 of x1 with x3 together", () => {
    const space = { x1: float(-Math.PI, Math.PI), x2: float(-Math.PI, Math.PI), x3: float(-Math.PI, Math.PI) };
    const f = ({ x1, x2, x3 }: Params) =>
      Math.sin(Number(x1)) + 7 * Math.sin(Number(x2)) ** 2 + 0.1 * Number(x3) ** 4 * Math.sin(Number(x1));
    // Single trees see some of what is alone as together, the more the faster it changes: x2 twice as fast as x1.
    for (const seed of [0, 1]) {
      const found = fanova(study(space, 1000, seed, f), { seed, interactions: true });
      const pair = (a: string, b: string) => found.interactions?.find(({ names }) => names.join() === `${a},${b}`);
      expect(Math.abs(of(found, "x1") - 0.3139)).toBeLessThan(0.06);
      expect(Math.abs(of(found, "x2") - 0.4424)).toBeLessThan(0.16);
      expect(of(found, "x3")).toBeLessThan(0.04);
      expect(Math.abs((pair("x1", "x3")?.importance ?? NaN) - 0.2437)).toBeLessThan(0.06);
      expect(pair("x1", "x2")?.importance).toBeLessThan(0.04);
      expect(found.interactions?.[0]?.names).toEqual(["x1", "x3"]);
    }
  });

  test("a parameter in half of the trials: its share of the whole variance, and of that where it is active", () => {
    // Half of the values are 0, the others 1 + 2 x with x uniform on [-1, 1]: 0.25 between the halves, 4/3 in one of them.
    const space = { kind: categorical(["off", "on"]), x: float(-1, 1, { when: { kind: "on" } }) };
    const f = ({ kind, x }: Params) => (kind === "on" ? 1 + 2 * Number(x) : 0);
    for (const seed of [0, 1, 2]) {
      const { parameters, used } = fanova(study(space, 500, seed, f), { seed });
      const x = parameters.find(({ name }) => name === "x");
      const kind = parameters.find(({ name }) => name === "kind");
      expect(Math.abs((x?.importance ?? NaN) - 2 / 3 / (2 / 3 + 0.25))).toBeLessThan(0.06);
      expect(Math.abs((kind?.importance ?? NaN) - 0.25 / (2 / 3 + 0.25))).toBeLessThan(0.06);
      expect(x?.within).toBeCloseTo(1, 6);
      expect(kind?.within).toBeNull();
      expect([used, kind?.trials]).toEqual([500, 500]);
      expect(Math.abs((x?.trials ?? NaN) - 250)).toBeLessThan(50);
    }
  });

  test("a product: all of it is the pair's", () => {
    // u v with both uniform on [-1, 1] has no part of one alone.
    const space = { u: float(-1, 1), v: float(-1, 1), kind: categorical(["a", "b"]) };
    const found = fanova(
      study(space, 500, 4, ({ u, v }) => Number(u) * Number(v)),
      { interactions: true },
    );
    expect(found.interactions?.[0]?.names).toEqual(["u", "v"]);
    expect(found.interactions?.[0]?.importance).toBeGreaterThan(0.8);
    expect(of(found, "u") + of(found, "v")).toBeLessThan(0.1);
  });

  test("numbers far from 0, very large and very small ones: the same shares", () => {
    const space = { u: float(0, 1), v: float(0, 1) };
    const f = ({ u, v }: Params) => 3 * Number(u) + Number(v);
    const plain = fanova(study(space, 200, 5, f));
    for (const [factor, shift] of [
      [1, 1e9],
      [1e300, 0],
      [1e-300, 0],
      [2 ** -40, 0],
    ] as const) {
      const found = fanova(study(space, 200, 5, (params) => factor * f(params) + shift));
      expect(Math.abs(of(found, "u") - of(plain, "u")), String(factor)).toBeLessThan(0.01);
    }
  });
});

test("scaling rounds nothing where numbers lie around 0", () => {
  expect([...scaled(Float64Array.of(3, -0.1, 0.7))]).toEqual([3 / 2, -0.1 / 2, 0.7 / 2]);
  expect([...scaled(Float64Array.of(2, 2))]).toEqual([0, 0]);
  expect([...scaled(Float64Array.of(-1.7e308, 1.7e308))].every((x) => Math.abs(x) < 2)).toBe(true);
});
