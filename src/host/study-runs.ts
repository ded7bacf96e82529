/** The runs of a host's studies: started, changed, taken up again after a restart, and left when the host ends. */
import { studyKind, UsageError } from "../core/index.js";
import type { StudyRun } from "../core/index.js";
import { studyLocked, waitOrStop } from "../storage/study-errors.js";
import type { StudyStorage } from "../storage/storage.js";
import type { Study } from "../study/study.js";
import type { FairPool } from "./fair-pool.js";
import type { Run, RunChange, RunRequest } from "./host.js";
import { HostedRun, shownRun } from "./hosted-run.js";
import { outsideRunner } from "./no-places.js";
import type { StudyThread } from "./off-thread.js";
import type { OpenStudies, OpenStudy } from "./open-studies.js";
import { requireRunChange, requireRunRequest, runOf } from "./run-request.js";
import { WaitingRuns } from "./waiting-runs.js";

/** So many times `againMs`: how often it is looked whether a study that was another's, or had no room, can be opened. */
const LOOK_AGAIN = 5;

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
  /** After how many milliseconds it is tried again whether a full disk has room; up to 32 times as long from then on. */
  readonly againMs: number;
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
  readonly #waiting: WaitingRuns;
  #closed = false;

  constructor(options: StudyRunsOptions) {
    this.#options = options;
    const { studies, storage, againMs, onChange, onProblem } = options;
    this.#waiting = new WaitingRuns({
      lookMs: LOOK_AGAIN * againMs,
      goOn: (name) =>
        studies.use(name, async (open) => {
          this.adopt(open);
        }),
      isTaken: async (name) => (await storage.ownerOf(name).catch(() => null)) !== null,
      record: (name, ended) => this.#record(name, ended),
      ...{ onChange, onProblem },
    });
  }

  /** A study's run as it is shown. @param kept as it stands with the study */
  shown(name: string, kept: StudyRun | null): Run | null {
    const run = this.#options.studies.get(name)?.run;
    if (run) return run.shown;
    const known = this.#waiting.endOf(name) ?? kept;
    return known && shownRun(known, 0, this.#waiting.noRoomOf(name));
  }

  /** @throws UsageError `run-exists`, `invalid-option`, `study-archived` | MlbenchError `study-locked`. */
  async start(name: string, request: RunRequest): Promise<Run> {
    requireRunRequest(request);
    return this.#options.studies.use(name, async (open) => {
      const { study, header } = open;
      const wanted = header.run && header.run.ended_at === null && this.#waiting.endOf(name) === undefined;
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
      this.#waiting.forget(name);
      run.start();
      return run.shown;
    });
  }

  #create(study: Study, kept: StudyRun): HostedRun {
    const { name, header } = study;
    const { weight, workers } = kept;
    const { storage, pool, thread, isolation, graceMs, againMs, onChange, onProblem } = this.#options;
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
          this.#waiting.unrecorded(name, ended, error);
        },
        onNotTaken: (error) => {
          onProblem(name, error);
        },
        onNoRoom: (error) => {
          onProblem(name, error);
        },
        ...{ againMs, graceMs },
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

  /** Opens a study and goes on with its run: now, or once its study can be opened. Never rejects. */
  goOn(name: string): Promise<void> {
    return this.#waiting.goOn(name);
  }

  /** Keeps the end of a run with its study, unless another run has begun. */
  #record(name: string, ended: StudyRun): Promise<void> {
    return this.#options.studies.use(name, async ({ study, header }) => {
      if (this.#waiting.endOf(name) !== ended) return;
      if (header.run?.started_at === ended.started_at) await study.keepRun(ended);
      this.#waiting.forget(name);
    });
  }

  /** A study was deleted. */
  forget(name: string): void {
    this.#waiting.forget(name);
  }

  /** Takes up nothing further, and resolves when the trials under way have ended. Never rejects. */
  async drain(): Promise<void> {
    this.#closed = true;
    this.#waiting.close();
    const runs = this.#options.studies.all.flatMap(({ run }) => run ?? []);
    for (const run of runs) if (run.live) run.leave("drain");
    await Promise.all(runs.map((run) => run.over));
  }

  /** Does not wait for the trials under way any longer. */
  abort(): void {
    for (const { run } of this.#options.studies.all) run?.leave("abort");
  }
}
