import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { Direction, History, Params, SearchSpace, Trial } from "../../src/core/index.js";
import { categorical, createRng, deriveSeed, float, int } from "../../src/core/index.js";
import type { Sampler } from "../../src/samplers/sampler.js";
import { drawUniform } from "../../src/search-space/draw-uniform.js";
import { buildParams } from "../../src/search-space/points.js";
import { fitsSpace } from "../fixtures/samplers/fits-space.js";
import { trialOf } from "../fixtures/trials.js";

/** The stream of one trial, as a study makes it. */
export function streamOf(seed: number, number: number): () => number {
  return createRng(deriveSeed(seed, "sampler"), number);
}

/** `n` trials in mixed states, drawn at random and scored by `score`. */
export function mixedHistory(
  space: SearchSpace,
  n: number,
  direction: Direction = "minimize",
  score: (params: Params) => number = (p) => JSON.stringify(p).length,
): History {
  const rng = createRng(1, "history");
  const trials = Array.from({ length: n }, (_, i) => {
    const params = buildParams(space, (_name, d) => drawUniform(d, rng));
    const value = score(params);
    if (i % 7 === 3)
      return trialOf(i, params, {
        state: "pruned",
        intermediate: [
          [1, value],
          [2, i % 2 ? NaN : value],
        ],
      });
    if (i % 7 === 4) return trialOf(i, params, { state: "failed" });
    if (i % 11 === 5) return trialOf(i, params, { value: NaN });
    if (i % 13 === 6) return trialOf(i, params, { value: i % 2 ? Infinity : -Infinity });
    if (i >= n - 2) return trialOf(i, params, { state: "running" });
    return trialOf(i, params, { value });
  });
  return { direction, trials };
}

/** Spaces without continuous ranges come first: `grid` takes only those. */
export const finiteSpaces: Record<string, SearchSpace> = {
  "stepped and single": { q: float(0, 1, { step: 0.1 }), one: int(3, 3), same: float(2, 2), c: categorical(["x"]) },
  integers: { n: int(-5, 5), k: int(16, 64, { step: 16 }), l: int(1, 8, { log: true }) },
  choices: { a: categorical(["x", "y", null]), b: categorical([true, false]), c: categorical([0, 1.5]) },
  "a conditional tree": {
    depth: int(1, 3),
    width_2: int(1, 4, { when: { depth: [2, 3] } }),
    mode: categorical(["u", "v"], { when: { depth: 3 } }),
    rate: float(0, 1, { step: 0.25, when: { mode: "v" } }),
  },
};

export const continuousSpaces: Record<string, SearchSpace> = {
  "plain ranges": { x: float(-5, 10), y: float(0, 1e-9) },
  "log ranges": { lr: float(1e-8, 1, { log: true }), n: int(1, 1_000_000, { log: true }) },
  "everything, parents last": {
    sgd_lr: float(1e-4, 1, { log: true, when: { opt: "sgd" } }),
    momentum: float(0, 0.99, { when: { opt: "sgd", nesterov: true } }),
    nesterov: categorical([true, false], { when: { opt: "sgd" } }),
    adam_lr: float(1e-5, 1e-1, { log: true, when: { opt: "adam" } }),
    opt: categorical(["adam", "sgd"]),
    q: float(0, 1, { step: 0.1 }),
    one: categorical(["only"]),
    under_one: int(1, 9, { when: { one: "only" } }),
    never: float(0, 1, { when: { elsewhere: 1 } }),
  },
};

export interface SamplerSuite {
  readonly name: string;
  readonly make: () => Sampler;
  /** An expression that makes the same sampler in another process, given `lib` = the compiled samplers. */
  readonly elsewhere: { readonly module: string; readonly expression: string };
  /** Only finite spaces. */
  readonly finite?: boolean;
}

