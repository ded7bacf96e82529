/** What runs the trials of a call of `optimize`: the study's own model or module, or the objective that is given. */
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { UsageError } from "../core/index.js";
import type { ArtifactReference } from "../executors/executor.js";
import { loadObjective } from "../plugins/load-objective.js";
import type { StudyStorage } from "../storage/storage.js";
import type { ObjectiveSource, OptimizeOptions, PrepareRunner, Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import { executorOf, requireExecutor } from "./executor-of.js";

function urlOf(source: string | URL): string {
  if (source instanceof URL) return source.href;
  return source.startsWith("file:") ? source : pathToFileURL(resolve(source)).href;
}

/** How the studies of a storage prepare their calls of `optimize`. */
export function prepareWith(storage: StudyStorage): PrepareRunner {
  return async (study, objective, options) => {
    if (objective !== null) return prepareObjective(study, objective, options);
    const { prepareStudy } = await import("./optimize-study.js");
    return prepareStudy(study, storage, options);
  };
}

/** What `study.optimize(objective)` runs: a function in this process, a module in the pool. */
async function prepareObjective(
  study: Study,
  objective: ObjectiveSource,
  options: OptimizeOptions,
): Promise<TrialRunner> {
  const { header } = study;
  if (header.task.dataset !== undefined)
    throw new UsageError(
      "conflicting-options",
      `study "${study.name}" is over a model, which is what its trials run: leave out the objective`,
    );
  const artifactsOf = (number: number): ArtifactReference | null => {
    const path = study.directoryOf(number);
    return path === null ? null : { kind: "directory", path };
  };
  if (typeof objective === "function") {
    const { InlineExecutor } = await import("../executors/inline.js");
    const executor = new InlineExecutor({ objective, slots: options.concurrency ?? 1 });
    return { executor, artifactsOf, jobOf: async ({ params }) => ({ workload: { kind: "function" }, params }) };
  }
  await requireExecutor(options);
  const module = await loadObjective(urlOf(objective));
  const declared = Object.keys(header.space).length > 0 ? header.space : module.space;
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
    ...(declared === header.space ? {} : { space: declared }),
  };
}
