import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Direction, History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { categorical, createRng, dominates, float, int, lossesOf, paretoFront } from "../../../src/core/index.js";
import { dominationRanks } from "../../../src/samplers/domination-ranks.js";
import { createSampler } from "../../../src/samplers/index.js";
import { NsgaIISampler } from "../../../src/samplers/nsga2/nsga2.js";
import { polynomialMutation, simulatedBinary } from "../../../src/samplers/nsga2/variation.js";
import { trialOf } from "../../fixtures/trials.js";

const two: readonly Direction[] = ["minimize", "minimize"];
const space: SearchSpace = { x: float(0, 1), n: int(1, 100, { log: true }), c: categorical(["a", "b", "c"]) };

function history(trials: readonly Trial[], directions = two): History {
  return { direction: directions[0] as Direction, directions, trials };
}

/** Twelve trials, one value of `x` each; the first half finished last. */
function twelve(given: (i: number) => Partial<Omit<Trial, "number">>): Trial[] {
  return Array.from({ length: 12 }, (_, i) =>
    trialOf(i, { x: i / 20, n: i + 1, c: "abc"[i % 3] as string }, { finish_index: (i + 6) % 12, ...given(i) }),
  );
}

/** The parents' values of `x` that 200 children without mutation have. */
async function parentsSeen(sampler: NsgaIISampler, of: History): Promise<number[]> {
  const children = Array.from({ length: 200 }, (_, i) => sampler.suggest(space, of, createRng(3, i)));
  return [...new Set(children.map(({ x }) => x as number))].sort((a, b) => a - b);
}

const asParents = (options = {}): NsgaIISampler =>
  new NsgaIISampler({ populationSize: 4, mutationProbability: 0, ...options });

describe("generations", () => {
  test("are cut in the order of finishing, and only full ones count", async () => {
    // Trials 6, 7, 8, 9 finish first, then 10, 11, 0, 1, then 2 to 5; the lower the number, the better in both.
    const trials = twelve((i) => ({ values: [i, i] }));
    const finished = (count: number): Trial[] => trials.filter((trial) => (trial.finish_index as number) < count);
    expect(await parentsSeen(asParents(), history(finished(7)))).toEqual([6, 7, 8, 9].map((i) => i / 20));
    expect(await parentsSeen(asParents(), history(finished(8)))).toEqual([0, 1, 6, 7].map((i) => i / 20));
    expect(await parentsSeen(asParents(), history(trials))).toEqual([0, 1, 2, 3].map((i) => i / 20));
  });

  test("have no failed, pruned, running or waiting trials, and none that don't fit", async () => {
    const others = (["failed", "pruned", "running", "waiting"] as const).map((state, i) =>
      trialOf(20 + i, { x: 0.99, n: 1, c: "a" }, { state }),
    );
    const odd = [
      trialOf(30, { x: 7, n: 1, c: "a" }, { values: [-1, -1] }),
      trialOf(31, { y: 0 }, { values: [-1, -1] }),
    ];
    const trials = twelve((i) => ({ values: [i, i] }));
    expect(await parentsSeen(asParents(), history([...trials, ...others, ...odd]))).toEqual(
      await parentsSeen(asParents(), history(trials)),
    );
  });

  test("are found again and found anew to the same end", async () => {
    const sampler = asParents();
    const trials = twelve((i) => ({ values: [i % 5, (i * 7) % 11] }));
    const ask = (from: NsgaIISampler, of: readonly Trial[]): Params =>
      from.suggest(space, history(of), createRng(1, 2));
    for (const count of [4, 8, 12, 9, 12]) {
      const some = trials.filter((trial) => (trial.finish_index as number) < count);
      expect(ask(sampler, some)).toEqual(ask(asParents(), structuredClone(some)));
    }
    // Other values of the same trials are another history.
    const other = twelve((i) => ({ values: [-i, -i] }));
    expect(await parentsSeen(sampler, history(other))).toEqual(await parentsSeen(asParents(), history(other)));
  });

  test("prefer feasible trials, then those that miss their constraints least", async () => {
    const trials = twelve((i) => ({ values: [i, i], constraints: { c: i < 9 ? 10 - i : -1, d: i === 2 ? NaN : 0 } }));
    expect(await parentsSeen(asParents(), history(trials))).toEqual([8, 9, 10, 11].map((i) => i / 20));
  });

  test("serve one objective, in its direction", async () => {
    const trials = twelve((i) => ({ value: i, values: [i] }));
    const one = { direction: "maximize", trials } as const;
    expect(await parentsSeen(asParents(), one)).toEqual([8, 9, 10, 11].map((i) => i / 20));
  });
});

