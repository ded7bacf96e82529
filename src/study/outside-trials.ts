/** Trials that are evaluated outside of a study's own workers, while they are out: reported on, told, taken back. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Metrics, OptimizeEvent, StudyEvent, StudyHeader, Trial, TrialOutcome } from "../core/index.js";
import { isFinished, MlbenchError, requireKnownKeys, toAttributes, UsageError } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import { now } from "./clock.js";
import { tellKeys } from "./commands.js";
import type { ReportBatch, ReportPoint, ReportRequest, TellResult } from "./commands.js";
import { endingEvent, secondsSince, STOPPED } from "./finishing.js";
import type { LeaseClock } from "./leases.js";
import { leaseLost, Leases, requireLease } from "./leases.js";
import { EXTERNAL } from "./new-trial.js";
import { checkReport, pointsOf, sortReports } from "./outside-reports.js";
import { LEASE_ENDED, ownerLost } from "./recovery.js";
import type { StudyLog } from "./study-log.js";
import { studyClosed } from "./study-log.js";
import { endedAs, outcomeOfTell } from "./tell-outcome.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";

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

/** Takes reports and results from whoever has a trial, and takes it back from whoever falls silent. */
export class OutsideTrials {
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #hooks: OutsideHooks;
  readonly #leases: Leases;

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

  /** Starts a trial's lease anew: it was handed out, or its holder gave a sign of life. */
  renew(trial: Trial): void {
    this.#leases.renew(trial);
  }

  /** Seconds; null where it has no lease, or is not out. */
  leaseEndsIn(number: number): number | null {
    return this.#leases.endsIn(number);
  }

  /**
   * Records reports of a trial that is out, one after another, and answers whether to go on: `prune` where any of them
   * was answered so. Reports that were made already get their answer again.
   * @throws UsageError `unknown-trial`, `trial-not-asked`, `invalid-report`; MlbenchError `lease-lost`.
   */
  async report(number: number, given: ReportRequest | ReportBatch): Promise<ReportAnswer> {
    checkReport(given);
    if (!this.#log.isOpen) await this.#log.open();
    const points = pointsOf(given);
    if (points.length <= SLICE) return this.#report(number, given.lease, points);
    // All of them are looked at before any is taken.
    const trial = this.held(number, given.lease);
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
    const trial = this.held(number, lease);
    if (!trial) return "stop";
    const { again, fresh } = sortReports(trial, points);
    this.#leases.renew(trial);
    let prune = false;
    for (const count of again) prune = this.#dispatcher.judgeAgain(number, count).prune || prune;
    let answer = this.#answer(prune);
    for (const { step, value, metrics } of fresh)
      if (this.judge(number, step, value, metrics) === "prune") answer = "prune";
    return answer;
  }

  /** Records a report of a trial that is out, and has the pruner judge it. */
  judge(number: number, step: number, value: number, given: Metrics = {}): ReportAnswer {
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
  async heartbeat(number: number, given: { readonly lease?: string | undefined }): Promise<ReportAnswer> {
    requireKnownKeys("study.heartbeat", given, { lease: true });
    await this.#log.open();
    const trial = this.held(number, given.lease);
    if (trial) this.#leases.renew(trial);
    return trial ? "continue" : "stop";
  }

  /**
   * The trial, for whoever has it in hand; null where it was ended for good meanwhile.
   * @param attempt the holder's, where that is known
   * @throws UsageError `trial-not-asked`, `trial-finished`; MlbenchError `lease-lost`.
   */
  held(number: number, lease: string | undefined, attempt?: number): Trial | null {
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
  async tell(given: number | Pick<Trial, "number">, result: TellResult): Promise<Trial> {
    requireKnownKeys("study.tell", result, tellKeys);
    await this.#log.open();
    return this.conclude(numberOf(given), result);
  }

  /** {@link OutsideTrials.tell} of a study that is open: nothing comes between the look at the trial and its end. */
  async conclude(number: number, result: TellResult): Promise<Trial> {
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

  /** Takes back what is out under leases, which is no death: it waits again, and its holders are refused from now on. */
  async takeAllBack(): Promise<void> {
    const out = this.#log.running.filter(({ owner, lease }) => owner === EXTERNAL && lease);
    if (out.length === 0) return;
    for (const { number } of out) {
      this.#dispatcher.release(number);
      this.#leases.end(number);
    }
    const at = now();
    const events = out.map(({ number }): StudyEvent => ({ type: "trial-requeued", number, at, reason: STOPPED }));
    try {
      await this.#log.append(...events);
    } catch (error) {
      // Nothing came of it: their leases go on.
      if (this.#log.isOpen) for (const { number } of out) this.#leases.renew(this.#trial(number));
      throw error;
    }
    for (const { number } of out) this.#hooks.onRequeued(number);
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

function numberOf(given: number | Pick<Trial, "number">): number {
  const number: unknown = typeof given === "number" ? given : (given as { number?: unknown } | null)?.number;
  if (typeof number === "number") return number;
  throw new UsageError("invalid-option", `study.tell: expected a trial or its number, got ${JSON.stringify(given)}`);
}

function notAsked({ number, state }: Trial): UsageError {
  if (state === "running" || state === "waiting")
    return new UsageError("trial-not-asked", `trial ${number} is ${state} and was not handed out by ask`);
  return new UsageError("trial-finished", `trial ${number} is ${state} already: a finished trial never changes`);
}
