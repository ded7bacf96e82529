/** A study: ways to add to its records, and calls of `optimize`. */
import type {
  Annotation,
  Objective,
  ObjectiveTrial,
  OptimizeResult,
  Params,
  ScoredBaselines,
  SearchSpace,
  SpaceReplacement,
  StudyAnnotation,
  StudyEvent,
  StudyRun,
  StudyState,
  Trial,
} from "../core/index.js";
import { noServedRun, UsageError } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { StudyStorage, StudyWriter } from "../storage/storage.js";
import { requireActive } from "./annotation.js";
import type { RunControl } from "./run-control.js";
import type {
  AnnotationChange,
  AskOptions,
  ReportBatch,
  ReportRequest,
  ShareChange,
  StudyAnnotationChange,
  TellResult,
} from "./commands.js";
import type { StudyComponents } from "./components.js";
import { HandOuts } from "./hand-outs.js";
import type { AskedTrial } from "./hand-outs.js";
import { handleCommand } from "./handle-command.js";
import type { LeaseClock } from "./leases.js";
import { OptimizeCall } from "./optimize-call.js";
import type { CallOptions, TaskOptions } from "./optimize-options.js";
import { callKeys, checkOptions, taskKeys, withWorkers } from "./optimize-options.js";
import { OutsideTrials } from "./outside-trials.js";
import { MAX_ATTEMPTS } from "./recovery.js";
import type { ReportKeeper } from "./report-keeper.js";
import { checkTarget } from "./stop-rules.js";
import { StudyEdits } from "./study-edits.js";
import { StudyLog } from "./study-log.js";
import type { StudyManager } from "./study-manager.js";
import { notOptimizing } from "./study-manager.js";
import { StudyRecords } from "./study-records.js";
import type { StillWanted } from "./trial-dispatcher.js";
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
  /** A call of `optimize` leaves the study open at its end: whoever opened it closes it. @default false */
  readonly staysOpen?: boolean;
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
export class Study extends StudyRecords {
  readonly #parts: StudyParts;
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #outside: OutsideTrials;
  readonly #handOuts: HandOuts;
  readonly #edits: StudyEdits;
  #manager: StudyManager | null = null;
  #control: RunControl | null = null;

