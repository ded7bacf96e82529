import { expect, test } from "vitest";
import { choiceNamed, plainValue } from "../../../src/registry/index.js";

test("a plain text is a number, true, false or none where it spells one, else itself", () => {
  const texts = ["3", "-1e-3", ".5", "true", "False", "none", "NULL", "no", "on", "0x10", "1e999", "", "lstm"];
  expect(texts.map(plainValue)).toEqual([
    ...[3, -0.001, 0.5, true, false, null, null],
    ...["no", "on", "0x10", "1e999", "", "lstm"],
  ]);
});

test("a choice is named by its own text before anything that the text spells", () => {
  expect(choiceNamed([true, false], "yes")).toBe(true);
  expect(choiceNamed([true, false], "off")).toBe(false);
  expect(choiceNamed(["yes", true], "yes")).toBe("yes");
  expect(choiceNamed([1, "1e0"], "1e0")).toBe("1e0");
  expect(choiceNamed([1, 2], "2.0")).toBe(2);
  expect(choiceNamed([null, 1], "none")).toBeNull();
  expect(choiceNamed([null, 1], "null")).toBeNull();
  expect(choiceNamed(["a", "b"], "c")).toBeUndefined();
  expect(choiceNamed([1, 2], "true")).toBeUndefined();
});
