/** A dataset cut for a model that is trained already: its columns and its normalisation, with no part to train on. */
import type { CellTable, CellTables, DatasetMetadata, Normalisation, SplitName } from "../core/index.js";
import type { BuildOptions, CutData } from "./build.js";
import { cutData, metadataOf, windowSource } from "./build.js";
import { WindowSplit } from "./loader.js";
import type { Parts } from "./splits.js";
import { splitWindows } from "./splits.js";
import type { Windows } from "./windows.js";
import { newestWindows } from "./windows.js";

/** Which windows a trained model is applied to. */
export interface ApplyOptions extends BuildOptions {
  /** Of the training, with which inputs are normalised. */
  readonly normalisation: Pick<Normalisation, "xMean" | "xStd">;
  /** The rows that a cell's newest window needs. @default the window's */
  readonly newestLength?: number;
  /** Whether a cell is one of those taken whole; told with its name. Those are all that is taken. Null: a part. */
  readonly whole?: ((cell: CellTable) => boolean) | null;
}

/** Windows for a trained model. */
export interface AppliedData {
  readonly metadata: DatasetMetadata;
  readonly tables: CellTables;
  /** The windows of a part, or of the cells taken whole, whose whole truth is known. */
  known(part: SplitName): WindowSplit;
  /**
   * The newest window of each cell that is long enough for one; its targets lie ahead of the data and are NaN.
   * @param part of the cells in it; null: of all cells
   */
  newest(part: SplitName | null): WindowSplit;
}

function knownParts(cut: CutData, whole: ApplyOptions["whole"]): Parts {
  const { tables, task, windows, splitSeed } = cut;
  if (whole) {
    const taken = tables.cells.map(whole);
    const all = Int32Array.from(windows.cell.keys()).filter((w) => taken[windows.cell[w] as number]);
    return { train: new Int32Array(), val: all, test: new Int32Array() };
  }
  const cells = tables.cells.map(({ cell }) => cell);
  return splitWindows({ windows, cells, horizon: task.horizon, task, seed: splitSeed, trained: true });
}

/** Whether each cell belongs to a part: it has windows there, or is too short to have any anywhere. */
function cellsOf(part: SplitName, parts: Parts, windows: Windows, cells: number): boolean[] {
  const elsewhere = new Set<number>();
  const here = new Set<number>();
  for (const name of ["train", "val", "test"] as const)
    for (const w of parts[name]) (name === part ? here : elsewhere).add(windows.cell[w] as number);
  return Array.from({ length: cells }, (_, c) => here.has(c) || !elsewhere.has(c));
}

/**
 * Cuts a dataset for a trained model. Nothing is fitted to it: one cell alone is enough.
 * @param params as for `buildDataset`
 * @throws UsageError in one line for anything that the user can mend
 */
export async function applyDataset(
  name: string,
  params: Readonly<Record<string, unknown>>,
  options: ApplyOptions,
): Promise<AppliedData> {
  const cut = await cutData(name, params, options);
  const parts = knownParts(cut, options.whole);
  const source = windowSource(cut, options.normalisation);
  const ahead = newestWindows(cut.rows, Math.max(cut.task.window, options.newestLength ?? 0));
  const every = Int32Array.from(ahead.cell.keys());
  // What is kept does not hold the rows' raw features.
  const { tables, windows } = cut;
  return {
    metadata: metadataOf(cut, parts),
    tables,
    known: (part) => new WindowSplit(part, source, parts[part]),
    newest: (part) => {
      const taken = part === null ? null : cellsOf(part, parts, windows, tables.cells.length);
      const chosen = taken === null ? every : every.filter((w) => taken[ahead.cell[w] as number]);
      return new WindowSplit(part ?? "val", { ...source, windows: ahead, targetsUnknown: true }, chosen);
    },
  };
}
