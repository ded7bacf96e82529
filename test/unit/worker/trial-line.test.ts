import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeEach, expect, test, vi } from "vitest";
import { ControlBlock } from "../../../src/executors/protocol.js";
import { TrialLine } from "../../../src/worker/trial-line.js";

const order: string[] = vi.hoisted(() => []);
vi.mock("../../../src/worker/collect-garbage.js", () => ({
  collectWhereWorthIt: () => order.push("collected"),
}));

/** A line of a worker that holds `memory` bytes, and `afterwards` once its garbage is collected. */
function lineOf(memory: number, afterwards: number): TrialLine {
  const port = {
    send: (message: unknown) => void order.push(`sent ${(message as { memory: number }).memory}`),
    onMessage: () => undefined,
  };
  const control = new Int32Array(ControlBlock.length);
  return new TrialLine(port, control, () => (order.includes("collected") ? afterwards : memory));
}

beforeEach(() => {
  order.length = 0;
});

test("an outcome does not wait for the worker's garbage", async () => {
  lineOf(100 * 2 ** 20, 50 * 2 ** 20).end({ state: "cancelled" });
  expect(order).toEqual([`sent ${100 * 2 ** 20}`]);
  await nextTurn();
  expect(order).toEqual([`sent ${100 * 2 ** 20}`, "collected"]);
});

test("but a worker that holds much says what it holds without its garbage: it may be replaced for it", async () => {
  lineOf(3 * 2 ** 30, 2 ** 30).end({ state: "cancelled" });
  await nextTurn();
  expect(order).toEqual(["collected", `sent ${2 ** 30}`]);
});
