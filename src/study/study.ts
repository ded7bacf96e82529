/** A study: its records, and ways to add to them. */
import type {
  Annotation,
  Direction,
  Objective,
  ObjectiveTrial,
  OptimizeResult,
  Params,
  SearchSpace,
  StudyHeader,
  StudyState,
  Trial,
} from "../core/index.js";
import { bestOfStudy, directionsOf, frontOfStudy, requireNumbers, UsageError } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { checkParams } from "../search-space/check-params.js";
import type { StorageFinding, StudyChange, StudyStorage, StudySummary, StudyWriter } from "../storage/storage.js";
import { askOptionsOf } from "./ask-options.js";
import { mergedAnnotation } from "./annotation.js";
import { reportKeys, tellKeys } from "./commands.js";
import type { AnnotationChange, AskOptions, ReportRequest, TellResult } from "./commands.js";
import type { StudyComponents } from "./components.js";
import { handleCommand } from "./handle-command.js";
import type { LeaseClock } from "./leases.js";
import type { CallOptions, TaskOptions } from "./optimize-options.js";
import { callKeys, checkOptions, resolveOptions, taskKeys, withWorkers } from "./optimize-options.js";
import type { AskedTrial } from "./outside-trials.js";
import { OutsideTrials } from "./outside-trials.js";
import type { ReportKeeper } from "./report-keeper.js";
import { STOPPED_ON_REQUEST } from "./running-trial.js";
import { checkTarget } from "./stop-rules.js";
import { notOptimizing, StudyManager } from "./study-manager.js";
import { StudyLog } from "./study-log.js";
import { Subscribers, trackerSubscribers } from "./subscribers.js";
import { TrialDispatcher } from "./trial-dispatcher.js";
import type { TrialRunner } from "./trial-runner.js";

/** Hears of a finished, durable trial; may call `study.stop()`. */
export type StudyCallback = (study: Study, trial: Trial) => void | Promise<void>;

/** What one call of {@link Study.optimize} is told. */
export interface OptimizeOptions extends CallOptions {
  /**
   * Called for each finished trial once it is durable, one after another; its place takes the next trial then. What they
   * throw is caught and told, as with every subscriber.
   */
  readonly callbacks?: readonly StudyCallback[] | undefined;
}

/** What one call of {@link Study.optimize} on a study over a model, or over an objective's module, is told. */
export interface OptimizeStudyOptions extends OptimizeOptions, TaskOptions {}

const optimizeKeys: KnownKeys<OptimizeOptions> = { ...callKeys, callbacks: true };
const optimizeStudyKeys: KnownKeys<OptimizeStudyOptions> = { ...optimizeKeys, ...taskKeys };

/** An objective: a function run in this process, or the path or URL of a module whose default export is one. */
export type ObjectiveSource = Objective | string | URL;

/** Makes what runs a study's trials: its own task's where no objective is given. `app` knows the executors. */
export type PrepareRunner = (
  study: Study,
  objective: ObjectiveSource | null,
  options: OptimizeStudyOptions,
) => Promise<TrialRunner>;

/** What a {@link Study} is opened with. */
export interface StudyParts {
  readonly storage: StudyStorage;
  readonly opened: { readonly state: StudyState; readonly writer: StudyWriter | null };
  readonly components: StudyComponents;
  readonly prepare: PrepareRunner;
  /** Keeps the metrics of reports; without it they reach subscribers only. */
  readonly reports?: ReportKeeper;
  /** For tests: the time that leases are counted in. */
  readonly leaseClock?: LeaseClock;
}

function isObjective(given: unknown): given is ObjectiveSource {
  return typeof given === "function" || typeof given === "string" || given instanceof URL;
}

/**
 * Everything that a study hands out is readonly and stays as it was. Writing opens the study's files for this process
 * alone, until {@link Study.close} or the end of `optimize`.
 */
export class Study {
  readonly #parts: StudyParts;
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #outside: OutsideTrials;
  #manager: StudyManager | null = null;

