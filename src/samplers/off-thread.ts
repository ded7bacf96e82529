/** The door by which a sampler's heavy work runs in a worker thread: one a process, started when it is first needed. */
import { Worker } from "node:worker_threads";
import { MlbenchError } from "../core/index.js";
import type { ThreadAnswer, ThreadRequest, ThreadTasks } from "./sampler-thread.js";

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The thread and who waits for it. It keeps the process alive only while somebody does. */
class SamplerThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(onEnd: () => void) {
    // Run from the sources (tests), it is the compiled one that the last build left in dist/.
    const here = import.meta.url.replace(/\/src\/samplers\/[^/]*$/, "/dist/samplers/off-thread.js");
    // Options of this process such as --input-type are none of a thread's.
    this.#worker = new Worker(new URL("../samplers/sampler-thread.js", here), { execArgv: [], name: "sampler" });
    this.#worker.on("message", (answer: ThreadAnswer) => {
      this.#settle(answer);
    });
    this.#worker.on("error", (error) => {
      onEnd();
      this.#rejectAll(error);
    });
    this.#worker.on("exit", (code) => {
      onEnd();
      this.#rejectAll(new MlbenchError("sampler-thread-ended", `the sampler's thread ended (exit code ${code})`));
    });
    // Last: to listen for messages is to wait for them.
    this.#worker.unref();
  }

  run(task: keyof ThreadTasks, input: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#post(task, input);
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
    });
  }

  /** Nobody waits for the answer. */
  rehearse(task: keyof ThreadTasks, input: unknown): void {
    this.#post(task, input);
  }

  #post(task: keyof ThreadTasks, input: unknown): number {
    const id = this.#next++;
    this.#worker.postMessage({ id, task, input } satisfies ThreadRequest);
    return id;
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("error" in answer) waiting?.reject(answer.error);
    else waiting?.resolve(answer.output);
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

let thread: SamplerThread | null = null;

/**
 * Runs a task in the samplers' thread: what goes in and comes out is copied, as by `structuredClone`. One after another,
 * in the order of asking.
 * @returns rejects with what the task throws, or with MlbenchError `sampler-thread-ended`; the next call starts anew then.
 */
export function offThread<T extends keyof ThreadTasks>(
  task: T,
  input: Parameters<ThreadTasks[T]>[0],
): Promise<ReturnType<ThreadTasks[T]>> {
  return theThread().run(task, input) as Promise<ReturnType<ThreadTasks[T]>>;
}

/**
 * Has the samplers' thread start, load a task and run it once, so that the first one that somebody waits for finds
 * compiled code. The answer is dropped, and no process kept alive for it.
 */
export function rehearse<T extends keyof ThreadTasks>(task: T, input: Parameters<ThreadTasks[T]>[0]): void {
  theThread().rehearse(task, input);
}

function theThread(): SamplerThread {
  if (thread) return thread;
  const started: SamplerThread = new SamplerThread(() => {
    if (thread === started) thread = null;
  });
  return (thread = started);
}
