/** Counts, ranges and fade of a dataset's cells. */
import type { CellTables } from "../core/index.js";
import { endOfLifeCycle } from "./rul.js";
import { missingCycles } from "./table-warnings.js";

/** One cell as `datasets show` lists and plots it. */
export interface CellDescription {
  readonly cell: string;
  /** Rows: discharges that could be read. */
  readonly rows: number;
  readonly first_cycle: number | null;
  readonly last_cycle: number | null;
  /** Numbers between the first and the last cycle that have no row. */
  readonly missing_cycles: number;
  /** Ah; null where the source gives SOH alone. */
  readonly capacity_min: number | null;
  readonly capacity_max: number | null;
  readonly soh_min: number | null;
  readonly soh_max: number | null;
  /** First cycle at or below `eol`; null when there is none. */
  readonly end_of_life_cycle: number | null;
  /** SOH by row. */
  readonly fade: readonly number[];
  readonly cycles: readonly number[];
}

export interface TablesDescription {
  readonly source: string;
  readonly provenance: string;
  readonly hash: string;
  readonly features: readonly { readonly name: string; readonly unit: string }[];
  readonly rows: number;
  readonly eol: number;
  readonly warnings: readonly string[];
  readonly cells: readonly CellDescription[];
}

function range(values: Float64Array): [number | null, number | null] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? [null, null] : [low, high];
}

/** Counts, ranges and fade of every cell: plain data, fit for JSON. */
export function describeTables(tables: CellTables, eol = 0.7): TablesDescription {
  const cells = tables.cells.map(({ cell, cycles, capacity, soh }): CellDescription => {
    const [first, last] = [cycles[0] ?? null, cycles.at(-1) ?? null];
    const [capacityMin, capacityMax] = range(capacity);
    const [sohMin, sohMax] = range(soh);
    return {
      cell,
      rows: cycles.length,
      first_cycle: first,
      last_cycle: last,
      missing_cycles: missingCycles(cycles),
      capacity_min: capacityMin,
      capacity_max: capacityMax,
      soh_min: sohMin,
      soh_max: sohMax,
      end_of_life_cycle: endOfLifeCycle({ soh, cycles }, eol),
      fade: [...soh],
      cycles: [...cycles],
    };
  });
  return {
    source: tables.source,
    provenance: tables.provenance,
    hash: tables.hash,
    features: tables.featureNames.map((name, i) => ({ name, unit: tables.featureUnits[i] as string })),
    rows: cells.reduce((n, cell) => n + cell.rows, 0),
    eol,
    warnings: tables.warnings,
    cells,
  };
}
