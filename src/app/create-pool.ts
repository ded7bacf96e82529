/** The pool of workers that a call of `optimize` runs its trials in. */
import type { Executor } from "../executors/executor.js";
import type { OptimizeOptions } from "../study/study.js";

/** How many workers, and in what they run. */
export type PoolOptions = Pick<OptimizeOptions, "concurrency" | "isolation">;

/** The executor of a call, imported when it is needed: neither help nor a function objective loads Piscina. */
export async function createPool({ concurrency, isolation }: PoolOptions): Promise<Executor> {
  const slots = concurrency === undefined ? {} : { slots: concurrency };
  if (isolation === "process") {
    const { ProcessExecutor } = await import("../executors/process.js");
    return new ProcessExecutor(slots);
  }
  const { PiscinaExecutor } = await import("../executors/piscina.js");
  return new PiscinaExecutor(slots);
}
