/** Studies and trainings in MLflow: the tracker for a call, what is sent later, and what goes with a study. */
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { defined, requireKnownKeys, UsageError } from "../core/index.js";
import type { FinishEvent, OptimizeEvent, RunConfig, TrackedStudy, Tracker, Trial } from "../core/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { isCheckpoint, partOfCheckpoint } from "../executors/trial-files.js";
import { fileNamePart } from "../io/file-name.js";
import {
  knownTargets,
  MLFLOW_FOLDER,
  resolveSettings,
  StudyTracker,
  syncStudy,
  syncTrainings,
} from "../tracking/mlflow/index.js";
import { TrainingTracker } from "../tracking/mlflow/index.js";
import type {
  Artifact,
  FileToSend,
  MlflowConnection,
  MlflowSettings,
  NonFinite,
  StudyDoors,
  SyncResult,
} from "../tracking/mlflow/index.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { readEpochs } from "./epoch-log.js";
import { runSource } from "./run-source.js";
import { openStudyToWrite } from "./study.js";
import { studyJson } from "../exchange/study-json.js";

/** How runs are logged. What is left out comes from the environment, under the names that MLflow's own client reads. */
export interface MlflowOptions extends MlflowConnection {
  /**
   * What becomes of metrics that are NaN or infinite: a tag that says so, or the metric itself, which MLflow's page may
   * not be able to draw. @default "tag"
   */
  readonly nonFinite?: NonFinite | undefined;
  /** Files for the study's run, made at the end of a call, in place of its records and pictures. */
  readonly artifacts?: ((study: TrackedStudy) => AsyncIterable<Artifact> | Iterable<Artifact>) | undefined;
  /** Hears, a line each, what does not get through. @default `process.emitWarning` */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** What is typed to send the rest of a study, for messages. @default `mlbench-hpo mlflow sync NAME` */
  readonly resend?: ((study: string) => string) | undefined;
}

const connectionKeys: KnownKeys<MlflowConnection> = {
  ...({ uri: true, experiment: true, experimentId: true, runId: true } as const),
  ...({ username: true, password: true, token: true, workspace: true } as const),
};
const optionKeys: KnownKeys<MlflowOptions> = {
  ...connectionKeys,
  ...({ nonFinite: true, artifacts: true, onWarning: true, resend: true } as const),
};

/** @throws UsageError `unknown-option`, `invalid-option` */
function requireOptions(where: string, options: MlflowOptions): void {
  requireKnownKeys(where, options, optionKeys);
  for (const key of Object.keys(connectionKeys) as (keyof MlflowConnection)[]) {
    const value: unknown = options[key];
    if (value !== undefined && (typeof value !== "string" || value === ""))
      throw new UsageError("invalid-option", `${where}: ${key} must be a text that is not empty`);
  }
  const { nonFinite } = options;
  if (nonFinite !== undefined && !["tag", "metric"].includes(nonFinite))
    throw new UsageError("invalid-option", `${where}: nonFinite must be "tag" or "metric"`);
}

/** The weights of a trial as its run's `artifacts/MODEL.safetensors`; those of a part have its name before the end. */
async function weightsOf(study: TrackedStudy, trial: Trial): Promise<FileToSend[]> {
  const directory = study.directoryOf(trial.number);
  if (directory === null || study.directory === null) return [];
  const { model } = study.state.header.task;
  const name = String(trial.params["model"] ?? (typeof model === "string" ? model : "model"));
  const files = (await readdir(directory).catch(() => [])).filter(isCheckpoint).sort();
  const base = study.directory;
  const found = await Promise.all(
    files.map((file) => {
      const part = partOfCheckpoint(file);
      const path = `artifacts/${name}${part === null ? "" : `.${part}`}.safetensors`;
      return fileToSend(join(directory, file), path, base);
    }),
  );
  return found.flat();
}

/** None where there is no such file any more. */
async function fileToSend(file: string, path: string, base: string | null): Promise<FileToSend[]> {
  const found = await stat(file).catch(() => null);
  if (!found) return [];
  const source = base === null ? resolve(file) : relative(base, file);
  return [{ path, source, bytes: found.size, modified: found.mtimeMs }];
}

/** The study's records as `export --to json` writes them, and its pictures. */
async function* studyArtifacts({ state }: TrackedStudy): AsyncGenerator<Artifact> {
  yield { path: "study.json", body: Buffer.concat([...studyJson(state)].map((text) => Buffer.from(text))) };
  const { studyPictures } = await import("./study-pictures.js");
  yield* studyPictures(state);
}

function doorsOf(artifacts: MlflowOptions["artifacts"] = studyArtifacts): StudyDoors {
  const source = runSource();
  return {
    reportsIn: readEpochs,
    filesOf: weightsOf,
    artifactsOf: async function* (study) {
      yield* artifacts(study);
    },
    source: () => source,
  };
}

