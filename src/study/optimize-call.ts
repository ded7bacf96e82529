/** One call of `optimize` on a study: those who follow it, its manager, and what is closed at its end. */
import type { OptimizeResult, TrackedStudy, Trial } from "../core/index.js";
import type { CallOptions } from "./optimize-options.js";
import { StudyManager } from "./study-manager.js";
import type { StudyLog } from "./study-log.js";
import { Subscribers, trackerSubscribers } from "./subscribers.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";
import type { TrialRunner } from "./trial-runner.js";

type Callback<S> = (study: S, trial: Trial) => void | Promise<void>;

/** What a call stands on. */
export interface OptimizeCallContext<S extends TrackedStudy> {
  /** What callbacks are handed, and trackers are shown. */
  readonly study: S;
  readonly log: StudyLog;
  readonly dispatcher: TrialDispatcher;
  readonly options: CallOptions & { readonly callbacks?: readonly Callback<S>[] | undefined };
  /** Gives the study up. */
  readonly close: () => Promise<void>;
}

/** A call with its subscribers; over once {@link OptimizeCall.run} has settled. */
export class OptimizeCall<S extends TrackedStudy> {
  readonly manager: StudyManager;
  readonly #context: OptimizeCallContext<S>;
  readonly #subscribers: Subscribers;

  constructor(context: OptimizeCallContext<S>) {
    const { study, log, dispatcher, options } = context;
    const { onEvent, trackers = [], callbacks = [] } = options;
    const subscribers = new Subscribers([
      ...(onEvent ? [{ name: "onEvent", onEvent }] : []),
      ...trackerSubscribers(trackers),
    ]);
    const tell = callbackChain(subscribers, study, callbacks);
    this.#context = context;
    this.#subscribers = subscribers;
    this.manager = new StudyManager({ log, dispatcher, options, subscribers, tell });
  }

  /** @throws as {@link StudyManager.run}. */
  async run(prepare: () => Promise<TrialRunner>): Promise<OptimizeResult> {
    const { study, log, close } = this.#context;
    try {
      await log.open();
      this.#subscribers.open(study);
      const result = await this.manager.run(prepare);
      await close();
      await this.#subscribers.close();
      return { ...result, subscriberFailures: this.#subscribers.failures };
    } catch (error) {
      // What ended the call is worth more than what a full disk says once more about closing.
      await close().catch(() => undefined);
      await this.#subscribers.close(error);
      throw error;
    }
  }
}

/** Calls the callbacks for one trial after another. */
function callbackChain<S>(
  subscribers: Subscribers,
  study: S,
  callbacks: readonly Callback<S>[],
): (trial: Trial) => Promise<void> {
  let called: Promise<void> = Promise.resolve();
  return (trial) => {
    called = called.then(async () => {
      for (const [i, callback] of callbacks.entries())
        await subscribers.call(`callback ${i + 1}`, () => callback(study, trial));
    });
    return called;
  };
}
