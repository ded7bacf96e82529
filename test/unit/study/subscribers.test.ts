import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { OptimizeEvent, Tracker } from "../../../src/core/index.js";
import { Subscribers, trackerSubscribers } from "../../../src/study/subscribers.js";
import { outcomes, square, study } from "../../fixtures/study/studies.js";

const kinds = (events: readonly OptimizeEvent[]): string[] => events.map(({ event }) => event);

/** Throws at every event of one kind, or at all. */
function throwing(at?: OptimizeEvent["event"]): Tracker & { heard: OptimizeEvent[]; closed: number } {
  const heard: OptimizeEvent[] = [];
  return {
    heard,
    closed: 0,
    onEvent(event) {
      heard.push(event);
      if (at === undefined || event.event === at) throw new Error(`broke at ${event.event}`);
    },
    close() {
      this.closed += 1;
      throw new Error("broke at the end");
    },
  };
}

async function reporting(
  trial: Parameters<typeof square>[0] & { report(value: number, step: number): void },
): Promise<number> {
  trial.report(1, 1);
  return square(trial);
}

describe("a subscriber that throws", () => {
  it.each(["start", "trial-start", "report", "trial", "finish"] as const)("at %s changes nothing", async (at) => {
    const undisturbed = await study();
    const wanted: OptimizeEvent[] = [];
    const result = await undisturbed.optimize(reporting, { trials: 4, onEvent: (event) => wanted.push(event) });
    const s = await study({ name: `throws-at-${at}` });
    const tracker = throwing(at);
    const others: OptimizeEvent[] = [];
    const disturbed = await s.optimize(reporting, { trials: 4, trackers: [tracker], onEvent: (e) => others.push(e) });
    expect(outcomes(s.trials)).toEqual(outcomes(undisturbed.trials));
    expect(disturbed).toMatchObject({ stoppedBy: result.stoppedBy, finished: 4, exitCode: 0 });
    // It goes on being called, and everybody else is told of the first time alone.
    expect(kinds(tracker.heard)).toEqual(kinds(wanted));
    expect(kinds(others).filter((kind) => kind !== "subscriber-failed")).toEqual(kinds(wanted));
    expect(others.filter(({ event }) => event === "subscriber-failed")).toEqual([
      { event: "subscriber-failed", subscriber: "tracker 1", message: `broke at ${at}` },
    ]);
    const times = { start: 1, "trial-start": 4, report: 4, trial: 4, finish: 1 }[at];
    // What it threw when it was closed is counted, too.
    expect(disturbed.subscriberFailures).toEqual([
      { subscriber: "tracker 1", count: times + 1, message: `broke at ${at}` },
    ]);
    expect(tracker.closed).toBe(1);
  });

  it("by a promise is caught as well", async () => {
    const s = await study();
    const result = await s.optimize(square, {
      trials: 2,
      trackers: [{ onEvent: async () => Promise.reject(new Error("later")) }],
      onEvent: () => undefined,
    });
    expect(result).toMatchObject({ finished: 2, subscriberFailures: [{ subscriber: "tracker 1", message: "later" }] });
  });

  it("by something else that can be waited for is caught as well, and waited for at the end", async () => {
    const s = await study();
    let closed = false;
    const thenable = (work: () => Promise<void>): Promise<void> =>
      ({ then: (done: () => void, failed: (error: unknown) => void) => work().then(done, failed) }) as Promise<void>;
    const result = await s.optimize(square, {
      trials: 2,
      trackers: [
        {
          onEvent: () => thenable(async () => Promise.reject(new Error("later"))),
          close: () =>
            thenable(async () => {
              await turn();
              closed = true;
            }),
        },
      ],
      onEvent: () => undefined,
    });
    expect(result).toMatchObject({ finished: 2, subscriberFailures: [{ subscriber: "tracker 1", message: "later" }] });
    expect(closed).toBe(true);
  });

  it.each([
    [Object.create(null) as unknown, "{}"],
    [{ message: "of its own" }, "of its own"],
    [undefined, "undefined"],
  ])("something that is no error (%j) changes nothing", async (thrown, message) => {
    const s = await study();
    const result = await s.optimize(square, {
      trials: 2,
      onEvent: () => undefined,
      trackers: [
        {
          onEvent() {
            throw thrown;
          },
        },
      ],
    });
    expect(result).toMatchObject({ stoppedBy: "trials", subscriberFailures: [{ message }] });
  });

  it("and is alone is told of by a warning of the process", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    try {
      const s = await study();
      await s.optimize(square, { trials: 3, trackers: [throwing()] });
      expect(warned.mock.calls.map(([message]) => message)).toEqual([
        expect.stringMatching(/^tracker 1 threw: broke at start/),
      ]);
    } finally {
      warned.mockRestore();
    }
  });

  it("as a callback changes nothing either, and the callbacks after it are called", async () => {
    const s = await study();
    const told: number[] = [];
    const result = await s.optimize(square, {
      trials: 3,
      onEvent: () => undefined,
      callbacks: [
        () => {
          throw new Error("no room for callbacks");
        },
        (_study, trial) => void told.push(trial.number),
      ],
    });
    expect(told).toEqual([0, 1, 2]);
    expect(result).toMatchObject({
      finished: 3,
      exitCode: 0,
      subscriberFailures: [{ subscriber: "callback 1", count: 3, message: "no room for callbacks" }],
    });
  });

  it("cannot change what the others hear, nor the study", async () => {
    const s = await study();
    const events: OptimizeEvent[] = [];
    await s.optimize(reporting, {
      trials: 2,
      trackers: [
        {
          onEvent(event) {
            (event as { event: string }).event = "mine";
          },
        },
        {
          onEvent(event) {
            if (event.event === "report") (event.metrics as Record<string, number>)["mine"] = 1;
            if (event.event === "trial") (event.trial.params as Record<string, number>)["x"] = 9;
          },
        },
      ],
      onEvent: (event) => events.push(event),
    });
    expect(kinds(events)).not.toContain("mine");
    expect(events.flatMap((event) => (event.event === "report" ? [event.metrics] : []))).toEqual([{}, {}]);
    expect(s.trials.every((trial) => trial.params["x"] !== 9)).toBe(true);
  });
});

