/** The executor whose trials run in threads of this process. */
import type { MessagePort } from "node:worker_threads";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { Piscina } from "piscina";
import type { Failure } from "../core/index.js";
import { messageOf } from "../core/index.js";
import type { Executor, ExpectedTrials, Place, TrialJob } from "./executor.js";
import { MemoryWatch } from "./memory-watch.js";
import type { FromWorker, ThreadTask, ThreadWarmUp, ToWorker } from "./protocol.js";
import { classOf, ControlBlock } from "./protocol.js";
import { defaultSlots, memoryLimitMb, SEMI_SPACE_MB } from "./resources.js";
import type { SlotPoolOptions, TrialWorker } from "./slot-pool.js";
import { SlotPool, WorkerDeath } from "./slot-pool.js";
import { workerFile } from "./worker-location.js";

export interface PiscinaOptions extends Partial<SlotPoolOptions> {
  /** JS heap of a thread, MiB; beyond it the trial fails as `out-of-memory`. @default 2048 */
  readonly heapMb?: number;
  /**
   * Resident memory of the whole process, MiB, at which the largest trial is stopped.
   * @default 80 % of the machine's, or what is free of it at the start; at least 512 a slot
   */
  readonly processMemoryMb?: number;
}

/**
 * Trials in threads: a single-thread Piscina a slot, so that one can be ended, drained and replaced without touching
 * another's trial. (Letting a thread exit after its task loses tasks that Piscina has queued to it by then.)
 */
export class PiscinaExecutor implements Executor {
  readonly name = "piscina";
  readonly #pool: SlotPool;
  readonly #watch: MemoryWatch;

  constructor(options: PiscinaOptions = {}) {
    const slots = options.slots ?? defaultSlots();
    const file = workerFile("thread");
    const heapMb = options.heapMb ?? 2048;
    this.#pool = new SlotPool({ ...options, slots }, (slot) => new ThreadWorker(slot, file, heapMb));
    const limitMb = options.processMemoryMb ?? memoryLimitMb(slots);
    this.#watch = new MemoryWatch(limitMb, () => this.#pool.running());
  }

  capacity(): number {
    return this.#pool.size;
  }

  acquire(signal?: AbortSignal): Promise<Place> {
    this.#watch.start();
    return this.#pool.acquire(signal);
  }

  warmUp(places: number, expected: ExpectedTrials): void {
    this.#pool.warmUp(places, expected);
  }

  async close(): Promise<void> {
    this.#watch.stop();
    await this.#pool.close();
  }
}

function controlBlock(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4 * ControlBlock.length));
}

class ThreadWorker implements TrialWorker {
  readonly #slot: number;
  readonly #pool: Piscina<ThreadTask | ThreadWarmUp, null>;
  /** One a trial: a request to end the last one that arrives late is none to end the next. */
  #control = controlBlock();
  #port: MessagePort | null = null;
  #killed: Promise<void> | null = null;

  constructor(slot: number, file: string, heapMb: number) {
    this.#slot = slot;
    this.#pool = new Piscina<ThreadTask | ThreadWarmUp, null>({
      filename: file,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Infinity,
      // Its default waits for the next task inside Atomics.wait, which would hold up what an objective left pending.
      atomics: "disabled",
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 3 * SEMI_SPACE_MB },
    });
    // A thread that dies between trials is noticed by the next one.
    this.#pool.on("error", () => undefined);
  }

  async start(job: TrialJob, onMessage: (message: FromWorker) => void): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#control = controlBlock();
    const outcome = new Promise<void>((resolve) => {
      port1.on("message", (message: FromWorker) => {
        onMessage(message);
        if (message.type === "outcome") resolve();
      });
    });
    try {
      const task: ThreadTask = { job, port: port2, control: this.#control.buffer };
      await this.#pool.run(task, { transferList: [port2] });
      await outcome;
    } catch (error) {
      for (let left = receiveMessageOnPort(port1); left; left = receiveMessageOnPort(port1))
        onMessage(left.message as FromWorker);
      throw new WorkerDeath(failureOf(error, this.#slot));
    } finally {
      port1.close();
      this.#port = null;
    }
  }

  warmUp(expected: ExpectedTrials): void {
    // Whatever is wrong with the thread, its first trial finds it too and has somebody to tell.
    this.#pool.run({ expected }).catch(() => undefined);
  }

  send(message: ToWorker): void {
    this.#port?.postMessage(message);
  }

  cancel(): void {
    Atomics.store(this.#control, ControlBlock.cancelled, 1);
    this.#port?.postMessage({ type: "cancel" } satisfies ToWorker);
  }

  memoryMb(): number {
    return Atomics.load(this.#control, ControlBlock.memoryMb);
  }

  async kill(): Promise<void> {
    this.#killed ??= this.#pool.destroy();
    await this.#killed;
  }
}

/** What a thread's end means: Piscina hands on the thread's own error, or `worker exited with code: N`. */
function failureOf(error: unknown, slot: number): Failure {
  const message = messageOf(error);
  const exit = /^worker exited with code: (\d+)$/.exec(message);
  if (exit)
    return {
      class: "worker-crash",
      message: `the trial ended its thread (exit code ${exit[1] ?? "?"})`,
      where: `worker ${slot}`,
    };
  if (classOf(error) === "out-of-memory") return { class: "out-of-memory", message, where: `worker ${slot}` };
  return { class: "worker-crash", message: `the thread crashed: ${message}`, where: `worker ${slot}` };
}
