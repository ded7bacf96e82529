/** What a pool and its workers say to each other, and what errors in a worker mean. */
import type { MessagePort } from "node:worker_threads";
import type { FailureClass, Metrics, RanOn, StudyObjective, TrialOutcome } from "../core/index.js";
import { constraintValues, isTrialPruned, keptMessage, messageOf, placeInWords, userPlace } from "../core/index.js";
import type { ExpectedTrials, ReportAnswer, StopReason, TrialJob } from "./executor.js";

/** What the pool sends to a worker. */
export type ToWorker =
  | { readonly type: "run"; readonly job: TrialJob }
  /** Processes only: a thread is handed {@link ThreadWarmUp}. */
  | { readonly type: "warm-up"; readonly expected: ExpectedTrials }
  | { readonly type: "answer"; readonly id: number; readonly answer: ReportAnswer }
  /** Processes only: threads share the flag of {@link ControlBlock}. */
  | { readonly type: "cancel" };

/** What a worker sends to the pool: any number of reports and attributes, then one outcome. */
export type FromWorker =
  | {
      readonly type: "report";
      readonly id: number;
      readonly step: number;
      readonly value: number;
      readonly metrics?: Metrics;
      /** The reported metric of each part of a cross-validated trial. */
      readonly parts?: readonly number[];
    }
  | { readonly type: "user-attr"; readonly key: string; readonly value: unknown }
  | { readonly type: "constraint"; readonly name: string; readonly value: number }
  | {
      readonly type: "outcome";
      readonly outcome: TrialOutcome;
      readonly ranOn: RanOn;
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

/** What Piscina hands to a thread before its first trial. */
export interface ThreadWarmUp {
  readonly expected: ExpectedTrials;
}

/** Thrown inside a worker to unwind a trial that was asked to end. */
export class TrialCancelled extends Error {
  constructor() {
    super("the trial was stopped");
    this.name = "TrialCancelled";
  }
}

/** How long a program that was sent SIGTERM may take before it is ended by force, milliseconds. */
export const PROGRAM_TERM_MS = 10_000;

/** The outcome of a trial that was ended from outside. */
export function stoppedOutcome(reason: StopReason, seconds: number): TrialOutcome {
  if (reason === "cancel") return { state: "cancelled" };
  if (reason === "stop") return { state: "pruned", metrics: {} };
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

/** `objective.mjs:12`: where in a user's file an error arose, else `fallback`. */
function whereOf(error: unknown, fallback: string): string {
  const place = userPlace(error);
  return place ? placeInWords(place) : fallback;
}

/**
 * What became of a trial whose code threw. Never throws, whatever that was.
 * @param where where that was, in words, for an error that has no frame of a user's
 * @param message what is said of it. @default its own message
 */
export function outcomeOfError(error: unknown, where: string, message = messageOf(error)): TrialOutcome {
  const failed = (kind: FailureClass): TrialOutcome => ({
    state: "failed",
    failure: { class: kind, message: keptMessage(message), where: whereOf(error, where) },
  });
  try {
    if (error instanceof TrialCancelled) return { state: "cancelled" };
    if (isTrialPruned(error)) return { state: "pruned", metrics: {} };
    return failed(classOf(error));
  } catch {
    // A revoked proxy, a getter that throws: it cannot even be asked what it is.
    return failed("exception");
  }
}

/**
 * What became of a trial whose objective returned. A value that is no finite number is the study's to judge.
 * Further numbers that it returned by name are the trial's metrics.
 * @param constraints `loss<=1`: held against what was returned, under its own names or else those of the objectives
 */
export function outcomeOfValue(
  value: unknown,
  objectives: readonly StudyObjective[],
  constraints: readonly string[] = [],
): TrialOutcome {
  const values = valuesOf(value, objectives);
  if (typeof values === "string")
    return { state: "failed", failure: { class: "exception", message: values, where: "objective" } };
  const named = Object.fromEntries(objectives.map(({ metric }, i) => [metric, values[i] as number]));
  const told = isRecord(value) ? numbersOf(value) : {};
  const further = Object.fromEntries(Object.entries(told).filter(([name]) => !Object.hasOwn(named, name)));
  const metrics = Object.keys(further).length > 0 ? { best: further, last: further } : {};
  const numbers = { ...told, ...named };
  return { state: "complete", values, metrics, constraints: constraintValues(constraints, numbers) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numbersOf(record: Readonly<Record<string, unknown>>): Metrics {
  const numbers: [string, number][] = [];
  for (const [name, value] of Object.entries(record)) if (typeof value === "number") numbers.push([name, value]);
  return Object.fromEntries(numbers);
}

/** The objectives' values out of what an objective returned, or what is wrong with it. */
function valuesOf(value: unknown, objectives: readonly StudyObjective[]): readonly number[] | string {
  const names = objectives.map(({ metric }) => metric);
  const expected =
    names.length === 1 ? "a number" : `${names.length} numbers (${names.join(", ")}), as a list or by name`;
  const wrong = (what: string): string => `the objective returned ${what}; expected ${expected}`;
  if (typeof value === "number") return names.length === 1 ? [value] : wrong("a number");
  if (!isRecord(value) && !Array.isArray(value)) return wrong(kindOf(value));
  const list: unknown[] = Array.isArray(value) ? value : names.map((name) => value[name]);
  if (list.length !== names.length) return wrong(`${list.length} values`);
  const bad = list.findIndex((item) => typeof item !== "number");
  return bad < 0 ? (list as number[]) : wrong(`${kindOf(list[bad])} as ${names[bad]}`);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  return value === null ? "null" : `a ${typeof value}`;
}
