/** How far a call of `optimize` has come: its goal, its stop rules, and what it amounts to. */
import type { OptimizeResult, StoppedBy, StudyState, SubscriberFailures, Trial } from "../core/index.js";
import { bestOfStudy, comparableTrials, directionsOf, frontOfStudy, isBanned } from "../core/index.js";
import { trialsInSpace } from "../search-space/earlier-spaces.js";
import type { CallOptions, Goal, ResolvedOptions } from "./optimize-options.js";
import { goalOf } from "./optimize-options.js";
import { exitCodeOf, StopRules } from "./stop-rules.js";
import { terminatorVerdict } from "./terminator.js";

/** Begun on a study's state after recovery; takes in each trial that finishes in the call. */
export class CallProgress {
  readonly goal: Goal;
  readonly #options: ResolvedOptions;
  /** How many trials were finished before. */
  readonly #before: number;
  #rules: StopRules;
  readonly #added: Trial[] = [];
  /** Whether any trial before the call was completed or pruned. */
  readonly #achieved: boolean;

  constructor(given: CallOptions, resolved: ResolvedOptions, state: StudyState) {
    this.goal = goalOf(given, state.counted);
    this.#options = resolved;
    this.#before = state.finished;
    this.#achieved = state.counts.complete + state.counts.pruned > 0;
    this.#rules = new StopRules(resolved, state.header, frontOfStudy(state), this.#achieved);
  }

  /** How many more finished trials the goal asks for. */
  more(state: StudyState): number {
    return Math.max(0, this.goal.finished - state.counted);
  }

  /** Takes in a finished trial; says which stop rule it meets. */
  after(trial: Trial, { annotations }: StudyState): StoppedBy | null {
    this.#added.push(trial);
    return this.#rules.after(trial, isBanned(annotations, trial.number));
  }

  /** A trial was banned, or is so no more: the rules go by what can be seen now, from the call's beginning. */
  onBansChanged(state: StudyState): void {
    const { header, annotations } = state;
    const before = comparableTrials(state).filter(
      ({ finish_index }) => finish_index !== null && finish_index < this.#before,
    );
    this.#rules = new StopRules(this.#options, header, before, this.#achieved);
    for (const trial of this.#added) this.#rules.after(trial, isBanned(annotations, trial.number));
  }

  /** Why the study's terminator ends the call now; null where it does not, and where there is none. */
  terminated({ header, trials, annotations }: StudyState): string | null {
    const { settings, space } = header;
    if (settings.terminator === undefined || !this.#options.terminator) return null;
    const told = trialsInSpace(header, comparableTrials({ trials, annotations }));
    const search = { directions: directionsOf(header), space, trials: told };
    const { ends, reason } = terminatorVerdict(search, settings.terminator.min_trials);
    return ends ? reason : null;
  }

  result(
    state: StudyState,
    { stoppedBy, stopReason }: Pick<OptimizeResult, "stoppedBy" | "stopReason">,
    subscriberFailures: readonly SubscriberFailures[],
  ): OptimizeResult {
    const { counts, header, counted } = state;
    return {
      study: header.name,
      ...{ stoppedBy, stopReason },
      finished: counted,
      added: this.#added.filter((trial) => trial.retry_of === null).length,
      best: header.objectives.length > 1 ? null : bestOfStudy(state),
      front: frontOfStudy(state).map(({ number }) => number),
      subscriberFailures,
      exitCode: exitCodeOf(stoppedBy, this.#added, counts.complete + counts.pruned > 0),
    };
  }
}
