/** The tables that sources make: sorted, shared between threads, hashed. */
import { createHash } from "node:crypto";
import type { CellTable, CellTables, KnownKeys } from "../core/index.js";
import { MlbenchError, requireKnownKeys } from "../core/index.js";
import type { SourceHints } from "./table-warnings.js";
import { listed, tableWarnings } from "./table-warnings.js";

/** One cell's rows as a source has them; any order of the rows. */
export interface CellRows {
  readonly cell: string;
  /** The discharges' numbers, from 1. */
  readonly cycles: ArrayLike<number>;
  /** Ah; absent where the source gives SOH alone. */
  readonly capacity?: ArrayLike<number>;
  readonly soh: ArrayLike<number>;
  /** [n, F], row-major; NaN where a value is missing. */
  readonly features: ArrayLike<number>;
}

/** What {@link createTables} makes tables of. */
export interface TableParts extends SourceHints {
  readonly source: string;
  readonly featureNames: readonly string[];
  readonly featureUnits: readonly string[];
  readonly provenance: string;
  readonly warnings?: readonly string[];
  /** Taken once, one after the other: a source may make each when it is asked for. */
  readonly cells: Iterable<CellRows>;
}

const partKeys: KnownKeys<TableParts> = {
  ...({ source: true, featureNames: true, featureUnits: true, provenance: true, warnings: true, cells: true } as const),
  ...({ scaleHint: true, leftOut: true } as const),
};
const rowKeys: KnownKeys<CellRows> = { cell: true, cycles: true, capacity: true, soh: true, features: true };

function sharedFloat64(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}

function invalid(parts: TableParts, message: string): MlbenchError {
  return new MlbenchError("invalid-tables", `dataset "${parts.source}": ${message}`);
}

function cellTable(parts: TableParts, rows: CellRows): CellTable {
  const width = parts.featureNames.length;
  const n = rows.cycles.length;
  if (rows.soh.length !== n || rows.features.length !== n * width || (rows.capacity && rows.capacity.length !== n))
    throw invalid(parts, `cell ${rows.cell}: ${n} cycles, but columns of other lengths`);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  order.sort((a, b) => (rows.cycles[a] as number) - (rows.cycles[b] as number));
  const cycles = new Int32Array(new SharedArrayBuffer(n * Int32Array.BYTES_PER_ELEMENT));
  const [capacity, soh, features] = [sharedFloat64(n), sharedFloat64(n), sharedFloat64(n * width)];
  for (let i = 0; i < n; i++) {
    const from = order[i] as number;
    cycles[i] = rows.cycles[from] as number;
    if (i > 0 && cycles[i] === cycles[i - 1])
      throw invalid(parts, `cell ${rows.cell}: cycle ${cycles[i]} occurs twice`);
    capacity[i] = rows.capacity ? (rows.capacity[from] as number) : NaN;
    soh[i] = rows.soh[from] as number;
    for (let f = 0; f < width; f++) features[i * width + f] = rows.features[from * width + f] as number;
  }
  return { cell: rows.cell, cycles, capacity, soh, features, digest: cellDigest({ cycles, capacity, soh, features }) };
}

/** The bytes of numbers, for a hash. */
function bytesOf(numbers: Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/**
 * What tells a cell from another one whatever it is called: its cycles and SOH, hashed (8 hex digits).
 */
export function cellDigest({ cycles, soh, digest }: Omit<CellTable, "cell">): string {
  if (digest !== undefined) return digest;
  return createHash("sha256").update(bytesOf(cycles)).update(bytesOf(soh)).digest("hex").slice(0, 8);
}

/** Of each feature its numbers over all cells; last what is no feature: cells, cycles, SOH. */
function columnHashes(cells: readonly CellTable[], width: number): string[] {
  const rest = createHash("sha256");
  for (const { cell, cycles, soh } of cells)
    rest
      .update(JSON.stringify([cell, cycles.length]))
      .update(bytesOf(cycles))
      .update(bytesOf(soh));
  const longest = cells.reduce((most, { cycles }) => Math.max(most, cycles.length), 0);
  const column = new Float64Array(longest);
  const features = Array.from({ length: width }, (_, f) => {
    const hash = createHash("sha256");
    for (const { features: all, cycles } of cells) {
      for (let i = 0; i < cycles.length; i++) column[i] = all[i * width + f] as number;
      hash.update(bytesOf(column.subarray(0, cycles.length)));
    }
    return hash.digest("hex");
  });
  return [...features, rest.digest("hex")];
}

/** Cells without a single SOH are none: they would be held out for validation. */
function withoutSoh(cells: readonly CellTable[]): string[] {
  const names = cells.filter(({ soh }) => !soh.some(Number.isFinite)).map(({ cell }) => cell);
  return names.length === 0 ? [] : [`cells without SOH are left out: ${listed(names)}`];
}

/**
 * Puts parsed rows into the shape that datasets are cut from: cells in sorted order, rows ascending by cycle, numbers in
 * SharedArrayBuffers, hashed; cells without SOH are left out; what is suspicious is warned of.
 * @throws MlbenchError `invalid-tables` when lengths disagree, a cycle or a cell occurs twice, no feature is `soh`, or no cell has any SOH.
 * @example
 * const [cycles, soh] = [[1, 2, 3], [1, 0.99, 0.98]];
 * const cells = [{ cell: "A", cycles, soh, features: soh }];
 * createTables({ source: "mine", featureNames: ["soh"], featureUnits: ["1"], provenance: "lab", cells });
 */
export function createTables(parts: TableParts): CellTables {
  requireKnownKeys("createTables", parts, partKeys);
  if (!parts.featureNames.includes("soh")) throw invalid(parts, 'one feature must be named "soh"');
  if (parts.featureUnits.length !== parts.featureNames.length) throw invalid(parts, "every feature needs a unit");
  const all: CellTable[] = [];
  for (const rows of parts.cells) {
    requireKnownKeys(`createTables: cells[${all.length}]`, rows, rowKeys);
    all.push(cellTable(parts, rows));
  }
  const cells = all.filter(({ soh }) => soh.some(Number.isFinite));
  if (all.length > 0 && cells.length === 0) throw invalid(parts, "no cell has any SOH");
  cells.sort((a, b) => (a.cell < b.cell ? -1 : a.cell > b.cell ? 1 : 0));
  const hash = createHash("sha256");
  hash.update(JSON.stringify([parts.source, parts.featureNames, parts.featureUnits]));
  for (const [i, table] of cells.entries()) {
    if (table.cell === cells[i - 1]?.cell) throw invalid(parts, `cell ${table.cell} occurs twice`);
    hash.update(JSON.stringify([table.cell, table.cycles.length]));
    for (const numbers of [table.cycles, table.capacity, table.soh, table.features]) hash.update(bytesOf(numbers));
  }
  return {
    source: parts.source,
    featureNames: [...parts.featureNames],
    featureUnits: [...parts.featureUnits],
    provenance: parts.provenance,
    hash: hash.digest("hex"),
    columnHashes: columnHashes(cells, parts.featureNames.length),
    warnings: [...(parts.warnings ?? []), ...withoutSoh(all), ...tableWarnings(cells, parts)],
    cells,
  };
}
