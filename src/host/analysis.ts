/** The door to the analysis thread: a bounded queue, answers kept by what was asked, given up when nobody waits. */
import { Worker } from "node:worker_threads";
import { dirname } from "node:path";
import { canonicalJson, MlbenchError, UsageError } from "../core/index.js";
import type { StudyStorage } from "../storage/storage.js";
import type { AnalysisAnswer, AnalysisRequest, AnalysisTasks } from "./analysis-thread.js";
import type { AnalysedStudy } from "./followed-states.js";

/** Questions that wait at most. */
const MOST_WAITING = 64;
/** Answers that are kept at most, in number and in characters. */
const MOST_KEPT = 100;
const MOST_TEXT = 32 * 1024 * 1024;
/** Milliseconds after which an answer is given up. */
const TIMEOUT = 120_000;

interface Job {
  readonly key: string;
  readonly request: Omit<AnalysisRequest, "id">;
  readonly answer: Promise<string>;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
  waiting: number;
}

/** What a state of a study is known by. */
export function analysedStudy(state: {
  readonly header: { readonly name: string; readonly created_at: string };
  readonly revision: number;
}): AnalysedStudy {
  const { name, created_at } = state.header;
  return { name, created_at, revision: state.revision };
}

/** Answers questions about stored studies beside the event loop, one after another. */
export class Analysis {
  readonly #storage: StudyStorage;
  readonly #queue: Job[] = [];
  readonly #jobs = new Map<string, Job>();
  readonly #kept = new Map<string, string>();
  #keptText = 0;
  #worker: Worker | null = null;
  #running: { readonly id: number; readonly job: Job; readonly timer: NodeJS.Timeout } | null = null;
  #next = 0;
  #closed = false;

  constructor(storage: StudyStorage) {
    this.#storage = storage;
  }

  /**
   * The answer to a question, as a text. The same question is worked on once.
   * @param signal gives it up for the one who asks
   * @param sameAs what the answer is known by, where more may change than it depends on. @default all that is asked
   * @throws MlbenchError `analysis-busy` when too much waits, `analysis-timeout`, `analysis-ended`, and what the task throws.
   */
  async ask<T extends keyof AnalysisTasks>(
    task: T,
    input: AnalysisTasks[T],
    signal?: AbortSignal,
    sameAs?: string,
  ): Promise<string> {
    if (this.#closed) throw ended("the service is ending");
    const key = `${task} ${sameAs ?? canonicalJson(input)}`;
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    const job = this.#jobs.get(key) ?? this.#enqueue(key, task, input);
    return await this.#waitFor(job, signal);
  }

  /** Ends the thread; whoever waits is told. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) this.#settle(job, ended("the service is ending"));
    await this.#stop(ended("the service is ending"));
  }

  #enqueue(key: string, task: keyof AnalysisTasks, input: AnalysisTasks[keyof AnalysisTasks]): Job {
    if (this.#queue.length >= MOST_WAITING)
      throw new MlbenchError("analysis-busy", `${MOST_WAITING} analyses wait already: ask again in a moment`);
    const { promise: answer, resolve, reject } = withResolvers();
    // Whoever waits hears of it; nobody may.
    answer.catch(() => undefined);
    const request = { storage: this.#folder(task, input), task, input };
    const job: Job = { key, request, answer, resolve, reject, waiting: 0 };
    this.#jobs.set(key, job);
    this.#queue.push(job);
    this.#start();
    return job;
  }

  /** @throws UsageError `not-served` for a storage that no thread can read. */
  #folder(task: keyof AnalysisTasks, input: AnalysisTasks[keyof AnalysisTasks]): string {
    const [first] = "studies" in input ? input.studies : [input.study];
    const location = first ? this.#storage.location(first.name) : "";
    if (location.endsWith(".json")) return dirname(location);
    throw new UsageError("not-served", `${task}: only studies in a folder are analysed beside the service`);
  }

