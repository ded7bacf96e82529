/** The conformance suite of trackers. */
import assert from "node:assert/strict";
import { requireKnownKeys } from "../core/index.js";
import type { KnownKeys, OptimizeEvent, Tracker } from "../core/index.js";
import type { TestRunner } from "./runner.js";
import { callEvents } from "./tracker-events.js";

/** A tracker, and what it has recorded. */
export interface TrackerUnderTest {
  readonly tracker: Tracker;
  /** What it has recorded; asked once it is closed. */
  recorded?(): unknown;
  /** Removes what it has recorded. */
  dispose?(): void | Promise<void>;
}

/** A tracker to be tried. */
export interface TrackerCase {
  readonly name: string;
  /** Makes one that has recorded nothing; called often. */
  readonly make: () => TrackerUnderTest | Promise<TrackerUnderTest>;
  /** What it has to have recorded after these events. Without it the cases about that are left out. */
  readonly expected?: (events: readonly OptimizeEvent[]) => unknown;
}

/** Registers what every tracker must do, whatever it does with what it hears. */
export function trackerConformance({ describe, it }: TestRunner, of: TrackerCase): void {
  requireKnownKeys("trackerConformance", of, {
    name: true,
    make: true,
    expected: true,
  } satisfies KnownKeys<TrackerCase>);
  const { name, make, expected } = of;
  /** Uses a tracker, and removes what it left. */
  const using = async (use: (under: TrackerUnderTest) => Promise<void>): Promise<void> => {
    const under = await make();
    try {
      await use(under);
    } finally {
      await under.dispose?.();
    }
  };
  describe(`tracker ${name}`, () => {
    it("takes every event of a call without an error, nobody waiting for it", () =>
      using(async ({ tracker }) => {
        await tellAll(tracker, callEvents("a"));
        await tracker.close?.();
      }));
    it("leaves the events as they were", () =>
      using(async ({ tracker }) => {
        const events = callEvents("a");
        await tellAll(tracker, events);
        await tracker.close?.();
        assert.deepEqual(events, callEvents("a"));
      }));
    it("passes over an event of a kind that it does not know", () =>
      using(async ({ tracker }) => {
        const unknown = { event: "of-a-later-version", number: 0 } as unknown as OptimizeEvent;
        await tellAll(tracker, [unknown, ...callEvents("a"), unknown]);
        await tracker.close?.();
      }));
    it("can be closed without having heard of anything", () =>
      using(async ({ tracker }) => {
        await tracker.close?.();
      }));
    if (!expected) return;
    it("has recorded the call when it is closed, in order", () =>
      using(async (under) => {
        const events = callEvents("a");
        const told = tellAll(under.tracker, events);
        await under.tracker.close?.();
        assert.deepEqual(await under.recorded?.(), expected(events));
        await told;
      }));
    it("records two calls at a time apart", () =>
      using((first) =>
        using(async (second) => {
          const events = [callEvents("a"), callEvents("b").filter(({ event }) => event !== "report")] as const;
          const told = events[0].map(async (event, i) => {
            const other = events[1][i];
            await Promise.all([tellAll(first.tracker, [event]), tellAll(second.tracker, other ? [other] : [])]);
          });
          for (const { tracker } of [second, first]) await tracker.close?.();
          assert.deepEqual(await first.recorded?.(), expected(events[0]));
          assert.deepEqual(await second.recorded?.(), expected(events[1]));
          await Promise.all(told);
        }),
      ));
  });
}

/** Tells a tracker one event after another without waiting for it, as a study does; rejects with what it threw. */
async function tellAll(tracker: Tracker, events: readonly OptimizeEvent[]): Promise<void> {
  await Promise.all(events.map(async (event) => tracker.onEvent(event)));
}
