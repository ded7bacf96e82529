/** How far a call of `optimize` has come: its goal, its stop rules, and what it amounts to. */
import type { OptimizeResult, StoppedBy, StudyState, SubscriberFailures, Trial } from "../core/index.js";
import { bestOfStudy, frontOfStudy } from "../core/index.js";
import type { CallOptions, Goal, ResolvedOptions } from "./optimize-options.js";
import { goalOf } from "./optimize-options.js";
import { exitCodeOf, StopRules } from "./stop-rules.js";

/** Begun on a study's state after recovery; takes in each trial that finishes in the call. */
export class CallProgress {
  readonly goal: Goal;
  readonly #rules: StopRules;
  readonly #added: Trial[] = [];

  constructor(given: CallOptions, resolved: ResolvedOptions, state: StudyState) {
    this.goal = goalOf(given, state.counted);
    this.#rules = new StopRules(resolved, state.header, frontOfStudy(state));
  }

  /** How many more finished trials the goal asks for. */
  more(state: StudyState): number {
    return Math.max(0, this.goal.finished - state.counted);
  }

  /** Takes in a finished trial; says which stop rule it meets. */
  after(trial: Trial): StoppedBy | null {
    this.#added.push(trial);
    return this.#rules.after(trial);
  }

  result(state: StudyState, stoppedBy: StoppedBy, subscriberFailures: readonly SubscriberFailures[]): OptimizeResult {
    const { counts, header, counted } = state;
    return {
      study: header.name,
      stoppedBy,
      finished: counted,
      added: this.#added.filter((trial) => trial.retry_of === null).length,
      best: header.objectives.length > 1 ? null : bestOfStudy(state),
      front: frontOfStudy(state).map(({ number }) => number),
      subscriberFailures,
      exitCode: exitCodeOf(stoppedBy, this.#added, counts.complete + counts.pruned > 0),
    };
  }
}
