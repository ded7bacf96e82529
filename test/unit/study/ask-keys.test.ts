import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadStudy } from "../../../src/app/study.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { StudyWriter } from "../../../src/storage/storage.js";
import { handleCommand } from "../../../src/study/handle-command.js";
import { loadedStudy, manualClock } from "../../fixtures/study/clock.js";
import { study } from "../../fixtures/study/studies.js";

const lost = expect.objectContaining({ code: "lease-lost" }) as unknown;

afterEach(() => {
  vi.useRealTimers();
});

describe("a request for a trial, known by its key", () => {
  it("gets the same trial under the same lease, from another opening as well, and another key another one", async () => {
    const storage = new MemoryStorage();
    const first = await study({ name: "s", storage });
    const trial = await first.ask({ lease: 60, key: "a", worker: "w" });
    const again = await first.ask({ lease: 5, key: "a" });
    expect([again.number, again.lease, again.params]).toEqual([0, trial.lease, trial.params]);
    expect((await first.ask({ lease: 60, key: "b" })).number).toBe(1);
    await first.close();
    const second = await loadStudy({ name: "s", storage });
    const later = await second.ask({ lease: 60, key: "a" });
    expect([later.number, later.lease]).toEqual([0, trial.lease]);
    expect(second.trials).toMatchObject([{ worker: "w" }, {}]);
    expect(JSON.stringify(second.trials)).not.toContain(trial.lease?.token);
  });

  it("gets the same trial from another opening where that had waited, too", async () => {
    const storage = new MemoryStorage();
    const first = await study({ name: "s", storage });
    await first.enqueueTrial({ x: 1 });
    const trial = await first.ask({ lease: 60, key: "a", worker: "w" });
    await first.close();
    const second = await loadStudy({ name: "s", storage });
    const later = await second.ask({ lease: 60, key: "a" });
    expect([later.number, later.params, later.lease]).toEqual([0, { x: 1 }, trial.lease]);
    expect(second.trials).toMatchObject([{ worker: "w" }]);
  });

  it("is answered once, however often it is made before that", async () => {
    const s = await study();
    const all = await Promise.all(Array.from({ length: 5 }, () => s.ask({ lease: 60, key: "a" })));
    expect(new Set(all.map(({ lease }) => lease?.token)).size).toBe(1);
    expect(s.trials).toHaveLength(1);
  });

  it("renews the lease of the trial", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    await s.ask({ lease: 10, key: "a" });
    for (let i = 0; i < 3; i++) {
      clock.advance(9_000);
      expect((await s.ask({ lease: 10, key: "a" })).attempt).toBe(1);
    }
  });

  it("gets the trial again where it came back and nobody has it, under another lease", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const first = await s.ask({ lease: 10, key: "a", worker: "w" });
    const other = await s.ask({ lease: 100, key: "b" });
    clock.advance(10_000);
    expect(s.trials[0]).toMatchObject({ state: "waiting", attempts: [{ worker: "w" }] });
    expect(s.trials[0]).not.toHaveProperty("worker");
    const again = await s.ask({ lease: 10, key: "a" });
    expect([again.number, again.attempt, again.params, other.number]).toEqual([0, 2, first.params, 1]);
    expect(again.lease?.token).not.toBe(first.lease?.token);
    await expect(s.report(0, { lease: first.lease?.token, step: 1, value: 1 })).rejects.toEqual(lost);
    expect(await s.report(0, { lease: again.lease?.token, step: 1, value: 1 })).toBe("continue");
  });

  it("is refused where somebody else has the trial, or has ended it", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    await s.ask({ lease: 10, key: "a" });
    clock.advance(10_000);
    const { lease } = await s.ask({ lease: 10, key: "b" });
    await expect(s.ask({ lease: 10, key: "a" })).rejects.toEqual(lost);
    await s.tell(0, { lease: lease?.token, value: 1 });
    await expect(s.ask({ lease: 10, key: "a" })).rejects.toEqual(lost);
    expect((await s.ask({ lease: 10, key: "b" })).lease).toEqual(lease);
    expect(s.trials).toHaveLength(1);
  });

  it("is refused where its trial has failed because its owners were lost", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    for (const key of ["a", "b", "c"]) {
      expect((await s.ask({ lease: 10, key })).number).toBe(0);
      clock.advance(10_000);
    }
    expect(s.trials[0]).toMatchObject({ state: "failed", failure: { class: "interrupted" } });
    for (const key of ["a", "b", "c"]) await expect(s.ask({ lease: 10, key })).rejects.toEqual(lost);
  });

  it("is known until 24 hours after the trial's end", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-03-01T00:00:00Z") });
    const s = await study();
    const { lease } = await s.ask({ lease: 60, key: "a" });
    vi.setSystemTime(new Date("2026-03-09T00:00:00Z"));
    await s.tell(0, { lease: lease?.token, value: 1 });
    vi.setSystemTime(new Date("2026-03-10T00:00:00Z"));
    expect((await s.ask({ lease: 60, key: "a" })).number).toBe(0);
    vi.setSystemTime(new Date("2026-03-10T00:00:01Z"));
    expect((await s.ask({ lease: 60, key: "a" })).number).toBe(1);
    expect((await s.ask({ lease: 60, key: "a" })).number).toBe(1);
  });

  it.each([
    [{ key: "a" }, /under a lease only/],
    [{ key: "", lease: 1 }, /key must be/],
    [{ key: "x".repeat(256), lease: 1 }, /key must be/],
    [{ worker: "x".repeat(201) }, /worker must be/],
    [{ worker: "\u001b[2Jgone" }, /worker must be/],
    [{ lease: 0 }, /lease must be/],
  ])("is refused as %j", async (options, message) => {
    const s = await study();
    await expect(s.ask(options)).rejects.toThrow(message);
    expect(s.trials).toHaveLength(0);
  });
});

