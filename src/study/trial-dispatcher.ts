/** Where a study's trials are queued and handed out, and each report is recorded and judged by the pruner. */
import type { Distribution, KeptLease, Params, ParamValue, StudyEvent, StudyHeader, Trial } from "../core/index.js";
import { firstReports, lastReport, MlbenchError, toAttribute, whenReady, withLiveReports } from "../core/index.js";
import type { PruneDecision } from "../pruners/pruner.js";
import { ParameterGroups } from "../search-space/parameter-groups.js";
import { now } from "./clock.js";
import type { StudyComponents } from "./components.js";
import { newTrial, withDistributions } from "./new-trial.js";
import type { KeptReport, ReportKeeper } from "./report-keeper.js";
import { samplerHistory } from "./sampler-history.js";
import type { StudyLog } from "./study-log.js";
import type { Draft, DrawOptions, ProposalDraft, WaitingDraft } from "./trial-draws.js";
import { TrialDraws } from "./trial-draws.js";
import { UndeclaredDraws } from "./undeclared-draws.js";

/** Who gets a trial. */
export interface TrialOwner {
  readonly owner: string;
  readonly slot: number | null;
  readonly lease?: KeptLease;
  /** What it calls itself. */
  readonly worker?: string;
  /** What tells its request again. */
  readonly ask_key?: string;
}

/** Who gets a trial, where that depends on which one it is. */
export type OwnerOf = (number: number, attempt: number) => TrialOwner;

/** A trial to run, or one whose value was taken over from an equal one, or none: every point was tried. */
export type NextTrial =
  | { readonly kind: "run"; readonly number: number; readonly durable: Promise<void> }
  | { readonly kind: "reused"; readonly number: number; readonly durable: Promise<void> }
  | { readonly kind: "exhausted" };

/** What may be handed out after a draw; null: nothing any more. */
export type StillWanted = () => DrawOptions | null;

/** A trial that waits from now on, once `durable` resolves for good. */
export interface QueuedTrial {
  readonly number: number;
  readonly durable: Promise<void>;
}

/**
 * Has one trial drawn after another, so that each is drawn knowing those before it. Every change shows in the log's state
 * when a call returns, or when its promise resolves.
 */
export class TrialDispatcher {
  readonly #log: StudyLog;
  readonly #components: StudyComponents;
  readonly #keeper: ReportKeeper | undefined;
  readonly #draws: TrialDraws;
  readonly #groups = new ParameterGroups();
  /** Of running trials, by number. */
  readonly #undeclared = new Map<number, UndeclaredDraws>();
  /** Waiting trials that are drawn already and only wait for a place, with their parameters. */
  readonly #reserved = new Map<number, WaitingDraft>();
  #turn: Promise<void> | null = null;

  constructor(log: StudyLog, components: StudyComponents, keeper?: ReportKeeper) {
    this.#log = log;
    this.#keeper = keeper;
    this.#components = components;
    this.#draws = new TrialDraws(log, components);
  }

