/** The executor whose trials run in child processes. */
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Failure } from "../core/index.js";
import type { Executor, ExpectedTrials, Place, TrialJob } from "./executor.js";
import { guardOrphan } from "./orphan-guard.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { saysOutOfMemory } from "./protocol.js";
import { defaultSlots, memoryLimitMb, SEMI_SPACE_MB } from "./resources.js";
import type { SlotPoolOptions, TrialWorker } from "./slot-pool.js";
import { SlotPool, WorkerDeath } from "./slot-pool.js";
import { workerFile } from "./worker-location.js";

export interface ProcessOptions extends Partial<SlotPoolOptions> {
  /**
   * Resident memory of a child, MiB, at which it is ended.
   * @default 80 % of the machine's, or what is free of it at the start, shared by the slots; at least 512
   */
  readonly memoryMb?: number;
}

/** Kept of what a child says on stderr, characters: enough for V8's report of a crash. */
const STDERR_TAIL = 8192;

/** One thread a child: `slots` children already fill the machine. */
const threadCaps = ["OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"];

/**
 * Trials in child processes, one a slot: contains whatever a trial does to its process. Children load data themselves,
 * since SharedArrayBuffers do not cross.
 */
export class ProcessExecutor implements Executor {
  readonly name = "process";
  readonly #pool: SlotPool;

  constructor(options: ProcessOptions = {}) {
    const slots = options.slots ?? defaultSlots();
    const file = workerFile("process");
    const memoryMb = Math.round(options.memoryMb ?? memoryLimitMb(slots) / slots);
    this.#pool = new SlotPool({ ...options, slots }, (slot) => new ChildWorker(slot, file, memoryMb));
  }

  capacity(): number {
    return this.#pool.size;
  }

  acquire(signal?: AbortSignal): Promise<Place> {
    return this.#pool.acquire(signal);
  }

  warmUp(places: number, expected: ExpectedTrials): void {
    this.#pool.warmUp(places, expected);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

class ChildWorker implements TrialWorker {
  readonly #slot: number;
  readonly #child: ChildProcess;
  readonly #gone: Promise<Failure>;
  #stderr = "";
  #onMessage: (message: FromWorker) => void = () => undefined;

  constructor(slot: number, file: string, memoryMb: number) {
    this.#slot = slot;
    this.#child = fork(file, [], {
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [
        ...process.execArgv.filter((flag) => !flag.startsWith("--inspect")),
        `--max-semi-space-size=${SEMI_SPACE_MB}`,
      ],
      env: {
        ...Object.fromEntries(threadCaps.map((name) => [name, "1"])),
        ...process.env,
        // A program that a trial runs is not to be limited by what the worker is.
        MLBENCH_HPO_THREAD_CAPS: threadCaps.filter((name) => process.env[name] === undefined).join(","),
        MLBENCH_HPO_PARENT: String(process.pid),
        MLBENCH_HPO_MEMORY_MB: String(memoryMb),
      },
    });
    const guard = this.#child.pid === undefined ? null : guardOrphan(this.#child.pid);
    this.#child.stdout?.resume();
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
    });
    this.#child.on("message", (message) => {
      this.#onMessage(message as FromWorker);
    });
    this.#gone = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        resolve({ class: "worker-crash", message: `no worker process: ${error.message}`, where: `worker ${slot}` });
      });
      // `close` comes after the last of stderr and of the messages.
      this.#child.on("close", (code, signal) => {
        guard?.kill("SIGKILL");
        resolve(this.#failureOf(code, signal));
      });
    });
    // Idle children must not keep the parent alive; they leave when the channel closes.
    this.#keepAlive(false);
  }

  async start(job: TrialJob, onMessage: (message: FromWorker) => void): Promise<void> {
    this.#keepAlive(true);
    try {
      const outcome = new Promise<null>((resolve) => {
        this.#onMessage = (message) => {
          onMessage(message);
          if (message.type === "outcome") resolve(null);
        };
      });
      const { tables: _tables, ...crossing } = job;
      this.send({ type: "run", job: crossing });
      const failure = await Promise.race([outcome, this.#gone]);
      if (failure) throw new WorkerDeath(failure);
    } finally {
      this.#onMessage = () => undefined;
      this.#keepAlive(false);
    }
  }

  warmUp(expected: ExpectedTrials): void {
    this.send({ type: "warm-up", expected });
  }

  /** Whether this process goes on for the child: its output included, as `close` waits for the end of that. */
  #keepAlive(on: boolean): void {
    const method = on ? "ref" : "unref";
    this.#child[method]();
    this.#child.channel?.[method]();
    for (const stream of [this.#child.stdout, this.#child.stderr]) (stream as Socket | null)?.[method]();
  }

  send(message: ToWorker): void {
    // The callback takes the error of a child that is gone; its end is told by `close`.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  cancel(): void {
    this.send({ type: "cancel" });
  }

  memoryMb(): number {
    return 0;
  }

  async kill(): Promise<void> {
    this.#keepAlive(true);
    this.#child.kill("SIGKILL");
    await this.#gone;
  }

  #failureOf(code: number | null, signal: NodeJS.Signals | null): Failure {
    const where = `worker ${this.#slot}`;
    const lines = this.#stderr.split("\n").map((line) => line.trim());
    if (saysOutOfMemory(this.#stderr)) {
      const message = lines.find((line) => saysOutOfMemory(line)) ?? "out of memory";
      return { class: "out-of-memory", message, where };
    }
    const said = lines.find((line) => /^(\w*Error|FATAL ERROR|Uncaught)\b/.test(line));
    const how = signal ? `was killed by ${signal}` : `ended with exit code ${code ?? "?"}`;
    return { class: "worker-crash", message: `the trial's process ${how}${said ? `: ${said}` : ""}`, where };
  }
}
