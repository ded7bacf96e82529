import { resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openStudy, createStoredStudy } from "../../../src/app/study.js";
import { commandStudy } from "../../../src/app/command-study.js";
import type { StudyEvent, StudyHeader, Trial } from "../../../src/core/index.js";
import { float, int, TrialPruned } from "../../../src/core/index.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { StudyStorage, StudyWriter } from "../../../src/storage/storage.js";
import type { OptimizeEvent } from "../../../src/core/index.js";
import { newTrial } from "../../../src/study/new-trial.js";
import { ManualExecutor, outcomes, square, study } from "../../fixtures/study/studies.js";

const fails = (): number => {
  throw new Error("no");
};

function names(events: readonly OptimizeEvent[]): string[] {
  return events.map((event) => event.event);
}

describe("counting", () => {
  it("runs so many more, or until there are so many", async () => {
    const s = await study();
    expect(await s.optimize(square, { trials: 3 })).toMatchObject({ finished: 3, added: 3, stoppedBy: "trials" });
    expect(await s.optimize(square, { trials: 2 })).toMatchObject({ finished: 5, added: 2 });
    expect(await s.optimize(square, { totalTrials: 7 })).toMatchObject({ added: 2, stoppedBy: "total-trials" });
    const done = await s.optimize(square, { totalTrials: 7 });
    expect(done).toMatchObject({ added: 0, stoppedBy: "total-trials", exitCode: 0 });
  });

  it("runs 100 when nothing is said", async () => {
    const s = await study();
    expect((await s.optimize(square)).finished).toBe(100);
  });

  it("says at the start what there is and what is wanted", async () => {
    const s = await study();
    await s.optimize(square, { trials: 4 });
    const events: OptimizeEvent[] = [];
    await s.optimize(square, { trials: 2, onEvent: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ event: "start", finished: 4, more: 2 });
    expect(names(events)).toEqual(["start", "trial-start", "trial", "trial-start", "trial", "finish"]);
  });

  it("counts what is told meanwhile, and takes waiting trials first", async () => {
    const s = await study();
    await s.enqueueTrial({ x: 2 });
    const asked: number[] = [];
    await s.optimize(
      async (trial) => {
        asked.push(trial.number);
        if (trial.number === 0) await s.tell(await s.ask(), { value: 1 });
        return square(trial);
      },
      { totalTrials: 4 },
    );
    expect(asked).toEqual([0, 2, 3]);
    expect(s.trials[0]?.value).toBe(4);
  });

  it("does not count retries", async () => {
    const s = await study();
    let calls = 0;
    const result = await s.optimize(
      () => {
        calls += 1;
        throw new Error("no");
      },
      { trials: 3, maxRetries: 2 },
    );
    expect(calls).toBe(9);
    expect(result).toMatchObject({ finished: 3, added: 3, exitCode: 1 });
    expect(s.trials.map((trial) => trial.retry_of)).toContain(0);
    const retries = s.trials.filter((trial) => trial.retry_of !== null);
    for (const retry of retries) expect(retry.params).toEqual(s.trials[retry.retry_of as number]?.params);
    expect(retries).toHaveLength(6);
  });

  it.each([
    [{ trials: -1 }, "trials"],
    [{ totalTrials: 1.5 }, "totalTrials"],
    [{ concurrency: 0 }, "concurrency"],
    [{ timeoutMs: 0 }, "timeoutMs"],
    [{ target: Number.NaN }, "target"],
  ])("refuses %j", async (options, named) => {
    const s = await study();
    await expect(s.optimize(square, options)).rejects.toMatchObject({
      ...{ code: "invalid-option", message: expect.stringContaining(named) as unknown },
    });
  });
});

