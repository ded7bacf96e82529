/** Trials that are evaluated outside of a study's own workers: handed out by `ask`, reported on, told, taken back. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  Lease,
  Metrics,
  ObjectiveTrial,
  OptimizeEvent,
  StudyEvent,
  StudyHeader,
  Trial,
  TrialOutcome,
} from "../core/index.js";
import {
  ChannelTrial,
  hashOfKey,
  isFinished,
  isTokenOf,
  keptLease,
  MlbenchError,
  tokenOfKey,
  toAttributes,
  UsageError,
} from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import { AskKeys } from "./ask-keys.js";
import type { AskOptions, ReportBatch, ReportPoint, ReportRequest, TellResult } from "./commands.js";
import { endingEvent, secondsSince } from "./finishing.js";
import type { LeaseClock } from "./leases.js";
import { leaseLost, Leases, newLease, requireLease } from "./leases.js";
import { EXTERNAL } from "./new-trial.js";
import { pointsOf, sortReports } from "./outside-reports.js";
import { LEASE_ENDED, ownerLost } from "./recovery.js";
import type { StudyLog } from "./study-log.js";
import { studyClosed } from "./study-log.js";
import { endedAs, outcomeOfTell } from "./tell-outcome.js";
import type { StillWanted, TrialDispatcher, TrialOwner } from "./trial-dispatcher.js";

/**
 * An objective's trial in the hands of the caller. Its methods throw an MlbenchError, `lease-lost` once somebody else may
 * have it and `study-closed` where the study is not open; `shouldPrune` says true once it was stopped for good.
 */
export interface AskedTrial extends ObjectiveTrial {
  /** Null for one that is handed out for as long as it takes. */
  readonly lease: Lease | null;
}

/** So many reports are taken in one turn of the event loop, which others wait for. */
const SLICE = 250;

/** What is asked about trials that come back, and told of them. */
export interface OutsideHooks {
  /** How often an attempt may end with its owner: the running call's limit. */
  maxAttempts(): number;
  /** A report, once it is judged. */
  onReport(event: Extract<OptimizeEvent, { event: "report" }>): void;
  /** A trial finished, and is durable. @param ran whether it was under way, and not given up while it waited */
  onFinished(trial: Trial, ran: boolean): void;
  /** A trial waits again. */
  onRequeued(number: number): void;
}

