/** The main module of a worker process: the line to the pool is Node's IPC channel. */
import { Worker } from "node:worker_threads";
import type { ToWorker, WorkerPort } from "../executors/protocol.js";
import { runTrial } from "./run-trial.js";

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

process.on("message", (received) => {
  const message = received as ToWorker;
  if (message.type !== "run") {
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
  void runTrial(message.job, port, cancelled, () => process.memoryUsage.rss());
});