describe("children", () => {
  const trials = twelve((i) => ({ values: [i, 12 - i] }));

  test("have each parameter from a parent; mutated ones are anything; without mutation and crossover one parent", () => {
    const clones = asParents({ crossoverProbability: 0, populationSize: 12 });
    const known = new Set(trials.map(({ params }) => JSON.stringify(params)));
    for (let i = 0; i < 50; i++)
      expect(known).toContain(JSON.stringify(clones.suggest(space, history(trials), createRng(i))));
    const mutants = asParents({ mutationProbability: 1, populationSize: 12 });
    const values = Array.from({ length: 300 }, (_, i) => mutants.suggest(space, history(trials), createRng(i))["x"]);
    expect(Math.max(...(values as number[]))).toBeGreaterThan(0.95);
    expect(new Set(values).size).toBe(300);
  });

  test("of parents on two branches have what their own branch wants", () => {
    const tree: SearchSpace = {
      kind: categorical(["p", "q"]),
      p: float(0, 1, { when: { kind: "p" } }),
      q: int(1, 9, { when: { kind: "q" } }),
    };
    const branches = Array.from({ length: 8 }, (_, i) =>
      trialOf(i, i % 2 ? { kind: "p", p: i / 10 } : { kind: "q", q: i + 1 }, { values: [i, -i] }),
    );
    const sampler = new NsgaIISampler({ populationSize: 8 });
    const kinds = new Set<unknown>();
    for (let i = 0; i < 60; i++) {
      const child = sampler.suggest(tree, history(branches), createRng(i));
      kinds.add(child["kind"]);
      expect(Object.keys(child)).toEqual(["kind", child["kind"]]);
    }
    expect(kinds.size).toBe(2);
  });

  test("of simulated binary crossover lie around their parents with the density of its polynomial", () => {
    const cross = simulatedBinary(20);
    const rng = createRng(5);
    const drawn = Array.from({ length: 20_000 }, () => cross(0.4, 0.6, rng));
    expect(drawn.filter((u) => u === 0.4 || u === 0.6).length / 20_000).toBeCloseTo(0.5, 1);
    const crossed = drawn.filter((u) => u !== 0.4 && u !== 0.6);
    // Half contract, half expand; the mean spread factor of eta = 20 is near 1: (21/22 + 21/20) / 2.
    const spread = crossed.map((u) => Math.abs(u - 0.5) / 0.1);
    expect(spread.filter((b) => b <= 1).length / crossed.length).toBeCloseTo(0.5, 1);
    expect(spread.reduce((a, b) => a + b, 0) / crossed.length).toBeCloseTo((21 / 22 + 21 / 20) / 2, 2);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(cross(0, 0.001, rng)).toBeGreaterThanOrEqual(0);
  });

  test("mutated by the polynomial stay in the interval, and move by 1 / (eta + 2) of it on average in its middle", () => {
    const rng = createRng(9);
    const moved = Array.from({ length: 20_000 }, () => Math.abs(polynomialMutation(0.5, 20, rng) - 0.5));
    // E|shift| = 1 - E[(1 - s)] with s of density (eta + 1)(1 - s)^eta: 1 / (eta + 2), but for 0.5^21 of the tail.
    expect(moved.reduce((a, b) => a + b, 0) / 20_000).toBeCloseTo(1 / 22, 3);
    for (const x of [0, 1, 1e-9]) {
      const mutants = Array.from({ length: 200 }, () => polynomialMutation(x, 20, rng));
      expect([Math.min(...mutants) >= 0, Math.max(...mutants) <= 1]).toEqual([true, true]);
    }
  });
});

test("its search comes nearer to a front than chance does", async () => {
  const plane: SearchSpace = { a: float(-5, 5), b: float(-5, 5), c: float(-5, 5) };
  const score = ({ a, b, c }: Params): number[] => {
    const rest = (b as number) ** 2 + (c as number) ** 2;
    return [((a as number) - 1) ** 2 + rest, ((a as number) + 1) ** 2 + rest];
  };
  const run = async (name: string): Promise<number> => {
    const sampler = await createSampler(name, name === "nsga2" ? { population_size: 20 } : {});
    const trials: Trial[] = [];
    for (let n = 0; n < 200; n++) {
      const params = (await sampler.suggest(plane, history(trials), createRng(11, n))) as Params;
      trials.push(trialOf(n, params, { values: score(params) }));
    }
    // On the front b and c are 0.
    const front = paretoFront(trials, two);
    return (
      front.reduce((sum, { params }) => sum + Math.hypot(params["b"] as number, params["c"] as number), 0) /
      front.length
    );
  };
  expect(await run("nsga2")).toBeLessThan(0.6 * (await run("random")));
});

test("options are refused with their name", () => {
  const refusal = (options: object): string => {
    try {
      new NsgaIISampler(options);
    } catch (error) {
      return String((error as Error).message);
    }
    return "";
  };
  expect(refusal({ populationSize: 1 })).toBe("nsga2: populationSize must be an integer of at least 2, got 1");
  expect(refusal({ crossoverProbability: 1.5 })).toBe("nsga2: crossoverProbability must lie in [0, 1], got 1.5");
  expect(refusal({ mutationProbability: NaN })).toBe("nsga2: mutationProbability must lie in [0, 1], got NaN");
  expect(refusal({ crossover: "blx" })).toBe('nsga2: unknown crossover "blx"; known: uniform, sbx');
  expect(refusal({ mutation: "none" })).toBe('nsga2: unknown mutation "none"; known: uniform, polynomial');
  expect(refusal({ population: 3 })).toMatch(/populationSize/);
});

test("ranks: no point dominates one of its rank or a lower one, and each is dominated from the rank before", () => {
  const someLosses = fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }), {
    maxLength: 30,
  });
  const three: readonly Direction[] = ["minimize", "minimize", "minimize"];
  fc.assert(
    fc.property(someLosses, (losses) => {
      const ranks = dominationRanks(losses);
      const by = (i: number): number[] =>
        losses.flatMap((other, j) => (dominates(other, losses[i] as number[], three) ? [ranks[j] as number] : []));
      for (const i of losses.keys()) expect(Math.max(-1, ...by(i))).toBe((ranks[i] as number) - 1);
    }),
    { numRuns: 60 },
  );
  expect(lossesOf([2, 3], ["minimize", "maximize"])).toEqual([2, -3]);
});
