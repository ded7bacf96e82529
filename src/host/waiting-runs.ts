/** Runs that the host cannot get on with: their studies are another process's, or the disk has no room. */
import type { MlbenchError, StudyRun } from "../core/index.js";
import { StudyLockedError } from "../storage/study-errors.js";
import { isStorageFull } from "./hosted-run.js";

/** What the host does about them, when it may work by now. */
export interface WaitingRunsHooks {
  /** So often it is looked, in milliseconds. */
  readonly lookMs: number;
  /** Opens a study and takes its run up. */
  goOn(name: string): Promise<void>;
  /** Whether another process has a study. */
  isTaken(name: string): Promise<boolean>;
  /** Keeps the end of a run with its study, unless another run has begun. */
  record(name: string, ended: StudyRun): Promise<void>;
  /** What is known of a run has changed. */
  onChange(name: string): void;
  /** Told once of each. */
  onProblem(name: string, error: unknown): void;
}

/** Looks now and then whether what could not be done can be. */
export class WaitingRuns {
  readonly #hooks: WaitingRunsHooks;
  /** Runs that are to go on, and why they do not. */
  readonly #waiting = new Map<string, MlbenchError>();
  /** Runs whose end the disk refused: what their files say of them is not so. */
  readonly #unrecorded = new Map<string, StudyRun>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(hooks: WaitingRunsHooks) {
    this.#hooks = hooks;
  }

  /** The end of a run that its file does not know. */
  endOf(name: string): StudyRun | undefined {
    return this.#unrecorded.get(name);
  }

  /** Why a run that is to go on has no room; null where that is not why. */
  noRoomOf(name: string): MlbenchError | null {
    const error = this.#waiting.get(name);
    return isStorageFull(error) ? error : null;
  }

  /** Has a run go on: now, or once its study can be opened. */
  async goOn(name: string): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#hooks.goOn(name);
      this.#waiting.delete(name);
    } catch (error) {
      const before = this.noRoomOf(name);
      this.#waiting.delete(name);
      const isFull = isStorageFull(error);
      if (isFull || error instanceof StudyLockedError) this.#waitFor(name, error);
      // That another process has it is shown; a full disk is told once, however often it is looked.
      if (!(error instanceof StudyLockedError || (isFull && before))) this.#hooks.onProblem(name, error);
    }
  }

  #waitFor(name: string, error: MlbenchError): void {
    this.#waiting.set(name, error);
    this.#hooks.onChange(name);
    this.#lookAgain();
  }

  /** The end of a run could not be kept; it is tried again where the disk was full. */
  unrecorded(name: string, ended: StudyRun, error: unknown): void {
    this.#unrecorded.set(name, ended);
    this.#hooks.onProblem(name, error);
    if (isStorageFull(error)) this.#lookAgain();
  }

  /** There is nothing left of a study's run, or another one. */
  forget(name: string): void {
    this.#unrecorded.delete(name);
  }

  #lookAgain(): void {
    this.#timer ??= setInterval(() => void this.#look(), this.#hooks.lookMs).unref();
  }

  async #look(): Promise<void> {
    for (const name of [...this.#waiting.keys()]) if (!(await this.#hooks.isTaken(name))) await this.goOn(name);
    for (const [name, ended] of [...this.#unrecorded]) {
      if (this.#closed) return;
      // Why it cannot be kept was told when it happened first.
      await this.#hooks.record(name, ended).catch(() => undefined);
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearInterval(this.#timer);
  }
}