function warn(message: string): void {
  process.emitWarning(`MLflow: ${message}`);
}

const resendCommand = (study: string): string => `mlbench-hpo mlflow sync ${study}`;

/**
 * Logs calls of `optimize` to an MLflow tracking server: a run for the study and one under it for each trial. Sending
 * goes on beside the trials, and nothing that goes wrong with it harms one; what the server has not got at the end of
 * the call stays beside the study, for {@link syncMlflow}.
 * @example
 * const study = await loadStudy({ name: "tuned", storage: "studies" });
 * const tracker = new MlflowTracker({ uri: "http://127.0.0.1:5000", experiment: "cells" });
 * await study.optimize({ trials: 20, trackers: [tracker] });
 */
export class MlflowTracker implements Tracker {
  readonly #options: MlflowOptions;
  readonly #settings: MlflowSettings;
  #tracker: StudyTracker | null = null;

  /** @throws UsageError `mlflow-uri` for what is no server's URL, `mlflow-settings`, `unknown-option`, `invalid-option` */
  constructor(options: MlflowOptions = {}) {
    requireOptions("MlflowTracker", options);
    this.#options = options;
    this.#settings = resolveSettings(options);
  }

  open(study: TrackedStudy): void {
    this.#begun(earlierPlace(this.#options, study) ?? this.#settings).open(study);
  }

  onEvent(event: OptimizeEvent): void {
    this.#begun(this.#settings).onEvent(event);
  }

  /** Waits for what is on its way: up to 8 s for a server that answers, 3 % of the call's time for one that does not. */
  close(): Promise<void> {
    return this.#begun(this.#settings).close();
  }

  #begun(settings: MlflowSettings): StudyTracker {
    const { nonFinite = "tag", artifacts, onWarning = warn, resend = resendCommand } = this.#options;
    return (this.#tracker ??= new StudyTracker({ settings, doors: doorsOf(artifacts), nonFinite, onWarning, resend }));
  }
}

/** Where a study goes on that was logged to one experiment of the server, where none is named: its runs are not doubled. */
function earlierPlace(options: MlflowOptions, { directory }: TrackedStudy): MlflowSettings | null {
  if (directory === null || isNamed(options)) return null;
  const { uri } = resolveSettings(options);
  const [only, ...others] = knownTargets(join(directory, MLFLOW_FOLDER)).filter((target) => target.uri === uri);
  return only && others.length === 0 ? resolveSettings({ ...options, ...only }) : null;
}

/** Whether it is said into which experiment or run, by the options or the environment. */
function isNamed({ experiment, experimentId, runId }: MlflowConnection): boolean {
  const inEnv = ["MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"].some((name) => process.env[name]);
  return inEnv || (experiment ?? experimentId ?? runId) !== undefined;
}

