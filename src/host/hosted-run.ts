/** One run of a study in the host: a call of `optimize` on a share of the pool, whose wish is kept with the study. */
import type { OptimizeEvent, OptimizeResult, StudyRun } from "../core/index.js";
import { messageOf, MlbenchError } from "../core/index.js";
import type { OptimizeStudyOptions, Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import { GrowingPause } from "./growing-pause.js";
import type { Share } from "./pool-share.js";
import type { Run, RunChange } from "./host.js";
import { callOptions, requireRunChange } from "./run-request.js";

/** What a run stands on. */
export interface HostedRunContext {
  readonly study: Study;
  readonly share: Share;
  /** Loads what trials need, off the main thread. */
  readonly prepare: (options: OptimizeStudyOptions) => Promise<TrialRunner>;
  /** Something about the run is different now. */
  readonly onChange: () => void;
  /** Its end could not be kept with the study, which says otherwise. */
  readonly onUnrecorded: (ended: StudyRun, error: unknown) => void;
  /** Trials that are out when its time is over could not be taken back. */
  readonly onNotTaken: (error: unknown) => void;
  /** It waits for room on the disk; told once each time that it begins to. */
  readonly onNoRoom: (error: MlbenchError) => void;
  /** After how many milliseconds it is looked again whether there is room; each time twice as long. */
  readonly againMs: number;
  /** How long trials under way may go on after a stop. @default 10000 */
  readonly graceMs?: number | undefined;
}

/** What ends a call of the host's own accord: the wish stays as it is, for whoever opens the study next. */
type Leaving = "drain" | "abort";

/** The run was stopped before its first trial could start. */
class NotWanted extends Error {}

/** Why trials that a full disk has ended wait again: no death of their process, which would count against them. */
const NO_ROOM = "the disk was full";

/** Whether it is a want of room that can pass. */
export function isStorageFull(error: unknown): error is MlbenchError {
  return error instanceof MlbenchError && error.code === "storage-full";
}

/** A run as long as the host has it; once it has ended it only tells how. */
export class HostedRun {
  readonly #context: HostedRunContext;
  readonly #abort = new AbortController();
  readonly #drain = new AbortController();
  /** Aborted when what is being prepared is not wanted any more. */
  readonly #unwanted = new AbortController();
  #kept: StudyRun;
  #writing: Promise<void> = Promise.resolve();
  #call: Promise<void> | null = null;
  #leaving: Leaving | null = null;
  readonly #pauses: GrowingPause;
  /** What it waits for room by; null while it does not. */
  #noRoom: MlbenchError | null = null;

  /** @param kept as it stands with the study */
  constructor(context: HostedRunContext, kept: StudyRun) {
    this.#context = context;
    this.#kept = kept;
    this.#pauses = new GrowingPause(context.againMs);
  }

  /** As it is kept, or is to be kept where the disk refused it. */
  get kept(): StudyRun {
    return this.#kept;
  }

  /** As it is shown. */
  get shown(): Run {
    return shownRun(this.#kept, this.#context.share.held, this.#noRoom);
  }

  /** Whether the host is at work on it. */
  get live(): boolean {
    return this.#kept.ended_at === null && this.#leaving === null;
  }

  /** Resolves when it is over, or the host has left it. Never rejects. */
  get over(): Promise<void> {
    return this.#call ?? Promise.resolve();
  }

  /** Begins, or goes on after a restart: what was stopping or cancelled has ended with the process that ran it. */
  start(): void {
    if (this.#kept.state === "stopping") this.#call = this.#endAtOnce({ state: "finished", stopped_by: "stop" });
    else if (this.#kept.state === "cancelled") this.#call = this.#endAtOnce({ stopped_by: "interrupt" });
    else this.#call = this.#perform();
    // Such commands also come by the study's inbox.
    void this.over.then(this.#context.study.controlledBy({ change: (change) => this.#changeAsked(change) }));
  }

  async #endAtOnce(end: Partial<StudyRun>): Promise<void> {
    await this.#end(end);
    await this.giveUp();
  }

  /** Gives its share of the pool back; of one that was never started, too. */
  async giveUp(): Promise<void> {
    await this.#context.share.close();
  }

  async #perform(): Promise<void> {
    try {
      while (await this.#called()) {
        // It goes on once there is room.
      }
    } finally {
      await this.giveUp();
      this.#context.onChange();
    }
  }

  /** One call of `optimize`; whether there is to be another, as the disk was full and is no more. */
  async #called(): Promise<boolean> {
    const { study, share, prepare, graceMs } = this.#context;
    try {
      const options: OptimizeStudyOptions = {
        ...callOptions(this.#kept, new Date()),
        ...{ executor: share, signal: this.#abort.signal, drainSignal: this.#drain.signal, onEvent: this.#onEvent },
        ...(graceMs === undefined ? {} : { graceMs }),
      };
      const called = study.optimizeWith(() => this.#whileWanted(prepare(options)), options);
      if (this.#kept.state === "paused") study.pause();
      await this.#ended(await called);
      return false;
    } catch (error) {
      return this.#goesOnAfter(error);
    }
  }

  async #goesOnAfter(error: unknown): Promise<boolean> {
    if (this.#leaving !== null) return false;
    if (isStorageFull(error) && !this.#unwanted.signal.aborted) return this.#roomCame(error);
    await this.#end(this.#endBy(error));
    return false;
  }

  /** Waits until what the disk refused is written; false where the run has ended, or was left, before. */
  async #roomCame(error: MlbenchError): Promise<boolean> {
    const { study, onNoRoom, onChange } = this.#context;
    this.#noRoom = error;
    this.#pauses.begin();
    onNoRoom(error);
    onChange();
    try {
      for (;;) {
        await this.#pauses.wait(this.#unwanted.signal);
        if (this.#unwanted.signal.aborted) return await this.#goesOnAfter(new NotWanted());
        try {
          await study.requeueRunning(NO_ROOM);
          return true;
        } catch (again) {
          if (!isStorageFull(again)) return await this.#goesOnAfter(again);
        }
      }
    } finally {
      this.#noRoom = null;
      onChange();
    }
  }

  /** What is prepared, unless the run is stopped meanwhile: nothing is under way yet that could be waited for. */
  async #whileWanted(prepared: Promise<TrialRunner>): Promise<TrialRunner> {
    const { signal } = this.#unwanted;
    // Nobody may be left who wants to know.
    prepared.catch(() => undefined);
    const stopped = new Promise<never>((_, reject) => {
      const stop = (): void => {
        reject(new NotWanted());
      };
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
    });
    stopped.catch(() => undefined);
    return Promise.race([prepared, stopped]);
  }

  #endBy(error: unknown): Partial<StudyRun> {
    if (error instanceof NotWanted)
      return this.#kept.state === "cancelled" ? { stopped_by: "interrupt" } : { state: "finished", stopped_by: "stop" };
    const code = error instanceof MlbenchError ? error.code : "run-failed";
    return { state: "failed", error: { code, message: messageOf(error) } };
  }

  async #ended({ stoppedBy }: OptimizeResult): Promise<void> {
    // The host's own ending says nothing about what is wanted.
    if (this.#leaving !== null && stoppedBy === "interrupt") return;
    const { state, trials } = this.#kept;
    // The call knows the goal by the total alone.
    const stopped_by = stoppedBy === "total-trials" && trials !== undefined ? "trials" : stoppedBy;
    const kept = this.#end({ state: state === "cancelled" ? "cancelled" : "finished", stopped_by });
    // A limit of time ends what runs, wherever that is; from here on nothing is handed out, and those of the pool wait again.
    if (stoppedBy === "timeout") await this.#takeTrialsBack();
    await kept;
  }

  /** Where the disk has no room for that, their leases end them. */
  async #takeTrialsBack(): Promise<void> {
    await this.#context.study.takeTrialsBack().catch((error: unknown) => {
      this.#context.onNotTaken(error);
    });
  }

  /** Pause, resume and stop also come from others, by the study's inbox. */
  readonly #onEvent = (event: OptimizeEvent): void => {
    if (event.event === "paused") this.#become("paused");
    else if (event.event === "resumed") this.#become("running");
    else if (event.event === "draining" && event.by === "stop") this.#become("stopping");
  };

  /** @throws UsageError | MlbenchError `run-ended`, the storage's errors. */
  async change({ state, workers, weight }: RunChange): Promise<void> {
    if (!this.live) throw new MlbenchError("run-ended", `the run of study "${this.#context.study.name}" has ended`);
    const share = {
      ...(workers === undefined ? {} : { workers }),
      ...(weight === undefined ? {} : { weight }),
    };
    if (Object.keys(share).length > 0) {
      this.#context.share.set({
        ...(workers === undefined ? {} : { limit: workers ?? Infinity }),
        ...(weight === undefined ? {} : { weight }),
      });
      this.#keep(share);
    }
    if (state !== undefined) this.#move(state);
    await this.#writing.catch((error: unknown) => {
      if (!isStorageFull(error) || !this.#unwanted.signal.aborted) throw error;
      throw new MlbenchError(
        "storage-full",
        `the run of study "${this.#context.study.name}" is ended; that could not be kept, as the disk is full, and is ` +
          "tried again while the service runs",
        { cause: error },
      );
    });
    // Those of the pool are ended with the call.
    if (state === "cancelled") await this.#context.study.takeTrialsBack();
  }

  async #changeAsked(change: RunChange): Promise<void> {
    requireRunChange(change);
    await this.change(change);
  }

  #move(state: NonNullable<RunChange["state"]>): void {
    const { study } = this.#context;
    const now = this.#kept.state;
    if (state === now) return;
    // What is ending comes to its end.
    if (now === "cancelled" || (now === "stopping" && state !== "cancelled"))
      throw new MlbenchError(
        "run-ended",
        `the run of study "${study.name}" is ${now}: start another when it has ended`,
      );
    this.#become(state);
    // While it waits for room there is no call; the next one begins as it is kept.
    if (this.#noRoom !== null) this.#context.onChange();
    else if (state === "paused") study.pause();
    else if (state === "running") study.resume();
    else if (state === "stopping") study.requestStop();
    else this.#abort.abort();
    if (state === "stopping" || state === "cancelled") this.#unwanted.abort();
  }

  #become(state: StudyRun["state"]): void {
    if (this.#kept.state === state || this.#kept.ended_at !== null || this.#leaving !== null) return;
    if (this.#kept.state === "cancelled") return;
    this.#keep({ state });
  }

  /** Trials under way end, or go back to waiting; the wish stays. */
  leave(how: Leaving): void {
    this.#leaving = how;
    this.#unwanted.abort();
    if (how === "drain") this.#drain.abort();
    else this.#abort.abort();
  }

  #end(end: Partial<StudyRun>): Promise<void> {
    this.#keep({ ...end, ended_at: new Date().toISOString() });
    return this.#writing.catch((error: unknown) => {
      this.#context.onUnrecorded(this.#kept, error);
    });
  }

  #keep(change: Partial<StudyRun>): void {
    this.#kept = { ...this.#kept, ...change };
    this.#writing = this.#context.study.keepRun(this.#kept);
    // Whoever asked for the change hears of it; the run itself goes on without the disk.
    this.#writing.catch(() => undefined);
    this.#context.onChange();
  }
}

/**
 * A run as it is shown.
 * @param places how many it holds now
 * @param noRoom why it waits for room; null where it does not
 */
export function shownRun(kept: StudyRun, places: number, noRoom: MlbenchError | null = null): Run {
  const { state, total_trials, timeout_s, workers, weight, started_at, ended_at, stopped_by, error } = kept;
  const shown = { total_trials, timeout_s, workers, weight, places, started_at, ended_at, stopped_by };
  // What is ending waits for nothing.
  if (noRoom === null || (state !== "running" && state !== "paused")) return { state, ...shown, error };
  return { state: "waiting", ...shown, error: { code: noRoom.code, message: noRoom.message } };
}