describe("stop rules", () => {
  it("stops after five failures in a row with nothing else between", async () => {
    const s = await study();
    const result = await s.optimize(fails, { trials: 50 });
    expect(result).toMatchObject({ stoppedBy: "max-failures", finished: 5, exitCode: 1 });
    let n = 0;
    const other = await s.optimize((t) => (++n % 5 === 0 ? square(t) : fails()), { trials: 20 });
    expect(other).toMatchObject({ stoppedBy: "trials", exitCode: 0 });
  });

  it("goes on after failures with maxFailures 0, and ends with 1 when nothing was achieved", async () => {
    const s = await study();
    expect(await s.optimize(fails, { trials: 12, maxFailures: 0 })).toMatchObject({ finished: 12, exitCode: 1 });
  });

  it("stops at a value as good as the target, in both directions", async () => {
    for (const [direction, sign] of [
      ["minimize", 1],
      ["maximize", -1],
    ] as const) {
      const s = await study({ direction });
      const result = await s.optimize((trial) => sign * (10 - trial.number), { trials: 50, target: sign * 7 });
      expect(result).toMatchObject({ stoppedBy: "target", finished: 4, exitCode: 0 });
    }
  });

  it("stops after so many trials without a better value", async () => {
    const s = await study();
    const result = await s.optimize((trial) => (trial.number === 3 ? 0 : 1), { trials: 50, patience: 6 });
    expect(result).toMatchObject({ stoppedBy: "patience", finished: 10 });
  });

  it("stops when a finite space is tried out", async () => {
    const s = await study({ space: { n: int(1, 6) } });
    const result = await s.optimize((trial) => Number(trial.params["n"]), { trials: 50 });
    expect(result).toMatchObject({ stoppedBy: "space-exhausted", finished: 6, exitCode: 0 });
    expect(result.best?.params).toEqual({ n: 1 });
    const runs = await study({ space: { n: int(1, 2) }, settings: { on_duplicate: "run" } });
    expect(await runs.optimize(() => 1, { trials: 9 })).toMatchObject({ stoppedBy: "trials", finished: 9 });
  });

  it("stops from a callback, which hears of each trial before the next one", async () => {
    const s = await study();
    const heard: [number, number][] = [];
    const result = await s.optimize(square, {
      trials: 50,
      callbacks: [
        (of, trial) => {
          heard.push([trial.number, of.trials.length]);
          if (trial.number === 4) of.stop();
        },
      ],
    });
    expect(result).toMatchObject({ stoppedBy: "stop", finished: 5, exitCode: 0 });
    expect(heard).toEqual([0, 1, 2, 3, 4].map((number) => [number, number + 1]));
  });

  it("ends a call at its timeout; what runs goes back to waiting", async () => {
    const s = await study();
    const executor = new ManualExecutor(2);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const running = s.optimizeWith(async () => executor.runner(), { timeoutMs: 30 });
      await executor.started(0, 1);
      await vi.advanceTimersByTimeAsync(30);
      expect(await running).toMatchObject({ stoppedBy: "timeout", finished: 0, exitCode: 1 });
    } finally {
      vi.useRealTimers();
    }
    expect(s.trials.map((trial) => [trial.state, trial.attempt])).toEqual([
      ["waiting", 2],
      ["waiting", 2],
    ]);
    expect(executor.closed).toBe(true);
  });

  it("fails a trial past its own timeout and goes on", async () => {
    const s = await study();
    const result = await s.optimize((trial) => (trial.number === 0 ? new Promise<number>(() => undefined) : 1), {
      ...{ trials: 2, trialTimeoutMs: 20 },
    });
    expect(result).toMatchObject({ finished: 2, exitCode: 0 });
    expect(s.trials[0]?.failure?.class).toBe("timeout");
  });
});

