import { expect, test } from "vitest";
import { memoryLimitMb } from "../../../src/executors/resources.js";

const GiB = 2 ** 30;

test.each<[string, { total: number; available: number | null; own: number; slots: number }, number]>([
  ["a machine that is otherwise idle: 80 % of it", { total: 24, available: 22, own: 1, slots: 4 }, 0.8 * 22 + 1],
  ["one that keeps a share however free it is", { total: 8, available: 8, own: 3, slots: 2 }, 0.8 * 8],
  ["one that others fill: 80 % of what is free, and what it has", { total: 24, available: 5, own: 0.5, slots: 4 }, 4.5],
  ["a full one: 512 MiB a slot", { total: 24, available: 0.1, own: 0.1, slots: 4 }, 2],
  ["a full one that is small: 80 % of it", { total: 1, available: 0.1, own: 0.1, slots: 8 }, 0.8],
  ["a system that does not say what is free", { total: 24, available: null, own: 1, slots: 4 }, 0.8 * 24],
])("%s", (_what, { total, available, own, slots }, limit) => {
  const facts = { total: total * GiB, available: available === null ? null : available * GiB, own: own * GiB };
  expect(memoryLimitMb(slots, facts)).toBeCloseTo(limit * 1024, 6);
});

test("this machine's limit is one that a trial can run under", () => {
  expect(memoryLimitMb(2)).toBeGreaterThan(256);
});
