/** Leases: trials handed out for a limited time, and taken back from whoever falls silent. */
import { randomBytes } from "node:crypto";
import type { Lease, Trial } from "../core/index.js";
import { isTokenOf, longTimeout, MlbenchError } from "../core/index.js";

/** The time that leases are counted in, and how to be woken; a parameter so that tests need not wait. */
export interface LeaseClock {
  /** Milliseconds that never jump and never go back. */
  now(): number;
  /** Calls `wake` once after so many milliseconds; returns what calls it off. */
  after(ms: number, wake: () => void): () => void;
}

const systemClock: LeaseClock = {
  now: () => performance.now(),
  after: (ms, wake) => longTimeout(wake, ms, true),
};

/** A lease with a new token. @param seconds how long it lasts after each sign of life */
export function newLease(seconds: number): Lease {
  return { token: randomBytes(16).toString("base64url"), seconds };
}

/**
 * The leases of the trials that are out. They are counted in this process's monotonic time, from when it opened the
 * study: no clock of another machine or of an earlier process matters.
 */
export class Leases {
  readonly #clock: LeaseClock;
  readonly #onEnd: (number: number) => void;
  readonly #deadlines = new Map<number, number>();
  /** When the clock wakes this, and what calls that off. */
  #alarm: { readonly at: number; readonly callOff: () => void } | null = null;

  /** @param onEnd called for a trial whose lease has ended */
  constructor(onEnd: (number: number) => void, clock: LeaseClock = systemClock) {
    this.#onEnd = onEnd;
    this.#clock = clock;
  }

  /** Starts a trial's lease anew: it was handed out, or gave a sign of life. */
  renew({ number, state, lease }: Pick<Trial, "number" | "state" | "lease">): void {
    if (!lease || state !== "running") return;
    const deadline = this.#clock.now() + lease.seconds * 1000;
    this.#deadlines.set(number, deadline);
    // A deadline that moved away is found out when the clock wakes: renewing costs no look at the others.
    if (!this.#alarm || deadline < this.#alarm.at) this.#wakeAt(deadline);
  }

  /** Seconds until a trial's lease ends; null where it has none. */
  endsIn(number: number): number | null {
    const deadline = this.#deadlines.get(number);
    return deadline === undefined ? null : Math.max(0, deadline - this.#clock.now()) / 1000;
  }

  /** The trial is back, or the study is closed. */
  end(number: number): void {
    if (this.#deadlines.delete(number) && this.#deadlines.size === 0) this.#sleep();
  }

  endAll(): void {
    this.#deadlines.clear();
    this.#sleep();
  }

  #sleep(): void {
    this.#alarm?.callOff();
    this.#alarm = null;
  }

  #wakeAt(at: number): void {
    this.#alarm?.callOff();
    const callOff = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#alarm = null;
      this.#look();
    });
    this.#alarm = { at, callOff };
  }

  #look(): void {
    const now = this.#clock.now();
    for (const [number, deadline] of [...this.#deadlines]) {
      if (deadline > now) continue;
      this.#deadlines.delete(number);
      this.#onEnd(number);
    }
    let next = Infinity;
    for (const deadline of this.#deadlines.values()) next = Math.min(next, deadline);
    if (next < Infinity) this.#wakeAt(next);
  }
}

/**
 * Refuses whoever does not hold a trial's lease: that of a running one, or that a finished one was ended under.
 * @throws MlbenchError `lease-lost`.
 */
export function requireLease(trial: Trial, token: string | undefined): void {
  if (isTokenOf(trial.lease, token)) return;
  const { number } = trial;
  throw token === undefined
    ? new MlbenchError("lease-lost", `trial ${number} was handed out under a lease: give its token`)
    : leaseLost(trial);
}

/** The error of a holder whose time is over. */
export function leaseLost({ number, state }: Pick<Trial, "number" | "state">): MlbenchError {
  const why = `trial ${number} is ${state}, and this lease on it has ended: drop the work on it`;
  return new MlbenchError("lease-lost", why);
}
