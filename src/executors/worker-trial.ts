import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { providePackage } from "../app/own-package.js";
import type { Distribution, Objective, ParamValue, SearchSpace, TrialOutcome } from "../core/index.js";
import { ChannelTrial, messageOf, UsageError } from "../core/index.js";
import type { ReportAnswer, TrialJob } from "./executor.js";
import type { WorkerPort } from "./protocol.js";
import { ControlBlock, outcomeOfError, outcomeOfValue, TrialCancelled } from "./protocol.js";
import { LOG_FILE } from "./trial-files.js";
import { collectNowAndThen } from "./worker-memory.js";

/** A trial's line to the study, as the trainer and objectives use it. */
export class TrialLine {
  /** Shared with the pool; see {@link ControlBlock}. */
  readonly control: Int32Array;
  readonly #port: WorkerPort;
  readonly #memory: () => number;
  readonly #waiting = new Map<number, (answer: ReportAnswer) => void>();
  #reports = 0;

  constructor(port: WorkerPort, control: Int32Array, memory: () => number) {
    this.control = control;
    this.#port = port;
    this.#memory = memory;
    port.onMessage((message) => {
      if (message.type === "cancel") Atomics.store(control, ControlBlock.cancelled, 1);
      if (message.type === "answer") this.#waiting.get(message.id)?.(message.answer);
      if (message.type === "answer") this.#waiting.delete(message.id);
    });
  }

  throwIfCancelled(): void {
    if (Atomics.load(this.control, ControlBlock.cancelled) !== 0) throw new TrialCancelled();
  }

  /** @throws TrialCancelled when the trial was asked to end. */
  report(step: number, value: number): Promise<ReportAnswer> {
    Atomics.store(this.control, ControlBlock.memoryMb, Math.round(this.#memory() / 2 ** 20));
    this.throwIfCancelled();
    const id = this.#reports++;
    this.#port.send({ type: "report", id, step, value });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  setUserAttr(key: string, value: unknown): void {
    this.#port.send({ type: "user-attr", key, value });
  }

  end(outcome: TrialOutcome, backend: string | null): void {
    collectNowAndThen();
    this.#port.send({ type: "outcome", outcome, backend, memory: this.#memory() });
  }
}

/** Runs one trial and sends its outcome; never throws for what the trial did. */
export async function runTrial(
  job: TrialJob,
  port: WorkerPort,
  control: Int32Array,
  memory: () => number,
): Promise<void> {
  const line = new TrialLine(port, control, memory);
  const restore = divertOutput(job);
  try {
    if (job.workload.kind === "train") {
      const { runTraining } = await import("./worker-train.js");
      const { outcome, backend } = await runTraining(job, job.workload, line);
      line.end(outcome, backend);
    } else if (job.workload.kind === "objective") {
      line.end(await runObjective(job, job.workload, line), null);
    } else throw new Error("a function runs in the study's own process only");
  } catch (error) {
    line.end(outcomeOfError(error, "worker"), null);
  } finally {
    restore();
  }
}

async function runObjective(
  job: TrialJob,
  workload: { readonly module: string; readonly space: SearchSpace },
  line: TrialLine,
): Promise<TrialOutcome> {
  let answer: Promise<ReportAnswer> = Promise.resolve("continue");
  const trial = new ChannelTrial(job, {
    suggest: (name, distribution) => undeclared(name, distribution, workload.space),
    report: (step, value) => {
      answer = line.report(step, value);
    },
    shouldPrune: async () => {
      line.throwIfCancelled();
      return (await answer) === "prune";
    },
    setUserAttr: (key, value) => {
      line.setUserAttr(key, value);
    },
  });
  try {
    if (workload.module.startsWith("file:")) providePackage(fileURLToPath(workload.module));
    const module = (await import(workload.module)) as { default?: unknown };
    if (typeof module.default !== "function")
      throw new UsageError("invalid-objective", `${workload.module} has no default export that is a function`);
    return outcomeOfValue(await (module.default as Objective)(trial));
  } catch (error) {
    return outcomeOfError(error, "objective");
  }
}

function undeclared(name: string, distribution: Distribution, space: SearchSpace): ParamValue {
  if (Object.hasOwn(space, name))
    throw new UsageError("inactive-parameter", `parameter "${name}" is not active under this trial's other parameters`);
  throw new UsageError(
    "undeclared-parameter",
    `parameter "${name}" (${distribution.type}) is not declared in the study's space; trials in workers need every ` +
      "parameter declared: `export const space`, or --search",
  );
}

/**
 * What a trial prints goes to its own log: the study's stdout belongs to the study. Without a directory it goes to
 * stderr.
 * @returns what puts the streams back.
 */
function divertOutput(job: TrialJob): () => void {
  const write = logWriter(job);
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write.bind(stream));
  for (const stream of streams)
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      write(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
      const done = rest.find((argument) => typeof argument === "function");
      if (done) (done as () => void)();
      return true;
    };
  const stderr = originals[1] as (text: string) => boolean;
  if (!job.directory) {
    for (const stream of streams) stream.write = stderr;
  }
  return () => {
    streams.forEach((stream, i) => {
      stream.write = originals[i] as typeof stream.write;
    });
  };
}

/** Appends to the trial's log; the directory is made with the first line. A log that cannot be written is not worth a trial. */
function logWriter(job: TrialJob): (text: string) => void {
  const { directory } = job;
  if (!directory) return () => undefined;
  let ready = false;
  return (text) => {
    try {
      if (!ready) mkdirSync(directory, { recursive: true });
      if (!ready && job.attempt > 1) appendFileSync(join(directory, LOG_FILE), `-- attempt ${job.attempt} --\n`);
      ready = true;
      appendFileSync(join(directory, LOG_FILE), text);
    } catch (error) {
      ready = false;
      void messageOf(error);
    }
  };
}