describe("interrupts", () => {
  it("drains at first: what runs ends, nothing new is started", async () => {
    const s = await study();
    const executor = new ManualExecutor(2);
    const drain = new AbortController();
    const running = s.optimizeWith(async () => executor.runner(), { trials: 10, drainSignal: drain.signal });
    await executor.started(0, 1);
    drain.abort();
    executor.complete(0, 1);
    executor.complete(1, 2);
    expect(await running).toMatchObject({ stoppedBy: "interrupt", finished: 2, exitCode: 130 });
    expect(s.trials).toHaveLength(2);
  });

  it("gives what does not end in time back to waiting, its reports with the attempt", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const drain = new AbortController();
    const events: OptimizeEvent[] = [];
    const running = s.optimizeWith(async () => executor.runner(), {
      ...{ trials: 10, drainSignal: drain.signal, graceMs: 10, onEvent: (event: OptimizeEvent) => events.push(event) },
    });
    await executor.started(0);
    executor.report(0, 1, 0.5);
    drain.abort();
    await running;
    expect(s.trials[0]).toMatchObject({ state: "waiting", intermediate: [], attempts: [{ intermediate: [[1, 0.5]] }] });
    expect(names(events)).toEqual(["start", "trial-start", "report", "draining", "requeued", "finish"]);
    expect(events[3]).toEqual({ event: "draining", by: "interrupt", running: [0], graceMs: 10 });
    const { params } = s.trials[0] as Trial;
    await s.optimize(square, { trials: 1 });
    expect(s.trials[0]).toMatchObject({ state: "complete", params, attempt: 2 });
  });

  it("stops at once when aborted, also before it has begun", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const abort = new AbortController();
    const running = s.optimizeWith(async () => executor.runner(), { trials: 10, signal: abort.signal });
    await executor.started(0);
    abort.abort();
    expect(await running).toMatchObject({ stoppedBy: "interrupt", exitCode: 130 });
    expect(await s.optimize(square, { signal: AbortSignal.abort() })).toMatchObject({
      stoppedBy: "interrupt",
      added: 0,
    });
  });
});

describe("what is wrong before the first trial", () => {
  it("costs no trial and leaves the study as it was", async () => {
    const s = await study();
    await expect(s.optimize("no-such-module.mjs")).rejects.toMatchObject({
      ...{ code: "objective-failed", exitCode: 2 },
      message: `objective ${resolve("no-such-module.mjs")}: no such file`,
    });
    expect(s.trials).toHaveLength(0);
    await s.optimize(square, { trials: 1 });
    await expect(
      s.optimize(
        async () => {
          await s.optimize(square);
          return 1;
        },
        { trials: 1 },
      ),
    ).resolves.toMatchObject({ finished: 2 });
    expect(s.trials[1]?.failure?.message).toContain("being optimized");
  });
});

describe("pruning", () => {
  const reporting = async (
    trial: Parameters<typeof square>[0] & { report(v: number, s: number): void; shouldPrune(): Promise<boolean> },
  ) => {
    for (let step = 1; step <= 10; step++) {
      trial.report(square(trial) + 1 / step, step);
      if (await trial.shouldPrune()) throw new TrialPruned();
    }
    return square(trial);
  };
  const pruner = () => new MedianPruner({ nStartupTrials: 3, nWarmupSteps: 2, nMinTrials: 1 });

  it("ends a trial at the step that its reason names, and each decision can be made again", async () => {
    const s = await study({ pruner: pruner() });
    await s.optimize(reporting, { trials: 25 });
    const pruned = s.trials.filter((trial) => trial.state === "pruned");
    expect(pruned.length).toBeGreaterThan(5);
    for (const trial of pruned) {
      const [step] = trial.intermediate.at(-1) as [number, number];
      expect(trial.value).toBeNull();
      expect(trial.prune_reason).toMatch(new RegExp(`^step ${step}: `));
      const voters = s.trials.filter((t) => t.finish_index !== null && t.finish_index < (trial.seen.at(-1) as number));
      expect(pruner().decide(trial, { direction: "minimize", trials: voters }).reason).toBe(trial.prune_reason);
    }
  });

  it("records every decision of a dry run and ends no trial", async () => {
    const s = await study({ pruner: pruner(), settings: { dry_run_pruner: true } });
    await s.optimize(reporting, { trials: 25 });
    expect(s.state.counts.complete).toBe(25);
    const decisions = s.trials.map((trial) => trial.user_attrs["dry_run_decisions"] as { prune: boolean }[]);
    expect(decisions.every((list) => list.length === 10)).toBe(true);
    expect(decisions.filter((list) => list.some(({ prune }) => prune)).length).toBeGreaterThan(5);
  });
});

