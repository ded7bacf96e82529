/** Trials that are evaluated outside of a study's own workers: handed out by `ask`, reported on, told, taken back. */
import type {
  Lease,
  Metrics,
  OnNan,
  ObjectiveTrial,
  OptimizeEvent,
  StudyEvent,
  StudyHeader,
  Trial,
  TrialOutcome,
} from "../core/index.js";
import { ChannelTrial, UsageError } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import type { AskOptions, ReportRequest, TellResult } from "./commands.js";
import { endingEvent, secondsSince } from "./finishing.js";
import type { LeaseClock } from "./leases.js";
import { Leases, newLease, requireLease } from "./leases.js";
import { EXTERNAL } from "./new-trial.js";
import { LEASE_ENDED, MAX_ATTEMPTS, ownerLost } from "./recovery.js";
import type { StudyLog } from "./study-log.js";
import { outcomeOfTell } from "./tell-outcome.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";

/** An objective's trial in the hands of the caller. */
export interface AskedTrial extends ObjectiveTrial {
  /** Null for one that is handed out for as long as it takes. */
  readonly lease: Lease | null;
}

/** What is told about trials that come back. */
export interface OutsideHooks {
  /** A report, once it is judged. */
  onReport(event: Extract<OptimizeEvent, { event: "report" }>): void;
  /** A trial finished, and is durable. */
  onFinished(trial: Trial): void;
  /** A trial waits again. */
  onRequeued(number: number): void;
}

/** Hands trials out, and takes reports and results from whoever has them. */
export class OutsideTrials {
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #hooks: OutsideHooks;
  readonly #leases: Leases;
  /** The last lease on trials that have finished: their holders may not have heard of it. */
  readonly #ended = new Map<number, string>();

