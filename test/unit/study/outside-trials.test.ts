import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { loadStudy } from "../../../src/app/study.js";
import type { OptimizeEvent, StudyEvent } from "../../../src/core/index.js";
import { float, MlbenchError } from "../../../src/core/index.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { StudyWriter } from "../../../src/storage/storage.js";
import type { Study } from "../../../src/study/study.js";
import { loadedStudy, manualClock } from "../../fixtures/study/clock.js";
import { ManualExecutor, study } from "../../fixtures/study/studies.js";

/** A storage whose writer's appends go through `append`. */
class WatchedStorage extends MemoryStorage {
  append: (write: () => Promise<void>, events: readonly StudyEvent[]) => Promise<void> = (write) => write();
  flush: () => Promise<void> = async () => undefined;

  override async openWriter(name: string): Promise<StudyWriter> {
    const writer = await super.openWriter(name);
    const write = writer.append.bind(writer);
    writer.append = (...events) => this.append(() => write(...events), events);
    writer.flush = () => this.flush();
    return writer;
  }
}

const lost = expect.objectContaining({ code: "lease-lost" }) as unknown;

describe("the handle of a trial that is no more its holder's", () => {
  it.each([
    ["while the trial waits", false],
    ["when somebody else has the trial", true],
  ])("is refused whatever it says, %s", async (_when, handedOn) => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const old = await s.ask({ lease: 10 });
    old.report(1, 1);
    clock.advance(10_000);
    if (handedOn) await s.ask({ lease: 10 });
    clock.advance(9_000);
    const before = s.trials[0];
    for (const say of [
      () => {
        old.report(0.5, 2);
      },
      () => old.suggestFloat("more", 0, 1),
      () => {
        old.setUserAttr("who", "the old one");
      },
      () => {
        old.setConstraint("size", 1);
      },
    ])
      expect(say).toThrow(lost);
    expect(s.trials[0]).toBe(before);
    // Nor is the new holder's lease renewed by it.
    clock.advance(1_000);
    expect(s.trials[0]?.state).toBe("waiting");
  });

  it("without a lease is told by its attempt from a later one", async () => {
    const storage = new MemoryStorage();
    const s = await study({ storage, name: "s" });
    const old = await s.ask();
    await s.close();
    const writer = await storage.openWriter("s");
    const [at, owner] = ["2026-01-02T03:04:05.678Z", "external"];
    await writer.append(
      { type: "trial-requeued", number: 0, at, reason: "by hand" },
      { type: "trial-started", number: 0, started_at: at, owner, slot: null, backend: null },
    );
    await writer.close();
    expect(await s.heartbeat(0)).toBe("continue");
    expect(() => {
      old.report(1, 1);
    }).toThrow(lost);
  });

  it("is refused while the study is closed, and nobody pays for it later", async () => {
    const s = await study();
    const trial = await s.ask();
    await s.close();
    expect(() => {
      trial.report(1, 1);
    }).toThrow(expect.objectContaining({ code: "study-closed" }));
    expect(await s.heartbeat(0)).toBe("continue");
    trial.report(1, 2);
    expect(await s.tell(0, { value: 1 })).toMatchObject({ intermediate: [[2, 1]] });
    await s.close();
  });

  it("is its own as long as it lasts", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const trial = await s.ask({ lease: 10 });
    for (let step = 1; step <= 3; step++) {
      clock.advance(9_000);
      trial.report(1, step);
    }
    trial.setUserAttr("k", 1);
    trial.setConstraint("size", -1);
    expect(trial.suggestFloat("more", 2, 2)).toBe(2);
    expect(s.trials[0]).toMatchObject({ state: "running", user_attrs: { k: 1 }, constraints: { size: -1 } });
  });
});

describe("a trial that was stopped for good", () => {
  it.each([{ lease: 60 }, {}])("answers its holder stop, who may tell it as pruned (%j)", async (options) => {
    const s = await study();
    const trial = await s.ask(options);
    const lease = trial.lease?.token;
    trial.report(1, 1);
    const record = await s.stopTrial(0);
    expect(await s.report(0, { lease, step: 2, value: 1 })).toBe("stop");
    expect(await s.heartbeat(0, { lease })).toBe("stop");
    trial.report(1, 2);
    expect(await trial.shouldPrune()).toBe(true);
    expect(s.trials[0]).toBe(record);
    if (lease !== undefined) expect(await s.tell(0, { lease, state: "pruned" })).toBe(record);
  });

  it("refuses strangers, and whoever had it before", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const old = await s.ask({ lease: 1 });
    clock.advance(1_000);
    await s.ask({ lease: 1 });
    await s.stopTrial(0);
    await expect(s.report(0, { lease: old.lease?.token, step: 1, value: 1 })).rejects.toEqual(lost);
    await expect(s.heartbeat(0, { lease: "made-up" })).rejects.toEqual(lost);
    await expect(s.heartbeat(0)).rejects.toEqual(lost);
    expect(() => {
      old.report(1, 1);
    }).toThrow(lost);
  });
});

