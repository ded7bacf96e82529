/** The study host: opens studies, runs many of them over one pool, shows them live, and goes on after a restart. */
import { hostname } from "node:os";
import { MlbenchError, studyKind, UsageError } from "../core/index.js";
import type { StudyRun, StudyState } from "../core/index.js";
import { commandStudy, requireCommand } from "../app/command-study.js";
import { createExecutor } from "../executors/index.js";
import type { Executor } from "../executors/executor.js";
import type { LockOwner, StudyStorage, StudySummary } from "../storage/storage.js";
import { StudyLockedError, studyLocked } from "../storage/study-errors.js";
import type { CommandAnswers, StudyCommand } from "../study/commands.js";
import { handleCommand } from "../study/handle-command.js";
import type { Study } from "../study/study.js";
import { FairPool } from "./fair-pool.js";
import type {
  HostedStudy,
  ListChange,
  OutsideAsk,
  OutsideAskAnswer,
  OutsideWorkerStatus,
  Run,
  RunChange,
  RunRequest,
  StudyHost,
  StudyView,
  WorkerStatus,
} from "./host.js";
import { HostedRun, shownRun } from "./hosted-run.js";
import { outsideRunner } from "./no-places.js";
import { hostClosing, OpenStudies } from "./open-studies.js";
import type { OpenStudy } from "./open-studies.js";
import { OutsideDesk } from "./outside.js";
import { requireRunChange, requireRunRequest, runOf } from "./run-request.js";
import { RunningBrief } from "./running-brief.js";
import { StudyList } from "./study-list.js";
import type { MakeStudyRequest } from "./make-study.js";
import type { ThreadTasks } from "./study-thread.js";
import { StudyViews } from "./study-view.js";
import { useStudyThread } from "./off-thread.js";
import { WaitingRuns } from "./waiting-runs.js";
import { openStorage } from "../app/storage.js";
import type { StorageLocation } from "../app/storage.js";

/** What a study host is made with. */
export interface StudyHostOptions {
  /** A folder, a storage's URL, or a storage object. */
  readonly storage: StorageLocation;
  /** How many trials run at once. @default the number of cores */
  readonly workers?: number | undefined;
  /** What trials run in: a registered executor's name. @default "thread" */
  readonly isolation?: string | undefined;
  /** An executor in place of one of that name; closed with the host. */
  readonly executor?: Executor | undefined;
  /** Folders that requests may name files in. @default none */
  readonly allow?: readonly string[] | undefined;
  /** Whether requests may have a shell run a line, in such a folder. @default false */
  readonly allowShell?: boolean | undefined;
  /** Where the service takes commands, once that is known; stands in the locks. */
  readonly url?: (() => string | undefined) | undefined;
  /** How long trials under way may take to end after a stop, in milliseconds. @default 10000 */
  readonly graceMs?: number | undefined;
  /** How long after its last write a study is given up, in milliseconds. @default 60000 */
  readonly idleMs?: number | undefined;
  /**
   * After how many milliseconds it is tried again whether a full disk has room; up to 32 times as long from then on.
   * @default 1000
   */
  readonly againMs?: number | undefined;
  /** How long a view that nobody looks at is kept, in milliseconds. @default 180000 */
  readonly viewIdleMs?: number | undefined;
  /** Hears what went wrong with a study that nobody else is told. */
  readonly onProblem?: ((study: string, error: unknown) => void) | undefined;
}

/** So many times `againMs`: how often it is looked whether a study that was another's, or had no room, can be opened. */
const LOOK_AGAIN = 5;

/**
 * Opens a host over a storage. Nothing is run before `resume` or `startRun`.
 * @throws UsageError `invalid-storage`, `unknown-storage`, `unknown-executor`, `invalid-option`.
 */
export async function openStudyHost(options: StudyHostOptions): Promise<StudyHost> {
  const storage = await openStorage(options.storage);
  const { isolation = "thread", workers } = options;
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1))
    throw new UsageError("invalid-option", `workers must be a whole number from 1, got ${workers}`);
  const executor = options.executor ?? (await createExecutor(isolation, { places: workers }));
  // A folder, or a URL of files, means the same to every thread.
  const location =
    typeof options.storage === "string" && storage.baseDirectory("any") !== null ? options.storage : null;
  return new Host(storage, executor, { ...options, isolation, location });
}

interface HostOptions extends StudyHostOptions {
  readonly isolation: string;
  /** Where another thread finds the storage; null: nowhere. */
  readonly location: string | null;
}

