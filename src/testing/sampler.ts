/** The conformance suite of samplers. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { requireKnownKeys } from "../core/index.js";
import type { Failure, KnownKeys, Params, SearchSpace, Trial } from "../core/index.js";
import type { Sampler } from "../samplers/sampler.js";
import { fitsSpace } from "./fits-space.js";
import type { TestRunner } from "./runner.js";
import { continuousSpaces, finiteSpaces, mixedHistory, streamOf } from "./sampler-scenes.js";
import { trialOf } from "./trials.js";

/** A sampler to be tried. */
export interface SamplerCase {
  readonly name: string;
  /** Makes one; called often. */
  readonly make: () => Sampler;
  /** For one that lays a finite space out and comes to its end: it takes no continuous ranges. @default false */
  readonly finite?: boolean;
  /** For one whose proposals follow a sequence: how many trials there are counts, whatever became of them. @default false */
  readonly sequence?: boolean;
  /** How to make the same sampler in another process. Without it that case is left out. */
  readonly elsewhere?: ElsewhereSampler;
}

/** A sampler as another process makes it. */
export interface ElsewhereSampler {
  /** The module's URL: `import.meta.resolve("./halton.js")`. */
  readonly module: string;
  /** An expression over `lib`, the imported module: `new lib.HaltonSampler()`. */
  readonly expression: string;
}

/** Registers what every sampler must do, whatever it learns from a history. */
export function samplerConformance(runner: TestRunner, of: SamplerCase): void {
  requireKnownKeys("samplerConformance", of, {
    name: true,
    make: true,
    finite: true,
    sequence: true,
    elsewhere: true,
  } satisfies KnownKeys<SamplerCase>);
  const spaces: Readonly<Record<string, SearchSpace>> = of.finite
    ? finiteSpaces
    : { ...finiteSpaces, ...continuousSpaces };
  runner.describe(`sampler ${of.name}`, () => {
    for (const [name, space] of Object.entries(spaces))
      runner.describe(name, () => {
        casesOfSpace(runner, of, space);
      });
    casesOfHistory(runner, of);
    if (of.make().objectives === "several") casesOfSeveralObjectives(runner, of);
    if (of.make().suggestAtOnce) casesOfAtOnce(runner, of, spaces);
    if (of.elsewhere) caseElsewhere(runner, of, of.elsewhere);
  });
}

function assertFits(space: SearchSpace, params: Params | null): void {
  assert.ok(params && fitsSpace(space, params), `not in the space: ${JSON.stringify(params)}`);
}

function casesOfSpace({ it }: TestRunner, { make, finite = false }: SamplerCase, space: SearchSpace): void {
  for (const direction of ["minimize", "maximize"] as const)
    it(`stays in the space, whatever the history (${direction})`, async () => {
      for (const n of [0, 1, 9, 10, 40])
        for (let seed = 0; seed < 3; seed++) {
          const params = await make().suggest(space, mixedHistory(space, n, direction), streamOf(seed, n));
          // Only a sampler that lays out the space may have nothing left.
          if (params === null) assert.deepEqual([finite, n], [true, 40]);
          else {
            assertFits(space, params);
            assert.ok(Object.keys(params).every((k) => Object.hasOwn(space, k)));
          }
        }
    });
  it("gives only active parameters, in the space's order", async () => {
    const params = (await make().suggest(space, mixedHistory(space, 15), streamOf(5, 15))) ?? {};
    assert.deepEqual(
      Object.keys(params),
      Object.keys(space).filter((k) => k in params),
    );
    assert.ok(!("never" in params));
  });
  it("leaves its input as it was", async () => {
    const history = mixedHistory(space, 30);
    const before = JSON.stringify([space, history]);
    await make().suggest(space, history, streamOf(0, 30));
    assert.equal(JSON.stringify([space, history]), before);
  });
  it("gives the same output for the same input, from another instance and after other asks", async () => {
    const history = mixedHistory(space, 25);
    const first = make();
    const expected = await first.suggest(space, history, streamOf(7, 25));
    await first.suggest(space, mixedHistory(space, 12, "maximize"), streamOf(8, 12));
    assert.deepEqual(await first.suggest(space, structuredClone(history), streamOf(7, 25)), expected);
    assert.deepEqual(await make().suggest(structuredClone(space), history, streamOf(7, 25)), expected);
  });
  it("makes do with trials of another space", async () => {
    const foreign = Array.from({ length: 5 }, (_, i) => trialOf(i, { foreign: i, n: 1e9 }, { value: -1e9 }));
    assertFits(space, await make().suggest(space, { direction: "minimize", trials: foreign }, streamOf(1, 5)));
  });
}

