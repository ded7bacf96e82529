/** A trial's line to the study, as the trainer and objectives in a worker use it. */
import type { Metrics, RanOn, TrialOutcome } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import type { WorkerPort } from "../executors/protocol.js";
import { ControlBlock, TrialCancelled } from "../executors/protocol.js";
import { collectWhereWorthIt } from "./collect-garbage.js";

/** A quarter of what a worker is replaced for by default. */
const COLLECT_FIRST_BYTES = 512 * 2 ** 20;

/** Sends a trial's reports, attributes and outcome, and takes the answers. */
export class TrialLine {
  /** Shared with the pool; see {@link ControlBlock}. */
  readonly control: Int32Array;
  readonly #port: WorkerPort;
  readonly #memory: () => number;
  readonly #waiting = new Map<number, (answer: ReportAnswer) => void>();
  #reports = 0;
  #onCancel: () => void = () => undefined;

  constructor(port: WorkerPort, control: Int32Array, memory: () => number) {
    this.control = control;
    this.#port = port;
    this.#memory = memory;
    port.onMessage((message) => {
      if (message.type === "cancel") {
        Atomics.store(control, ControlBlock.cancelled, 1);
        this.#onCancel();
      }
      if (message.type === "answer") this.#waiting.get(message.id)?.(message.answer);
      if (message.type === "answer") this.#waiting.delete(message.id);
    });
  }

  throwIfCancelled(): void {
    if (Atomics.load(this.control, ControlBlock.cancelled) !== 0) throw new TrialCancelled();
  }

  /** Calls back when the trial is asked to end, at once if it has been. */
  onCancel(listener: () => void): void {
    this.#onCancel = listener;
    if (Atomics.load(this.control, ControlBlock.cancelled) !== 0) listener();
  }

  /** @throws TrialCancelled when the trial was asked to end. */
  report(step: number, value: number, metrics?: Metrics, parts?: readonly number[]): Promise<ReportAnswer> {
    Atomics.store(this.control, ControlBlock.memoryMb, Math.round(this.#memory() / 2 ** 20));
    this.throwIfCancelled();
    const id = this.#reports++;
    this.#port.send({ type: "report", id, step, value, ...(metrics ? { metrics } : {}), ...(parts ? { parts } : {}) });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  setUserAttr(key: string, value: unknown): void {
    this.#port.send({ type: "user-attr", key, value });
  }

  setConstraint(name: string, value: number): void {
    this.#port.send({ type: "constraint", name, value });
  }

  end(outcome: TrialOutcome, ranOn: RanOn = { backend: null }): void {
    // What is garbage counts where the worker may be replaced for it. Else the study need not wait: it records the trial
    // and draws the next one meanwhile.
    const first = this.#memory() > COLLECT_FIRST_BYTES;
    if (first) collectWhereWorthIt(this.#memory);
    this.#port.send({ type: "outcome", outcome, ranOn, memory: this.#memory() });
    if (!first) setImmediate(collectWhereWorthIt, this.#memory);
  }
}