/** Hands trials out, and takes reports and results from whoever has them. */
export class OutsideTrials {
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #hooks: OutsideHooks;
  readonly #leases: Leases;
  readonly #keys = new AskKeys();

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
    this.#keys.clear();
  }

  /** Seconds; null where it has no lease, or is not out. */
  leaseEndsIn(number: number): number | null {
    return this.#leases.endsIn(number);
  }

  /**
   * @param gate what may be handed out, asked before a trial is drawn and again before it starts
   * @returns null where the gate lets nothing through
   * @throws UsageError `space-exhausted`, `invalid-option` | MlbenchError `lease-lost` for a key whose trial others have.
   */
  ask(options: AskOptions, gate: StillWanted = () => ({})): Promise<AskedTrial | null> {
    const { key } = options;
    if (key === undefined) return this.#handOut(options, gate);
    return this.#keys.once(key, () => this.#askWithKey(key, options, gate));
  }

  async #askWithKey(key: string, options: AskOptions, gate: StillWanted): Promise<AskedTrial | null> {
    const trial = this.#keys.find(key, this.#log.state);
    if (!trial) return this.#handOut(options, gate);
    const { number, attempt, state, lease } = trial;
    // It came back, and nobody has it yet.
    if (state === "waiting")
      return this.#handOut(options, () => ({ takes: (one) => one.number === number, creates: false }));
    const token = this.#tokenOf(key, number, attempt);
    if (!lease || !isTokenOf(lease, token)) throw leaseLost(trial);
    this.#leases.renew(trial);
    await this.#log.synced();
    return Object.assign(this.#handle(trial, token), { lease: { token, seconds: lease.seconds } });
  }

  async #handOut(options: AskOptions, gate: StillWanted): Promise<AskedTrial | null> {
    const { space, lease: seconds, key, worker } = options;
    const given = seconds === undefined ? null : newLease(seconds);
    const leaseOf = (number: number, attempt: number): Lease | null =>
      given && key !== undefined ? { ...given, token: this.#tokenOf(key, number, attempt) } : given;
    const ownerOf = (number: number, attempt: number): TrialOwner => {
      const lease = leaseOf(number, attempt);
      return {
        ...{ owner: EXTERNAL, slot: null, ...(lease ? { lease: keptLease(lease) } : {}) },
        ...(worker === undefined ? {} : { worker }),
        ...(key === undefined ? {} : { ask_key: hashOfKey(key) }),
      };
    };
    const wanted = gate();
    const next = wanted && (await this.#dispatcher.next(ownerOf, { space, ...wanted }, gate));
    if (next === null) return null;
    if (next.kind === "exhausted")
      throw new UsageError("space-exhausted", `study "${this.#header.name}": every point of its space has been tried`);
    if (key !== undefined && next.kind === "run") this.#keys.add(key, next.number);
    await next.durable;
    // An equal trial's value was taken over: that one is finished, ask again.
    if (next.kind === "reused") return this.#handOut(options, gate);
    const trial = this.#trial(next.number);
    this.#leases.renew(trial);
    const lease = leaseOf(trial.number, trial.attempt);
    return Object.assign(this.#handle(trial, lease?.token), { lease });
  }

  /** A key's token is another one for each attempt: whoever had an earlier one is told from whoever has it now. */
  #tokenOf(key: string, number: number, attempt: number): string {
    return tokenOfKey(key, `${this.#header.created_at}/${number}/${attempt}`);
  }

  /** Every word of its holder counts as long as the trial is in this holder's hands. */
  #handle(trial: Trial, token: string | undefined): ChannelTrial {
    const { number, attempt } = trial;
    const held = (): Trial | null => {
      // Opening it takes time, which a handle's methods have not: what they say would be lost.
      if (!this.#log.isOpen) throw studyClosed(this.#header.name);
      return this.#held(number, token, attempt);
    };
    let prune = false;
    return new ChannelTrial(
      { ...trial, space: trial.distributions ?? this.#header.space },
      {
        suggest: (name, distribution) => {
          held();
          return this.#dispatcher.suggest(number, name, distribution);
        },
        report: (step, value, metrics) => {
          // One that was stopped for good hears of it as of any pruning.
          const stopped = held() === null && this.#trial(number).state === "pruned";
          prune = stopped || this.#judge(number, step, value, metrics) === "prune";
          this.#leases.renew(this.#trial(number));
        },
        shouldPrune: async () => prune,
        setUserAttr: (key, value) => {
          held();
          this.#dispatcher.setUserAttr(number, key, value);
        },
        setConstraint: (name, value) => {
          held();
          this.#dispatcher.setConstraint(number, name, value);
        },
      },
    );
  }

  /**
   * Records reports of a trial that is out, one after another, and answers whether to go on: `prune` where any of them
   * was answered so. Reports that were made already get their answer again.
   * @throws UsageError `unknown-trial`, `trial-not-asked`, `invalid-report`; MlbenchError `lease-lost`.
   */
  async report(number: number, given: ReportRequest | ReportBatch): Promise<ReportAnswer> {
    const points = pointsOf(given);
    if (points.length <= SLICE) return this.#report(number, given.lease, points);
    // All of them are looked at before any is taken.
    const trial = this.#held(number, given.lease);
    if (trial) sortReports(trial, points);
    let answer: ReportAnswer = "continue";
    for (let start = 0; start < points.length; start += SLICE) {
      if (start > 0) await nextTurn();
      const said = this.#report(number, given.lease, points.slice(start, start + SLICE));
      if (said === "stop") return said;
      if (said === "prune") answer = said;
    }
    return answer;
  }

  #report(number: number, lease: string | undefined, points: readonly ReportPoint[]): ReportAnswer {
    // Many reports take several turns, and the study may have been closed in between.
    if (!this.#log.isOpen) throw studyClosed(this.#header.name);
    const trial = this.#held(number, lease);
    if (!trial) return "stop";
    const { again, fresh } = sortReports(trial, points);
    this.#leases.renew(trial);
    let prune = false;
    for (const count of again) prune = this.#dispatcher.judgeAgain(number, count).prune || prune;
    let answer = this.#answer(prune);
    for (const { step, value, metrics } of fresh)
      if (this.#judge(number, step, value, metrics) === "prune") answer = "prune";
    return answer;
  }

  #judge(number: number, step: number, value: number, given: Metrics = {}): ReportAnswer {
    // The giver may go on using the object.
    const metrics = Object.freeze({ ...given });
    const { prune, reason } = this.#dispatcher.report(number, { step, value, metrics });
    this.#hooks.onReport({ event: "report", number, step, value, metrics, prune, reason });
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

  /**
   * The trial, for whoever has it in hand; null where it was ended for good meanwhile.
   * @param attempt the holder's, where that is known
   */
  #held(number: number, lease: string | undefined, attempt?: number): Trial | null {
    const trial = this.#trial(number);
    requireLease(trial, lease);
    if (attempt !== undefined && trial.attempt !== attempt)
      throw new MlbenchError("lease-lost", `trial ${number} is in its attempt ${trial.attempt}: drop the work on it`);
    if (trial.owner === EXTERNAL && isFinished(trial)) return null;
    if (trial.owner === EXTERNAL && trial.state === "running") return trial;
    throw notAsked(trial);
  }

  /**
   * Ends a trial that is out, or one that waits and is given up. A result told twice under the same lease is taken once.
   * @throws UsageError `unknown-trial`, `trial-finished`, `trial-not-asked`, `invalid-value`; MlbenchError `lease-lost`.
   */
  async tell(number: number, result: TellResult): Promise<Trial> {
    const trial = this.#trial(number);
    const end = this.#ending(trial, outcomeOfTell(number, result, this.#header), "told as pruned");
    const { lease } = result;
    const userAttrs = toAttributes(result.userAttrs ?? {});
    if (lease !== undefined && isFinished(trial)) {
      requireLease(trial, lease);
      if (!endedAs(trial, end, userAttrs)) throw leaseLost(trial);
      await this.#log.flush();
      return trial;
    }
    this.#requireTellable(trial, result);
    const attributes = Object.entries(userAttrs).map(([key, value]): StudyEvent => ({
      type: "trial-attr",
      number,
      key,
      value,
    }));
    await this.#end(number, [...attributes, end]);
    return this.#trial(number);
  }

  #requireTellable(trial: Trial, { state, lease }: TellResult): void {
    if (isFinished(trial)) throw notAsked(trial);
    if (trial.state === "waiting" && state === "failed" && lease === undefined) return;
    requireLease(trial, lease);
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
    await this.#end(number, [this.#ending(trial, { state: "pruned", metrics: {} }, reason)]);
    return this.#trial(number);
  }

  /** The event that ends a trial as its outcome says. The record keeps whose hands it was in. */
  #ending(trial: Trial, outcome: TrialOutcome, pruneReason: string): StudyEvent {
    const { started_at, lease } = trial;
    const { objectives, settings } = this.#header;
    const given = { seconds: secondsSince(started_at), backend: null, pruneReason };
    const end = endingEvent(trial, outcome, { ...given, onNan: settings.on_nan, objectives: objectives.length });
    return end.type === "trial-finished" && lease ? { ...end, lease } : end;
  }

  async #end(number: number, events: readonly StudyEvent[]): Promise<void> {
    const ran = this.#trial(number).state === "running";
    const durable = this.#log.append(...events);
    // What was refused at once ends nothing.
    if (isFinished(this.#trial(number))) this.#leases.end(number);
    await durable;
    this.#dispatcher.release(number);
    await this.#dispatcher.reportsKept(number);
    this.#hooks.onFinished(this.#trial(number), ran);
  }

  /** The lease has ended: somebody else may have the trial. */
  #takeBack(number: number): void {
    const trial = this.#trial(number);
    if (trial.state !== "running" || !trial.lease) return;
    const event = ownerLost(trial, this.#hooks.maxAttempts(), LEASE_ENDED);
    this.#dispatcher.release(number);
    this.#log.append(event).then(
      () => {
        if (event.type === "trial-requeued") this.#hooks.onRequeued(number);
        else this.#hooks.onFinished(this.#trial(number), true);
      },
      () => {
        // Nothing came of it: the next end of the lease tries again.
        if (this.#log.isOpen) this.#leases.renew(this.#trial(number));
      },
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
