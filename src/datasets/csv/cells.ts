/** A CSV file's rows made into cells: aborted discharges left out, capacities in Ah, SOH over its reference. */
import { medianSorted } from "simple-statistics";
import { UsageError, defined } from "../../core/index.js";
import { listed, shown } from "../table-warnings.js";
import type { CellRows, TableParts } from "../tables.js";
import type { CsvParameters } from "./parameters.js";
import type { CsvRows, FeatureColumn } from "./rows.js";

/** A discharge below this share of its cell's median is no discharge, where `min_capacity` says nothing. */
const ABORTED_SHARE = 0.1;
/** More of a cell's discharges than this share are no accident: another unit, which is warned of. */
const MOST_ABORTED = 0.2;
/** The largest cells that are made; beyond it the numbers are mAh. */
const LARGEST_AH = 500;

/** The share of a unit's number that one Ah, or SOH 1, is. */
interface Scale {
  /** What SOH 1 is written as, in a column of SOH. */
  readonly new: number;
  /** Ah of one unit of capacity. */
  readonly ampHours: number;
}

function scaleOf({ roles, file }: CsvRows, { soh_unit, capacity_unit }: CsvParameters): Scale {
  const isSoh = roles.targetIs === "soh";
  if (!isSoh && soh_unit === "percent")
    throw new UsageError(
      "csv-reference",
      `${file}: data.soh_unit percent is for an SOH column, but SOH is computed from capacity`,
    );
  if (isSoh && capacity_unit === "mAh")
    throw new UsageError("csv-reference", `${file}: data.capacity_unit mAh is for a capacity column, but SOH is given`);
  return { new: soh_unit === "percent" ? 100 : 1, ampHours: capacity_unit === "mAh" ? 1e-3 : 1 };
}

/** The smallest number that is a discharge of the cell's; 0 where too many would be none. */
function threshold(table: CsvRows, rows: readonly number[], { min_capacity: given }: CsvParameters): number {
  if (given !== null) return given;
  const written = rows.map((row) => table.target.get(row)).filter((value) => !Number.isNaN(value));
  const positive = written.filter((value) => value > 0).sort((a, b) => a - b);
  if (positive.length === 0) return 0;
  const least = ABORTED_SHARE * medianSorted(positive);
  const below = written.filter((value) => value < least).length;
  return below > Math.max(1, MOST_ABORTED * written.length) ? 0 : least;
}

interface CellPart {
  readonly cell: string;
  /** In file order, aborted ones left out. */
  readonly rows: readonly number[];
  readonly aborted: number;
  /** Of the aborted ones those between the first and the last cycle that stays. */
  readonly abortedWithin: number;
}

function cellParts(table: CsvRows, params: CsvParameters): CellPart[] {
  return [...table.cells].map(([cell, all]) => {
    const least = threshold(table, all, params);
    const isAborted = (row: number): boolean => table.target.get(row) < least;
    const rows = all.some(isAborted) ? all.filter((row) => !isAborted(row)) : all;
    let [first, last] = [Infinity, -Infinity];
    for (const row of rows) {
      first = Math.min(first, table.cycles.get(row));
      last = Math.max(last, table.cycles.get(row));
    }
    const isWithin = (row: number): boolean => table.cycles.get(row) > first && table.cycles.get(row) < last;
    const abortedWithin = rows === all ? 0 : all.filter((row) => isAborted(row) && isWithin(row)).length;
    return { cell, rows, aborted: all.length - rows.length, abortedWithin };
  });
}

/** What a cell's numbers are divided by; null for a cell without a capacity. */
function referenceOf(table: CsvRows, rows: readonly number[], scale: Scale, params: CsvParameters): number | null {
  if (table.roles.targetIs === "soh") return scale.new;
  if (ruleOf(params) === "nominal") return params.nominal_capacity;
  let first = -1;
  for (const row of rows)
    if (table.target.get(row) > 0 && (first < 0 || table.cycles.get(row) < table.cycles.get(first))) first = row;
  return first < 0 ? null : table.target.get(first);
}

function ruleOf({ soh_reference, nominal_capacity }: CsvParameters): "nominal" | "first" {
  const rule = soh_reference ?? (nominal_capacity === null ? "first" : "nominal");
  if (rule === "nominal" && nominal_capacity === null)
    throw new UsageError("csv-reference", "data.soh_reference nominal needs data.nominal_capacity");
  return rule;
}

