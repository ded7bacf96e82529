import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Direction, History, Params, SearchSpace, Trial } from "../../src/core/index.js";
import { categorical, createRng, deriveSeed, float, int } from "../../src/core/index.js";
import type { Sampler } from "../../src/samplers/sampler.js";
import { drawUniform } from "../../src/search-space/draw-uniform.js";
import { buildParams } from "../../src/search-space/points.js";
import { fitsSpace } from "../fixtures/samplers/fits-space.js";

/** A record with the parts that samplers look at. */
export function record(number: number, params: Params, over: Partial<Trial> = {}): Trial {
  const state = over.state ?? "complete";
  return Object.freeze({
    number,
    state,
    value: null,
    params,
    intermediate: [],
    seen: [],
    finish_index: state === "running" || state === "waiting" ? null : number,
    metrics: {},
    started_at: null,
    finished_at: null,
    seconds: null,
    seed: 0,
    attempt: 1,
    attempts: [],
    owner: null,
    slot: null,
    backend: null,
    failure: null,
    prune_reason: null,
    retry_of: null,
    user_attrs: {},
    ...over,
  });
}

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
      return record(i, params, {
        state: "pruned",
        intermediate: [
          [1, value],
          [2, i % 2 ? NaN : value],
        ],
      });
    if (i % 7 === 4) return record(i, params, { state: "failed" });
    if (i % 11 === 5) return record(i, params, { value: NaN });
    if (i % 13 === 6) return record(i, params, { value: i % 2 ? Infinity : -Infinity });
    if (i >= n - 2) return record(i, params, { state: "running" });
    return record(i, params, { value });
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
      test.each(["minimize", "maximize"] as const)("stays in the space, whatever the history (%s)", (direction) => {
        for (const n of [0, 1, 9, 10, 40])
          for (let seed = 0; seed < 3; seed++) {
            const params = suite.make().suggest(space, mixedHistory(space, n, direction), streamOf(seed, n));
            if (params === null) expect(suite.finite).toBe(true);
            else {
              expect(fitsSpace(space, params), JSON.stringify(params)).toBe(true);
              expect(Object.keys(params).every((k) => k in space)).toBe(true);
            }
          }
      });
      test("only active parameters, in the space's order", () => {
        const params = suite.make().suggest(space, mixedHistory(space, 15), streamOf(5, 15)) ?? {};
        expect(Object.keys(params)).toEqual(Object.keys(space).filter((k) => k in params));
        expect(params).not.toHaveProperty("never");
      });
      test("leaves its input as it was", () => {
        const history = mixedHistory(space, 30);
        const before = JSON.stringify([space, history]);
        suite.make().suggest(space, history, streamOf(0, 30));
        expect(JSON.stringify([space, history])).toBe(before);
      });
      test("the same input gives the same output, from another instance and after other asks", () => {
        const history = mixedHistory(space, 25);
        const first = suite.make();
        const expected = first.suggest(space, history, streamOf(7, 25));
        first.suggest(space, mixedHistory(space, 12, "maximize"), streamOf(8, 12));
        expect(first.suggest(space, structuredClone(history), streamOf(7, 25))).toEqual(expected);
        expect(suite.make().suggest(structuredClone(space), history, streamOf(7, 25))).toEqual(expected);
      });
      test("trials of another space change nothing but the duplicates", () => {
        const foreign = Array.from({ length: 5 }, (_, i) => record(i, { foreign: i, n: 1e9 }, { value: -1e9 }));
        const params = suite.make().suggest(space, { direction: "minimize", trials: foreign }, streamOf(1, 5));
        expect(params && fitsSpace(space, params)).toBe(true);
      });
    });

    test("failed trials and NaN values tell nothing", () => {
      const space = finiteSpaces["integers"] as SearchSpace;
      const { trials } = mixedHistory(space, 40);
      const known = trials.filter((t) => t.state !== "failed" && !Number.isNaN(t.value));
      const marked = trials.map((t) => (known.includes(t) ? t : record(t.number, { n: 99 }, { state: "failed" })));
      const ask = (of: readonly Trial[]): Params | null =>
        suite.make().suggest(space, { direction: "minimize", trials: of }, streamOf(3, 40));
      // a grid has to skip them, so that it ends
      if (!suite.finite) expect(ask(trials)).toEqual(ask(known));
      expect(ask(marked)).toEqual(ask(known));
    });

    test("15 and 15 trials are 30", () => {
      const space = finiteSpaces["integers"] as SearchSpace;
      const go = (sampler: Sampler, from: readonly Trial[], to: number): Trial[] => {
        const trials = [...from];
        for (let n = from.length; n < to; n++) {
          const params = sampler.suggest(space, { direction: "minimize", trials }, streamOf(11, n));
          if (params) trials.push(record(n, params, { value: (params["n"] as number) ** 2 }));
        }
        return trials;
      };
      const half = structuredClone(go(suite.make(), [], 15));
      expect(go(suite.make(), half, 30)).toEqual(go(suite.make(), [], 30));
    });

    test("another process gives the same output", () => {
      const dist = new URL("../../dist/samplers/", import.meta.url);
      if (!existsSync(new URL(suite.elsewhere.module, dist)))
        throw new Error("dist/ is missing: `npm test` builds it first (`npm run build`)");
      const space = finiteSpaces["a conditional tree"] as SearchSpace;
      const history = mixedHistory(space, 6, "minimize", (p) => p["depth"] as number);
      const numbers = [...history.trials, record(6, { depth: 1 }, { value: 0.5 })];
      const plain = JSON.stringify({ space, trials: numbers, seed: deriveSeed(4, "sampler") });
      const script = `
        const lib = await import(${JSON.stringify(new URL(suite.elsewhere.module, dist).href)});
        const { createRng } = await import(${JSON.stringify(new URL("../core/index.js", dist).href)});
        const { space, trials, seed } = ${plain};
        for (const t of trials) if (t.state === "complete" && t.value === null) t.value = NaN;
        const sampler = ${suite.elsewhere.expression};
        console.log(JSON.stringify(sampler.suggest(space, { direction: "minimize", trials }, createRng(seed, 7))));`;
      const other = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
      const here = suite.make().suggest(space, { direction: "minimize", trials: numbers }, streamOf(4, 7));
      expect(JSON.parse(other)).toEqual(here);
    });

    test("a history of 5,000 trials", () => {
      const space = (
        suite.finite ? finiteSpaces["integers"] : continuousSpaces["everything, parents last"]
      ) as SearchSpace;
      const params = suite.make().suggest(space, mixedHistory(space, 5000), streamOf(2, 5000));
      if (params !== null) expect(fitsSpace(space, params)).toBe(true);
    });
  });
}
