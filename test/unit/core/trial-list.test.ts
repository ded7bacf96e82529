import fc from "fast-check";
import { expect, test } from "vitest";
import type { StudyState } from "../../../src/core/index.js";
import { createStudyState, historyOver, recordsOf } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { TrialList } from "../../../src/core/trial-list.js";
import { header } from "../../fixtures/storage/records.js";
import { trialOf } from "../../fixtures/trials.js";

const listOf = (length: number): TrialList => TrialList.from(Array.from({ length }, (_, i) => trialOf(i, {})));

/** The changes found by looking at every entry. */
function compared(list: TrialList, before: TrialList): [number, Trial][] {
  const changes: [number, Trial][] = [];
  for (let i = 0; i < list.length; i++) if (list.at(i) !== before.at(i)) changes.push([i, list.at(i) as Trial]);
  return changes;
}

function found(list: TrialList, before: TrialList): [number, Trial][] {
  const changes: [number, Trial][] = [];
  list.eachChange(before, (index, trial) => changes.push([index, trial]));
  return changes;
}

// Around 32, 1024 and 32768 the tree grows by a level.
const sizes = fc.constantFrom(0, 1, 31, 32, 33, 1000, 1023, 1024, 1025, 32_767, 32_768);

test("what changed between two lists is what comparing all entries finds, in order, whichever is older or longer", () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.tuple(fc.boolean(), fc.nat()), { maxLength: 40 }), (size, steps) => {
      const before = listOf(size);
      let list = before;
      for (const [append, at] of steps) {
        const index = append || list.length === 0 ? list.length : at % list.length;
        list = list.with(index, trialOf(index, {}));
      }
      expect(found(list, before)).toEqual(compared(list, before));
      expect(found(before, list)).toEqual(compared(before, list));
      expect(found(list, list)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test("of lists that share nothing every entry is a change", () => {
  for (const [a, b] of [
    [40, 1030],
    [1030, 40],
    [0, 5],
    [5, 0],
  ] as const)
    expect(found(listOf(a), listOf(b)).map(([index]) => index)).toEqual(Array.from({ length: a }, (_, i) => i));
});

test("a history's list of all trials is made when it is first read, and is that of its own moment", () => {
  const directions = ["minimize"] as const;
  const rest = { direction: "minimize" as const, directions, running: [], seed: 0, prior: [] };
  const state = createStudyState(header("lazy"), [trialOf(0, { x: 1 })]);
  expect(historyOver(state, rest)).toEqual({ ...rest, trials: [state.trial(0)] });
  expect(recordsOf(historyOver(state, rest))?.length).toBe(1);
  const unread = Object.create(state, {
    trials: {
      get() {
        throw new Error("somebody reads them all");
      },
    },
  }) as StudyState;
  expect(historyOver(unread, rest).direction).toBe("minimize");
  expect(recordsOf({ direction: "minimize", trials: [] })).toBeUndefined();
});
