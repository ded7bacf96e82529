/** The datasets `nasa`, `nasa_cc` and `nasa_cc_discharge`. */
import { UsageError } from "../../core/errors.js";
import type { CellTables } from "../../core/index.js";
import type { DatasetSource, LoadContext } from "../dataset.js";
import { readMat } from "../matlab/index.js";
import { createTables } from "../tables.js";
import type { CellRows } from "../tables.js";
import { chargeTimes, dischargeSummaries, dischargeTimes } from "./feature-sets.js";
import type { FeatureSet } from "./feature-sets.js";
import { operationsOf } from "./nasa-cell.js";
import type { Curve, Operation } from "./nasa-cell.js";
import { nasaFiles } from "./nasa-files.js";
import type { NasaFile } from "./nasa-files.js";
import type { NasaParameters } from "./nasa-parameters.js";

const PROVENANCE = 'B. Saha and K. Goebel (2007), "Battery Data Set", NASA Ames Prognostics Data Repository';

/** A discharge whose capacity is known. */
interface Discharge {
  /** From 1, over all discharges of the cell. */
  readonly number: number;
  readonly capacity: number;
  readonly curve: Curve | null;
  /** The charges since the discharge before, in their order. */
  readonly charges: readonly Curve[];
}

interface Discharges {
  readonly usable: readonly Discharge[];
  readonly leftOut: number;
}

function dischargesOf(operations: readonly Operation[], minCapacity: number): Discharges {
  const usable: Discharge[] = [];
  let number = 0;
  let charges: Curve[] = [];
  for (const { type, capacity, curve } of operations) {
    if (type === "charge" && curve) charges.push(curve);
    if (type !== "discharge") continue;
    number++;
    if (capacity >= minCapacity && capacity > 0 && Number.isFinite(capacity))
      usable.push({ number, capacity, curve, charges });
    charges = [];
  }
  return { usable, leftOut: number - usable.length };
}

interface CellResult {
  readonly rows: CellRows;
  readonly warning: string | null;
}

async function readCell({ cell, path }: NasaFile, set: FeatureSet, params: NasaParameters): Promise<CellResult> {
  const operations = operationsOf(await readMat(path, { name: path }), cell, path);
  const { usable, leftOut } = dischargesOf(operations, params.min_capacity);
  const first = usable[0];
  if (!first)
    throw new UsageError(
      "no-discharges",
      `${path}: no discharge of at least ${params.min_capacity} Ah (min_capacity) among ${operations.length} operations`,
    );
  const reference = params.soh_reference === "first" ? first.capacity : params.nominal_capacity;
  const soh = usable.map(({ capacity }) => capacity / reference);
  const features = usable.flatMap(({ curve, charges }, i) => [
    soh[i] as number,
    ...set.compute(curve, charges, params.nominal_capacity),
  ]);
  const capacity = usable.map((discharge) => discharge.capacity);
  return {
    rows: { cell, cycles: usable.map(({ number }) => number), capacity, soh, features },
    warning:
      leftOut === 0
        ? null
        : `${cell}: ${leftOut} discharges without a capacity of at least ${params.min_capacity} Ah are missing cycles`,
  };
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
      const results: CellResult[] = [];
      // One at a time: a cell's curves take ten times what its rows do.
      for (const file of files) results.push(await readCell(file, set, params));
      const reference =
        params.soh_reference === "first" ? "the cell's first capacity" : `${params.nominal_capacity} Ah (nominal)`;
      return createTables({
        source: name,
        featureNames: ["soh", ...set.features.map((feature) => feature.name)],
        featureUnits: ["", ...set.features.map((feature) => feature.unit)],
        provenance: `${PROVENANCE}; SOH = discharge capacity / ${reference}`,
        warnings: results.map((result) => result.warning).filter((warning) => warning !== null),
        cells: results.map((result) => result.rows),
      });
    },
  };
}

export const nasa = nasaSource("nasa", dischargeSummaries, {
  compact: ["soh", "duration", "voltage_mean", "voltage_slope", "temperature_mean"],
});
export const nasaCc = nasaSource("nasa_cc", chargeTimes, {});
export const nasaCcDischarge = nasaSource("nasa_cc_discharge", dischargeTimes, {});
