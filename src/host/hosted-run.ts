/** One run of a study in the host: a call of `optimize` on a share of the pool, whose wish is kept with the study. */
import type { OptimizeEvent, OptimizeResult, StudyRun } from "../core/index.js";
import { messageOf, MlbenchError } from "../core/index.js";
import type { OptimizeStudyOptions, Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import type { Share } from "./pool-share.js";
import type { Run, RunChange } from "./host.js";
import { callOptions } from "./run-request.js";

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
  /** How long trials under way may go on after a stop. @default 10000 */
  readonly graceMs?: number | undefined;
}

/** What ends a call of the host's own accord: the wish stays as it is, for whoever opens the study next. */
type Leaving = "drain" | "abort";

/** The run was stopped before its first trial could start. */
class NotWanted extends Error {}

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

  /** @param kept as it stands with the study */
  constructor(context: HostedRunContext, kept: StudyRun) {
    this.#context = context;
    this.#kept = kept;
  }

  /** As it is kept, or is to be kept where the disk refused it. */
  get kept(): StudyRun {
    return this.#kept;
  }

  /** As it is shown. */
  get shown(): Run {
    return shownRun(this.#kept, this.#context.share.held);
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
    } catch (error) {
      if (this.#leaving === null) await this.#end(this.#endBy(error));
    } finally {
      await this.giveUp();
      this.#context.onChange();
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
    await this.#end({ state: this.#kept.state === "cancelled" ? "cancelled" : "finished", stopped_by: stoppedBy });
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
    await this.#writing;
    // Those of the pool are ended with the call.
    if (state === "cancelled") await this.#context.study.takeTrialsBack();
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
    if (state === "paused") study.pause();
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

/** A run as it is shown. @param places how many it holds now */
export function shownRun(kept: StudyRun, places: number): Run {
  const { state, total_trials, timeout_s, workers, weight, started_at, ended_at, stopped_by, error } = kept;
  return { state, total_trials, timeout_s, workers, weight, places, started_at, ended_at, stopped_by, error };
}
