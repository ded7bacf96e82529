import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { OptimizeEvent, Params, StudyEvent } from "../../../src/core/index.js";
import { MlbenchError } from "../../../src/core/index.js";
import type { Place } from "../../../src/executors/executor.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { StudyWriter } from "../../../src/storage/storage.js";
import type { Study } from "../../../src/study/study.js";
import { ManualExecutor, square, study } from "../../fixtures/study/studies.js";

/** A sampler that proposes when a test says so. */
class PromptedSampler implements Sampler {
  readonly name = "prompted";
  readonly #asked: ((params: Params) => void)[] = [];

  suggest(): Promise<Params> {
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  /** Resolves when somebody waits for a proposal. */
  async waitedFor(): Promise<void> {
    while (this.#asked.length === 0) await turn();
  }

  async propose(x: number): Promise<void> {
    await this.waitedFor();
    this.#asked.shift()?.({ x });
  }
}

/** A storage with appends of a test's own. */
class OddStorage extends MemoryStorage {
  readonly #append: (written: Promise<void>, events: readonly StudyEvent[]) => Promise<void>;

  constructor(append: (written: Promise<void>, events: readonly StudyEvent[]) => Promise<void>) {
    super();
    this.#append = append;
  }

  override async openWriter(name: string): Promise<StudyWriter> {
    const writer = await super.openWriter(name);
    const append = writer.append.bind(writer);
    writer.append = (...events) => this.#append(append(...events), events);
    return writer;
  }
}

/** Resolves when the study has so many records. */
async function recorded(s: Study, count: number): Promise<void> {
  while (s.trials.length < count) await turn();
}

/** Lets everything happen that waits for nothing from outside. */
async function settled(): Promise<void> {
  for (let left = 20; left > 0; left--) await turn();
}

const states = (s: Study): string[] => s.trials.map(({ state }) => state);

describe("a waiting trial that somebody ends", () => {
  it("while it waits for its place takes none, and the next are run", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const options = { trials: 4, deterministic: true, concurrency: 3 };
    const call = s.optimizeWith(async () => executor.runner(), options);
    await executor.started(0);
    await recorded(s, 3);
    expect(await s.stopTrial(1)).toMatchObject({ number: 1, state: "failed" });
    for (const number of [0, 2, 3]) {
      await executor.started(number);
      executor.complete(number, number);
    }
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 4 });
    expect(states(s)).toEqual(["complete", "failed", "complete", "complete"]);
  });

  it("takes no place that comes before its end is durable either", async () => {
    let write: () => void = () => undefined;
    const disk = new Promise<void>((resolve) => (write = resolve));
    const storage = new OddStorage(async (written, [event]) => {
      await written;
      if (event?.type === "trial-finished" && event.number === 1) await disk;
    });
    const s = await study({ storage });
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 3, deterministic: true, concurrency: 2 });
    await executor.started(0);
    await recorded(s, 2);
    const stopped = s.stopTrial(1);
    executor.complete(0, 1);
    await executor.started(2);
    write();
    expect(await stopped).toMatchObject({ state: "failed" });
    executor.complete(2, 1);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 3 });
  });

  it("and is the last that was wanted ends the call, though no place ever comes", async () => {
    const s = await study();
    const executor = new ManualExecutor(0);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1, deterministic: true, concurrency: 1 });
    await recorded(s, 1);
    await s.stopTrial(0);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 1, exitCode: 1 });
  });

  it("does not hold the results of those after it", async () => {
    const s = await study();
    const executor = new (class extends ManualExecutor {
      #asked = 0;

      /** Whoever is second waits until called off. */
      override acquire(signal?: AbortSignal): Promise<Place> {
        return this.#asked++ === 1 ? new ManualExecutor(0).acquire(signal) : super.acquire(signal);
      }
    })(2);
    const held: number[] = [];
    const call = s.optimizeWith(async () => executor.runner(), {
      ...{ trials: 3, deterministic: true, concurrency: 3 },
      onEvent: (event) => event.event === "held" && held.push(event.waitsFor),
    });
    await executor.started(0, 2);
    executor.complete(0, 0);
    while (s.bestTrial === null) await turn();
    executor.complete(2, 2);
    while (held.length === 0) await turn();
    await s.stopTrial(1);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 3 });
    expect([held, states(s)]).toEqual([[1], ["complete", "failed", "complete"]]);
  });

  it("while the sampler completes it is not handed out; the next trial is drawn", async () => {
    const sampler = new PromptedSampler();
    const s = await study({ sampler });
    const queued = await s.enqueueTrial({});
    const call = s.optimize(square, { trials: 2 });
    await sampler.waitedFor();
    await s.stopTrial(queued.number);
    await sampler.propose(1);
    await sampler.propose(2);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 2, best: { number: 1, value: 4 } });
    expect(states(s)).toEqual(["failed", "complete"]);
  });
});

