/** A study as it changes, whichever process writes it: its state again and again, and a trial's log as it grows. */
import { setTimeout as delay } from "node:timers/promises";
import { applyEvent, isFinished, unknownTrial, UsageError } from "../core/index.js";
import type { StudyState, TrialState } from "../core/index.js";
import { LOG_FILE } from "../executors/trial-files.js";
import type { LockOwner, StudyStorage } from "../storage/storage.js";
import type { LocatedStudy } from "./address.js";
import type { InspectedStudy } from "./read-study.js";

/** How a study is watched. */
export interface WatchOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Changes that come within so many milliseconds are given together. @default 200 */
  readonly restMs?: number;
  /** Who writes the study is looked up so often, in milliseconds, when nothing happens to it. @default 1000 */
  readonly ownerMs?: number;
}

/**
 * The study now, and again whenever something has happened to it or another process writes it. It is read whole once;
 * from then on its events are followed.
 * @throws UsageError `unknown-study` | MlbenchError `study-deleted` when it goes away, `study-damaged`.
 */
export async function* watchStudy(
  { storage, name }: LocatedStudy,
  { signal, restMs = 200, ownerMs = 1000 }: WatchOptions,
): AsyncGenerator<InspectedStudy> {
  const file = storage.location(name);
  const first = await storage.inspect(name);
  yield { ...first, file };
  let { owner } = first;
  const followed = new FollowedState(storage, name, first.state, signal);
  while (!(await followed.ended(ownerMs))) {
    // A busy writer's next events come at once.
    if (followed.changed) await delay(restMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = await storage.ownerOf(name);
    if (!followed.changed && ownerKey(now) === ownerKey(owner)) continue;
    owner = now;
    yield { findings: first.findings, owner, file, state: followed.take() };
  }
}

function ownerKey(owner: LockOwner | null): string {
  return owner === null ? "" : JSON.stringify([owner.pid, owner.host, owner.since, owner.url]);
}

/** A study's state, kept up to date by its events. */
class FollowedState {
  #state: StudyState;
  /** Whether something has happened since {@link FollowedState.take}. */
  changed = false;
  #over = false;
  #wake: () => void = () => undefined;
  readonly #consumed: Promise<void>;

  constructor(storage: StudyStorage, name: string, state: StudyState, signal: AbortSignal) {
    this.#state = state;
    this.#consumed = this.#consume(storage, name, signal);
    // Awaited once it is over.
    this.#consumed.catch(() => undefined);
  }

  async #consume(storage: StudyStorage, name: string, signal: AbortSignal): Promise<void> {
    try {
      for await (const change of storage.follow(name, this.#state.revision, { signal })) {
        this.#state = change.reset ? change.state : applyEvent(this.#state, change.event);
        this.changed = true;
        this.#wake();
      }
    } finally {
      this.#over = true;
      this.#wake();
    }
  }

  /** Resolves at a change, at the end (true), or after a while. @throws what ended the following. */
  async ended(ms: number): Promise<boolean> {
    if (!this.changed && !this.#over) {
      const timer = new AbortController();
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([woken, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    }
    if (this.#over) await this.#consumed;
    return this.#over;
  }

  take(): StudyState {
    this.changed = false;
    return this.#state;
  }
}

/** What there is to tell of a trial whose log is followed. */
export type LogPiece =
  | { readonly text: string; readonly state?: never }
  /** `abandoned`: it is recorded as running, but the process that ran it has gone. */
  | { readonly text?: never; readonly state: TrialState; readonly abandoned: boolean };

/** How often a log is looked at for more. */
const LOG_MS = 150;

/**
 * A trial's log from its beginning, and what is added until the trial ends or `signal` is aborted; in between, the
 * trial's states as they come, its first one included. A waiting trial is waited for.
 * @throws UsageError `unknown-trial`, and `no-log` for one that has ended without any; as {@link watchStudy}.
 */
export async function* followLog(study: LocatedStudy, number: number, options: WatchOptions): AsyncGenerator<LogPiece> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const watch = watchStudy(study, { restMs: 50, ...options, signal });
  const log = new GrowingLog(study, number);
  let told = "";
  try {
    let next = watch.next();
    let seen = await next;
    next = watch.next();
    // Awaited in the loop.
    next.catch(() => undefined);
    while (!seen.done) {
      const { state, owner } = seen.value;
      const trial = state.trial(number);
      if (!trial) throw unknownTrial(study.name, number, state.size);
      const abandoned = trial.state === "running" && trial.owner !== "external" && owner === null;
      const now = `${trial.state} ${trial.attempt} ${abandoned}`;
      // The last of a log comes before the word that the trial has ended, the first after the word that it runs.
      if (isFinished(trial)) yield* log.more();
      if (now !== told) yield { state: trial.state, abandoned };
      told = now;
      if (!isFinished(trial)) yield* log.more();
      else {
        if (log.empty) throw new UsageError("no-log", `trial ${number} has no log`);
        return;
      }
      const changed = await Promise.race([next, delay(LOG_MS, null, { signal: options.signal }).catch(() => null)]);
      if (options.signal.aborted) return;
      if (changed === null) continue;
      seen = changed;
      next = watch.next();
      next.catch(() => undefined);
    }
  } finally {
    // The watch may be waiting for a change that does not come.
    over.abort();
    await watch.return(undefined);
  }
}

/** A trial's log, read from where the last look ended. */
class GrowingLog {
  readonly #study: LocatedStudy;
  readonly #number: number;
  readonly #decoder = new TextDecoder();
  #read = 0;

  constructor(study: LocatedStudy, number: number) {
    this.#study = study;
    this.#number = number;
  }

  get empty(): boolean {
    return this.#read === 0;
  }

  async *more(): AsyncGenerator<LogPiece> {
    const { storage, name } = this.#study;
    const source = await storage.artifacts(name)?.read(this.#number, LOG_FILE, { start: this.#read });
    if (!source) return;
    for await (const bytes of source as AsyncIterable<Uint8Array>) {
      this.#read += bytes.length;
      const text = this.#decoder.decode(bytes, { stream: true });
      if (text !== "") yield { text };
    }
  }
}
