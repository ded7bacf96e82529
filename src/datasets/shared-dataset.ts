/** Datasets that this thread has cut, kept for the next run that asks for the same. */
import type { CellTables, Dataset } from "../core/index.js";
import { canonicalJson, defined } from "../core/index.js";
import { buildDataset } from "./build.js";
import { bytesOfTables } from "./cache.js";
import type { LoadOptions } from "./load.js";
import { loadTables } from "./load.js";

/** Where a shared dataset comes from. */
export interface SharedDatasetOptions extends LoadOptions {
  /** As for `buildDataset`. */
  readonly tables?: CellTables;
  /** As for `buildDataset`. */
  readonly alignWindow?: number;
}

/** What a dataset keeps from being freed: its tables, the rows as they are fed to a model, its windows. */
function bytesOf({ tables, metadata: { counts, featureNames } }: Dataset): number {
  const rows = tables.cells.reduce((sum, { cycles }) => sum + cycles.length, 0);
  const windows = counts.train + counts.val + counts.test;
  return bytesOfTables(tables) + 4 * rows * (featureNames.length + 2) + 16 * windows;
}

/** Datasets by all that they depend on; those used longest ago go when all together grow too large. */
export class DatasetCache {
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #kept = new Map<string, { readonly dataset: Dataset; readonly bytes: number }>();

  /** @param maxBytes how much is kept; a dataset that is larger by itself is not */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * A dataset as `buildDataset` makes it.
   * @throws UsageError as `buildDataset`
   */
  async get(
    name: string,
    params: Readonly<Record<string, unknown>>,
    options: SharedDatasetOptions = {},
  ): Promise<Dataset> {
    const { tables: given, ...load } = options;
    const { seed, baseDir } = load;
    const tables = given ?? (await loadTables(name, params, defined({ seed, baseDir })));
    const { hash, provenance, warnings } = tables;
    const key = canonicalJson([name, params, load, hash, provenance, warnings]);
    const dataset = this.#kept.get(key)?.dataset ?? (await buildDataset(name, params, { ...load, tables }));
    this.#keep(key, dataset);
    return dataset;
  }

  #keep(key: string, dataset: Dataset): void {
    const bytes = bytesOf(dataset);
    if (bytes > this.#maxBytes) return;
    this.#kept.delete(key);
    this.#kept.set(key, { dataset, bytes });
    let sum = [...this.#kept.values()].reduce((total, kept) => total + kept.bytes, 0);
    for (const [oldest, kept] of this.#kept) {
      if (sum <= this.#maxBytes) return;
      this.#kept.delete(oldest);
      sum -= kept.bytes;
    }
  }
}

/** The datasets of this thread: a few hundred of a study's usual size. */
export const sharedDatasets = new DatasetCache(64 * 2 ** 20);
