/** A training run's configuration, its events, what made it, and a trial's outcome. */
import type { ParamValue } from "./distribution.js";
import type { Failure, Folds, Metrics, TrialPart } from "./trial.js";

/** A backend of TensorFlow.js; `tensorflow` is there after `mlbench-hpo backends install tensorflow`. */
export type BackendName = "wasm" | "cpu" | "tensorflow";
/** Which fused kernels: the native addon, the relaxed-SIMD (FMA) build, the plain SIMD build, or none (op by op). */
export type KernelsName = "native" | "relaxed" | "plain" | "none";
/** Which instruction set the native kernels use. It changes no bit of a result. */
export type IsaName = "avx512" | "avx2" | "neon";

/** Where a trial's numbers were made. */
export interface RanOn {
  /** The tensor backend and the kernels: `wasm/native`; null where nothing was trained. */
  readonly backend: string | null;
  /** Absent where nothing was trained. */
  readonly kernels?: KernelsName;
  /** Of native kernels. */
  readonly isa?: IsaName;
}

/** A parameter as configured: lists name cells or features. */
export type ConfigValue = ParamValue | readonly string[];

/** One training run, from the command line, a file or a study alike. */
export interface RunConfig {
  /** A registered model's name. */
  readonly model: string;
  /** A registered dataset's name. */
  readonly dataset: string;
  /** Derives the streams data, split, init, shuffle and dropout. Drawn when absent. */
  readonly seed?: number;
  /** Derives the streams data and split instead of `seed` (a study's own seed, the same for all of its trials). */
  readonly dataSeed?: number;
  /** By qualified name: `{ "model.hidden_size": 32, "data.horizon": 10, "train.lr": 1e-3 }`; the rest are defaults. */
  readonly params?: Readonly<Record<string, ConfigValue>>;
  /**
   * `auto`: `tensorflow` for a model of your own whose ops suit it, where it is installed, else `wasm`.
   * @default "auto"
   */
  readonly backend?: BackendName | "auto";
  /** @default "auto": `MLBENCH_HPO_KERNELS` where that is set, else the first that runs of native, relaxed, plain, none */
  readonly kernels?: KernelsName | "auto";
  /** Paths or URLs of modules that register models or datasets. */
  readonly plugins?: readonly string[];
  /** Windows shorter than this are scored on the targets that exist for this one (see `data.window` in a study). */
  readonly alignWindow?: number;
  /**
   * Train once a fold, in lockstep, and score the mean: `cells` holds out each cell that is not set aside for the test,
   * a number so many groups of cells or blocks of time. `"none"` and null: one split. `data.val_cells: "each"` is the same as `cells`.
   * @default "none"
   */
  readonly folds?: Folds | "none" | null;
  /** How many seeds each fold is trained under; the first is `seed`. @default 1 */
  readonly seeds?: number;
}

/** Which part of a cross-validated run something is of: one fold under one seed. */
export interface PartOfRun {
  /** The cells held out; empty where the fold is no cells. */
  readonly fold: readonly string[];
  /** `2/5`: the second of five folds over time; null where cells are held out, or the parts differ in their seeds alone. */
  readonly block: string | null;
  /** What the part is called, in words and in file names: `B0005`, `fold-2`, `2/5`, `B0005 seed-2`, `seed-2`. */
  readonly label: string;
  readonly seed: number;
}

/** Metrics of one part in SOH units, under the names of events and records without their `val_` prefix. */
export interface PartMetrics {
  readonly loss: number;
  /** Over all B x H entries. */
  readonly rmse: number;
  /** Over the last point of each path. */
  readonly rmse_end: number;
  readonly mae: number;
  readonly r2: number;
  readonly max_error: number;
}

/** What made a study or ran a training; kept to be read by people: nothing depends on it. Key names are those of the files and events. */
export interface MadeBy {
  /** Name and version. */
  readonly package: string;
  /** Of the package's own sources, where that is known. */
  readonly commit?: string;
  /** The version. */
  readonly node: string;
  /** Its model, how many cores, the architecture. */
  readonly cpu: string;
  /** Those that ran; of a study, and of a machine, those that `auto` stands for. */
  readonly kernels: KernelsName;
  /** As typed; passwords and tokens in URLs are masked. */
  readonly command_line: string;
}

/** The first event of a run. */
export interface StartEvent {
  readonly event: "start";
  /** Epochs done before: 0 but for a continued run. */
  readonly epoch: number;
  /** The most that there will be in all; early stopping may end before. */
  readonly epochs: number;
}

/** The numbers of one epoch; a model's own metrics stand beside the others as `train_NAME` and `val_NAME`. */
export interface EpochEvent {
  readonly event: "epoch";
  /** From 1. */
  readonly epoch: number;
  readonly train_loss: number;
  readonly train_rmse: number;
  readonly val_rmse: number;
  readonly val_rmse_end: number;
  readonly val_mae: number;
  readonly val_r2: number;
  readonly val_max_error: number;
  /** In force during this epoch. */
  readonly lr: number;
  readonly seconds: number;
  /** The epoch in each part of a cross-validated run, whose means are the numbers here; absent in any other run. */
  readonly parts?: readonly EpochOfPart[];
  readonly [metric: `train_${string}` | `val_${string}`]: number;
}

/** An epoch in one part of a cross-validated run. */
export type EpochOfPart = EpochEvent & PartOfRun;

/** A checkpoint that a run has written. */
export interface CheckpointEvent {
  readonly event: "checkpoint";
  readonly epoch: number;
  readonly path: string;
  /** Where the file is that stood there before; absent where there was none to keep. */
  readonly kept?: string;
}

/** The last event of a run: the best and the last epoch's metrics beside those of the baselines. */
export interface FinishEvent {
  readonly event: "finish";
  /** Of the best epoch: `val_rmse`, `val_rmse_end`, `val_mae`, `val_r2`, `val_max_error`, `train_rmse`, … */
  readonly metrics: Metrics;
  readonly last_metrics: Metrics;
  /** `persistence_rmse`, `linear_rmse`, `mean_change_rmse`, `ridge_rmse` and their `…_rmse_end`, `…_mae`; `…_rul_mae` as `val_rul_mae`. */
  readonly baselines: Metrics;
  readonly checkpoint: string | null;
  readonly best_epoch: number;
  /** The epochs' time alone. */
  readonly seconds: number;
  /** What is suspicious about the data, and settings without effect. */
  readonly warnings: readonly string[];
  /** Each part of a cross-validated run, at the best epoch of the mean; absent in any other run. */
  readonly parts?: readonly FinishOfPart[];
  /** Of a run that a program asked for; a trial has none of its own. */
  readonly made_by?: MadeBy;
}

/** The end of one part of a cross-validated run. */
export type FinishOfPart = FinishEvent & PartOfRun;

/** What a training run tells as it goes. */
export type RunEvent = StartEvent | EpochEvent | CheckpointEvent | FinishEvent;

/** What a worker hands back for a trial: a value, never a thrown class. */
export type TrialOutcome =
  | {
      readonly state: "complete";
      /** One an objective. */
      readonly values: readonly number[];
      readonly metrics: { best?: Metrics; last?: Metrics };
      readonly constraints?: Readonly<Record<string, number>>;
      readonly parts?: readonly TrialPart[];
      readonly spread?: number | null;
    }
  | { readonly state: "pruned"; readonly metrics: { best?: Metrics; last?: Metrics } }
  | { readonly state: "failed"; readonly failure: Failure }
  /** Stopped on request (drain, abort): the trial goes back to waiting. */
  | { readonly state: "cancelled" };
