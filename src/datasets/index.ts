/** The datasets' metadata and registry; sources are imported when they are loaded. */
import { lazy } from "../registry/index.js";
import { csvParameters } from "./csv/parameters.js";
import { dummyParameters } from "./dummy/parameters.js";
import { registerNasa } from "./nasa/register.js";
import { datasets } from "./registry.js";

export { applyDataset } from "./apply.js";
export type { AppliedData, ApplyOptions } from "./apply.js";
export { buildDataset, dataWarnings } from "./build.js";
export type { BuildOptions } from "./build.js";
export type { WindowSplit } from "./loader.js";
export { dataFiles, dataParameters, dataSchema, loadTables } from "./load.js";
export type { LoadOptions } from "./load.js";
export { describeTables } from "./describe.js";
export type { CellDescription, TablesDescription } from "./describe.js";
export { foldsOf, requireFolds } from "./folds.js";
export type { Fold } from "./folds.js";
export type { DatasetSource, LoadContext } from "./dataset.js";
export { datasets } from "./registry.js";
export { sharedDatasets } from "./shared-dataset.js";
export type { AgedWindows } from "./rul.js";
export { RulScore, crossingOf, endOfLifeCycles, stepsToEndOfLife, stepsWithin } from "./rul.js";
export { cellDigest, createTables } from "./tables.js";
export type { CellRows, TableParts } from "./tables.js";
export { listOf, taskParameters } from "./task.js";
export type { TaskParameters } from "./task.js";

// Another copy of this package in the process may have registered them: the registry is the process's.
if (!datasets.has("dummy"))
  datasets.register("dummy", {
    summary: "synthetic cells with individual fade rates, knees, recovery after rest, and noise",
    parameters: dummyParameters,
  })(lazy(async () => (await import("./dummy/dummy-source.js")).dummySource));
if (!datasets.has("nasa")) registerNasa(datasets);
if (!datasets.has("csv"))
  datasets.register("csv", {
    summary: "your own CSV table: columns for cell, cycle, SOH or capacity, and features",
    parameters: csvParameters,
  })(lazy(async () => (await import("./csv/csv-source.js")).csvSource));