  async #waitFor(job: Job, signal: AbortSignal | undefined): Promise<string> {
    job.waiting += 1;
    let abandon: (() => void) | undefined;
    const given = new Promise<never>((_, reject) => {
      abandon = () => {
        reject(ended("nobody waits for it"));
      };
      if (signal?.aborted) abandon();
      else signal?.addEventListener("abort", abandon, { once: true });
    });
    try {
      return await Promise.race([job.answer, given]);
    } finally {
      if (abandon) signal?.removeEventListener("abort", abandon);
      job.waiting -= 1;
      if (job.waiting === 0) this.#giveUp(job);
    }
  }

  /** Nobody waits for it any more. */
  #giveUp(job: Job): void {
    if (this.#jobs.get(job.key) !== job) return;
    const place = this.#queue.indexOf(job);
    if (place >= 0) {
      this.#queue.splice(place, 1);
      this.#settle(job, ended("nobody waits for it"));
    } else if (this.#running?.job === job) void this.#stop(ended("nobody waits for it"));
  }

  #start(): void {
    if (this.#running || this.#closed) return;
    const job = this.#queue.shift();
    if (!job) return;
    const id = this.#next++;
    const timer = setTimeout(() => {
      const message = `no answer to ${job.request.task} within ${TIMEOUT / 1000} s`;
      void this.#stop(new MlbenchError("analysis-timeout", message));
    }, TIMEOUT).unref();
    this.#running = { id, job, timer };
    this.#worker ??= this.#newWorker();
    this.#worker.postMessage({ id, ...job.request } satisfies AnalysisRequest);
  }

  #newWorker(): Worker {
    // Run from the sources (tests), it is the compiled one that the last build left in dist/.
    const here = import.meta.url.replace(/\/src\/host\/[^/]*$/, "/dist/host/analysis.js");
    const worker = new Worker(new URL("../host/analysis-thread.js", here), { execArgv: [], name: "analysis" });
    worker.unref();
    worker.on("message", (answer: AnalysisAnswer) => {
      this.#take(answer);
    });
    const lost = (reason: string): void => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#end(ended(reason));
    };
    worker.on("error", (error) => {
      lost(error.message);
    });
    worker.on("exit", (code) => {
      lost(`its thread ended (exit code ${code})`);
    });
    return worker;
  }

  #take(answer: AnalysisAnswer): void {
    const running = this.#running;
    if (!running || answer.id !== running.id) return;
    if ("text" in answer) this.#end(null, answer.text);
    else {
      const { code, message, exitCode } = answer.error;
      this.#end(code === null ? new Error(message) : new MlbenchError(code, message, { exitCode }));
    }
  }

  /** Ends what runs, with the thread that runs it. */
  async #stop(error: Error): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#end(error);
    await worker?.terminate();
  }

  #end(error: Error | null, text = ""): void {
    const running = this.#running;
    this.#running = null;
    if (running) {
      clearTimeout(running.timer);
      this.#settle(running.job, error, text);
    }
    this.#start();
  }

  #settle(job: Job, error: Error | null, text = ""): void {
    this.#jobs.delete(job.key);
    if (error) {
      job.reject(error);
      return;
    }
    this.#keep(job.key, text);
    job.resolve(text);
  }

  #keep(key: string, text: string): void {
    if (text.length > MOST_TEXT / 4) return;
    this.#kept.set(key, text);
    this.#keptText += text.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT && this.#keptText <= MOST_TEXT) break;
      this.#kept.delete(oldest);
      this.#keptText -= length;
    }
  }
}

function ended(reason: string): MlbenchError {
  return new MlbenchError("analysis-ended", `the analysis was given up: ${reason}`);
}

function withResolvers(): Pick<Job, "answer" | "resolve" | "reject"> & { readonly promise: Promise<string> } {
  let [resolve, reject]: [(text: string) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<string>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, answer: promise, resolve, reject };
}
