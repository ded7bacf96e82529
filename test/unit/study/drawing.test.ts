import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { History, Params, Rng, SearchSpace, Trial } from "../../../src/core/index.js";
import { categorical, float } from "../../../src/core/index.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import { QmcSampler } from "../../../src/samplers/qmc/qmc.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import type { ExecutedTrial, RunHooks } from "../../../src/executors/executor.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { header } from "../../fixtures/storage/records.js";
import { createStoredStudy, ManualExecutor, outcomes, square, study } from "../../fixtures/study/studies.js";
import { runningTrial } from "../../fixtures/trials.js";

/** A sampler that answers after some turns of the event loop: fewer each time, so that late answers would overtake. */
class LateSampler implements Sampler {
  readonly name = "late";
  readonly #inner: Sampler;
  inside = 0;
  most = 0;
  asked = 0;

  constructor(inner: Sampler) {
    this.#inner = inner;
  }

  async suggest(space: SearchSpace, history: History, rng: Rng): Promise<Params | null> {
    this.most = Math.max(this.most, ++this.inside);
    for (let left = 20 - (this.asked++ % 20); left > 0; left--) await turn();
    this.inside--;
    return this.#inner.suggest(space, history, rng);
  }
}

it("a suggestion may be promised by a promise of any making", async () => {
  let asked = 0;
  const later = (params: Params): Promise<Params> =>
    ({ then: (done: (params: Params) => void) => void turn().then(() => done(params)) }) as unknown as Promise<Params>;
  const s = await study({
    space: { x: float(0, 1) },
    sampler: { name: "foreign", suggest: () => later({ x: ++asked / 8 }) },
  });
  await s.enqueueTrial({});
  await s.optimize(square, { trials: 3 });
  expect(s.trials.map(({ params: { x } }) => x)).toEqual([1 / 8, 2 / 8, 3 / 8]);
});

describe("a sampler that follows a sequence", () => {
  const sampler = new QmcSampler();
  const wanted = async (count: number): Promise<unknown[]> => {
    const s = await study({ space: { y: float(0, 1) }, sampler, seed: 3 });
    await s.optimize(() => 1, { trials: count });
    return s.trials.map(({ params: { y } }) => y);
  };

  it("fills up queued trials with the points of their numbers", async () => {
    const s = await study({ space: { y: float(0, 1), x: float(0, 1) }, sampler, seed: 3 });
    for (let i = 0; i < 4; i++) await s.enqueueTrial({ x: i / 4 });
    await s.optimize(() => 1, { trials: 6 });
    expect(s.trials.map(({ params: { y } }) => y)).toEqual(await wanted(6));
  });

  it("gives trials that run side by side the points of their numbers where nothing is declared", async () => {
    const s = await study({ space: {}, sampler, seed: 3 });
    const asked = await Promise.all(Array.from({ length: 8 }, () => s.ask()));
    const ys = asked.map((trial) => trial.suggestFloat("y", 0, 1));
    expect(ys).toEqual(await wanted(8));
  });
});

describe("a suggested null", () => {
  const space = { c: categorical([null, "a", "b"]), x: float(0, 1) };
  /** Whatever else there is: c is null. */
  const nulls: Sampler = { name: "nulls", suggest: () => ({ c: null, x: 0.5 }) };

  it("is the choice of a queued trial that leaves the parameter open", async () => {
    const s = await study({ space, sampler: nulls, settings: { on_duplicate: "run" } });
    for (let i = 0; i < 20; i++) await s.enqueueTrial({ x: i / 20 });
    await s.optimize(() => 1, { trials: 20 });
    expect(s.trials.map(({ params }) => params["c"])).toEqual(Array.from({ length: 20 }, () => null));
  });

  it("is the choice of a parameter that is suggested without being declared", async () => {
    const s = await study({ space: {}, sampler: { name: "nulls", suggest: () => ({ c: null }) } });
    await s.optimize((trial) => (trial.suggestCategorical("c", [null, "a", "b"]) === null ? 0 : 1), { trials: 20 });
    expect(s.trials.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, () => 0));
  });

  it("is found by a search in which it is best", async () => {
    const s = await study({
      space,
      sampler: new TpeSampler({ nStartupTrials: 10 }),
      settings: { on_duplicate: "run" },
      seed: 3,
    });
    for (let i = 0; i < 60; i++) await s.enqueueTrial({ x: 0.5 });
    await s.optimize((trial) => (trial.params["c"] === null ? 0 : 1), { trials: 60 });
    const late = s.trials.slice(20).filter(({ params }) => params["c"] === null).length;
    // By chance it would be a third, 13 of 40.
    expect(late).toBeGreaterThan(24);
  });
});

