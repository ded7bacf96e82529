/** The door by which the host's long work runs in a worker thread of its own, started when it is first needed. */
import { Worker } from "node:worker_threads";
import type { StudyWork } from "../app/study-work.js";
import { canonicalJson, MlbenchError } from "../core/index.js";
import type { CellTables } from "../core/index.js";
import { errorOf } from "./error-data.js";
import type { ThreadAnswer, ThreadRequest, ThreadTasks } from "./study-thread.js";

interface Waiting {
  readonly request: ThreadRequest;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** JS heap of the thread, MiB: whoever asks for more than there is ends the thread, and no more. */
const HEAP_MB = 4096;

const MINUTE = 60_000;
/** How long a task may take: a module may loop for ever as it is imported, while data may be large. */
const longest: { readonly [T in keyof ThreadTasks]: number } = {
  ...{ create: 2 * MINUTE, plan: 2 * MINUTE, changeSpace: 2 * MINUTE, objective: 2 * MINUTE },
  ...{ preflight: 30 * MINUTE, baselines: 30 * MINUTE, tables: 30 * MINUTE, keptBackend: 5 * MINUTE },
};

/**
 * One thread, which loads TensorFlow.js, data and modules in the host's stead. What goes in and comes out is copied, but for
 * memory that is shared. A thread that dies takes with it what was asked of it, and is replaced; so is one whose task takes
 * too long, and the others' are asked again.
 */
export class StudyThread {
  readonly #longest: Readonly<Record<keyof ThreadTasks, number>>;
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #closed = false;

  /** @param limits in milliseconds; for tests */
  constructor(limits: Partial<Record<keyof ThreadTasks, number>> = {}) {
    this.#longest = { ...longest, ...limits };
  }

  /** @throws (rejects) what the task throws; MlbenchError `study-thread-ended`. */
  run<T extends keyof ThreadTasks>(task: T, ...input: Parameters<ThreadTasks[T]>): ReturnType<ThreadTasks[T]> {
    const ran = new Promise<unknown>((resolve, reject) => {
      if (this.#closed) throw new MlbenchError("study-thread-ended", "the service is ending");
      const request = { id: this.#next++, task, input };
      const timer = setTimeout(() => {
        this.#overdue(request);
      }, this.#longest[task]);
      this.#waiting.set(request.id, { request, resolve, reject, timer: timer.unref() });
      this.#post(request);
    });
    return ran as ReturnType<ThreadTasks[T]>;
  }

  #post(request: ThreadRequest): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request);
    this.#worker.ref();
  }

  #overdue({ id, task }: ThreadRequest): void {
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    const minutes = this.#longest[task] / MINUTE;
    this.#take(id)?.reject(
      new MlbenchError("study-thread-ended", `reading the study's files took longer than ${minutes} minutes`),
    );
    for (const { request } of this.#waiting.values()) this.#post(request);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  /** The work on one study's data, models and modules, done there. */
  get work(): StudyWork {
    // Handed to each trial: the thread may have other things to do.
    const tables = new Map<string, Promise<CellTables>>();
    return {
      preflight: (...input) => this.run("preflight", ...input),
      baselines: (...input) => this.run("baselines", ...input),
      keptBackend: (...input) => this.run("keptBackend", ...input),
      tables: (...input) => {
        const key = canonicalJson(input);
        const known = tables.get(key);
        if (known) return known;
        const read = this.run("tables", ...input);
        tables.set(key, read);
        read.catch(() => tables.delete(key));
        return read;
      },
      objective: (...input) => this.run("objective", ...input),
    };
  }

  #start(): Worker {
    // Run from the sources (tests), it is the compiled one that the last build left in dist/.
    const here = import.meta.url.replace(/\/src\/host\/[^/]*$/, "/dist/host/off-thread.js");
    const worker = new Worker(new URL("../host/study-thread.js", here), {
      // Options of this process such as --input-type are none of a thread's.
      // What it makes names the command line of this process.
      workerData: { argv: process.argv },
      ...{ execArgv: [], name: "studies", resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } },
    });
    worker.unref();
    worker.on("message", (answer: ThreadAnswer) => {
      if (worker === this.#worker) this.#settle(answer);
    });
    worker.on("error", (error) => {
      this.#ended(worker, `the thread that reads studies' data failed: ${error.message}`);
    });
    worker.on("exit", (code) => {
      this.#ended(worker, `the thread that reads studies' data ended (exit code ${code})`);
    });
    return worker;
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#take(answer.id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ("error" in answer) waiting?.reject(errorOf(answer.error));
    else waiting?.resolve(answer.output);
  }

  #ended(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(new MlbenchError("study-thread-ended", why));
  }

  /** Ends the thread, and refuses what is asked of it; `release` of the last host's does so. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    await worker?.terminate();
    if (worker) this.#ended(worker, "the service is ending");
  }
}

/** The thread of this process, and how many hosts share it. */
let shared: { readonly thread: StudyThread; users: number } | null = null;

/** This process's thread, until the last who has it gives it back. */
export function useStudyThread(): { readonly thread: StudyThread; readonly release: () => Promise<void> } {
  const held = (shared ??= { thread: new StudyThread(), users: 0 });
  held.users += 1;
  let released = false;
  return {
    thread: held.thread,
    release: async () => {
      if (released) return;
      released = true;
      held.users -= 1;
      if (held.users > 0) return;
      shared = null;
      await held.thread.close();
    },
  };
}