describe("what is said again", () => {
  /** The study as another process would open it. */
  async function opened(storage: MemoryStorage, before: Study): Promise<Study> {
    await before.close();
    return loadStudy({ name: before.name, storage });
  }

  it.each([
    ["a value", "fail", { value: 0.25, metrics: { loss: 1 }, userAttrs: { k: [1] } }, "complete"],
    ["a constraint", "fail", { value: 0.25, constraints: { size: NaN } }, "complete"],
    ["NaN that fails", "fail", { value: NaN }, "failed"],
    ["NaN that prunes", "prune", { value: NaN, metrics: { loss: 1 } }, "pruned"],
    ["NaN that is the worst", "worst", { value: Infinity }, "complete"],
    ["a failure", "fail", { state: "failed", message: "no power" }, "failed"],
    ["a pruning", "fail", { state: "pruned" }, "pruned"],
  ] as const)("%s (%s) is taken once, from another opening as well", async (_what, on_nan, result, state) => {
    const storage = new MemoryStorage();
    const first = await study({ name: "s", storage, settings: { on_nan } });
    const { lease: given } = await first.ask({ lease: 60 });
    const lease = given?.token;
    const record = await first.tell(0, { lease, ...result });
    expect(record.state).toBe(state);
    expect(await first.tell(0, { lease, ...result })).toBe(record);
    const { revision } = first.state;
    const second = await opened(storage, first);
    expect(await second.tell(0, { lease, ...result })).toEqual(record);
    expect(await second.report(0, { lease, step: 9, value: 1 })).toBe("stop");
    expect(await second.heartbeat(0, { lease })).toBe("stop");
    expect(second.state.revision).toBe(revision);
    await expect(second.tell(0, { lease: "made-up", ...result })).rejects.toEqual(lost);
    await expect(second.tell(0, result)).rejects.toMatchObject({ code: "trial-finished" });
  });

  it.each([
    [{ value: 2 }],
    [{ value: 1, metrics: { loss: 2 } }],
    [{ value: 1, constraints: { size: 2 } }],
    [{ value: 1, userAttrs: { k: 2 } }],
    [{ state: "failed" }],
    [{ state: "pruned" }],
  ] as const)("%j in place of another result is refused", async (other) => {
    const s = await study();
    const lease = (await s.ask({ lease: 60 })).lease?.token;
    const result = { lease, value: 1, metrics: { loss: 1 }, constraints: { size: 1 }, userAttrs: { k: 1 } };
    const record = await s.tell(0, result);
    await expect(s.tell(0, { ...result, value: undefined, ...other })).rejects.toEqual(lost);
    expect(s.trials[0]).toBe(record);
  });

  it("is acknowledged only once the first telling is durable", async () => {
    const storage = new WatchedStorage();
    const s = await study({ storage });
    const lease = (await s.ask({ lease: 60 })).lease?.token;
    let synced = (): void => undefined;
    const disk = new Promise<void>((resolve) => (synced = resolve));
    storage.append = async (write) => {
      await write();
      await disk;
    };
    storage.flush = () => disk;
    const done: string[] = [];
    const tellings = ["first", "again"].map(async (name) => {
      const record = await s.tell(0, { lease, value: 1 });
      done.push(name);
      return record;
    });
    for (let i = 0; i < 20; i++) await turn();
    expect([s.trials[0]?.state, done]).toEqual(["complete", []]);
    synced();
    const [first, again] = await Promise.all(tellings);
    expect(again).toBe(first);
  });

  it("as a report gets its first answer again, whatever has finished since", async () => {
    const pruner = new MedianPruner({ nStartupTrials: 1, nWarmupSteps: 0, nMinTrials: 1 });
    const s = await study({ pruner });
    const lease = (await s.ask({ lease: 60 })).lease?.token;
    expect(await s.report(0, { lease, step: 1, value: 5 })).toBe("continue");
    for (const number of [1, 2]) {
      await s.ask();
      for (const step of [1, 2]) await s.report(number, { step, value: 1 });
      await s.tell(number, { value: 1 });
    }
    expect(await s.report(0, { lease, step: 1, value: 5 })).toBe("continue");
    // The next one is judged by what is known then: above the median of 1 and 1.
    expect(await s.report(0, { lease, step: 2, value: 5 })).toBe("prune");
    expect(await s.report(0, { lease, step: 2, value: 5 })).toBe("prune");
    expect(s.trials[0]?.seen).toEqual([0, 2]);
  });

  it("as a report of 0 may have either sign", async () => {
    const s = await study();
    await s.ask();
    for (let i = 0; i < 2; i++) expect(await s.report(0, { step: 1, value: -0 })).toBe("continue");
  });
});

