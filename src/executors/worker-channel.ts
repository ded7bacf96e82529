/** The pool's end of one trial's exchange with its worker. */
import type { RunHooks } from "./executor.js";
import type { FromWorker, ToWorker } from "./protocol.js";

type OutcomeMessage = Extract<FromWorker, { type: "outcome" }>;

/** The pool's end of one trial's exchange: answers reports in order and keeps the outcome until all are answered. */
export class WorkerChannel {
  readonly #hooks: RunHooks;
  readonly #send: (message: ToWorker) => void;
  #answered: Promise<void> = Promise.resolve();
  #outcome: OutcomeMessage | null = null;
  #failure: { readonly error: unknown } | null = null;
  #over = false;

  constructor(hooks: RunHooks, send: (message: ToWorker) => void) {
    this.#hooks = hooks;
    this.#send = send;
  }

  receive(message: FromWorker): void {
    if (this.#over) return;
    switch (message.type) {
      case "report":
        this.#answered = this.#answered.then(() => this.#answer(message));
        return;
      case "user-attr":
        this.#hooks.onUserAttr(message.key, message.value);
        return;
      case "constraint":
        this.#hooks.onConstraint(message.name, message.value);
        return;
      case "outcome":
        this.#outcome = message;
    }
  }

  async #answer({ id, step, value, metrics, parts }: Extract<FromWorker, { type: "report" }>): Promise<void> {
    if (this.#over) return;
    try {
      this.#send({ type: "answer", id, answer: await this.#hooks.onReport(step, value, metrics, parts) });
    } catch (error) {
      // The listener's own failure: the trial ends, and whoever waits for its end is told.
      this.#failure ??= { error };
      this.#send({ type: "answer", id, answer: "prune" });
    }
  }

  /**
   * The outcome message once every report before it is answered; null where the worker ended without one.
   * @throws what a hook threw.
   */
  async end(): Promise<OutcomeMessage | null> {
    await this.#answered;
    this.#over = true;
    if (this.#failure) throw this.#failure.error;
    return this.#outcome;
  }
}