function cellRows(
  table: CsvRows,
  { cell, rows }: CellPart,
  used: readonly FeatureColumn[],
  scale: Scale,
  reference: number,
): CellRows {
  const soh = Float64Array.from(rows, (row) => table.target.get(row) / reference);
  const width = used.length + 1;
  const features = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    features[i * width] = soh[i] as number;
    for (const [f, { values }] of used.entries()) features[i * width + 1 + f] = values.get(row);
  }
  const isCapacity = table.roles.targetIs === "capacity";
  return defined({
    cell,
    cycles: Int32Array.from(rows, (row) => table.cycles.get(row)),
    capacity: isCapacity ? Float64Array.from(rows, (row) => table.target.get(row) * scale.ampHours) : undefined,
    soh,
    features,
  });
}

/** The cause that a SOH out of scale may have, after "SOH is 1 as new". */
function hintOf(table: CsvRows, params: CsvParameters): string {
  if (table.roles.targetIs === "soh") return ", not a percentage (data.soh_unit percent reads one)";
  return ruleOf(params) === "first"
    ? ", and the cell's first capacity is taken for new: give data.nominal_capacity where that is a formation cycle"
    : `: does data.nominal_capacity ${params.nominal_capacity} ${params.capacity_unit} fit the column? (data.capacity_unit)`;
}

function abortedWarning(parts: readonly CellPart[], { min_capacity }: CsvParameters): string[] {
  const some = parts.filter(({ aborted }) => aborted > 0);
  if (some.length === 0) return [];
  const total = some.reduce((sum, { aborted }) => sum + aborted, 0);
  const below = min_capacity === null ? "a tenth of their cell's median" : String(min_capacity);
  const cells = listed(some.map(({ cell, aborted }) => `${cell} ${aborted}`));
  const left =
    total === 1
      ? `1 discharge below ${below} is left out, as a missing cycle`
      : `${total} discharges below ${below} are left out, as missing cycles`;
  return [`${left} (data.min_capacity): ${cells}`];
}

function unitWarning(
  { roles, target }: CsvRows,
  parts: readonly CellPart[],
  { capacity_unit }: CsvParameters,
): string[] {
  if (roles.targetIs !== "capacity" || capacity_unit !== "Ah") return [];
  let largest = 0;
  for (const { rows } of parts) for (const row of rows) if (target.get(row) > largest) largest = target.get(row);
  return largest > LARGEST_AH
    ? [`the largest capacity is ${shown(largest)} Ah: is the column in mAh? (data.capacity_unit mAh)`]
    : [];
}

/**
 * The tables' parts: `soh` first among the features, then the numeric columns in the file's order.
 * @throws UsageError `csv-empty`, `csv-reference`, `csv-value`
 */
export function csvTables(table: CsvRows, params: CsvParameters): Omit<TableParts, "source" | "provenance"> {
  if (table.cycles.length === 0) throw new UsageError("csv-empty", `${table.file}: there are no rows`);
  const scale = scaleOf(table, params);
  const used = table.features();
  const parts = cellParts(table, params);
  const whole: (CellPart & { readonly reference: number })[] = [];
  const empty: string[] = [];
  for (const part of parts) {
    const reference = referenceOf(table, part.rows, scale, params);
    const hasTarget = part.rows.some((row) => !Number.isNaN(table.target.get(row)));
    if (reference === null || !hasTarget) empty.push(part.cell);
    else whole.push({ ...part, reference });
  }
  const what = table.roles.targetIs === "soh" ? "SOH" : "capacity above 0";
  if (whole.length === 0) throw new UsageError("csv-value", `${table.file}: cell "${empty[0]}" has no ${what}`);
  // One cell after the other: all of them at once would double a large table.
  function* cells(): Generator<CellRows> {
    for (const part of whole) yield cellRows(table, part, used, scale, part.reference);
  }
  return {
    featureNames: ["soh", ...used.map(({ name }) => name)],
    featureUnits: ["SOH", ...used.map(() => "")],
    warnings: [
      ...table.warnings(),
      ...(empty.length > 0 ? [`cells without ${what} are left out: ${listed(empty)}`] : []),
      ...abortedWarning(parts, params),
      ...unitWarning(table, whole, params),
    ],
    scaleHint: hintOf(table, params),
    leftOut: new Map(parts.map(({ cell, abortedWithin }) => [cell, abortedWithin])),
    cells: cells(),
  };
}