it("no list in an event can be changed, nor the result that the call ends with", async () => {
  const s = await study();
  const refused: string[] = [];
  const spoil = (event: OptimizeEvent, work: () => void): void => {
    try {
      work();
    } catch {
      refused.push(event.event);
    }
  };
  const result = await s.optimize(square, {
    trials: 2,
    onEvent(event) {
      if (event.event === "start") spoil(event, () => (event.recovered as number[]).push(99));
      if (event.event !== "finish") return;
      spoil(event, () => ((event.result as { finished: number }).finished = -1));
      spoil(event, () => (event.result.front as number[]).push(99));
      spoil(event, () => (event.result.subscriberFailures as unknown[]).push({}));
    },
  });
  expect(refused).toEqual(["start", "finish", "finish", "finish"]);
  expect(result).toMatchObject({ finished: 2, added: 2, front: [s.bestTrial?.number], subscriberFailures: [] });
});

it("a callback may stop the call before the next trial starts", async () => {
  const s = await study();
  const result = await s.optimize(square, {
    trials: 50,
    callbacks: [
      (stopping, trial) => {
        if (trial.number === 4) stopping.stop();
      },
    ],
  });
  expect(result).toMatchObject({ stoppedBy: "stop", finished: 5 });
  expect(s.trials).toHaveLength(5);
});

describe("a tracker that takes its time to close", () => {
  const slowly = (wait: () => Promise<unknown>): Tracker & { closed: boolean } => ({
    closed: false,
    onEvent: () => undefined,
    async close() {
      await wait();
      this.closed = true;
    },
  });

  it("is waited for, however little time trials are given to end", async () => {
    const s = await study();
    // Longer than a timer of 0 ms that is set after it.
    const tracker = slowly(() => new Promise((resolve) => setTimeout(resolve, 20)));
    const result = await s.optimize(square, { trials: 1, graceMs: 0, trackers: [tracker] });
    expect(tracker.closed).toBe(true);
    expect(result.subscriberFailures).toEqual([]);
  });

  it("is given up, and told, when it does not end", async () => {
    const subscribers = new Subscribers([
      ...trackerSubscribers([slowly(() => new Promise(() => undefined))]),
      { name: "other", onEvent: () => undefined },
    ]);
    await subscribers.close(undefined, 1);
    expect(subscribers.failures).toEqual([
      { subscriber: "tracker 1", count: 1, message: "it did not close within 1 ms" },
    ]);
  });
});
