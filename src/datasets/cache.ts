/** The tables that this process has parsed, kept for the next who asks as far as they fit. */
import type { CellTables } from "../core/index.js";
import { canonicalJson } from "../core/index.js";

interface Entry {
  readonly tables: Promise<CellTables>;
  /** 0 while they are being loaded. */
  bytes: number;
}

/** Of tables, in memory. */
export function bytesOfTables({ cells }: CellTables): number {
  return cells.reduce(
    (sum, { cycles, capacity, soh, features }) =>
      sum + cycles.byteLength + capacity.byteLength + soh.byteLength + features.byteLength,
    0,
  );
}

/** Parsed tables by what they depend on: those used longest ago are forgotten when all together grow too large. */
export class TableCache {
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  /** @param maxBytes how much is kept; the tables used last stay even where they alone are larger */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Loads tables unless they are here: later and concurrent calls with the same key get the same promise. A load that
   * failed is forgotten, so that a mended file can be read by the same process.
   * @param key everything that the tables depend on
   */
  get(key: readonly unknown[], load: () => Promise<CellTables>): Promise<CellTables> {
    const text = canonicalJson(key);
    const entry = this.#entries.get(text) ?? this.#load(text, load);
    this.#entries.delete(text);
    this.#entries.set(text, entry);
    return entry.tables;
  }

  #load(text: string, load: () => Promise<CellTables>): Entry {
    const entry: Entry = { tables: load(), bytes: 0 };
    entry.tables.then(
      (tables) => {
        entry.bytes = bytesOfTables(tables);
        this.#makeRoom();
      },
      () => {
        if (this.#entries.get(text) === entry) this.#entries.delete(text);
      },
    );
    return entry;
  }

  #makeRoom(): void {
    let bytes = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    const oldestFirst = [...this.#entries].slice(0, -1);
    for (const [text, entry] of oldestFirst) {
      if (bytes <= this.#maxBytes) return;
      // What is still being loaded takes no room yet and is waited for.
      if (entry.bytes > 0) this.#entries.delete(text);
      bytes -= entry.bytes;
    }
  }

  /** Forgets all tables: the next call parses its sources anew. */
  clear(): void {
    this.#entries.clear();
  }
}

/** The process's tables. */
export const tableCache = new TableCache(512 * 2 ** 20);
