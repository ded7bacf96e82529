/** Sends in the background what waits in a spool, for as long as a study runs and a bounded while after it. */
import { messageOf } from "../../core/index.js";
import type { MlflowClient } from "./client.js";
import type { Delivery } from "./delivery.js";
import { isTransient, waitMs } from "./retry.js";
import type { Spool } from "./spool.js";

/** What a sender stands on. */
export interface SenderContext {
  readonly client: MlflowClient;
  readonly spool: Spool;
  readonly delivery: Delivery;
  /** Hears, once, that the server does not take what is sent, and why. */
  readonly onTrouble: (message: string) => void;
}

/** So often what is new is written and sent: fewer, larger requests. */
const INTERVAL_MS = 1000;
/** Written to the disk as often as a study writes its trials' metrics. */
const FLUSH_MS = 200;
/** While a study runs a server that is away is asked again after at most so long. */
const LONGEST_WAIT_MS = 30_000;
/** A server that takes longer for an answer is not waited for like one that works. */
const SLOW_MS = 1000;
/** How long the end waits for a server that answers. */
const CLOSING_MS = 8000;
/** How much of the time that a call has taken its end may wait for one that does not. */
const CLOSING_SHARE = 0.03;
const TICK_MS = 25;

/** Nothing here throws: what cannot be sent stays in the spool. */
export class Sender {
  readonly #context: SenderContext;
  readonly #ending = new AbortController();
  readonly #started = performance.now();
  #flushTimer: NodeJS.Timeout | null = null;
  #sendTimer: NodeJS.Timeout | null = null;
  #work: Promise<void> | null = null;
  #dirty = false;
  #failures = 0;
  /** What will not be otherwise another time, as a password that is wrong. */
  #halted = false;
  #told = false;
  /** The last failure; null once something has succeeded. */
  #trouble: string | null = null;

  constructor(context: SenderContext) {
    this.#context = context;
  }

  /** Something was appended. */
  nudge(): void {
    this.#dirty = true;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = null;
      void this.#context.spool.flush();
    }, FLUSH_MS).unref();
    this.#sendTimer ??= this.#later(INTERVAL_MS);
  }

  #later(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#sendTimer = null;
      if (!this.#work) void this.#send();
    }, ms).unref();
  }

  #send(): Promise<void> {
    this.#work ??= this.#attempt().finally(() => {
      this.#work = null;
      // What came meanwhile goes with the next one.
      if (this.#dirty && !this.#halted && !this.#ending.signal.aborted) this.#sendTimer ??= this.#later(INTERVAL_MS);
    });
    return this.#work;
  }

  async #attempt(): Promise<void> {
    if (this.#halted) return;
    const { client, spool, delivery } = this.#context;
    try {
      this.#dirty = false;
      await spool.flush();
      await delivery.deliver(this.#ending.signal);
      [this.#failures, this.#trouble] = [0, null];
    } catch (error) {
      this.#dirty = true;
      if (this.#ending.signal.aborted) return;
      this.#failures++;
      this.#trouble = messageOf(error);
      if (!this.#told) this.#context.onTrouble(this.#trouble);
      this.#told = true;
      this.#halted = !isTransient(error);
      if (isTransient(error)) {
        const wait = Math.max(
          Math.min(waitMs(client.settings.retry, this.#failures, error), LONGEST_WAIT_MS),
          error.retryAfterMs ?? 0,
        );
        this.#sendTimer = this.#later(wait);
      }
    }
  }

  /** Why the last attempt failed; null where it did not. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /**
   * Sends what is left, and does what comes last. A server that works is waited for up to {@link CLOSING_MS}, one that
   * does not for a small share of the time that the call has taken.
   * @returns whether everything was sent
   */
  async finish(last: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const began = performance.now();
    const [{ client, spool }, { signal }] = [this.#context, this.#ending];
    for (const timer of [this.#flushTimer, this.#sendTimer]) if (timer) clearTimeout(timer);
    // A timer that is there already keeps #send from setting another one.
    this.#sendTimer = setTimeout(() => undefined, 0).unref();
    let done = false;
    const all = (async () => {
      await this.#work;
      await this.#send();
      if (this.#dirty || this.#halted) return;
      await last(signal);
      done = true;
    })().catch((error: unknown) => {
      if (!signal.aborted) this.#trouble = messageOf(error);
    });
    const patience = (): number =>
      client.isStruggling(SLOW_MS) || this.#trouble !== null
        ? Math.min(CLOSING_MS, CLOSING_SHARE * (began - this.#started))
        : CLOSING_MS;
    let over = false;
    void all.finally(() => (over = true));
    while (!over && performance.now() - began < patience())
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, TICK_MS))]);
    if (!over) this.#trouble ??= "it was too slow to answer";
    this.#ending.abort();
    await all;
    await spool.flush();
    client.close();
    return done;
  }
}
