import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { longTimeout } from "../../../src/core/index.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const DAY = 86_400_000;

it.each([1, DAY, 30 * DAY, 400 * DAY])("waits %d ms, neither less nor more", (ms) => {
  const wake = vi.fn();
  longTimeout(wake, ms);
  vi.advanceTimersByTime(ms - 1);
  expect(wake).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(wake).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(2 * ms);
  expect(wake).toHaveBeenCalledTimes(1);
});

it("never wakes after Infinity, nor when it was called off, however far it has come", () => {
  const wake = vi.fn();
  longTimeout(wake, Infinity);
  const callOff = longTimeout(wake, 60 * DAY);
  vi.advanceTimersByTime(50 * DAY);
  callOff();
  vi.advanceTimersByTime(1_000 * DAY);
  expect(wake).not.toHaveBeenCalled();
});
