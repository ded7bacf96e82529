/** A pool of places with a worker each: here a trial is handed to a worker. */
import type { Failure, TrialOutcome } from "../core/index.js";
import { longTimeout } from "../core/index.js";
import { WorkerChannel } from "./worker-channel.js";
import type { ExecutedTrial, ExpectedTrials, Place, RunHooks, StopReason, TrialJob } from "./executor.js";
import { Places } from "./places.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { PROGRAM_TERM_MS, stoppedOutcome } from "./protocol.js";

/** One thread or process that runs trials, one after another. */
export interface TrialWorker {
  /**
   * Hands over a trial. Settles when the worker is free again, its outcome message delivered.
   * @throws WorkerDeath when it died instead.
   */
  start(job: TrialJob, onMessage: (message: FromWorker) => void): Promise<void>;
  /** Loads what such trials will need; a trial that is started meanwhile comes after that. */
  warmUp(expected: ExpectedTrials): void;
  send(message: ToWorker): void;
  /** Asks the trial under way to end at its next batch or report. */
  cancel(): void;
  /** MiB that the trial under way held when it last said so; 0 where that is not known. */
  memoryMb(): number;
  /** Ends the worker by force, whatever it does. Idempotent. */
  kill(): Promise<void>;
}

export class WorkerDeath extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.name = "WorkerDeath";
    this.failure = failure;
  }
}

export interface SlotPoolOptions {
  /** How many trials run at once. */
  readonly slots: number;
  /** How long a trial that was asked to end may take before its worker is ended by force. @default 2000 */
  readonly graceMs?: number;
  /** Workers are replaced after so many trials; 0 keeps them. @default 0 */
  readonly recycleAfter?: number;
  /** A worker that holds more than this after a trial is replaced. @default 2048 */
  readonly recycleMemoryMb?: number;
}

interface RunningTrial {
  readonly worker: TrialWorker;
  readonly startedAt: number;
  /** Ends the trial as out of memory. */
  stopForMemory(message: string): void;
}

interface Slot {
  worker: TrialWorker | null;
  trials: number;
  running: RunningTrial | null;
}

/**
 * Slots with a worker each, started when first needed and kept warm. A worker that died, was ended by force or is due
 * for replacement is replaced between trials, so no trial is lost by it.
 */
export class SlotPool {
  readonly #slots: Slot[];
  readonly #graceMs: number;
  readonly #recycleAfter: number;
  readonly #recycleBytes: number;
  readonly #startWorker: (slot: number) => TrialWorker;
  readonly #places: Places;

  constructor(options: SlotPoolOptions, startWorker: (slot: number) => TrialWorker) {
    this.#slots = Array.from({ length: options.slots }, () => ({ worker: null, trials: 0, running: null }));
    this.#graceMs = options.graceMs ?? 2000;
    this.#recycleAfter = options.recycleAfter ?? 0;
    this.#recycleBytes = (options.recycleMemoryMb ?? 2048) * 2 ** 20;
    this.#startWorker = startWorker;
    this.#places = new Places(options.slots, (slot, job, hooks) => this.#run(slot, job, hooks));
  }

  get size(): number {
    return this.#slots.length;
  }

  /** @throws as {@link Executor.acquire}. */
  acquire(signal?: AbortSignal): Promise<Place> {
    return this.#places.acquire(signal);
  }

