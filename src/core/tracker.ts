/** The contract of whoever follows an `optimize` call from outside. */
import type { OptimizeEvent } from "./optimize-events.js";

/**
 * Hears every event of a call, in order. What it throws, or rejects with, changes nothing for the study: it is caught,
 * counted, told once, and the tracker goes on being called.
 */
export interface Tracker {
  /** Not waited for: a tracker that has to wait for something queues what it hears. */
  onEvent(event: OptimizeEvent): void | Promise<void>;
  /** Called once after the last event; waited for, up to 10 s. */
  close?(): void | Promise<void>;
}
