import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SearchSpace } from "../core/index.js";
import { parseSpace } from "../search-space/index.js";
import { messageOf, UsageError } from "../core/index.js";
import type { ArtifactReference } from "../executors/executor.js";
import type { OptimizeOptions } from "../study/study.js";
import type { ObjectiveSource, Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import { providePackage } from "../plugins/own-package.js";

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
export type PoolOptions = Pick<OptimizeOptions, "concurrency" | "isolation" | "executor">;

/** The executor of a call: the caller's own, or one by name, imported when it is needed. */
export async function executorOf({
  concurrency,
  isolation = "thread",
  executor,
}: PoolOptions): Promise<Pick<TrialRunner, "executor" | "keepsExecutor">> {
  if (executor) return { executor, keepsExecutor: true };
  const { createExecutor } = await import("../executors/index.js");
  return { executor: await createExecutor(isolation, { places: concurrency }) };
}

/** What `study.optimize(objective)` runs: a function in this process, a module in the pool. */
export async function prepareObjective(
  study: Study,
  objective: ObjectiveSource | null,
  options: OptimizeOptions,
): Promise<TrialRunner> {
  if (objective === null)
    throw new UsageError("no-objective", `study "${study.name}": give optimize an objective to run`);
  const artifactsOf = (number: number): ArtifactReference | null => {
    const path = study.directoryOf(number);
    return path === null ? null : { kind: "directory", path };
  };
  if (typeof objective === "function") {
    const { InlineExecutor } = await import("../executors/inline.js");
    const executor = new InlineExecutor({ objective, slots: options.concurrency ?? 1 });
    return { executor, artifactsOf, jobOf: async ({ params }) => ({ workload: { kind: "function" }, params }) };
  }
  const module = await loadObjective(objective);
  const declared = Object.keys(study.header.space).length > 0 ? study.header.space : module.space;
  if (!declared)
    throw new UsageError(
      "no-space",
      `objective ${module.url}: trials in workers need every parameter declared: export a \`space\`, or give ` +
        "createStudy one",
    );
  const workload = { kind: "objective", module: { url: module.url, sha256: null }, space: declared } as const;
  return {
    ...(await executorOf(options)),
    artifactsOf,
    jobOf: async ({ params }) => ({ workload, params }),
    ...(declared === study.header.space ? {} : { space: declared }),
  };
}
