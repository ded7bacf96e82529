import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SearchSpace, Trial } from "../core/index.js";
import { parseSpace } from "../search-space/index.js";
import { messageOf, UsageError } from "../core/index.js";
import type { Executor } from "../executors/executor.js";
import type { OptimizeOptions } from "../study/study.js";
import type { ObjectiveSource, Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import { providePackage } from "../plugins/own-package.js";
import { EpochLog } from "./epoch-log.js";

/** An objective module as it was found. */
export interface ObjectiveModule {
  /** A `file:` URL. */
  readonly url: string;
  /** What it exports as `space`; null without. */
  readonly space: SearchSpace | null;
}

function urlOf(source: string | URL): string {
  if (source instanceof URL) return source.href;
  return source.startsWith("file:") ? source : pathToFileURL(resolve(source)).href;
}

/**
 * Imports an objective module once in this process, so that a mistake in it costs no trial.
 * @throws UsageError `objective-failed` when it cannot be imported, `invalid-objective` without a function as default
 * export or with a `space` that is none.
 */
export async function loadObjective(source: string | URL): Promise<ObjectiveModule> {
  const url = urlOf(source);
  const shown = url.startsWith("file:") ? fileURLToPath(url) : url;
  let module: { default?: unknown; space?: unknown };
  if (url.startsWith("file:")) providePackage(shown);
  try {
    module = (await import(url)) as typeof module;
  } catch (error) {
    throw new UsageError("objective-failed", `objective ${shown}: ${messageOf(error)}`, { cause: error });
  }
  if (typeof module.default !== "function")
    throw new UsageError("invalid-objective", `objective ${shown}: its default export must be a function of a trial`);
  return { url, space: module.space === undefined ? null : parseSpace(module.space) };
}

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

/** What `study.optimize(objective)` runs: a function in this process, a module in the pool. */
export async function prepareObjective(
  study: Study,
  objective: ObjectiveSource,
  options: OptimizeOptions,
): Promise<TrialRunner> {
  const directoryOf = (number: number): string | null => study.directoryOf(number);
  const epochs = new EpochLog(directoryOf);
  const kept = { directoryOf, trackers: [epochs], afterTrial: ({ number }: Trial) => epochs.end(number) };
  if (typeof objective === "function") {
    const { InlineExecutor } = await import("../executors/inline.js");
    const executor = new InlineExecutor({ objective, slots: options.concurrency ?? 1 });
    return { ...kept, executor, jobOf: async ({ params }) => ({ workload: { kind: "function" }, params }) };
  }
  const module = await loadObjective(objective);
  const declared = Object.keys(study.header.space).length > 0 ? study.header.space : module.space;
  if (!declared)
    throw new UsageError(
      "no-space",
      `objective ${module.url}: trials in workers need every parameter declared: export a \`space\`, or give ` +
        "createStudy one",
    );
  const workload = { kind: "objective", module: module.url, space: declared } as const;
  return {
    ...kept,
    executor: await createPool(options),
    jobOf: async ({ params }) => ({ workload, params }),
    ...(declared === study.header.space ? {} : { space: declared }),
  };
}
