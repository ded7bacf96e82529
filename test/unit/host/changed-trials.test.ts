import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChangedTrials } from "../../../src/host/changed-trials.js";

describe("changed trials", () => {
  it("are those of the events after a revision, however often it was thinned", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }),
        fc.nat(50),
        fc.nat(70),
        (numbers, from, back) => {
          const changed = new ChangedTrials(from, 3);
          numbers.forEach((number, i) => {
            changed.add(number, from + i + 1);
          });
          const since = from + numbers.length - back;
          const expected = [...new Set(numbers.filter((_, i) => from + i + 1 > since))].sort((a, b) => a - b);
          expect(changed.since(since)).toEqual(since < from ? null : expected);
        },
      ),
    );
  });

  it("are looked up by what changed, not by what is there", () => {
    const changed = new ChangedTrials(0);
    for (let i = 1; i <= 200_000; i++) changed.add(i % 1000, i);
    expect(changed.since(199_998)).toEqual([0, 999]);
    expect(changed.entries).toBeLessThanOrEqual(12_000);
  });

  it("are not known across a reset", () => {
    const changed = new ChangedTrials(0);
    changed.add(3, 1);
    changed.reset(10);
    expect(changed.since(9)).toBeNull();
    expect(changed.since(10)).toEqual([]);
    changed.add(4, 11);
    expect(changed.since(10)).toEqual([4]);
  });
});
