/** Where a trial's output goes while it runs: its own log. */
import type { TrialJob } from "../executors/executor.js";

/**
 * What a trial prints goes to its own log: the study's stdout belongs to the study. Without a directory it goes to
 * stderr.
 * @param write appends to the trial's log
 * @returns what puts the streams back.
 */
export function divertOutput(job: TrialJob, write: (text: string) => void): () => void {
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
