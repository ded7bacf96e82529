/** The contract of a dataset's source. */
import type { CellTables } from "../core/index.js";

/** The circumstances of a load, beside the source's parameters. */
export interface LoadContext {
  /** Relative paths among the parameters start here. */
  readonly baseDir: string;
}

/**
 * A source of a dataset's numbers. It parses and nothing else: windows, splits, normalisation and loaders are cut from
 * its tables by {@link buildDataset}, the same way for every source.
 *
 * A source's parameter schema holds what changes the tables (files, cells, reference capacity). It may declare a
 * parameter of the task again (`features`, `window`, …) to give it another default or other search metadata; those are
 * not handed to `load`. A source that draws random numbers declares `generator_seed`, nullable with default null: null
 * is replaced by a seed derived from the run's before `load` is called, so that equal parameters mean equal tables.
 */
export interface DatasetSource<P = Readonly<Record<string, unknown>>> {
  /** Sets of features by name, which `data.features` may name: `{ "charge": ["soh", "charge_time"] }`. */
  readonly featureSets?: Readonly<Record<string, readonly string[]>>;
  /**
   * Parses the tables (see `createTables`). One of the features is named `soh`.
   * @param params the source's own parameters, validated, defaults filled in
   * @throws UsageError for what the user can mend: a missing file, a missing column, an unknown cell.
   */
  load(params: P, context: LoadContext): Promise<CellTables>;
  /** The files that `load` reads, absolute: a study keeps their hashes. Absent: it reads none. */
  files?(params: P, context: LoadContext): Promise<readonly string[]>;
}