describe("deterministic parallel runs", () => {
  /** Ends running trials in an order that `pick` chooses. */
  async function run(pick: (running: readonly number[]) => number, deterministic: boolean): Promise<unknown[]> {
    const s = await study({ sampler: new TpeSampler({ nStartupTrials: 3 }), pruner: "median" });
    const executor = new ManualExecutor(3);
    const optimizing = s.optimizeWith(async () => executor.runner(), { trials: 20, deterministic });
    for (let ended = 0; ended < 20; ended++) {
      await new Promise((resolve) => setImmediate(resolve));
      const running = [...executor.running.keys()].sort((a, b) => a - b);
      if (running.length === 0) continue;
      const number = pick(running);
      const params = executor.running.get(number)?.params ?? {};
      executor.report(number, 6, square({ params }) + 1);
      executor.complete(number, square({ params }));
    }
    while (s.state.counted < 20) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const number of executor.running.keys()) {
        const params = executor.running.get(number)?.params ?? {};
        executor.report(number, 6, square({ params }) + 1);
        executor.complete(number, square({ params }));
      }
    }
    await optimizing;
    return outcomes(s.trials);
  }

  it("come out the same whichever trial ends first", async () => {
    const first = await run((running) => running[0] as number, true);
    expect(await run((running) => running.at(-1) as number, true)).toEqual(first);
    expect(await run((running) => running[0] as number, false)).not.toEqual(
      await run((running) => running.at(-1) as number, false),
    );
  });

  it("say which trial's result is waited for", async () => {
    const s = await study();
    const executor = new ManualExecutor(2);
    const events: OptimizeEvent[] = [];
    const running = s.optimizeWith(async () => executor.runner(), {
      ...{ trials: 2, deterministic: true, onEvent: (event: OptimizeEvent) => events.push(event) },
    });
    await executor.started(0, 1);
    executor.complete(1, 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.at(-1)).toEqual({ event: "held", number: 1, waitsFor: 0 });
    executor.complete(0, 1);
    await running;
    expect(s.trials.map((trial) => trial.finish_index)).toEqual([0, 1]);
  });
});

describe("recovery", () => {
  /** A study whose trials 0 (running), 1 (handed out) and 2 (running, died twice before) lost their process. */
  async function crashed() {
    const storage = new MemoryStorage();
    const base = await study();
    const header: StudyHeader = { ...base.header, name: "crashed" };
    await createStoredStudy(storage, header);
    const writer = await storage.openWriter("crashed");
    const started = (number: number, owner: string): StudyEvent[] => [
      { type: "trial-started", number, started_at: "2026-01-01T00:00:00Z", owner, slot: 0, backend: null },
    ];
    const died = { type: "trial-requeued", at: "2026-01-01T00:00:00Z", reason: "its process died" } as const;
    for (const number of [0, 1, 2])
      await writer.append({ type: "trial-created", trial: newTrial(header, number, { x: number }) });
    await writer.append(...started(0, "1@here"), { type: "trial-report", number: 0, step: 1, value: 9, seen: 0 });
    await writer.append(...started(1, "external"));
    for (let death = 0; death < 2; death++) await writer.append(...started(2, "1@here"), { ...died, number: 2 });
    await writer.append(...started(2, "1@here"));
    await writer.close();
    return openStudy(storage, "crashed");
  }

  it("queues a dead process's trials again, fails those that keep dying, and leaves what was handed out", async () => {
    const s = await crashed();
    const events: OptimizeEvent[] = [];
    await s.optimize(square, { trials: 1, onEvent: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ event: "start", finished: 1, more: 1, recovered: [0, 2] });
    expect(s.trials[0]).toMatchObject({ state: "complete", value: 0, attempt: 2, intermediate: [], params: { x: 0 } });
    expect(s.trials[0]?.attempts[0]).toMatchObject({ reason: "its process died", intermediate: [[1, 9]] });
    expect(s.trials[1]).toMatchObject({ state: "running", owner: "external" });
    expect(s.trials[2]).toMatchObject({ state: "failed", failure: { class: "interrupted" } });
  });

  it("takes as many attempts as it is told", async () => {
    const s = await crashed();
    await s.optimize(square, { trials: 2, maxAttempts: 9 });
    expect(s.trials[2]).toMatchObject({ state: "complete", attempt: 4 });
  });
});

