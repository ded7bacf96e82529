import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Direction, Trial } from "../../../src/core/index.js";
import { blankTrial, frontVolume, hypervolume, hypervolumeHistory, referencePoint } from "../../../src/core/index.js";

function complete(number: number, values: readonly number[], given: Partial<Trial> = {}): Trial {
  return blankTrial(number, { state: "complete", values, finish_index: number, ...given });
}

const small = fc.integer({ min: 0, max: 5 });
const somePoints = (objectives: number) =>
  fc.array(fc.array(small, { minLength: objectives, maxLength: objectives }), { maxLength: 9 });

/** By counting the unit cells below the reference that some point dominates. */
function cellsDominated(points: readonly (readonly number[])[], reference: readonly number[]): number {
  let cells: number[][] = [[]];
  for (const end of reference)
    cells = cells.flatMap((cell) => Array.from({ length: end }, (_, from) => [...cell, from]));
  return cells.filter((cell) => points.some((point) => point.every((x, i) => x <= (cell[i] as number)))).length;
}

describe("hypervolume", () => {
  test("of one point its box, of two what both cover once", () => {
    expect(hypervolume([[1, 2]], [4, 4])).toBe(6);
    expect(hypervolume([[1, 3], [2, 1]], [4, 4])).toBe(7); // prettier-ignore
    expect(hypervolume([[0.5, 3]], [0, 10], ["maximize", "minimize"])).toBe(3.5);
    expect(hypervolume([], [1, 1])).toBe(0);
  });

  test("of n points on the line x + y = 1: the stairs below it", () => {
    const n = 1000;
    const points = Array.from({ length: n }, (_, i) => [i / n, 1 - (i + 1) / n]);
    // Each of the n stairs lacks half a square of side 1/n of the triangle's half.
    expect(hypervolume(points, [1, 1])).toBeCloseTo(0.5 + 1 / (2 * n), 12);
  });

  test("of m halves of the cube in m dimensions: all but the corner that none has", () => {
    for (let m = 2; m <= 6; m++) {
      const halves = Array.from({ length: m }, (_, k) => Array.from({ length: m }, (_, i) => (i === k ? 0.5 : 0)));
      expect(hypervolume(halves, new Array<number>(m).fill(1))).toBeCloseTo(1 - 0.5 ** m, 12);
    }
  });

  test.each([1, 2, 3, 4])("counts cells: %i objectives", (m) => {
    fc.assert(
      fc.property(somePoints(m), (points) => {
        const reference = new Array<number>(m).fill(5);
        expect(hypervolume(points, reference)).toBe(cellsDominated(points, reference));
      }),
      { numRuns: 60 },
    );
  });

  test("points beyond the reference, on it, and without a number add nothing; infinite ones are infinite", () => {
    const volume = hypervolume([[1, 2]], [4, 4]);
    expect(hypervolume([[1, 2], [4, 0], [0, 9], [NaN, 0], [0, Infinity]], [4, 4])).toBe(volume); // prettier-ignore
    expect(hypervolume([[-Infinity, 2]], [4, 4])).toBe(Infinity);
    expect(hypervolume([[-Infinity, 2], [2, -Infinity]], [4, 4])).toBe(Infinity); // prettier-ignore
  });

  test("a reference of another length, or of no number, is refused", () => {
    expect(() => hypervolume([[1, 2]], [4, 4], ["minimize"])).toThrow(/one number for each of 1 objectives/);
    expect(() => hypervolume([[1, 2]], [4, NaN])).toThrow(expect.objectContaining({ code: "invalid-reference" }));
  });
});

describe("the hypervolume of trials", () => {
  const directions: readonly Direction[] = ["minimize", "maximize"];

  test("its reference is a tenth of the range behind the worst of those that joined the front", () => {
    const trials = [
      complete(0, [3, 10]),
      complete(1, [1, 5]),
      complete(2, [100, -50]), // far off, and worse than both
      complete(3, [0, 20], { constraints: { c: 1 } }),
      blankTrial(4, { state: "failed" }),
    ];
    expect(referencePoint(trials, directions)).toEqual([3 + 0.2, 5 - 0.5]);
    // Boxes [3, 3.2] x [4.5, 10] and [1, 3.2] x [4.5, 5].
    expect(frontVolume(trials, directions)?.value).toBeCloseTo(0.2 * 5.5 + 2 * 0.5, 12);
    expect(referencePoint([complete(0, [0, 0])], directions)).toEqual([0.1, -0.1]);
    expect(referencePoint(trials.slice(3), directions)).toBeNull();
    expect(frontVolume(trials.slice(3), directions)).toBeNull();
    expect(hypervolumeHistory(trials.slice(3), directions)).toEqual([]);
  });

  test("by finished trials: those that count for nothing leave gaps, the order is that of finishing", () => {
    const trials = [
      complete(0, [2, 2], { finish_index: 2 }),
      complete(1, [1, 3], { finish_index: 0 }),
      blankTrial(2, { state: "pruned", finish_index: 1 }),
    ];
    expect(hypervolumeHistory(trials, ["minimize", "minimize"], [4, 4])).toEqual([
      [1, 3],
      [3, 5],
    ]);
    expect(() => hypervolumeHistory(trials, ["minimize", "minimize"], [4])).toThrow(/reference point/);
  });

  test("never falls, and ends at the hypervolume of all", () => {
    fc.assert(
      fc.property(somePoints(3), (points) => {
        const trials = points.map((values, i) => complete(i, values));
        const three: readonly Direction[] = ["minimize", "minimize", "minimize"];
        const volumes = hypervolumeHistory(trials, three, [6, 6, 6]).map(([, volume]) => volume);
        expect([...volumes].sort((a, b) => a - b)).toEqual(volumes);
        expect(volumes.at(-1) ?? 0).toBeCloseTo(hypervolume(points, [6, 6, 6]), 9);
      }),
      { numRuns: 60 },
    );
  });
});