describe("a sampler that takes its time", () => {
  it("draws one trial after another, each knowing those before it", async () => {
    const sampler = new LateSampler(new RandomSampler());
    const s = await study({ sampler });
    await s.optimize(square, { trials: 12, concurrency: 4 });
    expect(sampler.most).toBe(1);
    const prompt = await study();
    await prompt.optimize(square, { trials: 12 });
    expect(s.trials.map(({ params }) => params)).toEqual(prompt.trials.map(({ params }) => params));
  });

  it("serves ask, queued trials and retries that come meanwhile", async () => {
    const sampler = new LateSampler(new RandomSampler());
    const s = await study({ sampler });
    const [a, queued, b] = await Promise.all([s.ask(), s.enqueueTrial({ x: 1 }), s.ask()]);
    expect([a.number, queued.number, b.number]).toEqual([0, 1, 1]);
    expect(b.params).toEqual({ x: 1 });
    const prompt = await study();
    expect(a.params).toEqual((await prompt.ask()).params);
  });

  it("in a deterministic call gives the trials of a sampler that answers at once", async () => {
    const run = async (sampler: Sampler): Promise<unknown[]> => {
      const s = await study({ sampler });
      await s.optimize(
        async (trial) => {
          // The first of each pair ends last.
          for (let left = trial.number % 2 === 0 ? 9 : 1; left > 0; left--) await turn();
          return square(trial);
        },
        { trials: 16, concurrency: 3, deterministic: true },
      );
      return outcomes(s.trials);
    };
    const wanted = await run(new TpeSampler({ nStartupTrials: 4 }));
    expect(await run(new LateSampler(new TpeSampler({ nStartupTrials: 4 })))).toEqual(wanted);
  });

  it("cannot answer for parameters that are not declared, and says so", async () => {
    const s = await study({ space: {}, sampler: new LateSampler(new RandomSampler()) });
    await s.optimize((trial) => trial.suggestFloat("x", 0, 1), { trials: 1 });
    expect(s.trials[0]).toMatchObject({
      state: "failed",
      failure: { message: expect.stringMatching(/declare/) as unknown },
    });
  });

  it("that rejects ends the call with what it said", async () => {
    const s = await study({ sampler: { name: "broken", suggest: async () => Promise.reject(new Error("no model")) } });
    await expect(s.optimize(square, { trials: 3 })).rejects.toThrow("no model");
  });
});

/** Its workers outlive the process that the study was open in. */
class AdoptingExecutor extends ManualExecutor {
  readonly #alive: readonly number[];

  constructor(slots: number, alive: readonly number[]) {
    super(slots);
    this.#alive = alive;
  }

  adopt(trial: Trial, hooks: RunHooks): Promise<ExecutedTrial> | null {
    return this.#alive.includes(trial.number) ? this.underWay(trial, hooks) : null;
  }
}

describe("an executor of the caller's own", () => {
  it("runs the trials of several studies and is left open", async () => {
    const executor = new ManualExecutor(1);
    const [one, two] = [await study(), await study()];
    const runner = { ...executor.runner(), keepsExecutor: true };
    const calls = [one, two].map((s) => s.optimizeWith(async () => runner, { trials: 2 }));
    for (let i = 0; i < 4; i++) {
      while (executor.running.size === 0) await turn();
      for (const number of [...executor.running.keys()]) executor.complete(number, 1);
    }
    expect(await Promise.all(calls)).toMatchObject([{ finished: 2 }, { finished: 2 }]);
    expect(executor.closed).toBe(false);
  });

  it("may go on with trials that an earlier process left running", async () => {
    const storage = new MemoryStorage();
    const s = await createStoredStudy(storage, header("left", { space: { x: float(-5, 5) }, task: {} }));
    // A process that dies gives nothing back: its trials are left running.
    const writer = await storage.openWriter("left");
    for (const number of [0, 1]) await writer.append({ type: "trial-created", trial: runningTrial(number) });
    await writer.append({ type: "trial-report", number: 0, step: 1, value: 0.5, seen: 0 });
    await writer.close();
    const executor = new AdoptingExecutor(1, [0]);
    const call = s.optimizeWith(async () => executor.runner(), { totalTrials: 2 });
    await executor.started(0, 1);
    executor.report(0, 2, 0.25);
    executor.complete(0, 0.25);
    executor.complete(1, 1);
    expect(await call).toMatchObject({ finished: 2 });
    expect(s.trials.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(s.trials[0]).toMatchObject({
      state: "complete",
      attempt: 1,
      intermediate: [
        [1, 0.5],
        [2, 0.25],
      ],
    });
  });

  it("is not offered what was handed out by ask, under a lease or without", async () => {
    const s = await study();
    await s.ask();
    await s.ask({ lease: 60 });
    const executor = new AdoptingExecutor(1, [0, 1]);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1 });
    await executor.started(2);
    expect([...executor.running.keys()]).toEqual([2]);
    executor.complete(2, 1);
    expect(await call).toMatchObject({ finished: 1 });
    expect(s.trials.map(({ state }) => state)).toEqual(["running", "running", "complete"]);
  });
});