describe("commands from other processes", () => {
  it("are carried out while trials run", async () => {
    const storage = new MemoryStorage();
    const { header } = await study();
    const s = await createStoredStudy(storage, { ...header, name: "busy" });
    const executor = new ManualExecutor(1);
    const running = s.optimizeWith(async () => executor.runner(), { trials: 10 });
    await executor.started(0);
    const queued = await commandStudy({ storage, name: "busy" }, { type: "enqueue", params: { x: 1 } });
    expect(queued).toMatchObject({ number: 1, state: "waiting" });
    const asked = await commandStudy({ storage, name: "busy" }, { type: "ask", space: { y: float(0, 1) } });
    expect(asked).toMatchObject({ number: 1, params: { x: 1 } });
    const told = await commandStudy({ storage, name: "busy" }, { type: "tell", number: 1, result: { value: 4 } });
    expect(told).toMatchObject({ number: 1, state: "complete", value: 4 });
    await commandStudy({ storage, name: "busy" }, { type: "set-user-attr", key: "by", value: "hand" });
    await expect(
      commandStudy({ storage, name: "busy" }, { type: "tell", number: 0, result: { value: 1 } }),
    ).rejects.toMatchObject({ code: "trial-not-asked" });
    await commandStudy({ storage, name: "busy" }, { type: "stop" });
    executor.complete(0, 2);
    expect(await running).toMatchObject({ stoppedBy: "stop", finished: 2 });
    expect(s.userAttrs).toEqual({ by: "hand" });
  });

  it("open the study when nobody has it", async () => {
    const storage = new MemoryStorage();
    const { header } = await study();
    await createStoredStudy(storage, { ...header, name: "idle" });
    expect(await commandStudy({ storage, name: "idle" }, { type: "enqueue", params: { x: 3 } })).toMatchObject({
      number: 0,
    });
    await expect(commandStudy({ storage, name: "idle" }, { type: "stop" })).rejects.toMatchObject({
      code: "not-optimizing",
    });
    expect((await storage.read("idle")).size).toBe(1);
  });
});

/** A storage in memory whose appends are durable when `durable` says so. */
function slowStorage(durable: (events: readonly StudyEvent[]) => Promise<void>): StudyStorage {
  const storage = new MemoryStorage();
  const openWriter = storage.openWriter.bind(storage);
  storage.openWriter = async (name): Promise<StudyWriter> => {
    const writer = await openWriter(name);
    const append = writer.append.bind(writer);
    writer.append = async (...events) => {
      await append(...events);
      await durable(events);
    };
    return writer;
  };
  return storage;
}

describe("durability", () => {
  it("comes before a worker sees a trial, and before anyone hears of its end", async () => {
    let release: () => void = () => undefined;
    let held: Promise<void> | null = null;
    const hold = (): void => {
      held = new Promise((resolve) => (release = resolve));
    };
    const { header } = await study();
    const s = await createStoredStudy(
      slowStorage(async () => {
        if (held) await held;
      }),
      { ...header, name: "slow" },
    );
    const executor = new ManualExecutor(1);
    const events: OptimizeEvent[] = [];
    hold();
    const running = s.optimizeWith(async () => executor.runner(), {
      trials: 1,
      onEvent: (event) => events.push(event),
    });
    while (s.trials.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(executor.running.size).toBe(0);
    expect(names(events)).toEqual(["start"]);
    release();
    await executor.started(0);
    hold();
    executor.complete(0, 1);
    while (s.state.finished === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(names(events)).toEqual(["start", "trial-start"]);
    release();
    await running;
    expect(names(events)).toEqual(["start", "trial-start", "trial", "finish"]);
  });
});

describe("a storage that fails", () => {
  it("ends the call with its error; trials under way are stopped", async () => {
    const { header } = await study();
    let full = false;
    const failing = slowStorage(async () => {
      if (full) throw Object.assign(new Error("no space left"), { code: "storage-full" });
    });
    const s = await createStoredStudy(failing, { ...header, name: "full" });
    const executor = new ManualExecutor(2);
    const heard: OptimizeEvent[] = [];
    const running = s.optimizeWith(async () => executor.runner(), {
      trials: 10,
      onEvent: (event) => heard.push(event),
    });
    await executor.started(0, 1);
    full = true;
    executor.complete(0, 1);
    await expect(running).rejects.toMatchObject({ code: "storage-full" });
    expect(executor.running.size).toBe(0);
    expect(names(heard)).not.toContain("trial");
  });
});
