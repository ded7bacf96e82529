/** Where a trial's output goes while it runs: its own log. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TrialJob } from "../executors/executor.js";
import { LOG_FILE } from "../executors/trial-files.js";

/**
 * What a trial prints goes to its own log: the study's stdout belongs to the study. Without a directory it goes to
 * stderr.
 * @returns what puts the streams back.
 */
export function divertOutput(job: TrialJob): () => void {
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
  if (!job.artifacts) {
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
