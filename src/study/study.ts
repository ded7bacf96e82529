import type {
  Direction,
  Objective,
  ObjectiveTrial,
  Params,
  SearchSpace,
  StudyHeader,
  StudyState,
  Trial,
  TrialOutcome,
} from "../core/index.js";
import { ChannelTrial, MlbenchError, UsageError } from "../core/index.js";
import type { StorageFinding, StudyStorage, StudyWriter } from "../storage/storage.js";
import { bestOfStudy, directionsOf, frontOfStudy } from "../core/index.js";
import type { StudyComponents } from "./components.js";
import type { TellResult } from "./commands.js";
import { handleCommand } from "./handle-command.js";
import { TrialDispatcher } from "./trial-dispatcher.js";
import { endingEvent, secondsSince } from "./finishing.js";
import { StudyLog } from "./study-log.js";
import { EXTERNAL, newTrial } from "./new-trial.js";
import { checkParams } from "../search-space/check-params.js";
import type { OptimizeResult } from "../core/index.js";
import type { CallOptions } from "./optimize-options.js";
import { checkOptions } from "./optimize-options.js";
import type { TrialRunner } from "./trial-runner.js";
import { StudyManager } from "./study-manager.js";
import { checkTarget } from "./stop-rules.js";

/** Hears of a finished, durable trial; may call `study.stop()`. */
export type StudyCallback = (study: Study, trial: Trial) => void | Promise<void>;

/** What one call of {@link Study.optimize} is told. */
export interface OptimizeOptions extends CallOptions {
  /** Called for each finished trial once it is durable, one after another; the slot takes its next trial then. */
  readonly callbacks?: readonly StudyCallback[] | undefined;
}

/** An objective: a function run in this process, or the path or URL of a module whose default export is one. */
export type ObjectiveSource = Objective | string | URL;

/** Makes what runs an objective's trials; `app` knows the executors. */
export type PrepareRunner = (
  study: Study,
  objective: ObjectiveSource,
  options: OptimizeOptions,
) => Promise<TrialRunner>;

/** What a {@link Study} is opened with. */
export interface StudyParts {
  readonly storage: StudyStorage;
  readonly opened: { readonly state: StudyState; readonly writer: StudyWriter | null };
  readonly components: StudyComponents;
  readonly prepare: PrepareRunner;
}

/**
 * A study: its records, and ways to add to them. Everything that it hands out is readonly and stays as it was. Writing
 * opens the study's files for this process alone, until {@link Study.close} or the end of `optimize`.
 */
export class Study {
  readonly #parts: StudyParts;
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  #manager: StudyManager | null = null;

  /** Use `createStudy` or `loadStudy`. */
  constructor(parts: StudyParts) {
    this.#parts = parts;
    this.#log = new StudyLog(parts.storage, parts.opened);
    this.#dispatcher = new TrialDispatcher(this.#log, parts.components);
    this.#log.onCommand = (command) => handleCommand(this, command);
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
    if (this.header.objectives.length > 1)
      throw new UsageError(
        "several-objectives",
        `study "${this.name}" has ${this.header.objectives.length} objectives and no single best trial: use bestTrials`,
      );
    return bestOfStudy(this.state);
  }

  /** The Pareto front among the complete feasible trials, by number; with one objective the best trial alone. */
  get bestTrials(): readonly Trial[] {
    return frontOfStudy(this.state);
  }

  /** Where a trial keeps its checkpoint and log, or null where the storage has no files. */
  directoryOf(number: number): string | null {
    return this.#parts.storage.directoryOf(this.name, number);
  }

  /**
   * Hands out a trial to be evaluated by the caller and ended with {@link Study.tell}: the first waiting one, else a
   * new one with its space drawn jointly. No process recovers or runs it.
   * @param space a space for this trial alone. @default the study's
   * @throws UsageError `space-exhausted`.
   */
  async ask(space?: SearchSpace): Promise<ObjectiveTrial> {
    await this.#log.open();
    const owner = { owner: EXTERNAL, slot: null };
    const waiting = this.#dispatcher.waiting();
    const next = waiting ? this.#dispatcher.start(waiting, owner, space) : this.#dispatcher.create(owner, space);
    if (next.kind === "exhausted")
      throw new UsageError("space-exhausted", `study "${this.name}": every point of its space has been tried`);
    await next.durable;
    // An equal trial's value was taken over: that one is finished, ask again.
    if (next.kind === "reused") return this.ask(space);
    return this.#localTrial(this.#trial(next.number));
  }

