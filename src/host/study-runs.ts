/** The runs of a host's studies: started, changed, taken up again after a restart, and left when the host ends. */
import { studyKind, UsageError } from "../core/index.js";
import type { StudyRun } from "../core/index.js";
import { StudyLockedError, studyLocked, waitOrStop } from "../storage/study-errors.js";
import type { StudyStorage } from "../storage/storage.js";
import type { Study } from "../study/study.js";
import type { FairPool } from "./fair-pool.js";
import type { Run, RunChange, RunRequest } from "./host.js";
import { HostedRun, shownRun } from "./hosted-run.js";
import { outsideRunner } from "./no-places.js";
import type { StudyThread } from "./off-thread.js";
import type { OpenStudies, OpenStudy } from "./open-studies.js";
import { requireRunChange, requireRunRequest, runOf } from "./run-request.js";

/** How often it is looked whether a study that another process had is free for its run. */
const WAITING_MS = 5_000;

/** What runs stand on. */
export interface StudyRunsOptions {
  readonly storage: StudyStorage;
  readonly studies: OpenStudies;
  readonly pool: FairPool;
  readonly thread: StudyThread;
  /** What trials run in: a registered executor's name. */
  readonly isolation: string;
  /** How long trials under way may take to end after a stop, in milliseconds. @default 10000 */
  readonly graceMs?: number | undefined;
  /** The run that is kept with a study, open here or not. */
  readonly keptRun: (name: string) => Promise<StudyRun | null>;
  /** A study's run is different now. */
  readonly onChange: (name: string) => void;
  /** Hears what went wrong with a run that nobody else is told. */
  readonly onProblem: (name: string, error: unknown) => void;
}

/** At most one run a study. */
export class StudyRuns {
  readonly #options: StudyRunsOptions;
  /** Runs whose end the disk refused: what their files say of them is not so. */
  readonly #unrecorded = new Map<string, StudyRun>();
  /** Studies with a run that is to go on, which another process has open. */
  readonly #waiting = new Set<string>();
  #waitingTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: StudyRunsOptions) {
    this.#options = options;
  }

  /** A study's run as it is shown. @param kept as it stands with the study */
  shown(name: string, kept: StudyRun | null): Run | null {
    const run = this.#options.studies.get(name)?.run;
    if (run) return run.shown;
    const known = this.#unrecorded.get(name) ?? kept;
    return known && shownRun(known, 0);
  }

  /** @throws UsageError `run-exists`, `invalid-option`, `study-archived` | MlbenchError `study-locked`. */
  async start(name: string, request: RunRequest): Promise<Run> {
    requireRunRequest(request);
    return this.#options.studies.use(name, async (open) => {
      const { study, header } = open;
      const wanted = header.run && header.run.ended_at === null && !this.#unrecorded.has(name);
      if (open.run?.live || (wanted && !open.run))
        throw new UsageError(
          "run-exists",
          `study "${name}" has a run that is not over: change that, or cancel it first`,
        );
      if (header.archived_at !== undefined)
        throw new UsageError("study-archived", `study "${name}" is archived: bring it back first`);
      const kept = runOf(request, study.state.counted, new Date());
      const run = this.#create(study, kept);
      const before = open.run;
      open.run = run;
      try {
        await study.keepRun(kept);
      } catch (error) {
        open.run = before;
        await run.giveUp();
        throw error;
      }
      this.#unrecorded.delete(name);
      run.start();
      return run.shown;
    });
  }

  #create(study: Study, kept: StudyRun): HostedRun {
    const { name, header } = study;
    const { weight, workers } = kept;
    const { storage, pool, thread, isolation, graceMs, onChange, onProblem } = this.#options;
    return new HostedRun(
      {
        study,
        share: pool.share(name, { weight, limit: workers ?? Infinity }),
        prepare: async (options) => {
          if (studyKind(header) === "outside") return outsideRunner();
          const { prepareStudy } = await import("../app/optimize-study.js");
          return prepareStudy(study, storage, { ...options, isolation }, thread.work);
        },
        onChange: () => {
          onChange(name);
        },
        onUnrecorded: (ended, error) => {
          this.#unrecorded.set(name, ended);
          onProblem(name, error);
        },
        graceMs,
      },
      kept,
    );
  }

  /** @throws UsageError `no-run`, `invalid-option`. */
  async change(name: string, change: RunChange): Promise<Run> {
    requireRunChange(change);
    const noRun = (): UsageError =>
      new UsageError("no-run", `study "${name}" has no run under way: start one, then it can be changed`);
    const { studies, storage, keptRun } = this.#options;
    if (!studies.get(name)?.run?.live) {
      const run = this.shown(name, await keptRun(name));
      // What runs in a study that another process has, if anything does, is that process's.
      const owner = studies.get(name) ? undefined : await storage.ownerOf(name);
      if (owner) throw studyLocked(name, owner, waitOrStop(owner));
      if (!run || run.ended_at !== null) throw noRun();
    }
    return studies.use(name, async (open) => {
      this.adopt(open);
      const { run } = open;
      if (!run?.live) throw noRun();
      await run.change(change);
      return run.shown;
    });
  }

  /** Takes up a run that the study's file says is wanted. */
  adopt(open: OpenStudy): void {
    const kept = open.header.run;
    if (open.run?.live || !kept || kept.ended_at !== null || this.#closed) return;
    open.run = this.#create(open.study, kept);
    open.run.start();
  }

  /** Opens a study and goes on with its run, now or when the process that has it gives it up. Never rejects. */
  async goOn(name: string): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#options.studies.use(name, async (open) => {
        this.adopt(open);
      });
      this.#waiting.delete(name);
    } catch (error) {
      if (error instanceof StudyLockedError) return this.#waitFor(name);
      // Told once: waiting does not mend it.
      this.#waiting.delete(name);
      this.#options.onProblem(name, error);
    }
  }

  /** Another process has the study: its run goes on here when that is over. */
  #waitFor(name: string): void {
    if (this.#closed) return;
    this.#waiting.add(name);
    this.#waitingTimer ??= setInterval(() => void this.#lookAtWaiting(), WAITING_MS).unref();
  }

  async #lookAtWaiting(): Promise<void> {
    for (const name of [...this.#waiting]) {
      const owner = await this.#options.storage.ownerOf(name).catch(() => undefined);
      if (!owner) await this.goOn(name);
    }
  }

  /** A study was deleted. */
  forget(name: string): void {
    this.#unrecorded.delete(name);
  }

  /** Takes up nothing further, and resolves when the trials under way have ended. Never rejects. */
  async drain(): Promise<void> {
    this.#closed = true;
    if (this.#waitingTimer) clearInterval(this.#waitingTimer);
    const runs = this.#options.studies.all.flatMap(({ run }) => run ?? []);
    for (const run of runs) if (run.live) run.leave("drain");
    await Promise.all(runs.map((run) => run.over));
  }

  /** Does not wait for the trials under way any longer. */
  abort(): void {
    for (const { run } of this.#options.studies.all) run?.leave("abort");
  }
}
