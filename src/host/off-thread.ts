/** The door by which the host's long work runs in a worker thread of its own, started when it is first needed. */
import { Worker } from "node:worker_threads";
import type { StudyWork } from "../app/study-work.js";
import { MlbenchError } from "../core/index.js";
import { errorOf } from "./error-data.js";
import type { ThreadAnswer, ThreadRequest, ThreadTasks } from "./study-thread.js";

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** JS heap of the thread, MiB: whoever asks for more than there is ends the thread, and no more. */
const HEAP_MB = 4096;

/**
 * One thread, which loads TensorFlow.js, data and modules in the host's stead. What goes in and comes out is copied, but for
 * memory that is shared. A thread that dies takes with it what was asked of it, and is replaced.
 */
export class StudyThread {
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #closed = false;

  /** @throws (rejects) what the task throws; MlbenchError `study-thread-ended`. */
  run<T extends keyof ThreadTasks>(task: T, ...input: Parameters<ThreadTasks[T]>): ReturnType<ThreadTasks[T]> {
    const ran = new Promise<unknown>((resolve, reject) => {
      if (this.#closed) throw new MlbenchError("study-thread-ended", "the service is ending");
      this.#worker ??= this.#start();
      const id = this.#next++;
      this.#worker.postMessage({ id, task, input } satisfies ThreadRequest);
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
    });
    return ran as ReturnType<ThreadTasks[T]>;
  }

  /** The work on studies' data, models and modules, done there. */
  get work(): StudyWork {
    return {
      preflight: (...input) => this.run("preflight", ...input),
      baselines: (...input) => this.run("baselines", ...input),
      keptBackend: (...input) => this.run("keptBackend", ...input),
      tables: (...input) => this.run("tables", ...input),
      objective: (...input) => this.run("objective", ...input),
    };
  }

  #start(): Worker {
    // Run from the sources (tests), it is the compiled one that the last build left in dist/.
    const here = import.meta.url.replace(/\/src\/host\/[^/]*$/, "/dist/host/off-thread.js");
    const worker = new Worker(new URL("../host/study-thread.js", here), {
      // Options of this process such as --input-type are none of a thread's.
      ...{ execArgv: [], name: "studies", resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } },
    });
    worker.unref();
    worker.on("message", (answer: ThreadAnswer) => {
      this.#settle(answer);
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
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ("error" in answer) waiting?.reject(errorOf(answer.error));
    else waiting?.resolve(answer.output);
  }

  #ended(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new MlbenchError("study-thread-ended", why));
    this.#waiting.clear();
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
