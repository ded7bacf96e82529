/** The suite of trackers finds what is wrong: implementations that each break one promise. */
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import type { OptimizeEvent } from "../../../src/core/index.js";
import { trackerConformance } from "../../../src/testing/index.js";
import type { TrackerUnderTest } from "../../../src/testing/index.js";
import { callEvents } from "../../../src/testing/tracker-events.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of trackers finds one that", () => {
  const broken = (make: (file: string) => TrackerUnderTest["tracker"]): Register => {
    return (runner) => {
      trackerConformance(runner, {
        name: "broken",
        make: async () => {
          const folder = await mkdtemp(join(tmpdir(), "mlbench-tracker-"));
          const file = join(folder, "log");
          return {
            tracker: make(file),
            recorded: () => readFile(file, "utf8").catch(() => ""),
            dispose: () => rm(folder, { recursive: true }),
          };
        },
        expected: (events) => events.map(({ event }) => `${event}\n`).join(""),
      });
    };
  };
  const chain = (file: string) => {
    let writing = Promise.resolve();
    const add = ({ event }: OptimizeEvent): void => {
      // The folder may be gone by then.
      writing = writing.then(() => appendFile(file, `${event}\n`)).catch(() => undefined);
    };
    return { add, written: () => writing };
  };
  passes(
    broken((file) => {
      const { add, written } = chain(file);
      return { onEvent: add, close: written };
    }),
  );
  finds([
    [
      "does not know every kind of event",
      broken(() => ({
        onEvent: ({ event }) => {
          if (event === "held") throw new Error(event);
        },
      })),
      /takes every event/,
    ],
    [
      "fails at kinds that come later",
      broken(() => ({
        onEvent: ({ event }) => {
          if (!callEvents("a").some((known) => known.event === event)) throw new Error(event);
        },
      })),
      /passes over an event/,
    ],
    [
      "rejects",
      broken(() => ({
        onEvent: async ({ event }) => (event === "finish" ? Promise.reject(new Error(event)) : undefined),
      })),
      /takes every event/,
    ],
    [
      "changes what it hears",
      broken(() => ({
        onEvent: (event) => {
          (event as { event: string }).event = "mine";
        },
      })),
      /leaves the events/,
    ],
    [
      "does not wait at its end for what it writes",
      broken((file) => {
        const { add } = chain(file);
        return { onEvent: add, close: () => undefined };
      }),
      /has recorded/,
    ],
    [
      "is one for all calls",
      (() => {
        const all = new Map<string, ReturnType<typeof chain>>();
        return broken((file) => {
          const shared = all.get("one") ?? chain(file);
          all.set("one", shared);
          return { onEvent: shared.add, close: () => shared.written() };
        });
      })(),
      /two calls at a time apart/,
    ],
    [
      "expects an event before its end",
      broken(() => {
        let begun: Promise<void> | undefined;
        return {
          onEvent: () => void (begun ??= Promise.resolve()),
          close: () => (begun as Promise<void>).then(() => undefined),
        };
      }),
      /without having heard/,
    ],
  ]);
});
