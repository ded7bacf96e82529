/** The main module of a worker process: the line to the pool is Node's IPC channel. */
import { Worker } from "node:worker_threads";
import type { TrialJob } from "../executors/executor.js";
import type { ToWorker, WorkerPort } from "../executors/protocol.js";
import { ControlBlock } from "../executors/protocol.js";
import { runTrial } from "./run-trial.js";
import { warmUp } from "./warm-up.js";

const watch = new Worker(new URL("./watch.js", import.meta.url), {
  workerData: {
    parent: Number(process.env.MLBENCH_HPO_PARENT),
    memoryMb: Number(process.env.MLBENCH_HPO_MEMORY_MB),
  },
});
watch.unref();

process.on("disconnect", () => process.exit(0));
// These reach a whole process group (Ctrl-C, a closed terminal); the parent decides what becomes of its trials, and this
// process ends with it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const cancelled = new Int32Array(new SharedArrayBuffer(8));
let onMessage: (message: ToWorker) => void = () => undefined;
/** Over when what the parent expects has been loaded. */
let warm: Promise<void> = Promise.resolve();

process.on("message", (received) => {
  const message = received as ToWorker;
  if (message.type === "warm-up") {
    warm = warmUp(message.expected);
    return;
  }
  if (message.type !== "run") {
    // Its trial may still be waiting for the warm-up, and listen to nobody.
    if (message.type === "cancel") Atomics.store(cancelled, ControlBlock.cancelled, 1);
    onMessage(message);
    return;
  }
  const port: WorkerPort = {
    send: (reply) => process.send?.(reply),
    onMessage: (listener) => {
      onMessage = listener;
    },
  };
  cancelled.fill(0);
  void run(message.job, port);
});

async function run(job: TrialJob, port: WorkerPort): Promise<void> {
  await warm;
  await runTrial(job, port, cancelled, () => process.memoryUsage.rss());
}