/** What {@link syncMlflow} is told besides how runs are logged. */
export interface SyncMlflowOptions extends Omit<MlflowOptions, "onWarning" | "resend"> {
  /** Hears how many trials are done, of how many. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
  /** Aborting ends it; what was sent is known the next time. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends everything of a study that an MLflow server has not got: what was left from calls with a tracker, and all trials
 * of calls without. Done twice it sends nothing twice. No other process can optimize the study meanwhile.
 * @param options without a server's URL, in the environment neither: the one that the study was logged to before
 * @throws UsageError `mlflow-uri`, `mlflow-experiment`, `mlflow-run`; MlbenchError `mlflow-unreachable`,
 * `mlflow-refused`, `study-locked`
 * @example
 * const { trials, refused } = await syncMlflow({ name: "tuned", storage: "studies" }, { uri: "http://127.0.0.1:5000" });
 */
export async function syncMlflow(target: StudyTarget, options: SyncMlflowOptions = {}): Promise<SyncResult> {
  const { onProgress, signal, ...logged } = options;
  requireOptions("syncMlflow", logged);
  const { storage, name } = await locate("syncMlflow", target);
  const directory = storage.artifacts(name)?.directory(0);
  const settings = targetOf(logged, directory === undefined ? null : join(directory, "..", MLFLOW_FOLDER));
  const study = await openStudyToWrite(storage, name, { work: "command" });
  try {
    const { nonFinite = "tag", artifacts } = logged;
    const doors = doorsOf(artifacts);
    return await syncStudy({ ...{ settings, study, doors, nonFinite }, ...defined({ onProgress, signal }) });
  } finally {
    await study.close();
  }
}

/** The server that is named, else the one that a folder's runs were logged to before. */
function targetOf(options: MlflowOptions, directory: string | null): MlflowSettings {
  const { env } = process;
  const uri = options.uri ?? (env["MLFLOW_TRACKING_URI"] || undefined);
  const known = directory === null ? [] : knownTargets(directory);
  const fitting = uri === undefined ? known : known.filter((target) => target.uri === resolveSettings(options).uri);
  const named = options.experiment ?? options.experimentId ?? options.runId;
  const inEnv = ["MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"].some((name) => env[name]);
  const [only] = fitting;
  if (named !== undefined || (uri !== undefined && inEnv) || !only) return resolveSettings(options);
  if (fitting.length === 1) return resolveSettings({ ...options, ...only });
  const list = fitting.map((target) => `${target.uri} (${target.experiment ?? target.experimentId ?? "Default"})`);
  throw new UsageError(
    "mlflow-uri",
    `logged to several places: ${list.sort().join(", ")}; name the server (--mlflow URL) and MLFLOW_EXPERIMENT_NAME`,
  );
}

/** Whether a path is a folder in which trainings wait to be sent. */
export function isTrainingFolder(path: string): boolean {
  return path.endsWith(".mlflow") && existsSync(path) && knownTargets(path).length > 0;
}

/** Sends the trainings that wait in a folder. @throws as {@link syncMlflow} */
export async function syncTrainingFolder(
  directory: string,
  options: MlflowConnection & { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly uri: string; readonly refused: readonly string[] }> {
  const { signal, ...connection } = options;
  const settings = targetOf(connection, directory);
  return { uri: settings.uri, refused: await syncTrainings(settings, directory, signal) };
}

/** A training that is logged. */
export interface LoggedTraining {
  /** With its seed, which a configuration without gets here. */
  readonly config: RunConfig;
  readonly tracker: TrainingTracker;
  /** The files of its end: weights, and what else is named. */
  filesOf(finish: FinishEvent | null, others: readonly string[]): Promise<readonly FileToSend[]>;
}

/** The training that is begun. */
export interface TrainingToLog {
  readonly config: RunConfig;
  /** The file for its weights, beside which waits what is not sent; null: none, and that is lost. */
  readonly checkpoint: string | null;
  /** The checkpoint that it goes on from. */
  readonly resume?: string | undefined;
}

/**
 * Begins to log a training.
 * @throws UsageError `mlflow-uri`, `mlflow-settings`, and as `run` for its configuration
 */
export async function logTraining(
  { config, checkpoint, resume }: TrainingToLog,
  options: MlflowOptions,
): Promise<LoggedTraining> {
  requireOptions("logTraining", options);
  const settings = resolveSettings(options);
  const { resolveConfig } = await import("../training/config.js");
  const earlier = resume === undefined ? null : await configOfCheckpoint(resume);
  const whole = { ...config, ...defined({ seed: config.seed ?? earlier?.seed }) };
  const { params, seed, model, dataset } = resolveConfig({
    ...whole,
    params: { ...earlier?.params, ...config.params },
  });
  const { nonFinite = "tag", onWarning = warn } = options;
  const directory = checkpoint === null ? null : `${checkpoint.replace(/\.safetensors$/, "")}.mlflow`;
  const parts = defined({ folds: config.folds ?? undefined, seeds: config.seeds });
  const tracker = new TrainingTracker({
    ...{ settings, directory, nonFinite, onWarning, name: `${model}-${dataset}`, source: runSource() },
    params: { model, dataset, seed, ...withoutNull(params), ...parts },
  });
  const filesOf: LoggedTraining["filesOf"] = (finish, others) => filesOfTraining(model, finish, others);
  // One that goes on has its seed in its checkpoint.
  return { config: earlier ? config : { ...config, seed }, tracker, filesOf };
}

/** What is not set is no param. */
function withoutNull(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
}

async function configOfCheckpoint(path: string): Promise<RunConfig> {
  const { readCheckpointConfig } = await import("../training/checkpoint.js");
  return readCheckpointConfig(path);
}

async function filesOfTraining(
  model: string,
  finish: FinishEvent | null,
  others: readonly string[],
): Promise<readonly FileToSend[]> {
  const { checkpoint = null, parts = [] } = finish ?? {};
  const weights = [
    ...(checkpoint === null || parts.length > 0 ? [] : [[checkpoint, `artifacts/${model}.safetensors`] as const]),
    ...parts.flatMap((part) =>
      part.checkpoint === null
        ? []
        : [[part.checkpoint, `artifacts/${model}.${fileNamePart(part.label)}.safetensors`] as const],
    ),
  ];
  const named = others.map((file) => [file, `plots/${file.replace(/^.*[/\\]/s, "")}`] as const);
  const found = await Promise.all([...weights, ...named].map(([file, path]) => fileToSend(file, path, null)));
  return found.flat();
}