/** What every sampler must do, whatever it learns from a history. */
export function samplerConformance(suite: SamplerSuite): void {
  const spaces = Object.entries(suite.finite ? finiteSpaces : { ...finiteSpaces, ...continuousSpaces });
  describe(`sampler conformance: ${suite.name}`, () => {
    describe.each(spaces)("%s", (_name, space) => {
      test.each(["minimize", "maximize"] as const)(
        "stays in the space, whatever the history (%s)",
        async (direction) => {
          for (const n of [0, 1, 9, 10, 40])
            for (let seed = 0; seed < 3; seed++) {
              const params = await suite.make().suggest(space, mixedHistory(space, n, direction), streamOf(seed, n));
              if (params === null) expect([suite.finite, n]).toEqual([true, 40]);
              else {
                expect(fitsSpace(space, params), JSON.stringify(params)).toBe(true);
                expect(Object.keys(params).every((k) => k in space)).toBe(true);
              }
            }
        },
      );
      test("only active parameters, in the space's order", async () => {
        const params = (await suite.make().suggest(space, mixedHistory(space, 15), streamOf(5, 15))) ?? {};
        expect(Object.keys(params)).toEqual(Object.keys(space).filter((k) => k in params));
        expect(params).not.toHaveProperty("never");
      });
      test("leaves its input as it was", async () => {
        const history = mixedHistory(space, 30);
        const before = JSON.stringify([space, history]);
        await suite.make().suggest(space, history, streamOf(0, 30));
        expect(JSON.stringify([space, history])).toBe(before);
      });
      test("the same input gives the same output, from another instance and after other asks", async () => {
        const history = mixedHistory(space, 25);
        const first = suite.make();
        const expected = await first.suggest(space, history, streamOf(7, 25));
        await first.suggest(space, mixedHistory(space, 12, "maximize"), streamOf(8, 12));
        expect(await first.suggest(space, structuredClone(history), streamOf(7, 25))).toEqual(expected);
        expect(await suite.make().suggest(structuredClone(space), history, streamOf(7, 25))).toEqual(expected);
      });
      test("trials of another space change nothing but the duplicates", async () => {
        const foreign = Array.from({ length: 5 }, (_, i) => trialOf(i, { foreign: i, n: 1e9 }, { value: -1e9 }));
        const params = await suite.make().suggest(space, { direction: "minimize", trials: foreign }, streamOf(1, 5));
        expect(params && fitsSpace(space, params)).toBe(true);
      });
    });

    test("failed trials and NaN values tell nothing", async () => {
      const space = finiteSpaces["integers"] as SearchSpace;
      const { trials } = mixedHistory(space, 40);
      const known = trials.filter((t) => t.state !== "failed" && !Number.isNaN(t.value));
      const marked = trials.map((t) => (known.includes(t) ? t : trialOf(t.number, { n: 99 }, { state: "failed" })));
      const ask = async (of: readonly Trial[]): Promise<Params | null> =>
        suite.make().suggest(space, { direction: "minimize", trials: of }, streamOf(3, 40));
      // a grid has to skip them, so that it ends
      if (!suite.finite) expect(await ask(trials)).toEqual(await ask(known));
      expect(await ask(marked)).toEqual(await ask(known));
    });

    test("15 and 15 trials are 30", async () => {
      const space = finiteSpaces["integers"] as SearchSpace;
      const go = async (sampler: Sampler, from: readonly Trial[], to: number): Promise<Trial[]> => {
        const trials = [...from];
        for (let n = from.length; n < to; n++) {
          const params = await sampler.suggest(space, { direction: "minimize", trials }, streamOf(11, n));
          if (params) trials.push(trialOf(n, params, { value: (params["n"] as number) ** 2 }));
        }
        return trials;
      };
      const half = structuredClone(await go(suite.make(), [], 15));
      expect(await go(suite.make(), half, 30)).toEqual(await go(suite.make(), [], 30));
    });

    test("another process gives the same output", async () => {
      const dist = new URL("../../dist/samplers/", import.meta.url);
      const space = finiteSpaces["a conditional tree"] as SearchSpace;
      const history = mixedHistory(space, 6, "minimize", (p) => p["depth"] as number);
      const numbers = [...history.trials, trialOf(6, { depth: 1 }, { value: 0.5 })];
      const plain = JSON.stringify({ space, trials: numbers, seed: deriveSeed(4, "sampler") });
      const script = `
        const lib = await import(${JSON.stringify(new URL(suite.elsewhere.module, dist).href)});
        const { createRng } = await import(${JSON.stringify(new URL("../core/index.js", dist).href)});
        const { space, trials, seed } = ${plain};
        for (const t of trials) if (t.state === "complete" && t.value === null) t.value = NaN;
        const sampler = ${suite.elsewhere.expression};
        console.log(JSON.stringify(await sampler.suggest(space, { direction: "minimize", trials }, createRng(seed, 7))));`;
      const other = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
      const here = await suite.make().suggest(space, { direction: "minimize", trials: numbers }, streamOf(4, 7));
      expect(JSON.parse(other)).toEqual(here);
    });

    test("a history of 5,000 trials", async () => {
      const space = (
        suite.finite ? finiteSpaces["integers"] : continuousSpaces["everything, parents last"]
      ) as SearchSpace;
      const params = await suite.make().suggest(space, mixedHistory(space, 5000), streamOf(2, 5000));
      // The finite space has 352 points, all of which such a history has visited.
      if (suite.finite) expect(params).toBeNull();
      else expect(params && fitsSpace(space, params)).toBe(true);
    });
  });
}
