/** The contract of whoever follows an `optimize` call from outside. */
import type { OptimizeEvent } from "./optimize-events.js";

/**
 * Hears every event of a call, in order. What it throws, or rejects with, changes nothing for the study: it is caught,
 * counted, told once, and the tracker goes on being called.
 */
export interface Tracker {
  /** What messages about it call it. @default `tracker 1`, `tracker 2`, … */
  readonly name?: string;
  /** How long closing it may take, milliseconds. @default 10000 */
  readonly closingMs?: number;
  /** Not waited for: a tracker that has to wait for something queues what it hears. */
  onEvent(event: OptimizeEvent): void | Promise<void>;
  /**
   * Called once after the last event; waited for, up to {@link Tracker.closingMs}.
   * @param failure what the call threw; undefined where it came to its end (`finish`)
   */
  close?(failure?: unknown): void | Promise<void>;
}
