/** What runs the trials of a call of `optimize`: the caller's own executor, or one by name, started early where it can be. */
import type { Executor, ExpectedTrials } from "../executors/executor.js";
import { goalOf } from "../study/optimize-options.js";
import type { OptimizeOptions, OptimizeStudyOptions, Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import { keptBackend, keptKernels } from "./ran-on.js";

/** How many workers, and in what they run. */
export type PoolOptions = Pick<OptimizeOptions, "concurrency" | "isolation" | "executor">;

/** Executors whose workers start while their study's data are read, until the call of `optimize` takes them. */
const started = new WeakMap<Study, Promise<Executor>>();

/** What the workers of a stored study can load before its first trial. */
function expectedTrials(
  { header, trials }: Study,
  { backend: asked = "auto", kernels = "auto" }: OptimizeStudyOptions,
): ExpectedTrials {
  const { dataset, model } = header.task;
  if (header.settings.command) return { kind: "command" };
  if (dataset === undefined || header.settings.objective !== null) return { kind: "objective" };
  return {
    ...{ kind: "train", models: [model ?? []].flat(), dataset },
    // Those of the study's own choice, as its trials will have them.
    backend: asked === "auto" ? (keptBackend(trials) ?? asked) : asked,
    kernels: kernels === "auto" ? (keptKernels(trials) ?? kernels) : kernels,
  };
}

async function createExecutor({ concurrency, isolation = "thread" }: PoolOptions): Promise<Executor> {
  // Imported when it is needed: neither help nor a function objective loads Piscina.
  const registry = await import("../executors/index.js");
  return registry.createExecutor(isolation, { places: concurrency });
}

/** An executor of a stored study, its workers on their way. */
async function warmExecutor(study: Study, options: OptimizeStudyOptions): Promise<Executor> {
  const executor = await createExecutor(options);
  const { counted } = study.state;
  const wanted = goalOf(options, counted).finished - counted;
  if (wanted > 0) executor.warmUp?.(wanted, expectedTrials(study, options));
  return executor;
}

/**
 * Starts the workers of a stored study's next call of `optimize`, so that they load while its data are read. Nothing
 * comes of executors that a plug-in has: it is not loaded yet.
 * @returns ends them if no call has taken them
 */
export function startWorkers(study: Study, options: OptimizeStudyOptions): () => Promise<void> {
  const { workers, concurrency = workers, isolation = "thread", executor } = options;
  if (executor || !["thread", "process"].includes(isolation)) return async () => undefined;
  const starting = warmExecutor(study, { ...options, concurrency });
  // Whoever takes it hears of it.
  starting.catch(() => undefined);
  started.set(study, starting);
  return async () => {
    if (started.get(study) === starting && started.delete(study))
      await starting.then(
        (own) => own.close(),
        () => undefined,
      );
  };
}

/** The executor of a call on a stored study. */
export async function studyExecutor(
  study: Study,
  options: OptimizeStudyOptions,
): Promise<Pick<TrialRunner, "executor" | "keepsExecutor">> {
  if (options.executor) return { executor: options.executor, keepsExecutor: true };
  const starting = started.get(study);
  started.delete(study);
  return { executor: await (starting ?? warmExecutor(study, options)) };
}

/** The executor of a call whose trials are those of an objective's module. */
export async function executorOf(options: PoolOptions): Promise<Pick<TrialRunner, "executor" | "keepsExecutor">> {
  if (options.executor) return { executor: options.executor, keepsExecutor: true };
  return { executor: await createExecutor(options) };
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