  constructor(log: StudyLog, dispatcher: TrialDispatcher, hooks: OutsideHooks, clock?: LeaseClock) {
    this.#log = log;
    this.#dispatcher = dispatcher;
    this.#hooks = hooks;
    this.#leases = new Leases((number) => {
      this.#takeBack(number);
    }, clock);
  }

  get #header(): StudyHeader {
    return this.#log.header;
  }

  /** Leases are counted by the process that has the study open, and start anew with it. */
  onOpen(): void {
    for (const trial of this.#log.running) this.#leases.renew(trial);
  }

  onClose(): void {
    this.#leases.endAll();
  }

  /** @throws UsageError `space-exhausted`, `invalid-option`. */
  async ask({ space, lease: seconds }: AskOptions): Promise<AskedTrial> {
    if (seconds !== undefined && !(Number.isFinite(seconds) && seconds > 0))
      throw new UsageError("invalid-option", `lease must be a number of seconds above 0, got ${seconds}`);
    const lease = seconds === undefined ? null : newLease(seconds);
    const owner = { owner: EXTERNAL, slot: null, ...(lease ? { lease } : {}) };
    const next = await this.#dispatcher.next(owner, { space });
    if (next === null || next.kind === "exhausted")
      throw new UsageError("space-exhausted", `study "${this.#header.name}": every point of its space has been tried`);
    await next.durable;
    // An equal trial's value was taken over: that one is finished, ask again.
    if (next.kind === "reused") return this.ask({ space, lease: seconds });
    const trial = this.#trial(next.number);
    this.#leases.renew(trial);
    return Object.assign(this.#handle(trial), { lease });
  }

  #handle(trial: Trial): ChannelTrial {
    const { number } = trial;
    let prune = false;
    return new ChannelTrial(trial, {
      suggest: (name, distribution) => this.#dispatcher.suggest(number, name, distribution),
      report: (step, value, metrics) => {
        prune = this.#judge(number, step, value, metrics) === "prune";
        this.#leases.renew(this.#trial(number));
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
   * Records a report of a trial that is out, and answers whether to go on. The last report again gets its answer again.
   * @throws UsageError `unknown-trial`, `trial-not-asked`, `invalid-report`; MlbenchError `lease-lost`.
   */
  report(number: number, { step, value, metrics, lease }: ReportRequest): ReportAnswer {
    const trial = this.#held(number, lease);
    if (!trial) return "stop";
    if (typeof value !== "number" || !Number.isInteger(step) || step < 0)
      throw new UsageError("invalid-report", `report of trial ${number}: give a value and a step (an integer from 0)`);
    const last = trial.intermediate.at(-1);
    if (last && step < last[0])
      throw new UsageError("invalid-report", `report of trial ${number}: steps must rise; ${last[0]} was reported`);
    if (last?.[0] === step && !Object.is(last[1], value))
      throw new UsageError("invalid-report", `report of trial ${number}: step ${step} was reported as ${last[1]}`);
    this.#leases.renew(trial);
    if (last?.[0] !== step) return this.#judge(number, step, value, metrics);
    return this.#answer(this.#dispatcher.judge(number).prune);
  }

  #judge(number: number, step: number, value: number, metrics: Metrics = {}): ReportAnswer {
    const { prune, reason } = this.#dispatcher.report(number, { step, value, metrics });
    this.#hooks.onReport({ event: "report", number, step, value, metrics: Object.freeze(metrics), prune, reason });
    return this.#answer(prune);
  }

  #answer(prune: boolean): ReportAnswer {
    return prune && !this.#header.settings.dry_run_pruner ? "prune" : "continue";
  }

  /** A sign of life. @throws as {@link OutsideTrials.report}. */
  heartbeat(number: number, lease: string | undefined): ReportAnswer {
    const trial = this.#held(number, lease);
    if (trial) this.#leases.renew(trial);
    return trial ? "continue" : "stop";
  }

  /** The trial in whose holder's hands it is; null where it was ended for good meanwhile. */
  #held(number: number, lease: string | undefined): Trial | null {
    const trial = this.#trial(number);
    if (lease !== undefined && this.#ended.get(number) === lease) return null;
    requireLease(trial, lease);
    if (trial.state === "running" && trial.owner === EXTERNAL) return trial;
    throw notAsked(trial);
  }

  /**
   * Ends a trial that is out, or one that waits and is given up. A result told twice under the same lease is taken once.
   * @throws UsageError `unknown-trial`, `trial-finished`, `trial-not-asked`, `invalid-value`; MlbenchError `lease-lost`.
   */
  async tell(number: number, result: TellResult): Promise<Trial> {
    const trial = this.#trial(number);
    const outcome = outcomeOfTell(number, result, this.#header);
    if (result.lease !== undefined && this.#ended.get(number) === result.lease && saysSame(trial, outcome))
      return trial;
    this.#requireTellable(trial, result);
    const attributes = Object.entries(result.userAttrs ?? {}).map(([key, value]): StudyEvent => ({
      type: "trial-attr",
      number,
      key,
      value,
    }));
    await this.#end(trial, outcome, "told as pruned", attributes);
    return this.#trial(number);
  }

  #requireTellable(trial: Trial, { state, lease }: TellResult): void {
    if (trial.state === "waiting" && state === "failed" && lease === undefined) return;
    if (trial.lease || lease !== undefined) requireLease(trial, lease);
    if (trial.state === "running" && trial.owner === EXTERNAL) return;
    throw notAsked(trial);
  }

  /**
   * Ends a trial that is out, for good; it is recorded as pruned, and its holder is answered `stop`.
   * @throws UsageError `trial-not-asked`, `trial-finished`.
   */
  async stop(number: number, reason: string): Promise<Trial> {
    const trial = this.#trial(number);
    if (trial.state !== "running" || trial.owner !== EXTERNAL) throw notAsked(trial);
    await this.#end(trial, { state: "pruned", metrics: {} }, reason);
    return this.#trial(number);
  }

  async #end(
    trial: Trial,
    outcome: TrialOutcome,
    pruneReason: string,
    before: readonly StudyEvent[] = [],
  ): Promise<void> {
    const { number, started_at, lease } = trial;
    const onNan: OnNan = this.#header.settings.on_nan;
    const objectives = this.#header.objectives.length;
    const end = { seconds: secondsSince(started_at), backend: null, pruneReason, onNan, objectives };
    const durable = this.#log.append(...before, endingEvent(trial, outcome, end));
    this.#leases.end(number);
    if (lease) this.#ended.set(number, lease.token);
    await durable;
    this.#dispatcher.release(number);
    await this.#dispatcher.reportsKept(number);
    this.#hooks.onFinished(this.#trial(number));
  }

  /** The lease has ended: somebody else may have the trial. */
  #takeBack(number: number): void {
    const trial = this.#trial(number);
    if (trial.state !== "running" || !trial.lease) return;
    const event = ownerLost(trial, MAX_ATTEMPTS, LEASE_ENDED);
    this.#dispatcher.release(number);
    this.#log.append(event).then(
      () => {
        if (event.type === "trial-requeued") this.#hooks.onRequeued(number);
        else this.#hooks.onFinished(this.#trial(number));
      },
      // The disk refuses: the next opening starts the lease anew.
      () => undefined,
    );
  }

  #trial(number: number): Trial {
    return this.#log.requireTrial(number);
  }
}

function notAsked({ number, state }: Trial): UsageError {
  if (state === "running" || state === "waiting")
    return new UsageError("trial-not-asked", `trial ${number} is ${state} and was not handed out by ask`);
  return new UsageError("trial-finished", `trial ${number} is ${state} already: a finished trial never changes`);
}

/** Whether a record ended as an outcome says. */
function saysSame(trial: Trial, outcome: TrialOutcome): boolean {
  if (trial.state !== outcome.state) return false;
  if (outcome.state !== "complete") return true;
  return outcome.values.every((value, i) => Object.is(trial.values?.[i], value));
}
