/** The study host: opens studies, runs many of them over one pool, shows them live, and goes on after a restart. */
import { MlbenchError, UsageError } from "../core/index.js";
import type { StudyState } from "../core/index.js";
import { commandStudy, requireCommand } from "../app/command-study.js";
import { openStorage } from "../app/storage.js";
import type { StorageLocation } from "../app/storage.js";
import { lateMetrics } from "../app/study.js";
import { createExecutor } from "../executors/index.js";
import type { Executor } from "../executors/executor.js";
import type { LockOwner, StudyStorage, StudySummary } from "../storage/storage.js";
import { StudyLockedError, studyLocked } from "../storage/study-errors.js";
import type { CommandAnswers, StudyCommand } from "../study/commands.js";
import { handleCommand } from "../study/handle-command.js";
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
import { useStudyThread } from "./off-thread.js";
import { hostClosing, OpenStudies } from "./open-studies.js";
import { OutsideDesk } from "./outside.js";
import { RunningBrief } from "./running-brief.js";
import { StudyList } from "./study-list.js";
import { StudyMaker } from "./study-maker.js";
import { StudyRuns } from "./study-runs.js";
import { StudyViews } from "./study-view.js";
import { statusOfLeased, statusOfPool } from "./worker-status.js";

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
  readonly #maker: StudyMaker;
  readonly #runs: StudyRuns;
  readonly #desk: OutsideDesk;
  readonly #views: StudyViews;
  readonly #list: StudyList;
  /** Of studies that are open here, or followed. */
  readonly #briefs = new Map<string, RunningBrief>();
  #closing: Promise<void> | null = null;

  constructor(storage: StudyStorage, executor: Executor, options: HostOptions) {
    const { isolation, location, allow = [], allowShell = false, graceMs, againMs = 1_000 } = options;
    const { thread } = this.#thread;
    this.storage = storage;
    this.#options = options;
    this.#pool = new FairPool(executor);
    const onChange = (name: string): void => {
      this.#statusChanged(name);
    };
    const onProblem = (name: string, error: unknown): void => {
      options.onProblem?.(name, error);
    };
    this.#studies = new OpenStudies({
      storage,
      url: () => options.url?.(),
      idleMs: options.idleMs ?? 60_000,
      onChange,
      onProblem,
    });
    this.#maker = new StudyMaker({ storage, location, allow, allowShell, thread });
    this.#runs = new StudyRuns({
      ...{
        storage,
        studies: this.#studies,
        pool: this.#pool,
        thread,
        isolation,
        graceMs,
        againMs,
        onChange,
        onProblem,
      },
      keptRun: async (name) => (await this.#summary(name)).run,
    });
    this.#desk = new OutsideDesk(this.#studies, (open) => {
      this.#runs.adopt(open);
    });
    this.#views = new StudyViews({
      storage,
      idleMs: options.viewIdleMs ?? 180_000,
      ownerMs: 1_000,
      opened: (name) => this.#opened(name),
      here: (name) => this.#studies.get(name) !== undefined,
      written: (name) => this.#studies.get(name)?.study.state.revision ?? 0,
      metricsOf: (name, ...report) => {
        const open = this.#studies.get(name);
        return open && lateMetrics(open.study, ...report);
      },
      run: (name, state) => this.#runs.shown(name, state.header.run ?? null),
      onChange: (name) => {
        this.#list.heard(name);
      },
    });
    this.#list = new StudyList({
      ...{ storage, restMs: 200, pollMs: 5_000 },
      known: (name) => this.#known(name),
      follow: async (name) => {
        const view = await this.#views.view(name);
        return () => {
          view.release();
        };
      },
    });
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
    const owner = open ? open.owner : (followed?.owner ?? null);
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
    return { state, owner: open.owner };
  }

  async #summary(name: string): Promise<StudySummary> {
    return this.#known(name) ?? (await this.storage.summary(name));
  }

  #hosted(summary: StudySummary): HostedStudy {
    const { name } = summary;
    return { summary, here: this.#studies.get(name) !== undefined, run: this.#runs.shown(name, summary.run) };
  }

  async list(): ReturnType<StudyHost["list"]> {
    const entries = await this.#list.entries();
    return {
      studies: entries.flatMap(({ summary }) => (summary ? [this.#hosted(summary)] : [])),
      unread: entries.flatMap(({ name, error }) => (error ? [{ name, code: error.code, message: error.message }] : [])),
    };
  }

  async get(name: string): Promise<HostedStudy> {
    return this.#hosted(await this.#summary(name));
  }

  watch(listener: (change: ListChange) => void): () => void {
    return this.#list.subscribe(listener);
  }

  view(name: string): Promise<StudyView> {
    return this.#views.view(name);
  }

  async create(request: Readonly<Record<string, unknown>>): Promise<{ created: boolean; name: string }> {
    this.#requireOpen();
    const made = await this.#maker.create(request);
    this.#statusChanged(made.name);
    return made;
  }

  async changeSpace(
    request: Readonly<Record<string, unknown>>,
    { dryRun }: { readonly dryRun: boolean },
  ): ReturnType<StudyHost["changeSpace"]> {
    this.#requireOpen();
    const planned = await this.#maker.changeSpace(request, { dryRun: true });
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
      return await this.#maker.changeSpace(request, { dryRun: false });
    } finally {
      if (isOut) await this.#studies.use(name, async () => undefined);
      this.#statusChanged(name);
    }
  }

  async plan(request: Readonly<Record<string, unknown>>): ReturnType<StudyHost["plan"]> {
    this.#requireOpen();
    return { ...(await this.#maker.plan(request)) };
  }

  async remove(name: string): Promise<void> {
    this.#requireOpen();
    const open = this.#studies.get(name);
    if (open && (open.run?.live || open.leased().length > 0))
      throw studyLocked(name, open.owner, "cancel its run first, and let the trials that are out end");
    await this.#studies.close(name);
    await this.storage.delete(name);
    this.#runs.forget(name);
    this.#statusChanged(name);
  }

  async startRun(name: string, request: RunRequest): Promise<Run> {
    this.#requireOpen();
    return this.#runs.start(name, request);
  }

  async changeRun(name: string, change: RunChange): Promise<Run> {
    this.#requireOpen();
    return this.#runs.change(name, change);
  }

  async resume(): Promise<void> {
    const { studies } = await this.list();
    // Whoever holds a lease of an earlier process is given its time anew, counted from here.
    const names = studies.flatMap(({ summary: { name, run, counts } }) =>
      (run && run.ended_at === null) || counts.running > 0 ? [name] : [],
    );
    await Promise.all(names.map((name) => this.#runs.goOn(name)));
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
    return [statusOfPool(this.#pool, this.#options.isolation)];
  }

  outside(): readonly OutsideWorkerStatus[] {
    return this.#studies.all.flatMap(statusOfLeased);
  }

  #requireOpen(): void {
    if (this.#closing) throw hostClosing();
  }

  close(
    options: { readonly graceMs?: number | undefined; readonly force?: AbortSignal | undefined } = {},
  ): Promise<void> {
    this.#closing ??= this.#close();
    const abort = (): void => {
      this.#runs.abort();
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
    await this.#runs.drain();
    await this.#studies.closeAll();
    this.#list.close();
    this.#views.close();
    await Promise.all([this.#pool.close(), this.#thread.release()]);
  }
}
