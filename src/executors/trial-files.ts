/** What a trial leaves in its directory (`NAME.files/00017`). */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TrialOutcome } from "../core/index.js";
import { isOurs, stackText } from "../core/index.js";
import type { TrialJob } from "./executor.js";

/** Takes what the trial says. */
export const LOG_FILE = "log.txt";

/** The best epoch's weights; each part of a cross-validated trial has its own: `checkpoint.B0005.safetensors`. */
export const CHECKPOINT_FILE = "checkpoint.safetensors";

const checkpointName = /^checkpoint(?:\.(.+))?\.safetensors$/s;

/** Whether a file in a trial's directory holds weights. */
export function isCheckpoint(file: string): boolean {
  return checkpointName.test(file);
}

/** What a part's weights are called besides: `B0005`; null for weights of a whole trial, and other files. */
export function partOfCheckpoint(file: string): string | null {
  return checkpointName.exec(file)?.[1] ?? null;
}

/** The trial's reports with all of their metrics, one JSON line each. */
export const EPOCHS_FILE = "epochs.jsonl";

/** Appends to the trial's log; the directory is made with the first line. A log that cannot be written is not worth a trial. */
export function logWriter(job: Pick<TrialJob, "artifacts" | "attempt">): (text: string | Uint8Array) => void {
  const directory = job.artifacts?.path;
  if (directory === undefined) return () => undefined;
  let ready = false;
  return (text) => {
    try {
      if (!ready) mkdirSync(directory, { recursive: true });
      if (!ready && job.attempt > 1) appendFileSync(join(directory, LOG_FILE), `-- attempt ${job.attempt} --\n`);
      ready = true;
      appendFileSync(join(directory, LOG_FILE), text);
    } catch {
      ready = false;
    }
  };
}

/** Where a program's output goes: to the trial's log, without one to stderr, as an objective's does. */
export function outputWriter(job: Pick<TrialJob, "artifacts" | "attempt">): (bytes: string | Uint8Array) => void {
  if (job.artifacts) return logWriter(job);
  return (bytes) => {
    process.stderr.write(bytes);
  };
}

/** A failed trial's log says where its code threw; what we tell in one line has nothing to add. */
export function logStack(log: (text: string) => void, outcome: TrialOutcome, error: unknown): TrialOutcome {
  if (outcome.state === "failed" && !isOurs(error)) log(stackText(error));
  return outcome;
}
