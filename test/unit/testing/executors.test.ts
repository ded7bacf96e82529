/** The suite of executors finds what is wrong: implementations that each break one promise. */
import { describe, expect, test } from "vitest";
import type { Executor, Place, RunHooks } from "../../../src/executors/executor.js";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { conformanceObjective, executorConformance } from "../../../src/testing/index.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of executors finds one that", () => {
  interface Change {
    readonly place?: (place: Place) => Place;
    readonly executor?: (executor: Executor) => Partial<Executor>;
    readonly hooks?: (hooks: RunHooks) => Partial<RunHooks>;
  }
  const broken = ({ place = (p) => p, executor = () => ({}), hooks = () => ({}) }: Change): Register => {
    const make = (): Executor => {
      const inline = new InlineExecutor({ objective: conformanceObjective, slots: 2 });
      const acquire = async (signal?: AbortSignal): Promise<Place> => {
        const got = await inline.acquire(signal);
        // What a spread leaves out of hooks that are an object's methods is put back by its prototype.
        const changed = (given: RunHooks): RunHooks => Object.assign(Object.create(given) as RunHooks, hooks(given));
        return place({ ...got, run: (job, given) => got.run(job, changed(given)) });
      };
      const sound: Executor = { name: "broken", capacity: () => 2, acquire, close: () => inline.close() };
      return { ...sound, ...executor(sound) };
    };
    return (runner) => {
      executorConformance(runner, { name: "broken", make });
    };
  };
  passes(broken({}));
  finds([
    [
      "keeps metrics to itself",
      broken({ hooks: (h) => ({ onReport: (s, v) => h.onReport(s, v) }) }),
      /further metrics/,
    ],
    [
      "does not answer reports",
      broken({ hooks: (h) => ({ onReport: async (s, v, m) => (await h.onReport(s, v, m), "continue" as const) }) }),
      /ends a trial as pruned/,
    ],
    ["loses attributes", broken({ hooks: () => ({ onUserAttr: () => undefined }) }), /user attributes/],
    [
      "swallows what a hook throws",
      broken({
        hooks: (h) => ({
          onReport: (s, v, m) => {
            try {
              return h.onReport(s, v, m);
            } catch {
              return "prune";
            }
          },
        }),
      }),
      /what a hook threw/,
    ],
    ["tells of more places than it has", broken({ executor: () => ({ capacity: () => 3 }) }), /hands out its places/],
    [
      "fails trials by rejecting",
      broken({
        place: (p) => ({
          ...p,
          run: async (job, hooks) => {
            const done = await p.run(job, hooks);
            if (done.state === "failed") throw new Error(done.failure.message);
            return done;
          },
        }),
      }),
      /fails a trial that throws/,
    ],
    [
      "runs trials in places that were given back",
      broken({ place: (p) => ({ ...p, release: () => undefined }) }),
      /none in one that was given back/,
    ],
    ["says nothing of who runs a trial", broken({ place: (p) => ({ ...p, owner: "" }) }), /hands out its places/],
    ["does not close", broken({ executor: () => ({ close: async () => undefined }) }), /closes after all/],
  ]);
});

test.each([0, 1.5, Number.NaN])("rounds of %s are refused, as they would try nothing", (rounds) => {
  const runner = { describe: (_name: string, body: () => void) => body(), it: () => undefined };
  const make = (): Executor => new InlineExecutor({ objective: conformanceObjective, slots: 2 });
  expect(() => executorConformance(runner, { name: "x", make, rounds })).toThrow(/rounds is .*at least 1/);
});