class Host implements StudyHost {
  readonly storage: StudyStorage;
  readonly startedAt = new Date().toISOString();
  readonly #options: HostOptions;
  readonly #thread = useStudyThread();
  readonly #pool: FairPool;
  readonly #studies: OpenStudies;
  readonly #desk: OutsideDesk;
  readonly #views: StudyViews;
  readonly #list: StudyList;
  /** Of studies that are open here, or followed. */
  readonly #briefs = new Map<string, RunningBrief>();
  readonly #waiting: WaitingRuns;
  #closing: Promise<void> | null = null;

  constructor(storage: StudyStorage, executor: Executor, options: HostOptions) {
    this.storage = storage;
    this.#options = options;
    this.#pool = new FairPool(executor);
    const onChange = (name: string): void => {
      this.#statusChanged(name);
    };
    this.#studies = new OpenStudies({
      storage,
      url: () => options.url?.(),
      idleMs: options.idleMs ?? 60_000,
      onChange,
      onProblem: (name, error) => options.onProblem?.(name, error),
    });
    this.#desk = new OutsideDesk(this.#studies, (open) => {
      this.#adopt(open);
    });
    this.#views = new StudyViews({
      storage,
      idleMs: options.viewIdleMs ?? 180_000,
      ownerMs: 1_000,
      opened: (name) => this.#opened(name),
      here: (name) => this.#studies.get(name) !== undefined,
      written: (name) => this.#studies.get(name)?.study.state.revision ?? 0,
      run: (name, state) => this.#runShown(name, state.header.run ?? null),
    });
    this.#waiting = new WaitingRuns({
      lookMs: LOOK_AGAIN * this.#againMs,
      goOn: (name) =>
        this.#studies.use(name, async (open) => {
          this.#adopt(open);
        }),
      isTaken: async (name) => (await storage.ownerOf(name).catch(() => null)) !== null,
      record: (name, ended) => this.#record(name, ended),
      onChange,
      onProblem: (name, error) => options.onProblem?.(name, error),
    });
    this.#list = new StudyList({ storage, restMs: 500, pollMs: 5_000, known: (name) => this.#known(name) });
  }

  #statusChanged(name: string): void {
    this.#views.statusMayHaveChanged(name);
    this.#list.touch(name);
  }

  /** What is known of a study without a look at its files. */
  #known(name: string): StudySummary | undefined {
    const open = this.#studies.get(name);
    const followed = open ? undefined : this.#views.peek(name);
    const state = open?.study.state ?? (followed?.gone ? undefined : followed?.state);
    if (!state) {
      this.#briefs.delete(name);
      return undefined;
    }
    const brief = this.#briefs.get(name) ?? new RunningBrief();
    this.#briefs.set(name, brief);
    const owner = open ? this.#owner(open) : (followed?.owner ?? null);
    return { ...brief.of(state), owner, location: this.storage.location(name) };
  }

  async #opened(name: string): Promise<{ state: StudyState; owner: LockOwner } | null> {
    const open = this.#studies.get(name);
    if (!open) return null;
    const { state } = open.study;
    try {
      await open.study.flush();
    } catch {
      // What its file says is what can be followed.
      return null;
    }
    return { state, owner: this.#owner(open) };
  }

  #owner({ openedAt }: OpenStudy): NonNullable<StudySummary["owner"]> {
    const url = this.#options.url?.();
    const self = { pid: process.pid, host: hostname(), since: openedAt, work: "serve" };
    return url === undefined ? self : { ...self, url };
  }

  #runShown(name: string, kept: StudyRun | null): Run | null {
    const run = this.#studies.get(name)?.run;
    if (run) return run.shown;
    const known = this.#waiting.endOf(name) ?? kept;
    return known && shownRun(known, 0, this.#waiting.noRoomOf(name));
  }

  #hosted(summary: StudySummary): HostedStudy {
    const { name } = summary;
    return { summary, here: this.#studies.get(name) !== undefined, run: this.#runShown(name, summary.run) };
  }

  async list(): ReturnType<StudyHost["list"]> {
    const entries = await this.#list.entries();
    return {
      studies: entries.flatMap(({ summary }) => (summary ? [this.#hosted(summary)] : [])),
      unread: entries.flatMap(({ name, error }) => (error ? [{ name, code: error.code, message: error.message }] : [])),
    };
  }

  async get(name: string): Promise<HostedStudy> {
    return this.#hosted(this.#known(name) ?? (await this.storage.summary(name)));
  }

  watch(listener: (change: ListChange) => void): () => void {
    return this.#list.subscribe(listener);
  }

  view(name: string): Promise<StudyView> {
    return this.#views.view(name);
  }

  async create(request: Readonly<Record<string, unknown>>): Promise<{ created: boolean; name: string }> {
    this.#requireOpen();
    const made = await (await this.#maker()).create(this.#request(request));
    this.#statusChanged(made.name);
    return made;
  }

  async changeSpace(
    request: Readonly<Record<string, unknown>>,
    { dryRun }: { readonly dryRun: boolean },
  ): ReturnType<StudyHost["changeSpace"]> {
    this.#requireOpen();
    const [maker, asked] = [await this.#maker(), this.#request(request)];
    const planned = await maker.changeSpace({ ...asked, dryRun: true });
    if (dryRun || planned.change === null) return planned;
    const { name } = planned;
    const open = this.#studies.get(name);
    if (open?.run?.live)
      throw new MlbenchError(
        "being-optimized",
        `study "${name}" is being optimized: its space is changed when that has ended`,
      );
    // Whoever changes it has it open alone. Leases go on with its next opening, which comes at once where there are any.
    const isOut = (open?.leased().length ?? 0) > 0;
    await this.#studies.close(name);
    try {
      return await maker.changeSpace({ ...asked, dryRun: false });
    } finally {
      if (isOut) await this.#studies.use(name, async () => undefined);
      this.#statusChanged(name);
    }
  }

  async plan(request: Readonly<Record<string, unknown>>): ReturnType<StudyHost["plan"]> {
    this.#requireOpen();
    return { ...(await (await this.#maker()).plan(this.#request(request))) };
  }

  /** A request for a study, for whoever reads its files. @throws UsageError `unknown-option`. */
  #request(given: Readonly<Record<string, unknown>>): MakeStudyRequest {
    for (const key of ["storage", "directory", "spaceChange"])
      if (Object.hasOwn(given, key))
        throw new UsageError("unknown-option", `a study: "${key}" is not for requests to say`);
    const storage = this.#options.location ?? this.storage;
    const { allow = [], allowShell } = this.#options;
    return { options: { ...given, storage }, allow, allowShell };
  }

  /** The thread makes studies; this one for a storage that no other can reach. */
  async #maker(): Promise<Pick<ThreadTasks, "create" | "plan" | "changeSpace">> {
    if (this.#options.location === null) {
      const { changeStudySpace, makeStudy, studyPlan } = await import("./make-study.js");
      return { create: makeStudy, plan: studyPlan, changeSpace: changeStudySpace };
    }
    return {
      create: (request) => this.#thread.thread.run("create", request),
      plan: (request) => this.#thread.thread.run("plan", request),
      changeSpace: (request) => this.#thread.thread.run("changeSpace", request),
    };
  }

  async remove(name: string): Promise<void> {
    this.#requireOpen();
    const open = this.#studies.get(name);
    if (open && (open.run?.live || open.leased().length > 0))
      throw studyLocked(name, this.#owner(open), "cancel its run first, and let the trials that are out end");
    await this.#studies.close(name);
    await this.storage.delete(name);
    this.#waiting.forget(name);
    this.#statusChanged(name);
  }

  async startRun(name: string, request: RunRequest): Promise<Run> {
    this.#requireOpen();
    requireRunRequest(request);
    return this.#studies.use(name, async (open) => {
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
      const run = this.#createRun(study, kept);
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

  #createRun(study: Study, kept: StudyRun): HostedRun {
    const { name, header } = study;
    const { weight, workers } = kept;
    const { isolation } = this.#options;
    return new HostedRun(
      {
        study,
        share: this.#pool.share(name, { weight, limit: workers ?? Infinity }),
        prepare: async (options) => {
          if (studyKind(header) === "outside") return outsideRunner();
          const { prepareStudy } = await import("../app/optimize-study.js");
          return prepareStudy(study, this.storage, { ...options, isolation }, this.#thread.thread.work);
        },
        onChange: () => {
          this.#statusChanged(name);
        },
        onUnrecorded: (ended, error) => {
          this.#waiting.unrecorded(name, ended, error);
        },
        onNoRoom: (error) => this.#options.onProblem?.(name, error),
        againMs: this.#againMs,
        graceMs: this.#options.graceMs,
      },
      kept,
    );
  }

  /** Takes up a run that the study's file says is wanted. */
  #adopt(open: OpenStudy): void {
    const kept = open.header.run;
    if (open.run?.live || !kept || kept.ended_at !== null || this.#closing) return;
    open.run = this.#createRun(open.study, kept);
    open.run.start();
  }

  async resume(): Promise<void> {
    const { studies } = await this.list();
    // Whoever holds a lease of an earlier process is given its time anew, counted from here.
    const names = studies.flatMap(({ summary: { name, run, counts } }) =>
      (run && run.ended_at === null) || counts.running > 0 ? [name] : [],
    );
    await Promise.all(names.map((name) => this.#waiting.goOn(name)));
  }

  get #againMs(): number {
    return this.#options.againMs ?? 1_000;
  }

  /** Keeps the end of a run with its study, unless another run has begun. */
  #record(name: string, ended: StudyRun): Promise<void> {
    return this.#studies.use(name, async ({ study, header }) => {
      if (this.#waiting.endOf(name) !== ended) return;
      if (header.run?.started_at === ended.started_at) await study.keepRun(ended);
      this.#waiting.forget(name);
    });
  }

  async changeRun(name: string, change: RunChange): Promise<Run> {
    this.#requireOpen();
    requireRunChange(change);
    const noRun = (): UsageError =>
      new UsageError("no-run", `study "${name}" has no run under way: start one, then it can be changed`);
    if (!this.#studies.get(name)?.run?.live) {
      const { run } = await this.get(name);
      if (!run || run.ended_at !== null) throw noRun();
    }
    return this.#studies.use(name, async (open) => {
      this.#adopt(open);
      const { run } = open;
      if (!run?.live) throw noRun();
      await run.change(change);
      return run.shown;
    });
  }

  async command<C extends StudyCommand>(name: string, command: C): Promise<CommandAnswers[C["type"]]> {
    this.#requireOpen();
    requireCommand(command);
    return this.#whereOpen<CommandAnswers[C["type"]]>(
      name,
      () => this.#studies.use(name, ({ study }) => handleCommand(study, command)),
      (ref) => commandStudy(ref, command),
    );
  }

  async ask(name: string, request: OutsideAsk): Promise<OutsideAskAnswer> {
    this.#requireOpen();
    const { lease_seconds: lease, key, worker } = request;
    return this.#whereOpen<OutsideAskAnswer>(
      name,
      () => this.#desk.ask(name, request),
      (ref) => commandStudy(ref, { type: "ask", lease, key, worker }),
    );
  }

  /** Does it here, unless another process has the study: that one is sent it as a command. */
  async #whereOpen<T>(
    name: string,
    here: () => Promise<T>,
    sent: (ref: { readonly storage: StudyStorage; readonly name: string }) => Promise<T>,
  ): Promise<T> {
    const elsewhere = this.#studies.get(name) ? null : await this.storage.ownerOf(name);
    if (!elsewhere)
      try {
        return await here();
      } catch (error) {
        // Another process came between looking and opening, or has it for a moment.
        if (!(error instanceof StudyLockedError)) throw error;
      }
    return sent({ storage: this.storage, name });
  }

  workers(): readonly WorkerStatus[] {
    const { done, failed } = this.#pool.ended;
    const { pid } = process;
    const host = hostname();
    return [
      {
        ...{ id: `${pid}@${host}`, host, pid, isolation: this.#options.isolation },
        places: this.#pool.capacity() ?? 0,
        running: this.#pool.running.map(({ study, number, slot, since }) => ({ study, number, slot, since })),
        ...{ trials_done: done, trials_failed: failed },
        shares: this.#pool.shares.map(({ study, weight, held, served }) => ({
          ...{ study, weight, places: held },
          place_seconds: served,
        })),
      },
    ];
  }

  outside(): readonly OutsideWorkerStatus[] {
    return this.#studies.all.flatMap((open) =>
      open.leased().map(({ number, lease, started_at, worker }) => ({
        worker: worker ?? null,
        study: open.name,
        number,
        lease_seconds: lease?.seconds ?? 0,
        lease_ends_in_s: open.study.leaseEndsIn(number),
        since: started_at ?? "",
      })),
    );
  }

  #requireOpen(): void {
    if (this.#closing) throw hostClosing();
  }

  close(
    options: { readonly graceMs?: number | undefined; readonly force?: AbortSignal | undefined } = {},
  ): Promise<void> {
    this.#closing ??= this.#close();
    const abort = (): void => {
      for (const { run } of this.#studies.all) run?.leave("abort");
    };
    const { graceMs = this.#options.graceMs ?? 10_000, force } = options;
    const timer = setTimeout(abort, graceMs);
    if (force?.aborted) abort();
    force?.addEventListener("abort", abort, { once: true });
    return this.#closing.finally(() => {
      clearTimeout(timer);
      force?.removeEventListener("abort", abort);
    });
  }

  async #close(): Promise<void> {
    this.#waiting.close();
    const runs = this.#studies.all.flatMap(({ run }) => run ?? []);
    for (const run of runs) if (run.live) run.leave("drain");
    await Promise.all(runs.map((run) => run.over));
    await this.#studies.closeAll();
    this.#list.close();
    this.#views.close();
    await Promise.all([this.#pool.close(), this.#thread.release()]);
  }
}