describe("a waiting trial that is banned", () => {
  it("is neither run nor handed out until it is restored", async () => {
    const s = await study();
    const queued = await s.enqueueTrial({ x: 1 });
    await s.annotate(queued.number, { banned: true });
    expect((await s.ask()).number).toBe(1);
    await s.optimize(square, { trials: 1 });
    expect(states(s)).toEqual(["waiting", "running", "complete"]);
    await s.annotate(queued.number, { banned: false });
    await s.optimize(square, { trials: 1 });
    expect(s.trials[0]).toMatchObject({ state: "complete", value: 1 });
  });

  it("while it waits for its place takes none", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 2, deterministic: true, concurrency: 2 });
    await executor.started(0);
    await recorded(s, 2);
    await s.annotate(1, { banned: true });
    // Another takes its place in the queue at once.
    await recorded(s, 3);
    executor.complete(0, 1);
    await executor.started(2);
    executor.complete(2, 1);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 2 });
    expect(states(s)).toEqual(["complete", "waiting", "complete"]);
  });

  it("and repeats a failed one is not waited for", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const onEvent = (event: OptimizeEvent): void => {
      // Queued by now, and nothing else is: it is banned before there is a place for it.
      if (event.event === "trial" && event.trial.number === 0) void s.annotate(1, { banned: true });
    };
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1, maxRetries: 1, onEvent });
    await executor.started(0);
    executor.fail(0);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 1 });
    expect(states(s)).toEqual(["failed", "waiting"]);
  });

  it("while the sampler completes it is not started", async () => {
    const sampler = new PromptedSampler();
    const s = await study({ sampler });
    const queued = await s.enqueueTrial({});
    const call = s.optimize(square, { trials: 1 });
    await sampler.waitedFor();
    await s.annotate(queued.number, { banned: true });
    await sampler.propose(1);
    await sampler.propose(2);
    expect(await call).toMatchObject({ finished: 1, best: { number: 1 } });
  });
});

it("what a runner does when bans change comes once that is durable, and during a call only", async () => {
  let durable = false;
  const storage = new OddStorage(async (written, events) => {
    await written;
    if (events[0]?.type !== "trial-annotated") return;
    await turn();
    durable = true;
  });
  const s = await study({ storage });
  const executor = new ManualExecutor(1);
  const heard: boolean[] = [];
  const runner = { ...executor.runner(), onBansChanged: () => void heard.push(durable) };
  const call = s.optimizeWith(async () => runner, { trials: 1 });
  await executor.started(0);
  await s.annotate(0, { note: "of no consequence" });
  durable = false;
  await s.annotate(0, { banned: true });
  await s.annotate(0, { banned: true });
  executor.complete(0, 1);
  await call;
  await s.annotate(0, { banned: false });
  expect(heard).toEqual([true]);
});

describe.each([false, true])("a draw that takes its time (deterministic: %s)", (deterministic) => {
  it("starts nothing once the call is paused; the trial is drawn again on resuming", async () => {
    const sampler = new PromptedSampler();
    const s = await study({ sampler });
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1, deterministic });
    await sampler.waitedFor();
    s.pause();
    await sampler.propose(1);
    await settled();
    expect([states(s), executor.running.size]).toEqual([[], 0]);
    s.resume();
    await sampler.propose(2);
    await executor.started(0);
    executor.complete(0, 4);
    expect(await call).toMatchObject({ finished: 1, best: { params: { x: 2 } } });
  });

  it("starts nothing once the call is stopped", async () => {
    const sampler = new PromptedSampler();
    const s = await study({ sampler });
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1, deterministic });
    await sampler.waitedFor();
    s.stop();
    await sampler.propose(1);
    expect(await call).toMatchObject({ stoppedBy: "stop", finished: 0 });
    expect(states(s)).toEqual([]);
  });

  it("starts nothing once a trial that was told meets the goal", async () => {
    const sampler = new PromptedSampler();
    const s = await study({ sampler });
    const asking = s.ask();
    await sampler.propose(0);
    const asked = await asking;
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1, deterministic });
    await sampler.waitedFor();
    await s.tell(asked, { value: 1 });
    await sampler.propose(1);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 1 });
    expect(states(s)).toEqual(["complete"]);
  });
});

describe("a disk that refuses a new trial", () => {
  const full = new MlbenchError("storage-full", "the disk is full");
  const refusing = (from: number): OddStorage => {
    let created = 0;
    return new OddStorage(async (written, events) => {
      await written;
      if (events[0]?.type === "trial-created" && ++created >= from) throw full;
    });
  };

  it.each([true, false])("ends the call with its error (deterministic: %s)", async (deterministic) => {
    const s = await study({ storage: refusing(3) });
    const call = s.optimize(square, { trials: 6, deterministic, concurrency: 2 });
    await expect(call).rejects.toBe(full);
    expect(s.trials.length).toBeLessThan(6);
  });

  it("ends a deterministic call also while the trial waits for its place", async () => {
    const s = await study({ storage: refusing(1) });
    const executor = new ManualExecutor(0);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 6, deterministic: true, concurrency: 2 });
    await expect(call).rejects.toBe(full);
  });
});

it("a repeat that waits for its place is asked for once: the event loop turns meanwhile", async () => {
  const s = await study();
  const executor = new ManualExecutor(1);
  // The place is held until those who are told of the first trial are done.
  const callbacks = [async () => settled()];
  const options = { trials: 1, maxRetries: 1, deterministic: true, concurrency: 2, callbacks };
  const call = s.optimizeWith(async () => executor.runner(), options);
  await executor.started(0);
  executor.fail(0);
  await executor.started(1);
  executor.complete(1, 1);
  expect(await call).toMatchObject({ finished: 1, best: { number: 1, retry_of: 0 } });
});
