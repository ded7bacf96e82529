/** Where a study's trials are drawn and handed out, and each report is recorded and judged by the pruner. */
import type {
  Direction,
  Distribution,
  History,
  Lease,
  Params,
  ParamValue,
  SearchSpace,
  StudyEvent,
  StudyHeader,
  Trial,
} from "../core/index.js";
import {
  blankTrial,
  createRng,
  directionsOf,
  isActive,
  isBanned,
  MlbenchError,
  whenReady,
  withLiveReports,
} from "../core/index.js";
import type { PruneDecision } from "../pruners/pruner.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import type { Proposal } from "../search-space/duplicates.js";
import { propose } from "../search-space/duplicates.js";
import { ParameterGroups } from "../search-space/parameter-groups.js";
import type { StudyComponents } from "./components.js";
import type { StudyLog } from "./study-log.js";
import { now } from "./clock.js";
import { newTrial, withDistributions } from "./new-trial.js";
import type { KeptReport, ReportKeeper } from "./report-keeper.js";
import { UndeclaredDraws } from "./undeclared-draws.js";

/** Who gets a trial. */
export interface TrialOwner {
  readonly owner: string;
  readonly slot: number | null;
  readonly lease?: Lease;
}

/** Which trials may be handed out. */
export interface DrawOptions {
  /** Drawn from instead of the study's. */
  readonly space?: SearchSpace | undefined;
  /** Which waiting trials may be taken. @default any */
  readonly takes?: (trial: Trial) => boolean;
  /** Whether a new trial may be made where none waits. @default true */
  readonly creates?: boolean;
}

/** A trial to run, or one whose value was taken over from an equal one, or none: every point was tried. */
export type NextTrial =
  | { readonly kind: "run"; readonly number: number; readonly durable: Promise<void> }
  | { readonly kind: "reused"; readonly number: number; readonly durable: Promise<void> }
  | { readonly kind: "exhausted" };

/** What was drawn: a waiting trial with its open parameters, or a proposal for a new one. */
type Draft =
  | { readonly kind: "waiting"; readonly trial: Trial; readonly params: Params; readonly space: SearchSpace }
  | { readonly kind: "proposal"; readonly proposal: Proposal; readonly distributions: Partial<Trial> };

type WaitingDraft = Extract<Draft, { kind: "waiting" }>;

/**
 * Draws one trial after another, so that each is drawn knowing those before it. Every change shows in the log's state
 * when a call returns, or when its promise resolves.
 */
export class TrialDispatcher {
  readonly #log: StudyLog;
  readonly #components: StudyComponents;
  readonly #groups = new ParameterGroups();
  readonly #keeper: ReportKeeper | undefined;
  readonly #draws = new Map<number, UndeclaredDraws>();
  /** Waiting trials that are drawn already and only wait for a place, with their parameters. */
  readonly #reserved = new Map<number, WaitingDraft>();
  #turn: Promise<void> | null = null;

  constructor(log: StudyLog, components: StudyComponents, keeper?: ReportKeeper) {
    this.#log = log;
    this.#keeper = keeper;
    this.#components = components;
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

  /** The next trial, started under its owner; null when none may be handed out. */
  next(owner: TrialOwner, options: DrawOptions = {}): Promise<NextTrial | null> {
    return this.#inTurn(() => whenReady(this.#draw(options), (draft) => draft && this.#start(draft, owner)));
  }

  /**
   * The next trial, drawn and recorded as waiting for {@link TrialDispatcher.startReserved}: nobody else is given it.
   * Null when none may be handed out.
   */
  reserve(options: DrawOptions = {}): Promise<NextTrial | null> {
    return this.#inTurn(() => whenReady(this.#draw(options), (draft) => draft && this.#reserve(draft)));
  }

  /** Starts a trial that was reserved; resolves when its start is durable. */
  startReserved(number: number, owner: TrialOwner): Promise<void> {
    const draft = this.#reserved.get(number);
    if (!draft) throw new MlbenchError("trial-not-running", `trial ${number} was not reserved`);
    this.#reserved.delete(number);
    return this.#startWaiting(draft, owner);
  }

  /** Gives a reserved trial back: whoever asks next may take it. */
  releaseReserved(number: number): void {
    this.#reserved.delete(number);
  }

  #draw({ space, takes = () => true, creates = true }: DrawOptions): Draft | null | Promise<Draft> {
    const drawn = space ?? this.#header.space;
    const trial = this.#waiting(takes);
    if (trial)
      return whenReady(this.#completed(trial, drawn), (params) => ({ kind: "waiting", trial, params, space: drawn }));
    if (!creates) return null;
    const distributions = withDistributions(space ?? {});
    return whenReady(this.#propose(drawn), (proposal) => ({ kind: "proposal", proposal, distributions }));
  }

  /** The lowest-numbered waiting trial that may be taken. */
  #waiting(takes: (trial: Trial) => boolean): Trial | undefined {
    const { state } = this.#log;
    for (const number of state.unfinished) {
      const trial = state.trial(number);
      if (trial?.state === "waiting" && !this.#reserved.has(number) && takes(trial)) return trial;
    }
    return undefined;
  }

  #propose(space: SearchSpace): Proposal | Promise<Proposal> {
    if (Object.keys(space).length === 0) return { kind: "run", params: {} };
    const { state } = this.#log;
    const banned = [...state.annotations].flatMap(([number, annotation]) =>
      annotation.banned ? [state.trial(number) as Trial] : [],
    );
    return propose(this.#components.sampler, space, this.#history(), this.#rng(state.size), {
      onDuplicate: this.#header.settings.on_duplicate,
      banned: banned.map(({ params }) => params),
    });
  }

