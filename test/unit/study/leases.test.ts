import { describe, expect, it } from "vitest";
import { loadedStudy, manualClock } from "../../fixtures/study/clock.js";
import { ManualExecutor, square, study } from "../../fixtures/study/studies.js";

describe("a trial under a lease", () => {
  it("is taken back from a holder who falls silent, and handed to the next under the same number and parameters", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const first = await s.ask({ lease: 30 });
    expect(first.lease).toMatchObject({ seconds: 30, token: expect.stringMatching(/^[\w-]{22}$/) as unknown });
    expect(s.trials[0]).toMatchObject({ state: "running", owner: "external", lease: { seconds: 30 }, attempt: 1 });
    expect(await s.report(0, { lease: first.lease?.token, step: 1, value: 0.5 })).toBe("continue");
    clock.advance(29_999);
    expect(s.trials[0]).toMatchObject({ state: "running" });
    clock.advance(1);
    expect(s.trials[0]).toMatchObject({ state: "waiting", lease: null, attempt: 2, intermediate: [] });
    expect(s.trials[0]?.attempts).toMatchObject([{ attempt: 1, reason: "its lease ended", intermediate: [[1, 0.5]] }]);
    const second = await s.ask({ lease: 30 });
    expect([second.number, second.params, second.attempt]).toEqual([0, first.params, 2]);
    expect(second.lease?.token).not.toBe(first.lease?.token);
  });

  it("refuses the holder of an earlier attempt", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const first = await s.ask({ lease: 5 });
    clock.advance(5_000);
    const second = await s.ask({ lease: 5 });
    const lost = { code: "lease-lost" };
    const lease = first.lease?.token as string;
    await expect(s.report(0, { lease, step: 1, value: 1 })).rejects.toMatchObject(lost);
    await expect(s.heartbeat(0, { lease })).rejects.toMatchObject(lost);
    await expect(s.tell(0, { lease, value: 1 })).rejects.toMatchObject(lost);
    await expect(s.tell(0, { value: 1 })).rejects.toMatchObject(lost);
    expect(await s.tell(0, { lease: second.lease?.token, value: 2 })).toMatchObject({ state: "complete", value: 2 });
  });

  it.each([
    [
      "a report",
      (s: Awaited<ReturnType<typeof study>>, lease: string, step: number) => s.report(0, { lease, step, value: 1 }),
    ],
    ["a heartbeat", (s: Awaited<ReturnType<typeof study>>, lease: string) => s.heartbeat(0, { lease })],
  ])("is kept by %s", async (_what, sign) => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const trial = await s.ask({ lease: 10 });
    for (let step = 1; step <= 5; step++) {
      clock.advance(9_000);
      expect(await sign(s, trial.lease?.token as string, step)).toBe("continue");
    }
    expect(s.trials[0]).toMatchObject({ state: "running", attempt: 1 });
    clock.advance(10_000);
    expect(s.trials[0]).toMatchObject({ state: "waiting" });
  });

  it("has failed as interrupted once three holders have fallen silent", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    for (let n = 0; n < 3; n++) {
      expect((await s.ask({ lease: 1 })).number).toBe(0);
      clock.advance(1_000);
    }
    expect(s.trials).toMatchObject([{ state: "failed", failure: { class: "interrupted" }, lease: null }]);
  });

  it("without a lease nobody takes a trial back", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const trial = await s.ask();
    expect(trial.lease).toBeNull();
    clock.advance(1e12);
    expect(s.trials[0]).toMatchObject({ state: "running" });
    expect(await s.report(0, { step: 1, value: 3 })).toBe("continue");
    await expect(s.report(0, { step: 2, value: 3, lease: "made-up" })).rejects.toMatchObject({ code: "lease-lost" });
    await s.tell(0, { value: 3 });
  });

  it("starts anew when the study is opened again", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    const trial = await s.ask({ lease: 10 });
    clock.advance(9_000);
    await s.close();
    clock.advance(9_000_000);
    expect(s.trials[0]).toMatchObject({ state: "running" });
    await s.setUserAttr("opened", true);
    clock.advance(9_999);
    expect(s.trials[0]).toMatchObject({ state: "running" });
    expect(await s.heartbeat(0, { lease: trial.lease?.token })).toBe("continue");
    clock.advance(10_000);
    expect(s.trials[0]).toMatchObject({ state: "waiting" });
  });

  it("is answered prune by the pruner, and a value told after that completes it", async () => {
    const s = await loadedStudy(
      { pruner: { name: "median", options: { n_startup_trials: 1, n_warmup_steps: 0, n_min_trials: 1 } } },
      manualClock(),
    );
    await s.optimize(
      async (trial) => {
        trial.report(1, 1);
        return 1;
      },
      { trials: 2 },
    );
    const { lease, number } = await s.ask({ lease: 60 });
    expect(await s.report(number, { lease: lease?.token, step: 1, value: 2 })).toBe("prune");
    expect(await s.tell(number, { lease: lease?.token, value: 2 })).toMatchObject({ state: "complete", value: 2 });
  });

  it("takes a result told twice once, and refuses another", async () => {
    const s = await loadedStudy({}, manualClock());
    const { lease, number } = await s.ask({ lease: 60 });
    const result = { lease: lease?.token, value: 0.25, metrics: { loss: 1 } };
    const record = await s.tell(number, result);
    expect(record.metrics).toEqual({ best: { loss: 1 }, last: { loss: 1 } });
    expect(await s.tell(number, result)).toBe(record);
    await expect(s.tell(number, { ...result, value: 0.5 })).rejects.toMatchObject({ code: "lease-lost" });
    expect(await s.report(number, { lease: lease?.token, step: 9, value: 1 })).toBe("stop");
  });

  it("gives a report told again its answer again, and refuses another value for it", async () => {
    const s = await loadedStudy({}, manualClock());
    const { lease, number } = await s.ask({ lease: 60 });
    const token = lease?.token;
    expect(await s.report(number, { lease: token, step: 3, value: 1 })).toBe("continue");
    expect(await s.report(number, { lease: token, step: 3, value: 1 })).toBe("continue");
    expect(s.trials[number]?.intermediate).toEqual([[3, 1]]);
    await expect(s.report(number, { lease: token, step: 3, value: 2 })).rejects.toMatchObject({
      code: "invalid-report",
    });
    await expect(s.report(number, { lease: token, step: 2, value: 1 })).rejects.toMatchObject({
      code: "invalid-report",
    });
    await expect(s.report(number, { lease: token, step: 0.5, value: 1 })).rejects.toMatchObject({
      code: "invalid-report",
    });
  });

  it("is run by the pool of a call once it has ended, and counts towards the goal once", async () => {
    const clock = manualClock();
    const s = await loadedStudy({}, clock);
    await s.ask({ lease: 5 });
    const executor = new ManualExecutor(1);
    const events: string[] = [];
    const call = s.optimizeWith(async () => executor.runner(), {
      totalTrials: 2,
      onEvent: (event) => events.push(event.event),
    });
    await executor.started(1);
    clock.advance(5_000);
    executor.complete(1, 4);
    await executor.started(0);
    executor.complete(0, 1);
    expect(await call).toMatchObject({ stoppedBy: "total-trials", finished: 2, added: 2 });
    expect(events).toContain("requeued");
    expect(s.trials.map(({ state, attempt }) => [state, attempt])).toEqual([
      ["complete", 2],
      ["complete", 1],
    ]);
  });

  it("refuses a lease that is no time", async () => {
    const s = await study();
    for (const lease of [0, -1, Number.NaN, Infinity])
      await expect(s.ask({ lease })).rejects.toMatchObject({ code: "invalid-option", exitCode: 2 });
    await s.optimize(square, { trials: 1 });
  });
});
