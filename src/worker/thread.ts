/** What Piscina calls in a worker thread, once a trial, and once before the first. */
import { getHeapStatistics } from "node:v8";
import type { FromWorker, ThreadTask, ThreadWarmUp, ToWorker, WorkerPort } from "../executors/protocol.js";
import { runTrial } from "./run-trial.js";
import { warmUp } from "./warm-up.js";

/** Bytes held by this thread alone: the resident set is the whole process's, and takes 0.1 ms to be read. */
function threadMemory(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

export default async function runInThread(task: ThreadTask | ThreadWarmUp): Promise<null> {
  if ("expected" in task) {
    await warmUp(task.expected);
    return null;
  }
  const { job, port, control } = task;
  const line: WorkerPort = {
    send: (message: FromWorker) => {
      port.postMessage(message);
    },
    onMessage: (listener) => {
      port.on("message", (message: ToWorker) => {
        listener(message);
      });
    },
  };
  // The pool closes the port once it has the outcome.
  await runTrial(job, line, new Int32Array(control), threadMemory);
  return null;
}
