/** What a training run is told, answers while it runs, and comes to. */
import type {
  CellTables,
  EpochEvent,
  IsaName,
  KernelsName,
  Metrics,
  PartOfRun,
  RunConfig,
  RunEvent,
} from "../core/index.js";
import type { Backend } from "../tensor/index.js";
import type { EpochMetrics } from "./checkpoint.js";

/** A subscriber's answer to an epoch: `"stop"` ends the run as pruned. */
export type EventAnswer = void | "continue" | "stop";

/** What can be asked of a run under way; good until {@link run} returns. */
export interface RunProbe {
  /** How many weights are trained. */
  readonly parameters: number;
  /** Those that run it. */
  readonly kernels: KernelsName;
  /** Microseconds from one window to its path, measured now: the median of 100 passes with a batch of one. */
  inferenceUs(): number;
}

export interface RunOptions {
  /** Aborting ends the run as cancelled, within one batch. */
  readonly signal?: AbortSignal;
  /** Shared memory read before every batch: a non-zero first element ends the run as cancelled. */
  readonly cancelFlag?: Int32Array;
  /** Hears every event in order; the loop waits for what it returns. */
  readonly onEvent?: (event: RunEvent, run: RunProbe) => EventAnswer | Promise<EventAnswer>;
  /** Parsed elsewhere and shared: nothing is read or copied. */
  readonly tables?: CellTables;
  /**
   * The file for the weights, written whole or not at all; null: none. Each part of a cross-validated run writes its own:
   * with its name before the end (`best.B0005.safetensors`), or where a function of its label says. @default null
   */
  readonly checkpoint?: string | null | ((part: string) => string | null);
  /**
   * Move a file that is there already to `NAME.prev.safetensors` before the first write, unless it is a checkpoint of
   * the same configuration (whatever its seed) on the same data, or the one resumed. @default false
   */
  readonly keepEarlier?: boolean;
  /** Also write what `resume` needs. @default true */
  readonly resumable?: boolean;
  /** A checkpoint to go on from; `train.epochs` is the total. Not of a cross-validated run. */
  readonly resume?: string;
  /**
   * The registered metrics to score after each epoch, by name.
   * @default those of the plug-ins that the configuration names; where it names none, all that are registered
   */
  readonly metrics?: readonly string[];
  /** Score the baselines, too. @default true */
  readonly baselines?: boolean;
  /** Train without a validation part (`data.val_part: "empty"`): the last epoch's weights are kept. @default false */
  readonly unvalidated?: boolean;
  /** Relative data paths start here. @default the current folder */
  readonly baseDir?: string;
}

/** The end of a run: `pruned` when a subscriber said stop, `diverged` when a loss was NaN or infinite. */
export type RunState = "complete" | "pruned" | "cancelled" | "diverged";

/** What one part of a cross-validated run came to. */
export interface PartResult extends PartOfRun {
  /** Every epoch of the part. */
  readonly history: readonly EpochEvent[];
  /** The part's own numbers in the epoch that is best in the mean; and in the last one. */
  readonly best: EpochMetrics | null;
  readonly last: EpochMetrics | null;
  readonly baselines: Metrics;
  readonly checkpoint: string | null;
  readonly datasetHash: string;
  readonly windows: Readonly<Record<"train" | "val" | "test", number>>;
}

/** What a training run came to; of a cross-validated one the means over its parts. */
export interface RunResult {
  readonly state: RunState;
  /** Epochs completed. */
  readonly epoch: number;
  /** In words, for people: how the run ended. */
  readonly message: string;
  /** The epoch with the smallest validation RMSE: `val_rmse`, `val_mae`, …, `train_rmse`, `train_loss`. */
  readonly best: EpochMetrics | null;
  readonly last: EpochMetrics | null;
  readonly baselines: Metrics;
  /** Every epoch of this call. */
  readonly history: readonly EpochEvent[];
  /** The parts of a cross-validated run; null for any other. */
  readonly parts: readonly PartResult[] | null;
  /** The file written, if any; null where each part has its own. */
  readonly checkpoint: string | null;
  /** The epochs' time alone. */
  readonly seconds: number;
  /** How many weights were trained. */
  readonly parameters: number;
  readonly backend: Backend;
  readonly kernels: KernelsName;
  /** The instruction set of native kernels, which changes no bit of a result; null for the others. */
  readonly isa: IsaName | null;
  /** Resolved: every active parameter, the seed, and the backend and kernels that ran. */
  readonly config: RunConfig & { readonly seed: number };
  /** Of the windows in their parts; of a cross-validated run over those of all of its parts. */
  readonly datasetHash: string;
  /** Of a cross-validated run those of all parts together. */
  readonly windows: Readonly<Record<"train" | "val" | "test", number>>;
  readonly warnings: readonly string[];
}
