/**
 * One batch of windows, plain typed arrays (float32 unless said). B windows, T observed cycles a window, F features,
 * H horizon steps.
 */

export interface Batch {
  readonly size: number;
  /** T: cycles a window. */
  readonly window: number;
  /** F. */
  readonly features: number;
  /** H. */
  readonly horizon: number;
  /** [B,T,F], normalised as fed to the model. */
  readonly x: Float32Array;
  /** [B,T], SOH units. */
  readonly windowSoh: Float32Array;
  /** [B], SOH units: the SOH of each window's last cycle. */
  readonly lastSoh: Float32Array;
  /** [B,H], SOH units: the SOH path over the next H cycles. */
  readonly target: Float32Array;
  /** [H] = 1 … H discharges after the window's last. */
  readonly tEval: Float32Array;
  /** `[B]`: index into the dataset's `cells`. */
  readonly cell: Int32Array;
  /** `[B,T]`: the observed cycles' numbers, from 1 in each cell's discharges; gaps are missing cycles. */
  readonly cycles: Int32Array;
  /** `[B]`: the window's position within its cell, from 0. */
  readonly position: Int32Array;
}

/** A part of a dataset. */
export type SplitName = "train" | "val" | "test";

/** From the training part only (population standard deviation); the model stores what it used. */
export interface Normalisation {
  /** [F] */
  readonly xMean: readonly number[];
  /** [F]; 1 where a feature does not vary. */
  readonly xStd: readonly number[];
  /** [H], SOH units: the target's mean at each step. */
  readonly sohMean: readonly number[];
  /** [H], SOH units: one pooled standard deviation, repeated, so that the loss weighs steps as `val_rmse` does. */
  readonly sohStd: readonly number[];
  /** [H], SOH units: the mean change from the window's last SOH at each step (the `mean_change` baseline). */
  readonly deltaMean: readonly number[];
  /** [H], SOH units: one pooled standard deviation of the change about its mean, repeated. */
  readonly deltaStd: readonly number[];
}

/** What is known of a dataset beside its windows: names, units, cells, the split. */
export interface DatasetMetadata {
  /** The registry's name: `nasa`, `dummy`, … */
  readonly name: string;
  readonly featureNames: readonly string[];
  readonly featureUnits: readonly string[];
  /** What is predicted: `SOH path over the next H cycles`. */
  readonly target: string;
  readonly window: number;
  readonly horizon: number;
  /** End of life in SOH units. */
  readonly eol: number;
  /** Cells by index; `Batch.cell` refers to them. */
  readonly cells: readonly string[];
  readonly counts: Readonly<Record<SplitName, number>>;
  readonly provenance: string;
  /** SHA-256 over the numbers and the task (hex). */
  readonly hash: string;
  readonly warnings: readonly string[];
}

/** How a split's windows are put into batches. */
export interface LoaderOptions {
  /** @default 32 */
  batchSize?: number;
  /** @default false */
  shuffle?: boolean;
  /** Seed of the order; the epoch's number is mixed in. @default 0 */
  seed?: number;
  /** Leave out a last batch smaller than `batchSize`. @default false */
  dropLast?: boolean;
}

/** Batches of one split; every call of `epoch` gives a fresh pass. Arrays of a batch are only valid until the next one. */
export interface Loader {
  /** Windows a pass. */
  readonly windows: number;
  /** Batches a pass. */
  readonly batches: number;
  /** A pass over the split; `epoch` (from 0) picks the order when shuffling. */
  epoch(epoch?: number): Iterable<Batch>;
}

/** One part of a dataset: its windows, read in batches. */
export interface Split {
  readonly name: SplitName;
  readonly windows: number;
  /** The part's windows, batch by batch. */
  loader(options?: LoaderOptions): Loader;
  /** The whole split as one batch (fresh arrays). */
  all(): Batch;
}

/** The rows of one cell: one a discharge that could be read. Arrays are SharedArrayBuffer views. */
export interface CellTable {
  readonly cell: string;
  /** [n], strictly ascending: the discharge's number, from 1. */
  readonly cycles: Int32Array;
  /** `[n]`: discharge capacity in Ah, NaN where the source gives SOH alone. */
  readonly capacity: Float64Array;
  /** [n] */
  readonly soh: Float64Array;
  /** [n, F], row-major, raw units; every feature that the source knows. */
  readonly features: Float64Array;
  /** Tells the cell from another one whatever it is called: its cycles and SOH, hashed (8 hex digits). */
  readonly digest?: string;
}

/**
 * What a dataset's source parses, once a process: everything that does not depend on window, horizon or split.
 * Structured-clonable; the numbers are shared, not copied, when it is posted to a thread.
 */
export interface CellTables {
  readonly source: string;
  readonly featureNames: readonly string[];
  readonly featureUnits: readonly string[];
  readonly provenance: string;
  /** SHA-256 (hex) over the numbers. */
  readonly hash: string;
  /** [F + 1] SHA-256 (hex): of each feature, and of what is no feature (cells, cycles, SOH). Absent: of all in `hash`. */
  readonly columnHashes?: readonly string[];
  readonly warnings: readonly string[];
  /** In sorted order of their names. */
  readonly cells: readonly CellTable[];
}

/** Tables cut into windows and splits: reusable by any number of trials. */
export interface Dataset {
  readonly metadata: DatasetMetadata;
  readonly normalisation: Normalisation;
  readonly tables: CellTables;
  /** One of its parts. */
  split(name: SplitName): Split;
}
