/** Trials handed out by `ask`: drawn or found again by their key, and put into the hands of whoever asked. */
import type { Lease, ObjectiveTrial, SearchSpace, StudyHeader, Trial } from "../core/index.js";
import { ChannelTrial, hashOfKey, isTokenOf, keptLease, tokenOfKey, UsageError } from "../core/index.js";
import { requireActive } from "./annotation.js";
import { AskKeys } from "./ask-keys.js";
import { askOptionsOf } from "./ask-options.js";
import type { AskOptions } from "./commands.js";
import { leaseLost, newLease } from "./leases.js";
import { EXTERNAL } from "./new-trial.js";
import type { OutsideTrials } from "./outside-trials.js";
import type { StudyLog } from "./study-log.js";
import { studyClosed } from "./study-log.js";
import type { StillWanted, TrialDispatcher, TrialOwner } from "./trial-dispatcher.js";

/**
 * An objective's trial in the hands of the caller. Its methods throw an MlbenchError, `lease-lost` once somebody else may
 * have it and `study-closed` where the study is not open; `shouldPrune` says true once it was stopped for good.
 */
export interface AskedTrial extends ObjectiveTrial {
  /** Null for one that is handed out for as long as it takes. */
  readonly lease: Lease | null;
}

/** Answers those who ask for a trial; what they say of it afterwards goes to {@link OutsideTrials}. */
export class HandOuts {
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #outside: OutsideTrials;
  readonly #keys = new AskKeys();

  constructor(log: StudyLog, dispatcher: TrialDispatcher, outside: OutsideTrials) {
    this.#log = log;
    this.#dispatcher = dispatcher;
    this.#outside = outside;
  }

  get #header(): StudyHeader {
    return this.#log.header;
  }

  /** Forgets which trial each key was answered with: another process may write the study meanwhile. */
  onClose(): void {
    this.#keys.clear();
  }

  /**
   * Opens the study for writing, and hands out a trial.
   * @param gate what may be handed out, asked before a trial is drawn and again before it starts
   * @returns null where the gate lets nothing through
   * @throws UsageError `space-exhausted`, `invalid-option`, `study-archived` | MlbenchError `lease-lost` for a key whose trial others have.
   */
  async ask(given: SearchSpace | AskOptions | undefined, gate: StillWanted): Promise<AskedTrial | null> {
    const options = askOptionsOf(given);
    await this.#log.open();
    requireActive(this.#header);
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
    this.#outside.renew(trial);
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
    const trial = this.#log.requireTrial(next.number);
    this.#outside.renew(trial);
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
      return this.#outside.held(number, token, attempt);
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
          const stopped = held() === null && this.#log.requireTrial(number).state === "pruned";
          prune = stopped || this.#outside.judge(number, step, value, metrics) === "prune";
          this.#outside.renew(this.#log.requireTrial(number));
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
}