  #localTrial(trial: Trial): ObjectiveTrial {
    const { number } = trial;
    let prune = false;
    return new ChannelTrial(trial, {
      suggest: (name, distribution) => this.#dispatcher.suggest(number, name, distribution),
      report: (step, value) => {
        const decision = this.#dispatcher.report(number, step, value);
        prune = decision.prune && !this.header.settings.dry_run_pruner;
      },
      shouldPrune: async () => prune,
      setUserAttr: (key, value) => {
        this.#dispatcher.setUserAttr(number, key, value);
      },
      setConstraint: (name, value) => {
        this.#dispatcher.setConstraint(number, name, value);
      },
    });
  }

  /**
   * Ends a trial handed out by {@link Study.ask}. Resolves with its record when that is durable.
   * @throws UsageError `unknown-trial`, `trial-finished`, `trial-not-asked`, `invalid-value`.
   */
  async tell(trial: number | Pick<ObjectiveTrial, "number">, result: TellResult): Promise<Trial> {
    await this.#log.open();
    const number = typeof trial === "number" ? trial : trial.number;
    const record = this.#tellable(number, result);
    const end = {
      ...{ seconds: secondsSince(record.started_at), backend: null },
      ...{ pruneReason: "told as pruned", onNan: this.header.settings.on_nan },
      objectives: this.header.objectives.length,
    };
    await this.#log.append(endingEvent(record, outcomeOfTell(number, result), end));
    this.#dispatcher.release(number);
    this.#manager?.onTrialTold(this.#trial(number));
    return this.#trial(number);
  }

  #tellable(number: number, { state }: TellResult): Trial {
    const record = this.#trial(number);
    if (record.state === "waiting" && state === "failed") return record;
    if (record.state === "running" && record.owner === EXTERNAL) return record;
    if (record.state === "running" || record.state === "waiting")
      throw new UsageError("trial-not-asked", `trial ${number} is ${record.state} and was not handed out by ask`);
    throw new UsageError(
      "trial-finished",
      `trial ${number} is ${record.state} already: a finished trial never changes`,
    );
  }

  #trial(number: number): Trial {
    const record = this.state.trial(number);
    if (record) return record;
    const known = this.state.size === 0 ? "it has none" : `it has 0 to ${this.state.size - 1}`;
    throw new UsageError("unknown-trial", `study "${this.name}" has no trial ${number}: ${known}`);
  }

  /**
   * Queues parameters to be tried before anything else; what they leave open is drawn when the trial starts.
   * @returns the waiting record, durable.
   * @throws UsageError `unknown-parameter`, `invalid-value`.
   */
  async enqueueTrial(params: Params, options: { userAttrs?: Readonly<Record<string, unknown>> } = {}): Promise<Trial> {
    await this.#log.open();
    checkParams(params, this.header.space);
    const number = this.state.size;
    const trial = newTrial(this.header, number, params, { user_attrs: options.userAttrs ?? {} });
    await this.#log.append({ type: "trial-created", trial });
    return this.#trial(number);
  }

  /** Keeps a JSON value with the study, or with one of its unfinished trials. Resolves when it is durable. */
  async setUserAttr(key: string, value: unknown, trial?: number): Promise<void> {
    await this.#log.open();
    if (trial === undefined) await this.#log.append({ type: "study-attr", key, value });
    else await this.#log.append({ type: "trial-attr", number: this.#trial(trial).number, key, value });
  }

  /** Records that a file's new contents were accepted (`--accept-changes`). */
  async acceptChange(path: string, sha256: string): Promise<void> {
    await this.#log.open();
    await this.#log.append({ type: "change-accepted", at: new Date().toISOString(), path, sha256 });
  }

  /**
   * Runs trials until a goal, a limit or a rule ends the call. A function runs in this process, a module in a pool of
   * workers. Trials that a dead process left running go back to waiting first; waiting ones come before new ones.
   * @throws UsageError `already-optimizing`, `invalid-option`, `several-objectives`, and what the preflight finds wrong; the storage's errors.
   */
  async optimize(objective: ObjectiveSource, options: OptimizeOptions = {}): Promise<OptimizeResult> {
    return this.optimizeWith(() => this.#parts.prepare(this, objective, options), options);
  }

  /** {@link Study.optimize} with a runner of one's own. */
  async optimizeWith(prepare: () => Promise<TrialRunner>, options: OptimizeOptions): Promise<OptimizeResult> {
    checkOptions(options);
    checkTarget(options, this.header);
    if (this.#manager)
      throw new UsageError("already-optimizing", `study "${this.name}" is being optimized in this process already`);
    let called: Promise<void> = Promise.resolve();
    const manager = new StudyManager(this.#log, this.#dispatcher, options, (trial) => {
      called = called.then(async () => {
        for (const callback of options.callbacks ?? []) await callback(this, trial);
      });
      return called;
    });
    this.#manager = manager;
    this.#log.busy = true;
    try {
      await this.#log.open();
      const result = await manager.run(prepare);
      await this.close();
      return result;
    } catch (error) {
      // What ended the call is worth more than what a full disk says once more about closing.
      await this.close().catch(() => undefined);
      throw error;
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
    if (!this.#manager) throw new MlbenchError("not-optimizing", `study "${this.name}" is not being optimized`);
    this.#manager.stop("stop", "grace");
  }

  /** Reads the records again, for a study that this object has not open: another process may have written. */
  async refresh(): Promise<void> {
    await this.#log.refresh();
  }

  /** Folds the study's files and lets other processes write. The next write opens them again. */
  async close(): Promise<void> {
    await this.#log.close();
  }
}

function outcomeOfTell(number: number, { value, state, message }: TellResult): TrialOutcome {
  const kind = state ?? (value === undefined ? undefined : "complete");
  if (kind === "complete" && typeof value === "number") return { state: "complete", values: [value], metrics: {} };
  if (kind === "pruned") return { state: "pruned", metrics: {} };
  if (kind === "failed")
    return { state: "failed", failure: { class: "exception", message: message ?? "told as failed", where: "tell" } };
  throw new UsageError(
    "invalid-value",
    `tell(${number}, …): give a value (a number), or a state of "pruned" or "failed"; got ${JSON.stringify({ value, state })}`,
  );
}
