/** What runs the trials of a call of `optimize`: the caller's own executor, or one by name. */
import type { OptimizeOptions } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";

/** How many workers, and in what they run. */
export type PoolOptions = Pick<OptimizeOptions, "concurrency" | "isolation" | "executor">;

/** The executor of a call, imported when it is needed: neither help nor a function objective loads Piscina. */
export async function executorOf({
  concurrency,
  isolation = "thread",
  executor,
}: PoolOptions): Promise<Pick<TrialRunner, "executor" | "keepsExecutor">> {
  if (executor) return { executor, keepsExecutor: true };
  const { createExecutor } = await import("../executors/index.js");
  return { executor: await createExecutor(isolation, { places: concurrency }) };
}

/**
 * Refuses an executor that nobody has registered: before data is loaded for its trials.
 * @throws UsageError `unknown-executor`.
 */
export async function requireExecutor({ isolation, executor }: PoolOptions): Promise<void> {
  if (executor || isolation === undefined) return;
  const { executors } = await import("../executors/index.js");
  executors.get(isolation);
}
