import { expect, test } from "vitest";
import { trialNote } from "../../../src/core/index.js";
import { blankTrial } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";

test("a failure's class stands before its message, once", () => {
  const failed = (failure: Trial["failure"]) => trialNote(blankTrial(3, { state: "failed", failure }));
  expect(failed({ class: "exception", message: "no table", where: "own.mjs:3" })).toBe("exception: no table");
  expect(failed({ class: "diverged", message: "diverged in epoch 2: the loss", where: "own.mjs:3" })).toBe(
    "diverged in epoch 2: the loss",
  );
});
