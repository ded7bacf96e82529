import { describe, expect, it } from "vitest";
import { categorical, createRng, float, int, isPromised, paretoFront } from "../../../../src/core/index.js";
import type { History, Params, SearchSpace, Trial } from "../../../../src/core/index.js";
import { createStudy } from "../../../../src/index.js";
import { GpSampler } from "../../../../src/samplers/gp/gp.js";
import type { GpSamplerOptions } from "../../../../src/samplers/gp/gp.js";
import { mixedHistory, streamOf } from "../../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../../../src/testing/trials.js";

type Outcome = Partial<Omit<Trial, "number">>;

const here = (options: GpSamplerOptions = {}): GpSampler => new GpSampler({ offThread: false, ...options });
const failure = { class: "exception", message: "x", where: "objective" } as const;

/** Trials of a study: each proposal evaluated before the next. */
function search(
  space: SearchSpace,
  count: number,
  evaluate: (params: Params) => Outcome,
  { seed = 1, sampler = here(), ...of }: Partial<History> & { seed?: number; sampler?: GpSampler } = {},
): Trial[] {
  const trials: Trial[] = [];
  while (trials.length < count) {
    const n = trials.length;
    const params = sampler.suggestAtOnce(space, { direction: "minimize", ...of, trials }, streamOf(seed, n));
    trials.push(trialOf(n, params, evaluate(params)));
  }
  return trials;
}

const plane = { x: float(-5, 5), y: float(-5, 5) };
const at = (params: Params, name: string): number => params[name] as number;
const bowl = (p: Params): number => (at(p, "x") - 2) ** 2 + 3 * (at(p, "y") + 1) ** 2;
const least = (trials: readonly Trial[]): number => Math.min(...trials.map(({ value }) => value ?? Infinity));

describe("the Gaussian process sampler", () => {
  it("finds a bowl's bottom to four digits in 30 trials", () => {
    expect(least(search(plane, 30, (p) => ({ value: bowl(p) })))).toBeLessThan(1e-3);
  });

  it("finds the same whichever way is better", () => {
    const up = search(plane, 16, (p) => ({ value: -bowl(p) }), { direction: "maximize" });
    expect(up.map(({ params }) => params)).toEqual(search(plane, 16, (p) => ({ value: bowl(p) })).map((t) => t.params));
  });

  it("searches choices, steps and branches", () => {
    const space = {
      kind: categorical(["a", "b", "c"]),
      n: int(1, 200, { log: true }),
      q: float(0, 1, { step: 0.125 }),
      b_x: float(0, 1, { when: { kind: "b" } }),
      c_x: float(0, 1, { when: { kind: "c" } }),
    };
    const value = (p: Params): number =>
      Math.log(at(p, "n") / 20) ** 2 +
      4 * (at(p, "q") - 0.75) ** 2 +
      (p["kind"] === "b" ? (at(p, "b_x") - 0.3) ** 2 : p["kind"] === "c" ? 0.3 + at(p, "c_x") : 0.5);
    const bests = [1, 2].map((seed) => least(search(space, 45, (p) => ({ value: value(p) }), { seed })));
    // The bottom is 0; within the branch of kind "a" it is 0.5, of "c" 0.3.
    expect(Math.max(...bests)).toBeLessThan(0.02);
  });

  it("answers at once while the first trials are drawn, and by a promise from then on", async () => {
    const sampler = new GpSampler();
    for (const n of [0, 5, 9]) {
      const first = sampler.suggest(
        plane,
        { direction: "minimize", trials: search(plane, n, () => ({ value: n })) },
        streamOf(1, n),
      );
      expect(isPromised(first)).toBe(false);
    }
    const later = sampler.suggest(
      plane,
      { direction: "minimize", trials: search(plane, 10, () => ({ value: 1 })) },
      streamOf(1, 9),
    );
    expect(isPromised(later)).toBe(true);
    await later;
  });

  it("proposes in its thread, bit for bit, what it proposes in this one", async () => {
    const space = { ...plane, n: int(1, 9), c: categorical(["u", "v"]) };
    for (const n of [15, 40, 80]) {
      const history = mixedHistory(space, n, "minimize", bowl);
      const there = await new GpSampler().suggest(space, history, streamOf(3, n));
      expect(there).toEqual(here().suggest(space, history, streamOf(3, n)));
    }
  });

  it("draws parameters that are suggested without being declared, by its process", async () => {
    const study = await createStudy({ storage: "memory", direction: "minimize", sampler: new GpSampler(), seed: 4 });
    await study.optimize((trial) => (trial.suggestFloat("x", -10, 10) - 2) ** 2, { trials: 25 });
    expect(study.bestTrial?.value).toBeLessThan(1e-3);
  });
});

