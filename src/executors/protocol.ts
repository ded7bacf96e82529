import type { MessagePort } from "node:worker_threads";
import type { FailureClass, Failure, TrialOutcome } from "../core/index.js";
import { isTrialPruned, messageOf } from "../core/index.js";
import type { ReportAnswer, StopReason, TrialJob } from "./executor.js";

/** What the pool sends to a worker. */
export type ToWorker =
  | { readonly type: "run"; readonly job: TrialJob }
  | { readonly type: "answer"; readonly id: number; readonly answer: ReportAnswer }
  /** Processes only: threads share the flag of {@link ControlBlock}. */
  | { readonly type: "cancel" };

/** What a worker sends to the pool: any number of reports and attributes, then one outcome. */
export type FromWorker =
  | { readonly type: "report"; readonly id: number; readonly step: number; readonly value: number }
  | { readonly type: "user-attr"; readonly key: string; readonly value: unknown }
  | {
      readonly type: "outcome";
      readonly outcome: TrialOutcome;
      readonly backend: string | null;
      /** Bytes this worker holds after the trial: JS heap and buffers in a thread, resident set in a process. */
      readonly memory: number;
    };

/** Either end of the line between the pool and a worker. */
export interface WorkerPort {
  send(message: FromWorker): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/** A block shared by a thread and the pool. */
export const ControlBlock = {
  /** 1: end the trial at the next batch or report. */
  cancelled: 0,
  /** MiB that the thread's own heap and buffers held at its last report. */
  memoryMb: 1,
  length: 2,
} as const;

/** What Piscina hands to a thread. */
export interface ThreadTask {
  readonly job: TrialJob;
  readonly port: MessagePort;
  readonly control: SharedArrayBuffer;
}

/** Thrown inside a worker to unwind a trial that was asked to end. */
export class TrialCancelled extends Error {
  constructor() {
    super("the trial was stopped");
    this.name = "TrialCancelled";
  }
}

/** The outcome of a trial that was ended from outside. */
export function stoppedOutcome(reason: StopReason, seconds: number): TrialOutcome {
  if (reason === "cancel") return { state: "cancelled" };
  const message = `the trial ran longer than its timeout (${seconds.toFixed(1)} s)`;
  return { state: "failed", failure: { class: "timeout", message, where: "trial timeout" } };
}

const outOfMemory = /allocation failed|could not allocate|out of memory|ERR_WORKER_OUT_OF_MEMORY|memory limit/i;

/** The class of a failure from what was thrown: an error may bring its own as `failureClass`. */
export function classOf(error: unknown): FailureClass {
  if (error instanceof Error) {
    if ("failureClass" in error && isFailureClass(error.failureClass)) return error.failureClass;
    const code = "code" in error && typeof error.code === "string" ? error.code : "";
    if (code === "diverged") return "diverged";
    if (outOfMemory.test(code) || (error instanceof RangeError && outOfMemory.test(error.message)))
      return "out-of-memory";
  }
  return "exception";
}

function isFailureClass(value: unknown): value is FailureClass {
  return ["exception", "diverged", "timeout", "out-of-memory", "worker-crash", "interrupted"].includes(String(value));
}

export function saysOutOfMemory(text: string): boolean {
  return outOfMemory.test(text);
}

/** `objective.mjs:12` from the first frame of a stack that lies in a file of the user's, else `fallback`. */
export function whereOf(error: unknown, fallback: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const line of stack.split("\n").slice(1)) {
    const frame = /(?:file:\/\/|\()?(\/[^():]+|[A-Za-z]:[^():]+):(\d+):\d+\)?$/.exec(line.trim());
    if (!frame?.[1] || /node_modules|node:internal/.test(frame[1])) continue;
    return `${frame[1].split(/[\\/]/).pop() ?? frame[1]}:${frame[2] ?? "?"}`;
  }
  return fallback;
}

/** What became of a trial whose code threw. */
export function outcomeOfError(error: unknown, where: string): TrialOutcome {
  if (error instanceof TrialCancelled) return { state: "cancelled" };
  if (isTrialPruned(error)) return { state: "pruned", metrics: {} };
  const failure: Failure = { class: classOf(error), message: messageOf(error), where: whereOf(error, where) };
  return { state: "failed", failure };
}

/** What became of a trial whose objective returned. A value that is no finite number is the study's to judge. */
export function outcomeOfValue(value: unknown): TrialOutcome {
  if (typeof value === "number") return { state: "complete", value, metrics: {} };
  const message = `the objective returned ${value === undefined ? "nothing" : typeof value}, not a number`;
  return { state: "failed", failure: { class: "exception", message, where: "objective" } };
}
