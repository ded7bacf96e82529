/** The contract of whoever follows an `optimize` call from outside. */
import type { OptimizeEvent } from "./optimize-events.js";
import type { StudyState } from "./study-state.js";

/** The study of a call, as its trackers may look at it. */
export interface TrackedStudy {
  readonly name: string;
  /** The records as they are now; also after the call's end. */
  readonly state: StudyState;
  /**
   * The folder beside the study in which its trials' folders lie, and a tracker may keep files in one folder of its own,
   * under its name; it need not be there yet. Null where the storage keeps no files.
   */
  readonly directory: string | null;
  /** Where a trial keeps its checkpoint and log; null where the storage keeps no files. */
  directoryOf(number: number): string | null;
}

/**
 * Hears every event of a call, in order. What it throws, or rejects with, changes nothing for the study: it is caught,
 * counted, told once, and the tracker goes on being called.
 */
export interface Tracker {
  /** What messages about it call it. @default `tracker 1`, `tracker 2`, … */
  readonly name?: string;
  /** How long closing it may take, milliseconds. @default 10000 */
  readonly closingMs?: number;
  /** Called once before the first event, with what events do not say. */
  open?(study: TrackedStudy): void;
  /** Not waited for: a tracker that has to wait for something queues what it hears. */
  onEvent(event: OptimizeEvent): void | Promise<void>;
  /**
   * Called once after the last event; waited for, up to {@link Tracker.closingMs}.
   * @param failure what the call threw; undefined where it came to its end (`finish`)
   */
  close?(failure?: unknown): void | Promise<void>;
}
