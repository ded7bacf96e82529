/** The datasets `nasa`, `nasa_cc` and `nasa_cc_discharge`. */
import { UsageError } from "../../core/errors.js";
import type { CellTables } from "../../core/index.js";
import type { DatasetSource, LoadContext } from "../dataset.js";
import type { MatFile } from "../matlab/index.js";
import { readMatInPassing } from "../matlab/read-mat.js";
import { missingCycles } from "../table-warnings.js";
import { createTables } from "../tables.js";
import type { CellRows } from "../tables.js";
import { chargeTimes, dischargeSummaries, dischargeTimes } from "./feature-sets.js";
import type { FeatureSet } from "./feature-sets.js";
import { operationsOf } from "./nasa-cell.js";
import type { Operation } from "./nasa-cell.js";
import { nasaFiles } from "./nasa-files.js";
import type { NasaFile } from "./nasa-files.js";
import type { NasaParameters } from "./nasa-parameters.js";

const PROVENANCE = 'B. Saha and K. Goebel (2007), "Battery Data Set", NASA Ames Prognostics Data Repository';

/** A discharge whose capacity is known. */
interface Discharge {
  /** From 1, over all discharges of the cell. */
  readonly number: number;
  readonly capacity: number;
  readonly curve: Operation["curve"];
  /** The charges since the discharge before, in their order. */
  readonly charges: readonly Operation["curve"][];
}

interface Discharges {
  readonly usable: readonly Discharge[];
  readonly leftOut: number;
}

function dischargesOf(operations: readonly Operation[], minCapacity: number): Discharges {
  const usable: Discharge[] = [];
  let number = 0;
  let charges: Operation["curve"][] = [];
  for (const { type, capacity, curve } of operations) {
    if (type === "charge") charges.push(curve);
    if (type !== "discharge") continue;
    number++;
    if (capacity >= minCapacity && capacity > 0 && Number.isFinite(capacity))
      usable.push({ number, capacity, curve, charges });
    charges = [];
  }
  return { usable, leftOut: number - usable.length };
}

/** A cell as it was read. */
interface CellResult {
  readonly cell: string;
  /** The name that the file's struct has. */
  readonly ownName: string;
  /** Null for a cell without a usable discharge. */
  readonly rows: CellRows | null;
  readonly leftOut: number;
  readonly operations: number;
}

function cellOf(file: MatFile, { cell, path }: NasaFile, set: FeatureSet, params: NasaParameters): CellResult {
  const { name, operations } = operationsOf(file, cell, path);
  const { usable, leftOut } = dischargesOf(operations, params.min_capacity);
  const first = usable[0];
  if (!first) {
    // What was asked for by name, or is all there is, cannot be left out.
    if (params.cells === null) return { cell, ownName: name, rows: null, leftOut, operations: operations.length };
    throw noDischarges(path, params, operations.length);
  }
  const reference = params.soh_reference === "first" ? first.capacity : params.nominal_capacity;
  const soh = usable.map(({ capacity }) => capacity / reference);
  const features = usable.flatMap(({ curve, charges }, i) => [
    soh[i] as number,
    ...set.compute(curve, charges, params.nominal_capacity),
  ]);
  const capacity = usable.map((discharge) => discharge.capacity);
  const rows = { cell, cycles: usable.map(({ number }) => number), capacity, soh, features };
  return { cell, ownName: name, rows, leftOut, operations: operations.length };
}

/** Files that the thread pool inflates while another one is gone through: a cell's curves take ten times its rows. */
const AHEAD = 2;

function beginReading({ path }: NasaFile): Promise<MatFile> {
  const content = readMatInPassing(path);
  // What is wrong with it is told in its turn, unless an earlier one ends the reading.
  content.catch(() => undefined);
  return content;
}

/** Each cell in turn. */
async function readCells(
  files: readonly NasaFile[],
  set: FeatureSet,
  params: NasaParameters,
): Promise<readonly CellResult[]> {
  const waiting = [...files];
  const begun: Promise<MatFile>[] = [];
  const results: CellResult[] = [];
  for (const file of files) {
    begun.push(...waiting.splice(0, 1 + AHEAD - begun.length).map(beginReading));
    results.push(cellOf(await (begun.shift() as Promise<MatFile>), file, set, params));
  }
  return results;
}

function noDischarges(path: string, { min_capacity }: NasaParameters, operations: number): UsageError {
  return new UsageError(
    "no-discharges",
    `${path}: no discharge of at least ${min_capacity} Ah (min_capacity) among ${operations} operations`,
  );
}

/** What is left out, and files that hold the struct of another cell that is there. */
function warningsOf(results: readonly CellResult[], { min_capacity }: NasaParameters): string[] {
  const names = new Set(results.map(({ cell }) => cell));
  const copies = results.filter(({ cell, ownName }) => ownName !== cell && names.has(ownName));
  return [
    ...results
      .filter(({ leftOut, rows }) => leftOut > 0 && rows !== null)
      .map(
        (r) =>
          `${r.cell}: ${r.leftOut} discharges without a capacity of at least ${min_capacity} Ah are missing cycles`,
      ),
    ...results
      .filter(({ rows }) => rows === null)
      .map(({ cell }) => `${cell} is left out: no discharge of at least ${min_capacity} Ah`),
    ...copies.map(({ cell, ownName }) => `${cell}.mat holds the cell ${ownName}, which is there as well: a copy?`),
  ];
}

function nasaSource(
  name: string,
  set: FeatureSet,
  featureSets: Readonly<Record<string, readonly string[]>>,
): DatasetSource<NasaParameters> {
  return {
    featureSets,
    async files(params: NasaParameters, { baseDir }: LoadContext): Promise<string[]> {
      return (await nasaFiles(params, baseDir)).map(({ path }) => path);
    },
    async load(params: NasaParameters, { baseDir }: LoadContext): Promise<CellTables> {
      const files = await nasaFiles(params, baseDir);
      const results = await readCells(files, set, params);
      const cells = results.map(({ rows }) => rows).filter((rows) => rows !== null);
      if (cells.length === 0) throw noDischarges((files[0] as NasaFile).path, params, results[0]?.operations ?? 0);
      const reference =
        params.soh_reference === "first" ? "the cell's first capacity" : `${params.nominal_capacity} Ah (nominal)`;
      return createTables({
        source: name,
        featureNames: ["soh", ...set.features.map((feature) => feature.name)],
        featureUnits: ["", ...set.features.map((feature) => feature.unit)],
        provenance: `${PROVENANCE}; SOH = discharge capacity / ${reference}`,
        warnings: warningsOf(results, params),
        scaleHint:
          params.soh_reference === "first"
            ? ", and the cell's first capacity is taken for new (data.soh_reference)"
            : `: does data.nominal_capacity ${params.nominal_capacity} Ah fit these cells?`,
        leftOut: new Map(cells.map((rows) => [rows.cell, missingCycles(rows.cycles)])),
        cells,
      });
    },
  };
}

export const nasa = nasaSource("nasa", dischargeSummaries, {
  compact: ["soh", "duration", "voltage_mean", "voltage_slope", "temperature_mean"],
});
export const nasaCc = nasaSource("nasa_cc", chargeTimes, {});
export const nasaCcDischarge = nasaSource("nasa_cc_discharge", dischargeTimes, {});
