/** That a backend's addon stands the threads that a call would have. */
import { availableParallelism } from "node:os";
import type { BackendName } from "../core/index.js";
import { UsageError } from "../core/index.js";
import type { PoolOptions } from "./executor-of.js";

/** Whether several trials would compute in threads of this process; of an executor of the caller's own as far as it says. */
function inThreads({ isolation, concurrency = availableParallelism(), executor }: PoolOptions): boolean {
  if (executor) return isolation === "thread" && (executor.capacity() ?? 1) > 1;
  return (isolation ?? "thread") === "thread" && concurrency > 1;
}

/**
 * Refuses several workers in threads on an addon that does not stand them.
 * @throws UsageError `backend-unavailable`
 */
export function requireThreads(backend: BackendName, pool: PoolOptions, takesThreads: () => boolean): void {
  if (backend !== "tensorflow" || !inThreads(pool) || takesThreads()) return;
  throw new UsageError(
    "backend-unavailable",
    "the addon of the npm package @tensorflow/tfjs-node can end a process in which several workers compute: use " +
      "--isolation process or --workers 1, or run `mlbench-hpo backends install tensorflow`, whose addon is mended",
  );
}
