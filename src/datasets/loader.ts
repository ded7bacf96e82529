/** The loaders of a part: batches gathered from windows, shuffled by seed and epoch. */
import type { Batch, KnownKeys, Loader, LoaderOptions, Split, SplitName } from "../core/index.js";
import { UsageError, createRng, requireKnownKeys, shuffle } from "../core/index.js";
import type { Rows } from "./rows.js";
import type { Windows } from "./windows.js";

/** The source of a part's batches: windows are ranges of rows, never copied out beforehand. */
export interface WindowSource {
  readonly rows: Pick<Rows, "cycles" | "width">;
  /** [N, F], normalised. */
  readonly inputs: Float32Array;
  /** [N] */
  readonly soh: Float32Array;
  /** Where `windows.target` points: the SOH that targets are read from. Null: `soh`, as no row was dropped. */
  readonly truth: Float32Array | null;
  readonly windows: Windows;
  readonly window: number;
  readonly horizon: number;
  /** The windows' targets lie ahead of the rows: NaN. @default false */
  readonly targetsUnknown?: boolean;
}

const loaderKeys: KnownKeys<LoaderOptions> = { batchSize: true, shuffle: true, seed: true, dropLast: true };

function emptyBatch(source: WindowSource, size: number): Batch {
  const { window, horizon, rows } = source;
  return {
    size,
    window,
    features: rows.width,
    horizon,
    x: new Float32Array(size * window * rows.width),
    windowSoh: new Float32Array(size * window),
    lastSoh: new Float32Array(size),
    target: new Float32Array(size * horizon),
    tEval: Float32Array.from({ length: horizon }, (_, h) => h + 1),
    cell: new Int32Array(size),
    cycles: new Int32Array(size * window),
    position: new Int32Array(size),
  };
}

/** Fills `batch` with the windows `order[from … from + batch.size - 1]`. */
export function collate(source: WindowSource, order: Int32Array, from: number, batch: Batch): void {
  const { rows, inputs, soh, windows, window, horizon } = source;
  const truth = source.truth ?? soh;
  const width = rows.width;
  for (let b = 0; b < batch.size; b++) {
    const w = order[from + b] as number;
    const end = windows.end[w] as number;
    const start = end - window + 1;
    batch.x.set(inputs.subarray(start * width, (end + 1) * width), b * window * width);
    batch.windowSoh.set(soh.subarray(start, end + 1), b * window);
    if (source.targetsUnknown) batch.target.fill(NaN, b * horizon, (b + 1) * horizon);
    else {
      const next = (windows.target[w] as number) + 1;
      batch.target.set(truth.subarray(next, next + horizon), b * horizon);
    }
    batch.cycles.set(rows.cycles.subarray(start, end + 1), b * window);
    batch.lastSoh[b] = soh[end] as number;
    batch.cell[b] = windows.cell[w] as number;
    batch.position[b] = windows.position[w] as number;
  }
}

/** What a loader of a part reads, for those who read it without batches. */
export interface LoadedWindows {
  readonly source: WindowSource;
  readonly batchSize: number;
  /** Each window's first row, in the order of an epoch; the last batch may be smaller. */
  starts(epoch: number): Int32Array;
}

const loaded = new WeakMap<Loader, LoadedWindows & { readonly epoch: unknown }>();

/** What a loader that {@link WindowSplit} made reads; null for any other, and for one whose `epoch` was replaced. */
export function loadedWindows(loader: Loader): LoadedWindows | null {
  const found = loaded.get(loader);
  return found && found.epoch === loader.epoch ? found : null;
}

/** One part of a dataset. Its loaders share the rows; each pass owns the arrays of its batches. */
export class WindowSplit implements Split {
  readonly name: SplitName;
  readonly #source: WindowSource;
  readonly #indices: Int32Array;

  constructor(name: SplitName, source: WindowSource, indices: Int32Array) {
    this.name = name;
    this.#source = source;
    this.#indices = indices;
  }

  get windows(): number {
    return this.#indices.length;
  }

  /** T and F of its batches. */
  get shape(): { readonly window: number; readonly features: number } {
    return { window: this.#source.window, features: this.#source.rows.width };
  }

  /** The windows of some of the cells (by index), in the same order. */
  ofCells(cells: ReadonlySet<number>): WindowSplit {
    const { cell } = this.#source.windows;
    return new WindowSplit(
      this.name,
      this.#source,
      this.#indices.filter((w) => cells.has(cell[w] as number)),
    );
  }

  /** The cells (by index) that have windows here, ascending. */
  cells(): number[] {
    const { cell } = this.#source.windows;
    const found = new Set<number>();
    for (const w of this.#indices) found.add(cell[w] as number);
    return [...found].sort((a, b) => a - b);
  }

  loader(options: LoaderOptions = {}): Loader {
    requireKnownKeys("loader", options, loaderKeys);
    const { batchSize = 32, shuffle: shuffled = false, seed = 0, dropLast = false } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new UsageError("invalid-batch-size", `batch size must be an integer of at least 1, got ${batchSize}`);
    const source = this.#source;
    const indices = this.#indices;
    const full = Math.floor(indices.length / batchSize);
    const rest = dropLast ? 0 : indices.length - full * batchSize;
    const orderOf = (epoch: number): Int32Array =>
      shuffled ? shuffle(indices.slice(), createRng(seed, "shuffle", epoch)) : indices;
    function* pass(epoch: number): Generator<Batch, void, undefined> {
      const order = orderOf(epoch);
      if (full > 0) {
        const batch = emptyBatch(source, batchSize);
        for (let i = 0; i < full; i++) {
          collate(source, order, i * batchSize, batch);
          yield batch;
        }
      }
      if (rest > 0) {
        const batch = emptyBatch(source, rest);
        collate(source, order, full * batchSize, batch);
        yield batch;
      }
    }
    const batchesOf = (epoch = 0): Iterable<Batch> => ({ [Symbol.iterator]: () => pass(epoch) });
    const loader: Loader = {
      windows: dropLast ? full * batchSize : indices.length,
      batches: full + (rest > 0 ? 1 : 0),
      epoch: batchesOf,
    };
    const count = full * batchSize + rest;
    const starts = (epoch: number): Int32Array => {
      const { end } = source.windows;
      return orderOf(epoch)
        .subarray(0, count)
        .map((w) => (end[w] as number) - source.window + 1);
    };
    loaded.set(loader, { source, batchSize, epoch: batchesOf, starts });
    return loader;
  }

  all(): Batch {
    const batch = emptyBatch(this.#source, this.#indices.length);
    collate(this.#source, this.#indices, 0, batch);
    return batch;
  }
}
