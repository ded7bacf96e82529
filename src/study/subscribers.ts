/** Whoever follows a call of `optimize`: called for every event, and unable to disturb it. */
import type { OptimizeEvent, SubscriberFailures, TrackedStudy, Tracker } from "../core/index.js";
import { freezeDeep, isPromised, messageOf } from "../core/index.js";

/** Somebody who is told of events. */
export interface Subscriber {
  /** For messages: `onEvent`, `callback 1`, `tracker 2`. */
  readonly name: string;
  open?(study: TrackedStudy): void;
  onEvent(event: OptimizeEvent): void | Promise<void>;
  /** @default 10000 */
  readonly closingMs?: number | undefined;
  close?(failure?: unknown): void | Promise<void>;
}

/** The trackers of a call as subscribers. */
export function trackerSubscribers(trackers: readonly Tracker[]): Subscriber[] {
  return trackers.map((tracker, i) => ({
    name: tracker.name ?? `tracker ${i + 1}`,
    open: (study) => tracker.open?.(study),
    closingMs: tracker.closingMs,
    onEvent: (event) => tracker.onEvent(event),
    close: (failure) => tracker.close?.(failure),
  }));
}

/** How long one of them may take to close. */
const CLOSING_MS = 10_000;

interface Failures {
  count: number;
  readonly message: string;
}

/**
 * Tells every subscriber of every event, in order. What one throws is caught and counted; the others are told of the
 * first time, and it goes on being called.
 */
export class Subscribers {
  readonly #all: readonly Subscriber[];
  readonly #failures = new Map<string, Failures>();

  constructor(all: readonly Subscriber[]) {
    this.#all = all;
  }

  /** Shows the study to those who want to see it. */
  open(study: TrackedStudy): void {
    for (const subscriber of this.#all)
      if (subscriber.open) void this.#isolate(subscriber, () => subscriber.open?.(study));
  }

  emit(event: OptimizeEvent): void {
    if (this.#all.length === 0) return;
    freezeDeep(event);
    for (const subscriber of this.#all) void this.#isolate(subscriber, () => subscriber.onEvent(event));
  }

  /** Calls something of a subscriber's, caught like everything else of it; resolves when it is over. */
  async call(name: string, work: () => void | Promise<void>): Promise<void> {
    await this.#isolate({ name }, work);
  }

  #isolate(subscriber: Pick<Subscriber, "name">, work: () => void | Promise<void>): Promise<void> | undefined {
    try {
      const result: unknown = work();
      if (!isPromised(result)) return undefined;
      return Promise.resolve(result).then(undefined, (error: unknown) => {
        this.#failed(subscriber.name, error);
      });
    } catch (error) {
      this.#failed(subscriber.name, error);
      return undefined;
    }
  }

  #failed(name: string, error: unknown): void {
    const known = this.#failures.get(name);
    if (known) {
      known.count += 1;
      return;
    }
    const message = messageOf(error);
    this.#failures.set(name, { count: 1, message });
    const others = this.#all.filter((other) => other.name !== name);
    const event = Object.freeze({ event: "subscriber-failed", subscriber: name, message } as const);
    for (const other of others) void this.#isolate(other, () => other.onEvent(event));
    if (others.length === 0) process.emitWarning(`${name} threw: ${message}; the study goes on, and so do its calls`);
  }

  /** What was caught so far, by subscriber. */
  get failures(): readonly SubscriberFailures[] {
    return [...this.#failures].map(([subscriber, { count, message }]) => ({ subscriber, count, message }));
  }

  /**
   * Closes each of them, waiting for one no longer than it says, or `usualMs`.
   * @param failure what ended the call, where it failed
   */
  async close(failure?: unknown, usualMs = CLOSING_MS): Promise<void> {
    for (const subscriber of this.#all) {
      if (!subscriber.close) continue;
      const patienceMs = subscriber.closingMs ?? usualMs;
      const closing = this.#isolate(subscriber, () => subscriber.close?.(failure));
      if (!closing) continue;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          this.#failed(subscriber.name, new Error(`it did not close within ${patienceMs} ms`));
          resolve();
        }, patienceMs);
      });
      await Promise.race([closing, late]);
      clearTimeout(timer);
    }
  }
}
