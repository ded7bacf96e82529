/**
 * A thread inside each worker process that goes on looking while the trial's own thread is busy: ends the process when
 * its parent is gone, or when its resident memory passes the limit.
 */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { parent, memoryMb } = workerData as { parent: number; memoryMb: number };
const INTERVAL_MS = 100;
const never = new Int32Array(new SharedArrayBuffer(4));

function end(reason: string): void {
  try {
    writeSync(2, `mlbench-hpo: ${reason}\n`);
  } catch {
    // Nobody reads stderr any more: the parent is gone.
  }
  process.kill(process.pid, "SIGKILL");
}

for (;;) {
  if (process.ppid !== parent) end("the parent process is gone");
  const resident = process.memoryUsage.rss() / 2 ** 20;
  if (resident > memoryMb)
    end(`the trial passed its memory limit: ${resident.toFixed(0)} MiB resident, limit ${memoryMb} MiB`);
  Atomics.wait(never, 0, 0, INTERVAL_MS);
}
