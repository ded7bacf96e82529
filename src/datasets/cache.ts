import type { CellTables } from "../core/index.js";
import { canonicalJson } from "../core/index.js";

const loaded = new Map<string, Promise<CellTables>>();

/**
 * Loads tables once a process: later and concurrent calls with the same source and parameters get the same promise. A
 * load that failed is forgotten, so that a mended file can be read by the same process.
 * @param key everything that the tables depend on
 */
export function cachedTables(key: readonly unknown[], load: () => Promise<CellTables>): Promise<CellTables> {
  const text = canonicalJson(key);
  const known = loaded.get(text);
  if (known) return known;
  const promise = load();
  loaded.set(text, promise);
  promise.catch(() => {
    if (loaded.get(text) === promise) loaded.delete(text);
  });
  return promise;
}

/** Forgets all tables (for tests, and for long-lived processes that are done with them). */
export function clearTableCache(): void {
  loaded.clear();
}