  /** What a waiting trial leaves open is drawn when it is handed out. */
  #completed(trial: Trial, space: SearchSpace): Params | Promise<Params> {
    const open = Object.keys(space).some((name) => !Object.hasOwn(trial.params, name));
    if (!open) return trial.params;
    const rng = this.#rng(trial.number);
    return whenReady(this.#components.sampler.suggest(space, this.#history(), rng), (suggested) => {
      const params: Record<string, ParamValue> = { ...trial.params };
      // Parents stand before what depends on them, or their condition is looked at once more in the next round.
      for (let added = true; added;) {
        added = false;
        for (const [name, distribution] of Object.entries(space)) {
          if (Object.hasOwn(params, name) || !isActive(distribution, params)) continue;
          // A suggested null is a choice like any other.
          const known = suggested !== null && Object.hasOwn(suggested, name);
          params[name] = known ? (suggested[name] as ParamValue) : drawUniform(distribution, rng);
          added = true;
        }
      }
      return params;
    });
  }

  #start(draft: Draft, owner: TrialOwner): NextTrial {
    if (draft.kind === "proposal") return this.#create(draft, { state: "running", started_at: now(), ...owner });
    return { kind: "run", number: draft.trial.number, durable: this.#startWaiting(draft, owner) };
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

  #create({ proposal, distributions }: Extract<Draft, { kind: "proposal" }>, given: Partial<Trial>): NextTrial {
    if (proposal.kind === "exhausted") return proposal;
    const number = this.#log.state.size;
    if (proposal.kind === "run") {
      const trial = newTrial(this.#header, number, proposal.params, { ...given, ...distributions });
      return { kind: "run", number, durable: this.#log.append({ type: "trial-created", trial }) };
    }
    const at = now();
    const { values, constraints, parts, spread, intermediate, seen, metrics } = proposal.of;
    const trial = newTrial(this.#header, number, proposal.params, {
      state: "complete",
      ...{
        values,
        constraints,
        parts,
        spread,
        intermediate,
        seen,
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
    let draws = this.#draws.get(number);
    if (!draws) this.#draws.set(number, (draws = new UndeclaredDraws(this.#header, this.#components, number)));
    this.#groups.update(this.#log.finishedHistory.trials);
    const value = draws.draw(name, distribution, this.#groups, this.#history());
    this.#log.post({ type: "trial-param", number, name, value, distribution });
    return value;
  }

  /**
   * Records an intermediate value and asks the pruner. `seen` is how many finished trials are looked at: all that there
   * are, unless the caller fixes it.
   */
  report(
    number: number,
    { step, value, metrics }: Omit<KeptReport, "attempt">,
    seen: number = this.#log.state.finished,
  ): PruneDecision {
    const { attempt } = this.#running(number);
    this.#log.post({ type: "trial-report", number, step, value, seen });
    this.#keeper?.record(number, { attempt, step, value, metrics });
    return this.judge(number, seen);
  }

  /** What the pruner says of a running trial's reports so far. */
  judge(number: number, seen: number = this.#log.state.finished): PruneDecision {
    const trial = withLiveReports(this.#running(number));
    return this.#components.pruner.decide(trial, this.#log.historyWhen(seen));
  }

  setUserAttr(number: number, key: string, value: unknown): void {
    this.#running(number);
    this.#log.post({ type: "trial-attr", number, key, value });
  }

  setConstraint(number: number, name: string, value: number): void {
    this.#running(number);
    this.#log.post({ type: "trial-constraint", number, name, value });
  }

  /** Forgets what was only needed while the trial ran. */
  release(number: number): void {
    this.#draws.delete(number);
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

  #history(): History {
    const { state } = this.#log;
    const directions = directionsOf(this.#header);
    const { annotations } = state;
    const hidden = (trial: Trial): boolean => annotations.size > 0 && isBanned(annotations, trial.number);
    const trials = annotations.size === 0 ? state.trials : state.trials.map((t) => (hidden(t) ? asWaiting(t) : t));
    return { direction: directions[0] as Direction, directions, trials, running: this.#log.running };
  }

  #rng(number: number): () => number {
    return createRng(this.#components.sampler.seed ?? this.#header.seed, number, "sampler");
  }
}

/** A trial that waits from now on, once `durable` resolves for good. */
export interface QueuedTrial {
  readonly number: number;
  readonly durable: Promise<void>;
}

const hiddenRecords = new WeakMap<Trial, Trial>();

/** What a sampler sees of a banned trial: parameters that are taken, and nothing to learn from. */
function asWaiting(trial: Trial): Trial {
  let record = hiddenRecords.get(trial);
  if (!record) hiddenRecords.set(trial, (record = Object.freeze(blankTrial(trial.number, { params: trial.params }))));
  return record;
}