  /** Starts the workers that are granted first, before anyone asks for them. */
  warmUp(places: number, expected: ExpectedTrials): void {
    for (const [index, slot] of this.#slots.slice(0, places).entries())
      (slot.worker ??= this.#startWorker(index)).warmUp(expected);
  }

  /** The trials under way. */
  running(): RunningTrial[] {
    return this.#slots.flatMap((slot) => slot.running ?? []);
  }

  async #run(index: number, job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial> {
    const slot = this.#slots[index] as Slot;
    const { signal } = hooks;
    const startedAt = performance.now();
    let isFull = false;
    if (signal.aborted) return { ...stoppedOutcome(signal.reason as StopReason, 0), backend: null };

    const worker = (slot.worker ??= this.#startWorker(index));
    // A program is asked to end by a signal, and given time for it: the worker sees to that.
    const graceMs = this.#graceMs + (job.workload.kind === "command" ? PROGRAM_TERM_MS : 0);
    const stop = new Stop(worker, graceMs);
    const onAbort = (): void => {
      const seconds = (performance.now() - startedAt) / 1000;
      stop.ask(() => stoppedOutcome(signal.reason as StopReason, seconds));
    };
    slot.running = {
      worker,
      startedAt,
      stopForMemory: (message) => {
        isFull = true;
        stop.ask(() => outOfMemory(message, index));
      },
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const channel = new WorkerChannel(hooks, (message) => {
        worker.send(message);
      });
      const ended = worker
        .start(job, (message) => {
          channel.receive(message);
        })
        .then(() => null, asDeath);
      const death = await Promise.race([ended, stop.forced]);
      const message = await channel.end();
      slot.trials += 1;
      // What filled the memory may be held by the worker's modules: the next trial would be stopped for it.
      if (death || isFull) await this.#drop(slot);
      else if (message) await this.#recycle(slot, message.memory);
      return { ...outcomeOf(message?.outcome, death, stop), ...(message?.ranOn ?? { backend: null }) };
    } finally {
      signal.removeEventListener("abort", onAbort);
      stop.dispose();
      slot.running = null;
    }
  }

  async #recycle(slot: Slot, memory: number): Promise<void> {
    const due = this.#recycleAfter > 0 && slot.trials >= this.#recycleAfter;
    if (due || memory > this.#recycleBytes) await this.#drop(slot);
  }

  async #drop(slot: Slot): Promise<void> {
    const { worker } = slot;
    slot.worker = null;
    slot.trials = 0;
    await worker?.kill();
  }

  async close(): Promise<void> {
    this.#places.close();
    // Each worker's end is waited for, whatever becomes of the others.
    const ends = await Promise.allSettled(this.#slots.map((slot) => this.#drop(slot)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }
}

function asDeath(error: unknown): WorkerDeath {
  if (error instanceof WorkerDeath) return error;
  throw error;
}

function outOfMemory(message: string, slot: number): TrialOutcome {
  return { state: "failed", failure: { class: "out-of-memory", message, where: `worker ${slot}` } };
}

/** What counts: a trial that ended by itself just before it was stopped has ended by itself. */
function outcomeOf(said: TrialOutcome | undefined, death: WorkerDeath | "forced" | null, stop: Stop): TrialOutcome {
  if (said && said.state !== "cancelled") return said;
  if (stop.outcome) return stop.outcome();
  const failure: Failure =
    death && death !== "forced"
      ? death.failure
      : { class: "worker-crash", message: "the worker ended the trial without an outcome", where: "worker" };
  return { state: "failed", failure };
}

/** A request to end a trial: asked first, by force after the grace period. */
class Stop {
  outcome: (() => TrialOutcome) | null = null;
  readonly forced: Promise<"forced">;
  readonly #worker: TrialWorker;
  readonly #graceMs: number;
  #force: () => void = () => undefined;
  #callOff: (() => void) | null = null;

  constructor(worker: TrialWorker, graceMs: number) {
    this.#worker = worker;
    this.#graceMs = graceMs;
    this.forced = new Promise((resolve) => {
      this.#force = () => {
        resolve("forced");
      };
    });
  }

  /** The first request counts. */
  ask(outcome: () => TrialOutcome): void {
    if (this.outcome) return;
    this.outcome = outcome;
    this.#worker.cancel();
    this.#callOff = longTimeout(this.#force, this.#graceMs);
  }

  dispose(): void {
    this.#callOff?.();
  }
}