describe("reports in one request", () => {
  it("are judged one by one, in order, and say prune where one of them did", async () => {
    const pruner = new MedianPruner({ nStartupTrials: 1, nWarmupSteps: 0, nMinTrials: 1, intervalSteps: 2 });
    const [one, several] = [await study({ pruner }), await study({ pruner })];
    for (const s of [one, several]) {
      await s.ask();
      await s.report(0, { reports: [1, 2, 3, 4, 5].map((step) => ({ step, value: 1 })) });
      await s.tell(0, { value: 1 });
      await s.ask();
    }
    const points = [0.5, 0.5, 2, 2].map((value, i) => ({ step: i + 1, value: 3 * value }));
    const answers = [];
    for (const point of points) answers.push(await one.report(1, point));
    expect(answers).toContain("continue");
    expect(await several.report(1, { reports: points })).toBe("prune");
    expect(several.trials[1]?.intermediate).toEqual(one.trials[1]?.intermediate);
    expect(several.trials[1]?.seen).toEqual(one.trials[1]?.seen);
    // Sent again, each gets the answer that it had.
    for (const [i, point] of points.entries()) expect(await one.report(1, point)).toBe(answers[i]);
    expect(await several.report(1, { reports: points })).toBe("prune");
    expect(several.trials[1]?.intermediate).toHaveLength(4);
  });

  it("leave others their turn where there are many, and are all there or none", async () => {
    const s = await study();
    await s.ask();
    const reports = Array.from({ length: 2000 }, (_, i) => ({ step: i + 1, value: 1 }));
    await expect(s.report(0, { reports: [...reports, { step: 2000, value: 1 }] })).rejects.toThrow(/steps must rise/);
    expect(s.trials[0]?.intermediate).toEqual([]);
    let turns = 0;
    const answered = s.report(0, { reports }).then(() => (turns = -turns));
    for (; turns >= 0 && turns < 100; turns++) await turn();
    await answered;
    expect(turns).toBeLessThan(-3);
    expect(s.trials[0]?.intermediate).toHaveLength(2000);
  });

  it.each([
    [[{ step: 3, value: 1 }], /steps must rise; 4 was reported/],
    [[{ step: 2, value: 5 }], /step 2 was reported as 1/],
    [
      [
        { step: 2, value: 1 },
        { step: 5, value: 1 },
        { step: 5, value: 1 },
      ],
      /5 comes after 5/,
    ],
    [[{ step: 5, value: "1" as unknown as number }], /give a value and a step/],
    [[], /at least one/],
    [[{ step: 5, value: 1, lose: 2 } as never], /unknown option "lose"/],
    [[{ step: 5, value: 1, metrics: { loss: "x" as unknown as number } }], /"loss"/],
  ])("are all refused where one is wrong: %j", async (reports, message) => {
    const s = await study();
    await s.ask();
    await s.report(0, { reports: [2, 4].map((step) => ({ step, value: 1 })) });
    await expect(s.report(0, { reports })).rejects.toThrow(message);
    expect(s.trials[0]?.intermediate).toHaveLength(2);
  });
});

it("a gate lets nothing new through, and what was asked for before is answered all the same", async () => {
  const s = await study();
  const first = await s.ask({ lease: 60, key: "a" });
  const shut = (): null => null;
  expect(await s.askThrough(shut, { lease: 60, key: "b" })).toBeNull();
  expect((await s.askThrough(shut, { lease: 60, key: "a" }))?.lease).toEqual(first.lease);
  expect(s.trials).toHaveLength(1);
});

it("a command's report is answered once it is durable", async () => {
  let synced = (): void => undefined;
  const disk = new Promise<void>((resolve) => (synced = resolve));
  class SlowStorage extends MemoryStorage {
    override async openWriter(name: string): Promise<StudyWriter> {
      return Object.assign(await super.openWriter(name), { flush: () => disk });
    }
  }
  const s = await study({ storage: new SlowStorage() });
  const lease = (await s.ask({ lease: 60 })).lease?.token as string;
  let answer: unknown = null;
  const answered = handleCommand(s, { type: "report", number: 0, lease, step: 1, value: 1 }).then((given) => {
    answer = given;
  });
  for (let i = 0; i < 20; i++) await turn();
  expect([s.trials[0]?.intermediate, answer]).toEqual([[[1, 1]], null]);
  synced();
  await answered;
  expect(answer).toBe("continue");
});
