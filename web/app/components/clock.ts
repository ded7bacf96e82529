/** The time of day as pages show it: one timer for all of them, and none while nobody looks. */
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";

const STEP_MS = 10_000;
const time = signal(Date.now());

setInterval(() => {
  if (document.visibilityState === "visible") time.value = Date.now();
}, STEP_MS);
document.addEventListener("visibilitychange", () => (time.value = Date.now()));

/** Milliseconds since 1970, in steps of ten seconds. */
export const now: ReadonlySignal<number> = time;

/** Whole seconds since a time: exact where it is drawn anew, else as old as the clock. */
export const secondsSince = (ms: number): number =>
  Math.max(0, Math.round((Math.max(time.value, Date.now()) - ms) / 1000));