function casesOfHistory({ it }: TestRunner, { make, finite = false, sequence = false }: SamplerCase): void {
  const space = finiteSpaces.integers;
  it("learns nothing from trials that failed for reasons of the machine's", async () => {
    const { trials } = mixedHistory(space, 40);
    const known = trials.filter((t) => t.state !== "failed");
    const failure = (i: number): Failure => ({
      class: i % 2 === 0 ? "worker-crash" : "interrupted",
      message: "gone",
      where: "worker",
    });
    const marked = trials.map((t, i) =>
      known.includes(t) ? t : trialOf(t.number, { n: 99 }, { state: "failed", failure: failure(i) }),
    );
    const ask = async (of: readonly Trial[]): Promise<Params | null> =>
      make().suggest(space, { direction: "minimize", trials: of }, streamOf(3, 40));
    const expected = await ask(sequence ? trials : known);
    // One that lays out the space has to skip them, so that it ends.
    if (!finite) assert.deepEqual(await ask(trials), expected);
    assert.deepEqual(await ask(marked), expected);
  });

  it("makes do where every trial failed by its parameters", async () => {
    const failure: Failure = { class: "diverged", message: "the loss is NaN", where: "epoch 1" };
    for (const n of [1, 12, 40]) {
      const failed = mixedHistory(space, n).trials.map(({ number, params }) =>
        trialOf(number, params, { state: "failed", failure }),
      );
      const params = await make().suggest(space, { direction: "minimize", trials: failed }, streamOf(4, n));
      if (params !== null || !finite) assertFits(space, params);
    }
  });

  it("sees the same history in whatever order its records stand", async () => {
    const { trials } = mixedHistory(space, 40);
    const ask = async (of: readonly Trial[]): Promise<Params | null> =>
      make().suggest(space, { direction: "minimize", trials: of }, streamOf(5, 40));
    const expected = await ask(trials);
    assert.deepEqual(await ask([...trials].reverse()), expected);
    assert.deepEqual(await ask([...trials.slice(17), ...trials.slice(0, 17)]), expected);
  });

  it("makes 30 trials of 15 and 15", async () => {
    const go = async (sampler: Sampler, from: readonly Trial[], to: number): Promise<Trial[]> => {
      const trials = [...from];
      for (let n = from.length; n < to; n++) {
        const params = await sampler.suggest(space, { direction: "minimize", trials }, streamOf(11, n));
        if (params) trials.push(trialOf(n, params, { value: (params["n"] as number) ** 2 }));
      }
      return trials;
    };
    const half = structuredClone(await go(make(), [], 15));
    assert.deepEqual(await go(make(), half, 30), await go(make(), [], 30));
  });

  it("takes a history of 5,000 trials", async () => {
    const wide: SearchSpace = finite ? space : continuousSpaces["everything, parents last"];
    const params = await make().suggest(wide, mixedHistory(wide, 5000), streamOf(2, 5000));
    // The finite space has 352 points, all of which such a history has visited.
    if (finite) assert.equal(params, null);
    else assertFits(wide, params);
  });
}

function casesOfSeveralObjectives({ it }: TestRunner, { make }: SamplerCase): void {
  const space = finiteSpaces["a conditional tree"];
  it("takes a history with several values a trial, under constraints that some miss", async () => {
    const { trials } = mixedHistory(space, 20, "minimize", (params) => Number(params["depth"]));
    const several = trials.map(({ value: _one, ...trial }, i): Trial => {
      const values = trial.values && [trial.values[0] as number, i % 3];
      return Object.freeze({ ...trial, values, constraints: { c: i % 4 === 0 ? NaN : i - 10 } });
    });
    const directions = ["minimize", "maximize"] as const;
    const ask = async (): Promise<Params | null> =>
      make().suggest(space, { direction: "minimize", directions, trials: several }, streamOf(6, 20));
    const params = await ask();
    assertFits(space, params);
    assert.deepEqual(await ask(), params);
  });
}

function casesOfAtOnce({ it }: TestRunner, { make }: SamplerCase, spaces: Readonly<Record<string, SearchSpace>>): void {
  it("suggests the same at once", async () => {
    for (const space of Object.values(spaces)) {
      const history = mixedHistory(space, 25);
      const params = make().suggestAtOnce?.(space, history, streamOf(7, 25));
      assert.deepEqual(params, await make().suggest(space, history, streamOf(7, 25)));
    }
  });
  it("suggests one after another what is asked at the same time, each as if it were alone", async () => {
    const space = finiteSpaces.integers;
    const asks = [11, 25, 40].map((n) => [mixedHistory(space, n), n] as const);
    const together = await Promise.all(asks.map(([history, n]) => make().suggest(space, history, streamOf(9, n))));
    for (const [i, [history, n]] of asks.entries())
      assert.deepEqual(together[i], await make().suggest(space, history, streamOf(9, n)));
  });
}

function caseElsewhere({ it }: TestRunner, { make }: SamplerCase, { module, expression }: ElsewhereSampler): void {
  it("gives the same output in another process", async () => {
    const space: SearchSpace = finiteSpaces["a conditional tree"];
    const { trials } = mixedHistory(space, 6, "minimize", (p) => p["depth"] as number);
    const numbers = [...trials.filter(({ value }) => Number.isFinite(value)), trialOf(6, { depth: 1 }, { value: 0.5 })];
    const stream = streamOf(4, 7);
    const drawn: number[] = [];
    const history = { direction: "minimize", trials: numbers } as const;
    const here = await make().suggest(space, history, () => {
      drawn.push(stream());
      return drawn.at(-1) as number;
    });
    const script = `
      const lib = await import(${JSON.stringify(module)});
      const [space, history, drawn] = ${JSON.stringify([space, history, drawn])};
      const sampler = ${expression};
      console.log(JSON.stringify(await sampler.suggest(space, history, () => drawn.shift())));`;
    const there = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(there), here);
  });
}
