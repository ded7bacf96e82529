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
