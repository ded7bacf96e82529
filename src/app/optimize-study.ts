import { dirname } from "node:path";
import type {
  BackendName,
  ConfigValue,
  HashedFile,
  KernelsName,
  RunConfig,
  StudyHeader,
  Trial,
} from "../core/index.js";
import { comparableTrials, UsageError } from "../core/index.js";
import { loadTables } from "../datasets/index.js";
import type { ArtifactReference, TrialJob } from "../executors/executor.js";
import { runParameters } from "../search-space/index.js";
import type { StudyStorage } from "../storage/storage.js";
import type { OptimizeResult } from "../core/index.js";
import type { OptimizeOptions } from "../study/study.js";
import type { Study } from "../study/study.js";
import type { TrialRunner } from "../study/trial-runner.js";
import type { KeepCheckpoints } from "./checkpoint-keeper.js";
import { CheckpointKeeper } from "./checkpoint-keeper.js";
import { executorOf, loadObjective } from "./objective.js";
import { loadPlugins } from "../plugins/load-plugins.js";
import { preflight } from "./preflight.js";
import { studyParameters } from "./study-definition.js";
import { absolutePath, changedFiles, openPaths } from "./study-files.js";

/** What one `optimize` of a stored study is told. */
export interface OptimizeStudyOptions extends Omit<OptimizeOptions, "concurrency"> {
  /** Trials at once. @default the number of cores */
  readonly workers?: number | undefined;
  /** @default { best: 3 } */
  readonly keepCheckpoints?: KeepCheckpoints | undefined;
  /** Go on although files that the study depends on have changed; recorded. */
  readonly acceptChanges?: boolean | undefined;
  readonly backend?: BackendName | "auto" | undefined;
  readonly kernels?: KernelsName | "auto" | undefined;
}

/**
 * Runs trials of a stored study as its header says: its model on its dataset, or its objective module.
 * @throws UsageError `files-changed`, what the preflight finds, and as {@link Study.optimize}.
 */
export async function optimizeStudy(
  study: Study,
  storage: StudyStorage,
  options: OptimizeStudyOptions = {},
): Promise<OptimizeResult> {
  const { workers, ...rest } = options;
  await settleChanges(study, storage, options.acceptChanges ?? false);
  return study.optimizeWith(() => prepareStudy(study, storage, options), { ...rest, concurrency: workers });
}

/** The folder that a stored study's paths start from. */
function directoryOfStudy(storage: StudyStorage, name: string): string {
  const file = storage.fileOf(name);
  return file === null ? process.cwd() : dirname(file);
}

async function settleChanges(study: Study, storage: StudyStorage, accept: boolean): Promise<void> {
  const file = storage.fileOf(study.name);
  if (file === null) return;
  const changed = await changedFiles(study.header, file);
  if (changed.length > 0 && !accept)
    throw new UsageError(
      "files-changed",
      `study "${study.name}": ${changed.map(({ path }) => path).join(", ")} changed since it was created, so new ` +
        "trials would not compare with the old ones; --accept-changes goes on and records it",
    );
  for (const { path, sha256 } of changed) await study.acceptChange(path, sha256);
}

async function prepareStudy(study: Study, storage: StudyStorage, options: OptimizeStudyOptions): Promise<TrialRunner> {
  const { header } = study;
  const directory = directoryOfStudy(storage, study.name);
  const directoryOf = (number: number): string | null => storage.directoryOf(study.name, number);
  const jobOf = header.settings.objective
    ? await objectiveJobs(header, directory)
    : await trainingJobs(header, directory, options);
  const keeper = new CheckpointKeeper(options.keepCheckpoints ?? { best: 3 }, study.directions, directoryOf);
  keeper.start(comparableTrials(study.state));
  const artifactsOf = (number: number): ArtifactReference | null => {
    const path = directoryOf(number);
    return path === null ? null : { kind: "directory", path };
  };
  const pool = { concurrency: options.workers, isolation: options.isolation, executor: options.executor };
  return { ...(await executorOf(pool)), jobOf, artifactsOf, afterTrial: (trial) => keeper.after(trial) };
}

type JobOf = TrialRunner["jobOf"];

async function objectiveJobs({ settings, space, task }: StudyHeader, directory: string): Promise<JobOf> {
  const { path, sha256 } = settings.objective as HashedFile;
  const { url } = await loadObjective(absolutePath(path, directory));
  const workload = { kind: "objective", module: { url, sha256 }, space } as const;
  const fixed = (task.params ?? {}) as TrialJob["params"];
  return async (trial) => ({ workload, params: { ...fixed, ...trial.params } });
}

/** The run that a trial of a study is: what `replay` and a retraining start from, too. */
export type ConfigOfTrial = (trial: Pick<Trial, "params">) => RunConfig;

/**
 * How the trials of a study over a model become runs; their seeds come on top. Plug-ins are loaded.
 * @param directory the study's folder
 */
export async function configOfTrials(
  header: StudyHeader,
  directory: string,
  options: Pick<OptimizeStudyOptions, "backend" | "kernels"> = {},
): Promise<ConfigOfTrial> {
  const plugins = header.settings.plugins.map(({ path }) => absolutePath(path, directory));
  await loadPlugins(plugins);
  const { task } = header;
  const names = [task.model ?? []].flat();
  const dataset = task.dataset as string;
  const parameters = studyParameters(names, dataset);
  const fixed = openPaths((task.params ?? {}) as Record<string, ConfigValue>, parameters, directory);
  return (trial) => {
    const { model, params } = runParameters(parameters, fixed, trial.params, names[0]);
    return {
      ...{ model: model as string, dataset, params, plugins, dataSeed: header.seed },
      ...(task.align_window === undefined ? {} : { alignWindow: task.align_window }),
      ...(options.backend === undefined ? {} : { backend: options.backend }),
      ...(options.kernels === undefined ? {} : { kernels: options.kernels }),
    };
  };
}

async function trainingJobs(header: StudyHeader, directory: string, options: OptimizeStudyOptions): Promise<JobOf> {
  const configOf = await configOfTrials(header, directory, options);
  for (const model of [header.task.model ?? []].flat()) await preflight(configOf({ params: { model } }));
  const { objectives, settings } = header;
  const judged = { objectives, constraints: settings.constraints ?? [], pruneBy: settings.prune_by ?? null };
  return async ({ params }) => {
    const config = configOf({ params });
    const workload = { kind: "train", config, ...judged } as const;
    if (options.isolation === "process") return { workload, params };
    // Parsed once a process: for trials whose data parameters agree it is the same object.
    const data = Object.entries(config.params ?? {}).filter(([name]) => name.startsWith("data."));
    const tables = await loadTables(config.dataset, Object.fromEntries(data), { seed: header.seed });
    return { workload, params, tables };
  };
}
