import { beforeEach, expect, test, vi } from "vitest";

const MIB = 2 ** 20;
let collectWhereWorthIt: (memory: () => number, createCollector: () => () => void) => void;
let now: number;

/** A worker's memory: collecting leaves `kept` of it. */
function worker(kept: number) {
  const state = { held: 0, collections: 0 };
  const collect = () => {
    state.collections++;
    state.held = kept;
  };
  return {
    state,
    endTrial: (held: number): number => {
      state.held = held;
      collectWhereWorthIt(
        () => state.held,
        () => collect,
      );
      return state.collections;
    },
  };
}

beforeEach(async () => {
  // What was kept last is the thread's.
  vi.resetModules();
  ({ collectWhereWorthIt } = await import("../../../src/worker/collect-garbage.js"));
  now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += 2000));
});

test("a worker whose trials leave little is not stopped for it, however many end", () => {
  const { endTrial } = worker(1 * MIB);
  for (let trial = 0; trial < 100; trial++) expect(endTrial((1 + (trial % 7)) * MIB)).toBe(0);
});

test("one that holds 8 MiB more than after its last collection gives them back", () => {
  const { endTrial } = worker(200 * MIB);
  expect(endTrial(220 * MIB)).toBe(1);
  expect(endTrial(207 * MIB)).toBe(1);
  expect(endTrial(208 * MIB)).toBe(2);
  expect(endTrial(202 * MIB)).toBe(2);
});

test("once a second at most", () => {
  const { endTrial } = worker(0);
  expect(endTrial(100 * MIB)).toBe(1);
  vi.spyOn(performance, "now").mockImplementation(() => now + 900);
  expect(endTrial(100 * MIB)).toBe(1);
  vi.spyOn(performance, "now").mockImplementation(() => now + 1100);
  expect(endTrial(100 * MIB)).toBe(2);
});
