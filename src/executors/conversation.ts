import type { RunHooks } from "./executor.js";
import type { FromWorker, ToWorker } from "./protocol.js";

type OutcomeMessage = Extract<FromWorker, { type: "outcome" }>;

/** The pool's end of one trial's exchange: answers reports in order and keeps the outcome until all are answered. */
export class Conversation {
  readonly #hooks: RunHooks;
  readonly #send: (message: ToWorker) => void;
  #answered: Promise<void> = Promise.resolve();
  #outcome: OutcomeMessage | null = null;
  #over = false;

  constructor(hooks: RunHooks, send: (message: ToWorker) => void) {
    this.#hooks = hooks;
    this.#send = send;
  }

  receive(message: FromWorker): void {
    if (this.#over) return;
    switch (message.type) {
      case "report":
        this.#answered = this.#answered.then(async () => {
          if (this.#over) return;
          const answer = await this.#hooks.onReport(message.step, message.value);
          this.#send({ type: "answer", id: message.id, answer });
        });
        return;
      case "user-attr":
        this.#hooks.onUserAttr(message.key, message.value);
        return;
      case "outcome":
        this.#outcome = message;
    }
  }

  /** The outcome message once every report before it is answered; null where the worker ended without one. */
  async end(): Promise<OutcomeMessage | null> {
    await this.#answered;
    this.#over = true;
    return this.#outcome;
  }
}