describe("what it learns from", () => {
  const half = { x: float(0, 1), y: float(0, 1) };
  // The best of what works is at the border of what fails.
  const slope = (p: Params): number => (at(p, "x") - 0.8) ** 2 + (at(p, "y") - 0.4) ** 2;

  it.each(["failed", "worst"] as const)("keeps out of a half where trials end as %s, and finds its border", (how) => {
    const bad: Outcome = how === "failed" ? { state: "failed", failure } : { value: NaN };
    const trials = search(half, 40, (p) => (at(p, "x") > 0.5 ? bad : { value: slope(p) }));
    const late = trials.slice(20).filter(({ params }) => at(params, "x") > 0.5).length;
    expect(late).toBeLessThan(18);
    const good = trials.filter(({ params }) => at(params, "x") <= 0.5);
    // 0.09 at (0.5, 0.4)
    expect(least(good)).toBeLessThan(0.095);
  });

  it("learns nothing of parameters whose worker crashed", () => {
    const trials = search(half, 12, (p) => ({ value: slope(p) }));
    const crashed = trialOf(
      12,
      { x: 0.5, y: 0.5 },
      { state: "failed", failure: { ...failure, class: "worker-crash" } },
    );
    const ask = (of: readonly Trial[]): Params =>
      here().suggestAtOnce(half, { direction: "minimize", trials: of }, streamOf(1, 13));
    expect(ask([...trials, crashed])).toEqual(ask(trials));
  });

  it("meets a constraint at whose border the best is", () => {
    // Least x + y with x y >= 0.25: 1 at (0.5, 0.5).
    const trials = search(half, 40, (p) => ({
      value: at(p, "x") + at(p, "y"),
      constraints: { product: 0.25 - at(p, "x") * at(p, "y") },
    }));
    const feasible = trials.filter(({ constraints }) => (constraints["product"] as number) <= 0);
    expect(least(feasible)).toBeLessThan(1.02);
    // Half of what lies at the border misses it.
    expect(feasible.length).toBeGreaterThan(8);
  });

  it("looks for a feasible trial where there is none yet", () => {
    const trials = search(half, 30, (p) => ({
      value: at(p, "x"),
      constraints: { ring: Math.hypot(at(p, "x") - 0.7, at(p, "y") - 0.2) - 0.05 },
    }));
    expect(trials.slice(10).some(({ constraints }) => (constraints["ring"] as number) <= 0)).toBe(true);
  });

  it("believes what trials under way come to, and looks for what is better than that", () => {
    const trials: Trial[] = search(plane, 12, (p) => ({ value: bowl(p) }));
    const ask = (of: readonly Trial[]): Params =>
      here().suggestAtOnce(plane, { direction: "minimize", trials: of }, streamOf(2, 12));
    const first = ask(trials);
    const second = ask([...trials, trialOf(12, first, { state: "running" })]);
    const apart = Math.hypot(at(first, "x") - at(second, "x"), at(first, "y") - at(second, "y"));
    expect(apart).toBeGreaterThan(0.05);
  });

  it("sees that pruned trials were bad", () => {
    // Complete trials lie left, where nothing changes; what was pruned lies right, by reports that are much worse.
    const trials = Array.from({ length: 24 }, (_, i): Trial => {
      const rng = createRng(5, i);
      const [x, y] = [rng() / 2, rng()];
      if (i % 2 === 0) return trialOf(i, { x, y }, { value: 1 + y, intermediate: [[1, 2 + y]] });
      return trialOf(i, { x: x + 0.5, y }, { state: "pruned", intermediate: [[1, 9 + y]] });
    });
    const asked = Array.from({ length: 8 }, (_, i) =>
      here().suggestAtOnce(half, { direction: "minimize", trials }, streamOf(i, 24)),
    );
    expect(asked.filter((p) => at(p, "x") > 0.5)).toEqual([]);
  });

  it("proposes no point of a finite space twice while there are others", () => {
    const space = { n: int(1, 4), c: categorical(["u", "v", "w"]) };
    const trials = search(space, 12, (p) => ({ value: at(p, "n") }));
    const drawn = new Set(trials.slice(10).map(({ params }) => JSON.stringify(params)));
    const first = new Set(trials.slice(0, 10).map(({ params }) => JSON.stringify(params)));
    expect([...drawn].filter((p) => first.has(p))).toEqual([]);
    expect(
      here().suggestAtOnce(
        space,
        { direction: "minimize", trials: search(space, 60, () => ({ value: 1 })) },
        streamOf(1, 60),
      ),
    ).toBeTruthy();
  });

  it("takes infinite values, equal ones, and one point many times", () => {
    const values = [Infinity, -Infinity, 1, 2, 3, 1e300, -1e300, 0, 5, 4, 3, 2];
    const ask = (trials: Trial[]): Params =>
      here().suggestAtOnce(plane, { direction: "minimize", trials }, streamOf(1, 12));
    expect(ask(search(plane, 12, () => ({ value: values.pop() ?? 0 })))).toHaveProperty("y");
    expect(ask(search(plane, 12, () => ({ value: 7 })))).toHaveProperty("y");
    expect(
      ask(values.concat([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).map((value, i) => trialOf(i, { x: 1, y: 1 }, { value }))),
    ).toHaveProperty("y");
  });
});

describe("several objectives", () => {
  const directions = ["minimize", "maximize"] as const;
  // Undominated between (0, 0) and (1, 1): least distance from the one, most nearness to the other.
  const both = (p: Params): Outcome => ({
    values: [at(p, "x") ** 2 + at(p, "y") ** 2, -((at(p, "x") - 1) ** 2) - (at(p, "y") - 1) ** 2],
  });

  it("spreads over the front", () => {
    const trials = search(plane, 40, both, { directions });
    const front = paretoFront(trials, directions);
    // On the diagonal between the two: |x - y| is the distance from the front.
    const near = front.filter(
      ({ params: p }) => Math.abs(at(p, "x") - at(p, "y")) < 0.1 && at(p, "x") > -0.1 && at(p, "x") < 1.1,
    );
    expect(near.length).toBeGreaterThan(12);
    const places = near.map(({ params: p }) => at(p, "x"));
    expect(Math.max(...places) - Math.min(...places)).toBeGreaterThan(0.7);
  });

  it("meets constraints there as well", () => {
    const trials = search(plane, 35, (p) => ({ ...both(p), constraints: { x: at(p, "x") - 0.5 } }), { directions });
    const front = paretoFront(trials, directions);
    expect(front.length).toBeGreaterThan(8);
    expect(Math.max(...front.map(({ params }) => at(params, "x")))).toBeGreaterThan(0.4);
  });
});

describe("options", () => {
  it.each<[GpSamplerOptions, string]>([
    [{ nStartupTrials: -1 }, "gp: nStartupTrials must be an integer of at least 0, got -1"],
    [{ nModelled: 5 }, "gp: nModelled must be an integer between 10 and 1000, got 5"],
    [{ nModelled: 1e6 }, "gp: nModelled must be an integer between 10 and 1000, got 1000000"],
  ])("are checked: %o", (options, message) => {
    expect(() => new GpSampler(options)).toThrow(message);
  });
});
