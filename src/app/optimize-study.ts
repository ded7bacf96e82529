/** How a stored study's trials are run: the run that each of them is, in the pool, with its checkpoints kept or removed. */
import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { BackendName, ConfigValue, HashedFile, RunConfig, StudyHeader, Trial } from "../core/index.js";
import { defined, isBanned, UsageError } from "../core/index.js";
import type { ArtifactReference, TrialJob } from "../executors/executor.js";
import type { JudgedBy } from "../plugins/known-metrics.js";
import { requireMetrics } from "../plugins/known-metrics.js";
import { runParameters } from "../search-space/index.js";
import type { StudyStorage } from "../storage/storage.js";
import type { OptimizeStudyOptions, Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import { resolveConfig } from "../training/config.js";
import { CheckpointKeeper, requireKeepCheckpoints } from "./checkpoint-keeper.js";
import { requireExecutor, studyExecutor } from "./executor-of.js";
import { keptBackend } from "./ran-on.js";
import { requireThreads } from "./require-threads.js";
import { BaselineKeeper } from "./study-baselines.js";
import { studyParameters } from "./study-subject.js";
import { studyKernels } from "./study-kernels.js";
import { loadStudyPlugins } from "./study-plugins.js";
import { absolutePath, changedFiles, openPaths } from "./study-files.js";
import type { StudyWork } from "./study-work.js";

/**
 * What runs the trials of a stored study as its header says: its model on its dataset, or its objective's module.
 * @param given does what takes long. @default this thread
 * @throws UsageError `no-objective`, `files-changed`, `unknown-executor`, `conflicting-options`, and what the preflight
 * finds.
 */
export async function prepareStudy(
  study: Study,
  storage: StudyStorage,
  options: OptimizeStudyOptions,
  given?: StudyWork,
): Promise<TrialRunner> {
  const { header } = study;
  if (header.task.dataset === undefined && header.settings.objective === null && !header.settings.command)
    throw new UsageError(
      "no-objective",
      `study "${study.name}" keeps no objective: give optimize a function, or a module's path`,
    );
  const { keepCheckpoints = { best: 3 } } = options;
  requireKeepCheckpoints(keepCheckpoints);
  const base = storage.baseDirectory(study.name);
  await settleChanges(study, base, options.acceptChanges ?? false);
  const plugins = await loadStudyPlugins(header, base);
  if (header.task.dataset !== undefined) requireMetrics(judgedBy(header), modelsOf(header), plugins);
  await requireExecutor(options);
  const owned = await studyExecutor(study, options);
  try {
    // Loads TensorFlow.js: imported when it is needed.
    const work = given ?? (await import("./work-here.js")).workHere;
    return { ...owned, ...(await trialsOf(study, storage, options, work)) };
  } catch (error) {
    if (!owned.keepsExecutor) await owned.executor.close();
    throw error;
  }
}

/** A stored study's trials: the job of each, and what follows it. */
async function trialsOf(
  study: Study,
  storage: StudyStorage,
  options: OptimizeStudyOptions,
  work: StudyWork,
): Promise<Omit<TrialRunner, "executor" | "keepsExecutor">> {
  const { header } = study;
  const { keepCheckpoints = { best: 3 } } = options;
  const base = storage.baseDirectory(study.name);
  const artifacts = storage.artifacts(study.name);
  const directoryOf = (number: number): string | null => artifacts?.directory(number) ?? null;
  const artifactsOf = (number: number): ArtifactReference | null => {
    const path = directoryOf(number);
    return path === null ? null : { kind: "directory", path };
  };
  const own = await ownJobs(header, base, work);
  const { jobOf, baselines } = own ? { jobOf: own, baselines: null } : await trainingJobs(study, base, options, work);
  const keeper = new CheckpointKeeper(keepCheckpoints, study.directions, directoryOf, (number) =>
    isBanned(study.state.annotations, number),
  );
  keeper.start(study.trials);
  return {
    ...{ jobOf, artifactsOf },
    afterTrial: async (trial) => {
      await keeper.after(trial);
      await baselines?.after(trial);
    },
    onBansChanged: () => keeper.onBansChanged(),
  };
}

function modelsOf({ task }: StudyHeader): readonly string[] {
  return [task.model ?? []].flat();
}

function judgedBy({ objectives, settings }: StudyHeader): JudgedBy {
  return { objectives, constraints: settings.constraints ?? [], pruneBy: settings.prune_by ?? null };
}

async function settleChanges(study: Study, base: string | null, accept: boolean): Promise<void> {
  const changed = await changedFiles(study.header, base);
  if (changed.length > 0 && !accept)
    throw new UsageError(
      "files-changed",
      `study "${study.name}": ${changed.map(({ path }) => fromHere(path, base)).join(", ")} changed since it was created, so new ` +
        "trials would not compare with the old ones; --accept-changes runs it anyway and records the change",
    );
  for (const { path, sha256 } of changed) await study.acceptChange(path, sha256);
}

/** A stored path as it would be typed in the current folder. */
const fromHere = (path: string, base: string | null): string => relative(process.cwd(), absolutePath(path, base));

type JobOf = TrialRunner["jobOf"];

/** The jobs of a study over a user's own code; null of one over a model. */
async function ownJobs(header: StudyHeader, base: string | null, work: StudyWork): Promise<JobOf | null> {
  if (header.settings.objective) return objectiveJobs(header, base, work);
  if (!header.settings.command) return null;
  const { commandWorkload } = await import("./command-subject.js");
  const workload = commandWorkload(header, base);
  const fixed = (header.task.params ?? {}) as TrialJob["params"];
  return async (trial) => ({ workload, params: { ...fixed, ...trial.params } });
}

async function objectiveJobs(
  { settings, space, task }: StudyHeader,
  base: string | null,
  work: StudyWork,
): Promise<JobOf> {
  const { path, sha256 } = settings.objective as HashedFile;
  const url = await work.objective(pathToFileURL(absolutePath(path, base)).href);
  const workload = { kind: "objective", module: { url, sha256 }, space } as const;
  const fixed = (task.params ?? {}) as TrialJob["params"];
  return async (trial) => ({ workload, params: { ...fixed, ...trial.params } });
}

/** The run that a trial of a study is: what `replay` and a retraining start from, too. */
export type ConfigOfTrial = (trial: Pick<Trial, "params">) => RunConfig;

/**
 * How the trials of a study over a model become runs; their seeds come on top. Plug-ins are loaded.
 * @param base where its stored paths start; null: they are absolute
 */
export async function configOfTrials(
  header: StudyHeader,
  base: string | null,
  options: Pick<OptimizeStudyOptions, "backend" | "kernels"> = {},
): Promise<ConfigOfTrial> {
  const plugins = await loadStudyPlugins(header, base);
  const { task, settings } = header;
  const names = modelsOf(header);
  const dataset = task.dataset as string;
  const parameters = studyParameters(names, dataset);
  const fixed = openPaths((task.params ?? {}) as Record<string, ConfigValue>, parameters, base);
  return (trial) => {
    const { model, params } = runParameters(parameters, fixed, trial.params, names[0]);
    return {
      ...{ model: model as string, dataset, params, plugins, dataSeed: header.seed },
      ...(task.align_window === undefined ? {} : { alignWindow: task.align_window }),
      ...defined({ folds: settings.folds ?? undefined, seeds: settings.seeds }),
      ...defined({ backend: options.backend, kernels: options.kernels }),
    };
  };
}

/** Of several models, one for all: what one of them wants to have is little slower for the others. */
function oneBackend(chosen: ReadonlySet<BackendName>): BackendName {
  const [first = "wasm"] = chosen;
  return chosen.has("tensorflow") ? "tensorflow" : first;
}

/** The backend that a study goes on with: what is asked for, else that of its first trial. */
async function backendAsked(
  { name, trials }: Study,
  { backend = "auto" }: OptimizeStudyOptions,
  work: StudyWork,
): Promise<BackendName | "auto"> {
  const kept = backend === "auto" ? keptBackend(trials) : undefined;
  return kept === undefined ? backend : work.keptBackend(name, kept);
}

async function trainingJobs(
  study: Study,
  base: string | null,
  options: OptimizeStudyOptions,
  work: StudyWork,
): Promise<{ jobOf: JobOf; baselines: BaselineKeeper }> {
  const { header } = study;
  const kernels = studyKernels(study, options.kernels);
  const asked = await backendAsked(study, options, work);
  const configOfAsked = await configOfTrials(header, base, { backend: asked, kernels });
  const baselines = new BaselineKeeper(study, (trial, wanted) => work.baselines(configOfAsked(trial), wanted));
  const chosen = new Set<BackendName>();
  for (const model of modelsOf(header)) {
    const found = await work.preflight(configOfAsked({ params: { model } }), baselines.wantedOfAll());
    chosen.add(found.backend);
    const backend = oneBackend(chosen);
    requireThreads(backend, options, () => found.takesThreads);
    await baselines.start(found.baselines);
  }
  const backend = oneBackend(chosen);
  const configOf: ConfigOfTrial = (trial) => ({ ...configOfAsked(trial), backend });
  const judged = judgedBy(header);
  const jobOf: JobOf = async ({ params }) => {
    const config = configOf({ params });
    const workload = { kind: "train", config, ...judged } as const;
    const job = { workload, params, lastStep: resolveConfig(config).train.epochs };
    if (options.isolation === "process") return job;
    // Parsed once a process: for trials whose data parameters agree it is the same object.
    const data = Object.entries(config.params ?? {}).filter(([name]) => name.startsWith("data."));
    const tables = await work.tables(config.dataset, Object.fromEntries(data), header.seed);
    return { ...job, tables };
  };
  return { jobOf, baselines };
}
