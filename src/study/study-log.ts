/** A study's records in one process, and the one way to add to them. */
import type { History, StudyEvent, StudyHeader, StudyState, Trial } from "../core/index.js";
import {
  directionsOf,
  growingList,
  isFinished,
  messageOf,
  MlbenchError,
  reportDirection,
  reportsBefore,
  unknownTrial,
} from "../core/index.js";
import type { StorageFinding, StudyStorage, StudyWriter } from "../storage/storage.js";

/** Whether the disk, or the study's end, is to blame. */
function isDiskError(error: unknown): boolean {
  return error instanceof MlbenchError && /^(storage-|writer-closed$)/.test(error.code);
}

/** What is called when this object opens the study for writing, while it has it open, and before it gives it up. */
export interface LogHooks {
  onOpen(): void;
  /** Takes a command of another process; resolves with its answer when its effect is durable. */
  onCommand(command: unknown): Promise<unknown>;
  onClose(): void;
}

/** The error of a write that does not open the study by itself. */
export function studyClosed(name: string): MlbenchError {
  return new MlbenchError("study-closed", `study "${name}" is not open for writing`);
}

const openLogs = new Set<StudyLog>();

/**
 * A study's records and the one way to add to them. The study is opened for writing with the first write, and then its
 * inbox is served until {@link StudyLog.close}.
 */
export class StudyLog {
  readonly #storage: StudyStorage;
  readonly #name: string;
  #state: StudyState;
  #writer: StudyWriter | null = null;
  #findings: readonly StorageFinding[] = [];
  #opening: Promise<void> | null = null;
  #stopReceiving: (() => Promise<void>) | null = null;
  /** Finished records in the order of finishing; grows as they come. */
  #finished: Trial[] = growingList();
  /** What went wrong with an event that nobody waited for. */
  #fault: unknown = null;
  /** Whether the disk refused what was appended last: the writer keeps it, and takes nothing further. */
  #refused = false;
  /** Whether an `optimize` call is at work: then nobody else may open the study. */
  busy = false;
  #hooks: LogHooks | null = null;
  readonly #listeners = new Set<(event: StudyEvent) => void>();

  constructor(storage: StudyStorage, opened: { state: StudyState; writer: StudyWriter | null }) {
    this.#storage = storage;
    this.#state = opened.state;
    this.#name = opened.state.header.name;
    if (opened.writer) this.#adopt(opened.writer);
    else this.#collectFinished();
  }

  /** Once, by the study that this log belongs to. */
  attach(hooks: LogHooks): void {
    this.#hooks = hooks;
    if (this.#writer) hooks.onOpen();
  }

  get state(): StudyState {
    return this.#writer?.state ?? this.#state;
  }

  get isOpen(): boolean {
    return this.#writer !== null;
  }

  get header(): StudyHeader {
    return this.state.header;
  }

  /** What was found amiss, and put right, when the study was opened for writing. */
  get findings(): readonly StorageFinding[] {
    return this.#findings;
  }

  /** @throws UsageError `unknown-trial`. */
  requireTrial(number: number): Trial {
    const { state } = this;
    const record = state.trial(number);
    if (record) return record;
    throw unknownTrial(this.#name, number, state.size);
  }

  /** The records of running trials, by number. */
  get running(): readonly Trial[] {
    const { state } = this;
    return state.unfinished.flatMap((number) => {
      const trial = state.trial(number);
      return trial?.state === "running" ? [trial] : [];
    });
  }

  /** For judging reports: finished records alone, in the order of finishing, without copying them. */
  get finishedHistory(): Required<Omit<History, "number">> {
    return this.historyWhen(this.#finished.length);
  }

  /**
   * {@link StudyLog.finishedHistory} as it was when `finished` trials were. Of running trials it has what they had
   * reported before the last of these finished, which their records tell ever after.
   * @param besideRunning whether running trials are there at all: not where results are to depend on no timing
   */
  historyWhen(finished: number, besideRunning = true): Required<Omit<History, "number">> {
    const runningOf = (): readonly Trial[] =>
      besideRunning ? this.running.map((trial) => reportsBefore(trial, finished)) : [];
    // Running trials are looked up only by a pruner that asks: most judge by finished trials alone.
    return {
      direction: reportDirection(this.header),
      directions: directionsOf(this.header),
      seed: this.header.seed,
      trials: finished < this.#finished.length ? this.#finished.slice(0, finished) : this.#finished,
      prior: [],
      banned: [],
      get running() {
        return runningOf();
      },
    };
  }

  /**
   * Opens the study for writing. Where it is open and the disk refused what was written last, that is written now.
   * @throws UsageError `unknown-study` | MlbenchError `study-locked`, `study-damaged`, `storage-full`, `storage-failed`.
   */
  async open(): Promise<void> {
    if (this.#writer) return this.#writeAgain(this.#writer);
    this.#opening ??= this.#openWriter();
    try {
      await this.#opening;
    } finally {
      this.#opening = null;
    }
  }

  async #writeAgain(writer: StudyWriter): Promise<void> {
    if (!this.#refused) return;
    await writer.retry();
    this.#refused = false;
  }

  async #openWriter(): Promise<void> {
    // Another object of this process that has the study open and is not at work on it gives it up.
    for (const other of openLogs) if (other.#isSameStudy(this) && !other.busy) await other.close();
    this.#adopt(await this.#storage.openWriter(this.#name, this.busy ? { work: "optimize" } : {}));
  }

  /** The same for every object that has the study open, whichever storage object it came by. */
  get #identity(): string {
    return this.#storage.identity(this.#name);
  }

  #isSameStudy(other: StudyLog): boolean {
    return this !== other && this.#identity === other.#identity;
  }

  /** Closes what this process has open of a study, unless it is at work on it. */
  static async release(storage: StudyStorage, name: string): Promise<void> {
    for (const log of openLogs) if (log.#identity === storage.identity(name) && !log.busy) await log.close();
  }

  #adopt(writer: StudyWriter): void {
    this.#writer = writer;
    this.#refused = false;
    this.#findings = writer.findings;
    openLogs.add(this);
    this.#collectFinished();
    this.#stopReceiving = writer.receive((command) => {
      if (!this.#hooks) throw new Error("no handler of commands");
      return this.#hooks.onCommand(command);
    });
    this.#hooks?.onOpen();
  }

  #collectFinished(): void {
    const finished = this.state.trials.filter(isFinished);
    finished.sort((a, b) => (a.finish_index as number) - (b.finish_index as number));
    // A new list: who knows the old one counts on its records staying where they are.
    this.#finished = growingList();
    for (const trial of finished) this.#finished.push(trial);
  }

