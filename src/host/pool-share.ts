/** A study's part of a pool: who of it waits for a place, what it holds, and its account of the place-time that it has had. */
import { MlbenchError } from "../core/index.js";
import type { Executor, ExecutedTrial, ExpectedTrials, Place, RunHooks, TrialJob } from "../executors/executor.js";

/** How much of the pool a study may have. */
export interface ShareOptions {
  /** Its part of the place-time, against that of the other studies that want places. */
  readonly weight: number;
  /** The most places at once. */
  readonly limit: number;
}

/** A study's part of a pool. Its `close` gives back places only: the pool's workers stay. */
export interface Share extends Executor {
  readonly study: string;
  readonly weight: number;
  /** Places that it holds at this moment. */
  readonly held: number;
  /** Place-seconds that it has had. */
  readonly served: number;
  /** From now on; what was had before stays had. */
  set(options: Partial<ShareOptions>): void;
}

/** A study that wants no place for longer than this has no claim to what it did not take. */
const CLAIM_MS = 1_000;

/** What a study's long trials of before count for less with each trial of another. */
const FADING = 0.97;

interface Waiter {
  readonly grant: (place: Place) => void;
  readonly refuse: (error: unknown) => void;
}

/** What a share asks of its pool, and tells it. */
export interface ShareHooks {
  now(): number;
  capacity(): number | null;
  level(): number;
  /** More or fewer places are wanted, or one was given back. */
  changed(): void;
  /** A number above all before it. */
  turn(): number;
  /** A trial of this study gave its place back. */
  ended(): void;
  run(place: Place, job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial>;
  warmUp(places: number, expected: ExpectedTrials): void;
  closed(): void;
}

function closed(): MlbenchError {
  return new MlbenchError("executor-closed", "the executor is closed: it has no places any more");
}

/** The account of one study: what it has had, what it holds and what it wants. */
export class StudyShare implements Share {
  readonly name = "fair-pool";
  readonly study: string;
  readonly #hooks: ShareHooks;
  readonly #waiting: Waiter[] = [];
  /** When each place that is held was handed out. */
  readonly #heldSince = new Set<{ readonly at: number }>();
  #weight: number;
  #limit: number;
  #closed = false;
  /** Place-milliseconds had so far by the weight of their time, up to `#lookedAt`. */
  #had: number;
  #served = 0;
  #lookedAt: number;
  #lastWanted: number;
  #usual = 0;
  #recent = 0;
  #lastTurn = 0;

  constructor(study: string, { weight, limit }: ShareOptions, hooks: ShareHooks) {
    this.study = study;
    this.#weight = weight;
    this.#limit = limit;
    this.#hooks = hooks;
    this.#had = 0;
    this.#lookedAt = hooks.now();
    this.#lastWanted = -Infinity;
  }

  get weight(): number {
    return this.#weight;
  }

  get held(): number {
    return this.#heldSince.size;
  }

  get served(): number {
    this.#look();
    return this.#served / 1000;
  }

  /** How many places it wants now. */
  get wants(): number {
    return this.#closed ? 0 : Math.max(0, Math.min(this.#waiting.length, this.#limit - this.held));
  }

  /** What it has had, and what the places that it holds are likely to take yet, by its weight. */
  get account(): number {
    const now = this.#look();
    let ahead = 0;
    for (const { at } of this.#heldSince) ahead += Math.max(0, this.#usual - (now - at));
    return this.#had + ahead / this.#weight;
  }

  /** How long its trials held a place of late, in milliseconds; less and less while only others' end. */
  get recent(): number {
    return this.#recent;
  }

  /** A trial of another study has ended. */
  fade(): void {
    this.#recent *= FADING;
  }

  /** Its account is this at least. */
  forgive(account: number): void {
    const short = account - this.account;
    if (short > 0) this.#had += short;
  }

  comesBefore(other: StudyShare): boolean {
    const [mine, theirs] = [this.account, other.account];
    if (mine !== theirs) return mine < theirs;
    const [holds, held] = [this.held / this.#weight, other.held / other.#weight];
    return holds === held ? this.#lastTurn < other.#lastTurn : holds < held;
  }

  /** Brings the account up to now. */
  #look(): number {
    const now = this.#hooks.now();
    const had = (now - this.#lookedAt) * this.held;
    this.#served += had;
    this.#had += had / this.#weight;
    this.#lookedAt = now;
    return now;
  }

  /** Says that a place is wanted; whoever did not for a while starts from where the others are. */
  #want(): void {
    const now = this.#look();
    if (now - this.#lastWanted > CLAIM_MS && this.held === 0) this.#had = Math.max(this.#had, this.#hooks.level());
    this.#lastWanted = now;
  }

  set({ weight = this.#weight, limit = this.#limit }: Partial<ShareOptions>): void {
    this.#look();
    // Places held back by a limit are no claim.
    if (limit > this.#limit) this.#had = Math.max(this.#had, this.#hooks.level());
    this.#weight = weight;
    this.#limit = limit;
    this.#hooks.changed();
  }

  capacity(): number | null {
    const places = this.#hooks.capacity();
    if (places === null) return Number.isFinite(this.#limit) ? this.#limit : null;
    return Math.min(places, this.#limit);
  }

  async acquire(signal?: AbortSignal): Promise<Place> {
    signal?.throwIfAborted();
    if (this.#closed) throw closed();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.refuse(signal?.reason);
      };
      const settled = (): void => signal?.removeEventListener("abort", leave);
      const waiter: Waiter = {
        grant: (place) => {
          settled();
          resolve(place);
        },
        refuse: (error) => {
          settled();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason may be anything
          reject(error);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#want();
      this.#waiting.push(waiter);
      this.#hooks.changed();
    });
  }

  /** Hands a place to who has waited longest. */
  take(place: Place): void {
    const at = this.#look();
    const hold = { at };
    this.#heldSince.add(hold);
    this.#lastTurn = this.#hooks.turn();
    this.#lastWanted = at;
    this.#waiting.shift()?.grant({
      slot: place.slot,
      owner: place.owner,
      run: (job, hooks) => this.#hooks.run(place, job, hooks),
      release: () => {
        const now = this.#look();
        if (!this.#heldSince.delete(hold)) return;
        const took = now - at;
        this.#usual = this.#usual === 0 ? took : 0.7 * this.#usual + 0.3 * took;
        this.#recent = this.#usual;
        this.#hooks.ended();
        if (this.wants > 0) this.#want();
        place.release();
        this.#hooks.changed();
      },
    });
  }

  refuse(error: unknown): void {
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(error);
  }

  warmUp(places: number, expected: ExpectedTrials): void {
    this.#hooks.warmUp(Math.min(places, this.capacity() ?? places), expected);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.refuse(closed());
    this.#hooks.closed();
  }
}