describe("the reports of a trial that is out", () => {
  it("leave the object with their metrics to its giver", async () => {
    const s = await study();
    const heard: OptimizeEvent[] = [];
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1, onEvent: (event) => heard.push(event) });
    await executor.started(0);
    const trial = await s.ask();
    const metrics = { loss: 0 };
    for (let step = 1; step <= 4; step++) {
      metrics.loss = step;
      if (step % 2 === 0) trial.report(1, step, metrics);
      else await s.report(trial.number, { step, value: 1, metrics });
    }
    executor.complete(0, 1);
    await call;
    expect(heard.flatMap((event) => (event.event === "report" ? [event.metrics["loss"]] : []))).toEqual([1, 2, 3, 4]);
  });

  it("cost no copy of those before", async () => {
    const s = await study();
    const trial = await s.ask({ lease: 60 });
    const lease = trial.lease?.token;
    let copied = 0;
    const slice = Array.prototype.slice;
    Array.prototype.slice = function (this: unknown[], ...range) {
      copied += this.length > 1000 ? this.length : 0;
      return slice.apply(this, range) as unknown[];
    };
    try {
      for (let step = 1; step <= 3000; step += 2) {
        await s.report(0, { lease, step, value: 1 });
        await s.report(0, { lease, step, value: 1 });
        trial.report(1, step + 1);
      }
    } finally {
      Array.prototype.slice = slice;
    }
    expect(copied).toBe(0);
    expect(s.trials[0]?.intermediate).toHaveLength(3000);
  });
});

describe("a lease that ends", () => {
  it.each([
    [1, "failed"],
    [2, "waiting"],
  ] as const)("fails its trial for good by the running call's maxAttempts (%i: %s)", async (maxAttempts, state) => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    await s.ask({ lease: 5 });
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 1, maxAttempts });
    await executor.started(1);
    clock.advance(5_000);
    expect(s.trials[0]?.state).toBe(state);
    executor.complete(1, 1);
    await call;
    expect(s.trials[0]?.failure?.class).toBe(state === "failed" ? "interrupted" : undefined);
  });

  it("is tried again where the storage refused to take the trial back", async () => {
    const clock = manualClock();
    const storage = new WatchedStorage();
    const s = await loadedStudy({}, clock, storage);
    await s.ask({ lease: 5 });
    let refused = 0;
    storage.append = (write, [event]) =>
      event?.type === "trial-requeued" && refused++ === 0
        ? Promise.reject(new MlbenchError("storage-full", "the disk is full"))
        : write();
    clock.advance(5_000);
    await turn();
    expect([refused, s.trials[0]?.state]).toEqual([1, "running"]);
    clock.advance(5_000);
    await turn();
    expect([refused, s.trials[0]?.state]).toEqual([2, "waiting"]);
  });

  it("ends as well for a holder whose result was refused", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const lease = (await s.ask({ lease: 5 })).lease?.token;
    const wrong = { k: () => 1 };
    await expect(s.tell(0, { lease, value: 1, userAttrs: wrong })).rejects.toMatchObject({ code: "invalid-value" });
    expect(s.trials[0]?.state).toBe("running");
    clock.advance(5_000);
    expect(s.trials[0]?.state).toBe("waiting");
  });
});

it("a trial's own space is drawn from under a lease, too", async () => {
  const s = await study({ space: {} });
  const trial = await s.ask({ space: { y: float(3, 3) }, lease: 5 });
  expect(trial.params).toEqual({ y: 3 });
});