  /**
   * Applies events; resolves when they are durable. The state shows them when the call returns.
   * @throws (rejects) as {@link StudyWriter.append}.
   */
  append(...events: StudyEvent[]): Promise<void> {
    if (!this.#writer) return Promise.reject(studyClosed(this.#name));
    const written = this.#writer.append(...events);
    written.catch((error: unknown) => {
      if (isDiskError(error)) this.#refused = true;
    });
    const { state } = this;
    if (this.#listeners.size > 0) this.#announce(events);
    for (const event of events) {
      if (event.type !== "trial-finished" && event.type !== "trial-created") continue;
      const number = event.type === "trial-created" ? event.trial.number : event.number;
      const trial = state.trial(number);
      if (trial?.finish_index === this.#finished.length) this.#finished.push(trial);
    }
    return written;
  }

  /** Hears of every event as it is appended, which is before it is durable; returns what ends it. It must not throw. */
  subscribe(listener: (event: StudyEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #announce(events: readonly StudyEvent[]): void {
    for (const listener of this.#listeners) for (const event of events) listener(event);
  }

  /**
   * Appends without waiting. What goes wrong with the disk is told by the next append that is waited for; an event that
   * could not have happened hinders no other one, and is told by {@link StudyLog.flush} or {@link StudyLog.close}.
   */
  post(...events: StudyEvent[]): void {
    this.append(...events).catch((error: unknown) => {
      if (!isDiskError(error)) this.#fault ??= error;
    });
  }

  /**
   * Resolves when everything appended so far is durable.
   * @throws (rejects) what was wrong with an event that nobody waited for, once.
   */
  async flush(): Promise<void> {
    await this.#writer?.flush();
    this.#throwFault();
  }

  /** Resolves when everything appended so far is durable, whatever was wrong with other events. */
  async synced(): Promise<void> {
    await this.#writer?.flush();
  }

  #throwFault(): void {
    const fault = this.#fault;
    this.#fault = null;
    if (fault !== null) throw fault instanceof Error ? fault : new Error(messageOf(fault));
  }

  /** Reads the records again, where this object has not the study open: another process may have written. */
  async refresh(): Promise<void> {
    if (this.#writer) return;
    this.#state = await this.#storage.read(this.#name);
    this.#collectFinished();
  }

  /** @throws (rejects) the storage's errors; as {@link StudyLog.flush}, once it is closed. */
  async close(): Promise<void> {
    await this.#opening;
    const writer = this.#writer;
    if (!writer) return;
    openLogs.delete(this);
    this.#hooks?.onClose();
    await this.#stopReceiving?.();
    await writer.close();
    this.#state = writer.state;
    this.#writer = null;
    this.#throwFault();
  }
}
