/** The verdict of `best-trial --retrain`: a difference is good or bad by the metric's direction. */
import { expect, test } from "vitest";
import type { RetrainRow } from "../../../src/app/retrain.js";
import { differenceInWords } from "../../../src/cli/retrain.js";

const interval = (low: number, high: number) => ({ mean: (low + high) / 2, sd: 1, low, high });

test.each([
  ["minimize", -2, -1, "winner is better"],
  ["minimize", 1, 2, "winner is worse"],
  ["maximize", -2, -1, "winner is worse"],
  ["maximize", 1, 2, "winner is better"],
  ["minimize", -1, 1, "no difference shown"],
  ["maximize", 0, 1, "no difference shown"],
] as const)("%s, winner - defaults in [%d, %d]: %s", (direction, low, high, words) => {
  const row: RetrainRow = {
    ...{ part: "val", metric: "val_r2", direction },
    ...{ winner: interval(0, 1), defaults: interval(0, 1), difference: interval(low, high) },
  };
  expect(differenceInWords(row)).toBe(words);
});