  /** Use `createStudy` or `loadStudy`. */
  constructor(parts: StudyParts) {
    const log = new StudyLog(parts.storage, parts.opened);
    super(log, parts.storage);
    this.#parts = parts;
    this.#log = log;
    this.#dispatcher = new TrialDispatcher(this.#log, parts.components, parts.reports);
    const hooks = {
      maxAttempts: () => this.#manager?.maxAttempts ?? MAX_ATTEMPTS,
      onReport: (event) => this.#manager?.onOutsideEvent(event),
      onRequeued: (number) => this.#manager?.onOutsideEvent({ event: "requeued", number }),
      onFinished: (trial, ran) => this.#manager?.onTrialTold(trial, ran),
    } satisfies ConstructorParameters<typeof OutsideTrials>[2];
    this.#outside = new OutsideTrials(this.#log, this.#dispatcher, hooks, parts.leaseClock);
    this.#handOuts = new HandOuts(this.#log, this.#dispatcher, this.#outside);
    this.#edits = new StudyEdits(this.#log, this.#dispatcher, this.#outside, {
      onWaiting: () => this.#manager?.onWaiting(),
      onBansChanged: (number, durable) => this.#manager?.onBansChanged(number, durable),
      stopTrial: (number) => this.#manager?.stopTrial(number) ?? false,
    });
    this.#log.attach({
      onCommand: (command) => handleCommand(this, command),
      onOpen: () => {
        this.#outside.onOpen();
      },
      onClose: () => {
        this.#outside.onClose();
        this.#handOuts.onClose();
      },
    });
  }

  /**
   * Hands out a trial to be evaluated by the caller and ended with {@link Study.tell}: the first waiting one, else a
   * new one with its space drawn jointly. No process runs it; under a lease it is taken back from a holder who gives no
   * sign of life (a report, a heartbeat) for so many seconds.
   * @param given a space for this trial alone, or `{ lease: seconds, space }`
   * @throws UsageError `space-exhausted`, `invalid-option`, `study-archived` | MlbenchError `lease-lost` for a key whose
   * trial was given to somebody else.
   */
  async ask(given?: SearchSpace | AskOptions): Promise<AskedTrial> {
    // Without a gate there is always one.
    return (await this.askThrough(() => ({}), given)) as AskedTrial;
  }

  /**
   * {@link Study.ask} where somebody decides what may be handed out: null where `gate` lets nothing through. A request
   * that was answered before gets its answer again all the same.
   */
  askThrough(gate: StillWanted, given?: SearchSpace | AskOptions): Promise<AskedTrial | null> {
    return this.#handOuts.ask(given, gate);
  }

  /**
   * Ends a trial handed out by {@link Study.ask}. Resolves with its record when that is durable.
   * @throws UsageError `unknown-trial`, `trial-finished`, `trial-not-asked`, `invalid-value`; MlbenchError `lease-lost`.
   */
  tell(trial: number | Pick<ObjectiveTrial, "number">, result: TellResult): Promise<Trial> {
    return this.#outside.tell(trial, result);
  }

  /**
   * Records an intermediate value of a trial that is out, or several in their order (all of them, or none where one is
   * wrong), and says whether to go on; renews its lease. What was reported before is answered as it was then.
   * @throws UsageError `unknown-trial`, `trial-not-asked`, `trial-finished`, `invalid-report`; MlbenchError `lease-lost`.
   */
  report(number: number, report: ReportRequest | ReportBatch): Promise<ReportAnswer> {
    return this.#outside.report(number, report);
  }

  /** A sign of life of a trial that is out: renews its lease. @throws as {@link Study.report}. */
  heartbeat(number: number, given: { lease?: string | undefined } = {}): Promise<ReportAnswer> {
    return this.#outside.heartbeat(number, given);
  }

  /**
   * Queues parameters to be tried before anything else; what they leave open is drawn when the trial starts.
   * @returns the waiting record, durable.
   * @throws UsageError `unknown-parameter`, `invalid-value`.
   */
  async enqueueTrial(params: Params, options: { userAttrs?: Readonly<Record<string, unknown>> } = {}): Promise<Trial> {
    requireKnownKeys("study.enqueueTrial", options, { userAttrs: true });
    return this.#edits.enqueue(params, options.userAttrs ?? {});
  }

  /**
   * Queues a failed trial's parameters once more, under a new number.
   * @returns the waiting record, durable.
   * @throws UsageError `unknown-trial`, `not-failed`.
   */
  retry(number: number): Promise<Trial> {
    return this.#edits.retry(number);
  }

  /**
   * Says something about a trial in any state: a note, tags, or that it is banned (hidden from best trial, front and
   * sampler; still counted; a waiting one is not run). What is left out stays.
   * @throws UsageError `unknown-trial`, `invalid-value`.
   */
  annotate(number: number, change: AnnotationChange): Promise<Annotation> {
    return this.#edits.annotate(number, change);
  }

  /**
   * Says something about the study: a note, or that it is archived (kept out of lists, not optimized). What is left out
   * stays.
   * @throws UsageError `invalid-value`, `unknown-option` | MlbenchError `being-optimized` for archiving it meanwhile.
   */
  annotateStudy(change: StudyAnnotationChange): Promise<StudyAnnotation> {
    return this.#edits.annotateStudy(change);
  }

  /**
   * Ends a trial for good: a running one is recorded as pruned with the reports it has, a waiting one as failed.
   * @returns its record once it is on its way to its end; a trial of this process's workers ends within a batch.
   * @throws UsageError `unknown-trial`, `trial-finished`, `trial-not-asked` for one that runs elsewhere.
   */
  stopTrial(number: number): Promise<Trial> {
    return this.#edits.stopTrial(number);
  }

  /** Takes back every trial that is out under a lease: it waits again, and its holder is refused from now on. */
  takeTrialsBack(): Promise<void> {
    return this.#outside.takeAllBack();
  }

  /** Keeps a JSON value with the study, or with one of its unfinished trials. Resolves when it is durable. */
  setUserAttr(key: string, value: unknown, trial?: number): Promise<void> {
    return this.#edits.setUserAttr(key, value, trial);
  }

  /** Keeps the baselines' errors on windows that trials are scored on; `optimize` does so by itself. */
  keepBaselines(scored: ScoredBaselines): Promise<void> {
    return this.#edits.keepBaselines(scored);
  }

  /** Keeps what a service is to run of the study, in place of what it kept of that before. Resolves when it is durable. */
  keepRun(run: StudyRun): Promise<void> {
    return this.#edits.keepRun(run);
  }

  /**
   * Puts trials back to waiting that a call of this process left running, as their end could not be written; that does
   * not count as a death of theirs. Resolves when all of the study is durable.
   * @throws MlbenchError `being-optimized`, `storage-full`.
   */
  requeueRunning(reason: string): Promise<void> {
    return this.#edits.requeueRunning(reason);
  }

  /**
   * Has the study search another space from now on, which is not checked; `changeSpace` does that, and says what becomes
   * of the trials so far.
   * @throws MlbenchError `being-optimized`.
   */
  replaceSpace(replacement: SpaceReplacement): Promise<void> {
    return this.#edits.replaceSpace(replacement);
  }

  /** Records that a file's new contents were accepted (`--accept-changes`). */
  acceptChange(path: string, sha256: string): Promise<void> {
    return this.#edits.acceptChange(path, sha256);
  }

  /**
   * Runs trials until a goal, a limit or a rule ends the call. A function runs in this process, a module in a pool of
   * workers; a study over a model, or one that was created with an objective, takes none. Trials that a dead process
   * left running go back to waiting first; waiting ones come before new ones.
   * @throws UsageError `already-optimizing`, `study-archived`, `unknown-option`, `invalid-option`, `no-objective`, `files-changed`, and
   * what the preflight finds wrong; the storage's errors.
   */
  async optimize(options?: OptimizeStudyOptions): Promise<OptimizeResult>;
  async optimize(objective: ObjectiveSource, options?: OptimizeOptions): Promise<OptimizeResult>;
  async optimize(given?: ObjectiveSource | OptimizeStudyOptions, more?: OptimizeOptions): Promise<OptimizeResult> {
    const objective = isObjective(given) ? given : null;
    if (!isObjective(given) && more !== undefined)
      throw new UsageError("invalid-objective", "study.optimize: the objective must be a function, a path or a URL");
    const { options = {} } = { options: isObjective(given) ? more : given };
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
    const close = async (): Promise<void> => {
      if (!this.#parts.staysOpen) await this.close();
    };
    const call = new OptimizeCall<Study>({ study: this, log: this.#log, dispatcher: this.#dispatcher, options, close });
    this.#manager = call.manager;
    this.#log.busy = true;
    try {
      return await call.run(async () => {
        // The study has been opened by now: another process may have archived it since it was read.
        requireActive(this.header);
        return prepare();
      });
    } finally {
      this.#manager = null;
      this.#log.busy = false;
    }
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

  /**
   * Ends the running `optimize` call at once: trials under way go back to waiting, as after an interrupt. A service's run is
   * cancelled, and that is kept.
   * @throws MlbenchError `not-optimizing`.
   */
  async cancel(): Promise<void> {
    if (this.#control) return this.#control.change({ state: "cancelled" });
    this.#running.stop("interrupt", "abort");
  }

  /** Changes the places and the weight of a service's run. @throws UsageError `no-run`, `invalid-option`. */
  async setShare(change: ShareChange): Promise<void> {
    if (!this.#control) throw noServedRun(this.name);
    await this.#control.change(change);
  }

  /** Has commands that are about a run as a whole go to who keeps it; returns what ends that. */
  controlledBy(control: RunControl): () => void {
    this.#control = control;
    return () => {
      if (this.#control === control) this.#control = null;
    };
  }

  get #running(): StudyManager {
    if (this.#manager) return this.#manager;
    throw notOptimizing(this.name);
  }

  /** Ends the running call, if there is one: every point of the space has been tried. */
  endExhausted(): void {
    this.#manager?.stop("space-exhausted", "wait");
  }

  /** Hears of every event that this object appends, before it is durable; returns what ends it. It must not throw. */
  subscribe(listener: (event: StudyEvent) => void): () => void {
    return this.#log.subscribe(listener);
  }

  /** Seconds after which a trial that is out is taken back without a sign of life; null where that is not counted here. */
  leaseEndsIn(number: number): number | null {
    return this.#outside.leaseEndsIn(number);
  }

  /** Resolves when everything that was written so far is durable, reports included. */
  flush(): Promise<void> {
    return this.#log.synced();
  }

  /** Folds the study's files and lets other processes write. The next write opens them again. */
  async close(): Promise<void> {
    await this.#parts.reports?.close();
    await this.#log.close();
  }
}