  /** Use `createStudy` or `loadStudy`. */
  constructor(parts: StudyParts) {
    this.#parts = parts;
    this.#log = new StudyLog(parts.storage, parts.opened);
    this.#dispatcher = new TrialDispatcher(this.#log, parts.components, parts.reports);
    const hooks = {
      onReport: (event) => this.#manager?.onOutsideEvent(event),
      onRequeued: (number) => this.#manager?.onOutsideEvent({ event: "requeued", number }),
      onFinished: (trial) => this.#manager?.onTrialTold(trial),
    } satisfies ConstructorParameters<typeof OutsideTrials>[2];
    this.#outside = new OutsideTrials(this.#log, this.#dispatcher, hooks, parts.leaseClock);
    this.#log.attach({
      onCommand: (command) => handleCommand(this, command),
      onOpen: () => {
        this.#outside.onOpen();
      },
      onClose: () => {
        this.#outside.onClose();
      },
    });
  }

  get name(): string {
    return this.header.name;
  }

  /** The first objective's. */
  get direction(): Direction {
    return this.directions[0] as Direction;
  }

  /** One an objective. */
  get directions(): readonly Direction[] {
    return directionsOf(this.header);
  }

  /** What was fixed when the study was created. */
  get header(): StudyHeader {
    return this.#log.header;
  }

  get userAttrs(): Readonly<Record<string, unknown>> {
    return this.header.user_attrs;
  }

  /** The study's records at this moment, with counts. */
  get state(): StudyState {
    return this.#log.state;
  }

  /** What was found amiss, and put right, when this object last opened the study for writing. */
  get findings(): readonly StorageFinding[] {
    return this.#log.findings;
  }

  /** All trials by number; finished ones are frozen and the same objects in every later list. */
  get trials(): readonly Trial[] {
    return this.#log.state.trials;
  }

  /**
   * The best complete feasible trial, the first of equals; null when there is none.
   * @throws UsageError `several-objectives`: such a study has `bestTrials`.
   */
  get bestTrial(): Trial | null {
    const { length } = this.header.objectives;
    if (length === 1) return bestOfStudy(this.state);
    const message = `study "${this.name}" has ${length} objectives and no single best trial: use bestTrials`;
    throw new UsageError("several-objectives", message);
  }

  /** The Pareto front among the complete feasible trials, by number; with one objective the best trial alone. */
  get bestTrials(): readonly Trial[] {
    return frontOfStudy(this.state);
  }

  /** The study in brief, as its storage keeps it: cheap, also with many trials. */
  summary(): Promise<StudySummary> {
    return this.#parts.storage.summary(this.name);
  }

  /**
   * What happens to the study from a revision on, each event once and in order, whichever process writes it; where
   * single events are no longer kept, a `reset` with the state comes in their place. Ends when the signal is aborted.
   * @throws UsageError `unknown-option`.
   * @throws (while iterating) MlbenchError `study-deleted`, `study-damaged`.
   */
  follow(options: { from?: number; signal?: AbortSignal } = {}): AsyncIterable<StudyChange> {
    requireKnownKeys("study.follow", options, { from: true, signal: true });
    const { from = this.state.revision, signal } = options;
    return this.#parts.storage.follow(this.name, from, { signal });
  }

  /** Where a trial keeps its checkpoint and log, or null where the storage has no files. */
  directoryOf(number: number): string | null {
    return this.#parts.storage.artifacts(this.name)?.directory(number) ?? null;
  }

  /**
   * Hands out a trial to be evaluated by the caller and ended with {@link Study.tell}: the first waiting one, else a
   * new one with its space drawn jointly. No process runs it; under a lease it is taken back from a holder who gives no
   * sign of life (a report, a heartbeat) for so many seconds.
   * @param given a space for this trial alone, or `{ lease: seconds, space }`
   * @throws UsageError `space-exhausted`, `invalid-option`.
   */
  async ask(given?: SearchSpace | AskOptions): Promise<AskedTrial> {
    await this.#log.open();
    return this.#outside.ask(askOptionsOf(given));
  }

  /**
   * Ends a trial handed out by {@link Study.ask}. Resolves with its record when that is durable.
   * @throws UsageError `unknown-trial`, `trial-finished`, `trial-not-asked`, `invalid-value`; MlbenchError `lease-lost`.
   */
  async tell(trial: number | Pick<ObjectiveTrial, "number">, result: TellResult): Promise<Trial> {
    requireKnownKeys("study.tell", result, tellKeys);
    await this.#log.open();
    return this.#outside.tell(typeof trial === "number" ? trial : trial.number, result);
  }

  /**
   * Records an intermediate value of a trial that is out, and says whether to go on; renews its lease.
   * @throws UsageError `unknown-trial`, `trial-not-asked`, `trial-finished`, `invalid-report`; MlbenchError `lease-lost`.
   */
  async report(number: number, report: ReportRequest): Promise<ReportAnswer> {
    requireKnownKeys("study.report", report, reportKeys);
    if (report.metrics !== undefined) requireNumbers("study.report", "metric", report.metrics);
    await this.#log.open();
    return this.#outside.report(number, report);
  }

  /** A sign of life of a trial that is out: renews its lease. @throws as {@link Study.report}. */
  async heartbeat(number: number, given: { lease?: string | undefined } = {}): Promise<ReportAnswer> {
    requireKnownKeys("study.heartbeat", given, { lease: true });
    await this.#log.open();
    return this.#outside.heartbeat(number, given.lease);
  }

  /**
   * Queues parameters to be tried before anything else; what they leave open is drawn when the trial starts.
   * @returns the waiting record, durable.
   * @throws UsageError `unknown-parameter`, `invalid-value`.
   */
  async enqueueTrial(params: Params, options: { userAttrs?: Readonly<Record<string, unknown>> } = {}): Promise<Trial> {
    requireKnownKeys("study.enqueueTrial", options, { userAttrs: true });
    await this.#log.open();
    checkParams(params, this.header.space);
    const { number, durable } = await this.#dispatcher.enqueue(params, options.userAttrs ?? {});
    await durable;
    this.#manager?.onWaiting();
    return this.#log.requireTrial(number);
  }

  /**
   * Queues a failed trial's parameters once more, under a new number.
   * @returns the waiting record, durable.
   * @throws UsageError `unknown-trial`, `not-failed`.
   */
  async retry(number: number): Promise<Trial> {
    await this.#log.open();
    const failed = this.#log.requireTrial(number);
    if (failed.state !== "failed")
      throw new UsageError("not-failed", `trial ${number} is ${failed.state}: only a failed trial is repeated`);
    const queued = await this.#dispatcher.retry(failed);
    await queued.durable;
    this.#manager?.onWaiting();
    return this.#log.requireTrial(queued.number);
  }

  /**
   * Says something about a trial in any state: a note, tags, or that it is banned (hidden from best trial, front and
   * sampler; still counted). What is left out stays.
   * @throws UsageError `unknown-trial`, `invalid-value`.
   */
  async annotate(number: number, change: AnnotationChange): Promise<Annotation> {
    await this.#log.open();
    this.#log.requireTrial(number);
    const annotation = mergedAnnotation(this.state.annotations.get(number), change);
    await this.#log.append({ type: "trial-annotated", number, ...annotation });
    return annotation;
  }

  /**
   * Ends a trial for good: a running one is recorded as pruned with the reports it has, a waiting one as failed.
   * @returns its record once it is on its way to its end; a trial of this process's workers ends within a batch.
   * @throws UsageError `unknown-trial`, `trial-finished`, `trial-not-asked` for one that runs elsewhere.
   */
  async stopTrial(number: number): Promise<Trial> {
    await this.#log.open();
    const trial = this.#log.requireTrial(number);
    if (trial.state === "waiting") return this.#outside.tell(number, { state: "failed", message: STOPPED_ON_REQUEST });
    if (this.#manager?.stopTrial(number)) return trial;
    return this.#outside.stop(number, STOPPED_ON_REQUEST);
  }

  /** Keeps a JSON value with the study, or with one of its unfinished trials. Resolves when it is durable. */
  async setUserAttr(key: string, value: unknown, trial?: number): Promise<void> {
    await this.#log.open();
    if (trial === undefined) await this.#log.append({ type: "study-attr", key, value });
    else await this.#log.append({ type: "trial-attr", number: this.#log.requireTrial(trial).number, key, value });
  }

  /** Records that a file's new contents were accepted (`--accept-changes`). */
  async acceptChange(path: string, sha256: string): Promise<void> {
    await this.#log.open();
    await this.#log.append({ type: "change-accepted", at: new Date().toISOString(), path, sha256 });
  }

  /**
   * Runs trials until a goal, a limit or a rule ends the call. A function runs in this process, a module in a pool of
   * workers; a study over a model, or one that was created with an objective, takes none. Trials that a dead process
   * left running go back to waiting first; waiting ones come before new ones.
   * @throws UsageError `already-optimizing`, `unknown-option`, `invalid-option`, `no-objective`, `files-changed`, and
   * what the preflight finds wrong; the storage's errors.
   */
  async optimize(options?: OptimizeStudyOptions): Promise<OptimizeResult>;
  async optimize(objective: ObjectiveSource, options?: OptimizeOptions): Promise<OptimizeResult>;
  async optimize(given?: ObjectiveSource | OptimizeStudyOptions, more?: OptimizeOptions): Promise<OptimizeResult> {
    const objective = isObjective(given) ? given : null;
    if (!isObjective(given) && more !== undefined)
      throw new UsageError("invalid-objective", "study.optimize: the objective must be a function, a path or a URL");
    const options = (isObjective(given) ? more : given) ?? {};
    requireKnownKeys("study.optimize", options, objective === null ? optimizeStudyKeys : optimizeKeys);
    const call = objective === null ? withWorkers(options) : options;
    return this.optimizeWith(() => this.#parts.prepare(this, objective, call), call);
  }

  /** {@link Study.optimize} with a runner of one's own. */
  async optimizeWith(prepare: () => Promise<TrialRunner>, options: OptimizeOptions): Promise<OptimizeResult> {
    requireKnownKeys("study.optimize", options, optimizeStudyKeys);
    checkOptions(options);
    checkTarget(options, this.header);
    if (this.#manager)
      throw new UsageError("already-optimizing", `study "${this.name}" is being optimized in this process already`);
    const { onEvent, trackers = [] } = options;
    const subscribers = new Subscribers([
      ...(onEvent ? [{ name: "onEvent", onEvent }] : []),
      ...trackerSubscribers(trackers),
    ]);
    const tell = this.#callbackChain(subscribers, options.callbacks ?? []);
    const manager = new StudyManager({ log: this.#log, dispatcher: this.#dispatcher, options, subscribers, tell });
    this.#manager = manager;
    this.#log.busy = true;
    try {
      await this.#log.open();
      const result = await manager.run(prepare);
      await this.close();
      await subscribers.close(resolveOptions(options).graceMs);
      return { ...result, subscriberFailures: subscribers.failures };
    } catch (error) {
      // What ended the call is worth more than what a full disk says once more about closing.
      await this.close().catch(() => undefined);
      await subscribers.close(resolveOptions(options).graceMs);
      throw error;
    } finally {
      this.#manager = null;
      this.#log.busy = false;
    }
  }

  /** Calls the callbacks for one trial after another. */
  #callbackChain(subscribers: Subscribers, callbacks: readonly StudyCallback[]): (trial: Trial) => Promise<void> {
    let called: Promise<void> = Promise.resolve();
    return (trial) => {
      called = called.then(async () => {
        for (const [i, callback] of callbacks.entries())
          await subscribers.call(`callback ${i + 1}`, () => callback(this, trial));
      });
      return called;
    };
  }

  /** Ends the running `optimize` call: no further trial is started, those under way end by themselves. */
  stop(): void {
    this.#manager?.stop("stop", "wait");
  }

  /**
   * {@link Study.stop} for a caller who does not wait for long: trials under way are given the call's grace period.
   * @throws MlbenchError `not-optimizing`.
   */
  requestStop(): void {
    this.#running.stop("stop", "grace");
  }

  /** Starts nothing further in the running `optimize` call, until `resume` or `stop`. @throws MlbenchError `not-optimizing`. */
  pause(): void {
    this.#running.pause();
  }

  /** Goes on after {@link Study.pause}. @throws MlbenchError `not-optimizing`. */
  resume(): void {
    this.#running.resume();
  }

  get #running(): StudyManager {
    if (this.#manager) return this.#manager;
    throw notOptimizing(this.name);
  }

  /** Reads the records again, for a study that this object has not open: another process may have written. */
  async refresh(): Promise<void> {
    await this.#log.refresh();
  }

  /** Folds the study's files and lets other processes write. The next write opens them again. */
  async close(): Promise<void> {
    await this.#parts.reports?.close();
    await this.#log.close();
  }
}