  get #header(): StudyHeader {
    return this.#log.header;
  }

  /** Runs `work` after whoever draws now; at once, and to its end, where nobody does and it needs no time. */
  async #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    while (this.#turn) await this.#turn;
    const result = work();
    if (!(result instanceof Promise)) return result;
    const over = (): void => {
      this.#turn = null;
    };
    this.#turn = result.then(over, over);
    return result;
  }

  /**
   * The next trial, started under its owner; null when none may be handed out.
   * @param still what may be handed out once it is drawn: a sampler may have taken its time
   */
  next(
    owner: TrialOwner | OwnerOf,
    options: DrawOptions = {},
    still: StillWanted = () => options,
  ): Promise<NextTrial | null> {
    return this.#inTurn(() =>
      whenReady(this.#draw(options), (draft) => (draft && fits(draft, still()) ? this.#start(draft, owner) : null)),
    );
  }

  /**
   * The next trial, drawn and recorded as waiting for {@link TrialDispatcher.startReserved}: nobody else is given it.
   * Null when none may be handed out.
   * @param still as for {@link TrialDispatcher.next}
   */
  reserve(options: DrawOptions = {}, still: StillWanted = () => options): Promise<NextTrial | null> {
    return this.#inTurn(() =>
      whenReady(this.#draw(options), (draft) => (draft && fits(draft, still()) ? this.#reserve(draft) : null)),
    );
  }

  /**
   * Starts a trial that was reserved; resolves when its start is durable. Null where somebody has ended or banned it
   * meanwhile: it is not to run.
   */
  startReserved(number: number, owner: TrialOwner): Promise<void> | null {
    const draft = this.#reserved.get(number);
    if (!draft) throw new MlbenchError("trial-not-running", `trial ${number} was not reserved`);
    this.#reserved.delete(number);
    return this.#draws.mayStart(number) ? this.#startWaiting(draft, owner) : null;
  }

  /** Gives a reserved trial back: whoever asks next may take it. */
  releaseReserved(number: number): void {
    this.#reserved.delete(number);
  }

  /** Whether a waiting trial may be handed out now. */
  hasWaiting(takes: (trial: Trial) => boolean): boolean {
    return this.#draws.waiting((trial) => !this.#reserved.has(trial.number) && takes(trial)) !== undefined;
  }

  #draw({ takes = () => true, ...options }: DrawOptions): Draft | null | Promise<Draft | null> {
    return this.#draws.draw({ ...options, takes: (trial) => !this.#reserved.has(trial.number) && takes(trial) });
  }

  #start(draft: Draft, given: TrialOwner | OwnerOf): NextTrial {
    const ownerOf = typeof given === "function" ? given : () => given;
    if (draft.kind === "proposal") {
      const { ask_key, ...owner } = ownerOf(this.#log.state.size, 1);
      const asked = ask_key === undefined ? {} : { ask_keys: [ask_key] };
      return this.#create(draft, { state: "running", started_at: now(), ...owner, ...asked });
    }
    const { number, attempt } = draft.trial;
    return { kind: "run", number, durable: this.#startWaiting(draft, ownerOf(number, attempt)) };
  }

  #startWaiting({ trial, params, space }: WaitingDraft, owner: TrialOwner): Promise<void> {
    const { number } = trial;
    const started_at = now();
    const events: StudyEvent[] = [{ type: "trial-started", number, started_at, ...owner, backend: null }];
    for (const [name, value] of Object.entries(params))
      if (!Object.hasOwn(trial.params, name))
        events.push({ type: "trial-param", number, name, value, distribution: space[name] as Distribution });
    return this.#log.append(...events);
  }

  #reserve(draft: Draft): NextTrial {
    if (draft.kind === "waiting") {
      this.#reserved.set(draft.trial.number, draft);
      return { kind: "run", number: draft.trial.number, durable: Promise.resolve() };
    }
    const next = this.#create(draft, {});
    if (next.kind !== "run") return next;
    const trial = this.#log.state.trial(next.number) as Trial;
    this.#reserved.set(next.number, { kind: "waiting", trial, params: trial.params, space: {} });
    return next;
  }

  #create({ proposal, distributions }: ProposalDraft, given: Partial<Trial>): NextTrial {
    if (proposal.kind === "exhausted") return proposal;
    const number = this.#log.state.size;
    if (proposal.kind === "run") {
      const trial = newTrial(this.#header, number, proposal.params, { ...given, ...distributions });
      return { kind: "run", number, durable: this.#log.append({ type: "trial-created", trial }) };
    }
    const at = now();
    const { values, constraints, parts, spread, intermediate, seen, intermediate_parts, metrics } = proposal.of;
    const trial = newTrial(this.#header, number, proposal.params, {
      state: "complete",
      ...{
        values,
        constraints,
        parts,
        spread,
        intermediate,
        seen,
        ...(intermediate_parts ? { intermediate_parts } : {}),
        metrics,
        started_at: at,
        finished_at: at,
        seconds: 0,
      },
      user_attrs: { reused_from: proposal.of.number },
      ...distributions,
    });
    return { kind: "reused", number, durable: this.#log.append({ type: "trial-created", trial }) };
  }

  /** Queues parameters to be tried before new ones. */
  enqueue(params: Params, userAttrs: Readonly<Record<string, unknown>>): Promise<QueuedTrial> {
    return this.#inTurn(() => this.#queue(params, { user_attrs: userAttrs }));
  }

  /** Repeats a failed trial's parameters under a new number. */
  retry(failed: Trial): Promise<QueuedTrial> {
    const { number, params, user_attrs, distributions = {} } = failed;
    return this.#inTurn(() =>
      this.#queue(params, { retry_of: number, user_attrs, ...withDistributions(distributions) }),
    );
  }

  #queue(params: Params, given: Partial<Trial>): QueuedTrial {
    const number = this.#log.state.size;
    const trial = newTrial(this.#header, number, params, given);
    return { number, durable: this.#log.append({ type: "trial-created", trial }) };
  }

  /** A parameter that the study's space does not declare; drawn once a trial. */
  suggest(number: number, name: string, distribution: Distribution): ParamValue {
    const trial = this.#running(number);
    if (Object.hasOwn(trial.params, name)) return trial.params[name] as ParamValue;
    let draws = this.#undeclared.get(number);
    if (!draws) this.#undeclared.set(number, (draws = new UndeclaredDraws(this.#header, this.#components, number)));
    this.#groups.update(this.#log.finishedHistory.trials);
    const value = draws.draw(name, distribution, this.#groups, samplerHistory(this.#log, number));
    this.#log.post({ type: "trial-param", number, name, value, distribution });
    return value;
  }

  /**
   * Records an intermediate value and asks the pruner, but for the last step. `seen` is how many finished trials are
   * looked at, and they alone, where the caller fixes it; else all that there are, beside those that run.
   */
  report(
    number: number,
    { step, value, metrics, parts }: Omit<KeptReport, "attempt"> & { readonly parts?: readonly number[] },
    { seen: fixed, lastStep = Infinity }: { seen?: number | undefined; lastStep?: number } = {},
  ): PruneDecision {
    const { attempt } = this.#running(number);
    const seen = fixed ?? this.#log.state.finished;
    this.#log.post({ type: "trial-report", number, step, value, seen, ...(parts ? { parts } : {}) });
    this.#keeper?.record(number, { attempt, step, value, metrics });
    if (step >= lastStep) return { prune: false, reason: `step ${step}: the last` };
    return this.judge(number, seen, fixed === undefined);
  }

  /** What the pruner says of a running trial's reports so far. */
  judge(number: number, seen: number, besideRunning = true): PruneDecision {
    const trial = withLiveReports(this.#running(number));
    return this.#components.pruner.decide(trial, this.#log.historyWhen(seen, besideRunning));
  }

  /** What the pruner said when a running trial had made so many of its reports. */
  judgeAgain(number: number, count: number): PruneDecision {
    const trial = this.#running(number);
    const last = lastReport(trial);
    if (last?.count === count) return this.judge(number, last.seen);
    const then = firstReports(trial, count);
    return this.#components.pruner.decide(then, this.#log.historyWhen(then.seen.at(-1) ?? 0));
  }

  /** Whether the pruner looks at running trials. */
  get judgesBesideRunning(): boolean {
    return this.#components.pruner.running ?? false;
  }

  setUserAttr(number: number, key: string, value: unknown): void {
    this.#running(number);
    // Refused here: the one who gave it is told, and nobody else.
    this.#log.post({ type: "trial-attr", number, key, value: toAttribute(key, value) });
  }

  setConstraint(number: number, name: string, value: number): void {
    this.#running(number);
    this.#log.post({ type: "trial-constraint", number, name, value });
  }

  /** Forgets what was only needed while the trial ran. */
  release(number: number): void {
    this.#undeclared.delete(number);
    void this.#keeper?.end(number);
  }

  /** Resolves when what an ended trial has reported is with its files. */
  async reportsKept(number: number): Promise<void> {
    await this.#keeper?.end(number);
  }

  #running(number: number): Trial {
    const trial = this.#log.state.trial(number);
    if (trial?.state === "running") return trial;
    throw new MlbenchError("trial-not-running", `trial ${number} is ${trial?.state ?? "unknown"}: it no longer runs`);
  }
}

/** Whether what was drawn is still wanted. */
function fits(draft: Draft, wanted: DrawOptions | null): boolean {
  if (wanted === null) return false;
  return draft.kind === "waiting" ? (wanted.takes?.(draft.trial) ?? true) : (wanted.creates ?? true);
}
