/** The parts of a dataset: windows cut into training, validation and test. */
import type { SplitName } from "../core/index.js";
import { UsageError, createRng, shuffle } from "../core/index.js";
import { didYouMean } from "../core/nearest.js";
import { listed } from "./table-warnings.js";
import type { TaskParameters } from "./task.js";
import { listOf } from "./task.js";
import type { Windows } from "./windows.js";

/** Indices into the windows, ascending. A window in none of the parts straddles a border in time. */
export type Parts = Readonly<Record<SplitName, Int32Array>>;

export interface SplitRequest {
  readonly windows: Pick<Windows, "cell" | "target">;
  readonly cells: readonly string[];
  readonly horizon: number;
  readonly task: TaskParameters;
  /** In force where `split_seed` is null. */
  readonly seed: number;
  /** The windows are for a model that is trained already: no cell need be left to train on. @default false */
  readonly trained?: boolean;
}

/** So many cells are named in a message. */
const SHOWN = 20;
/** @default share of windows (by-time, random) held out for validation */
const DEFAULT_SHARE = 0.2;

function bad(message: string): UsageError {
  return new UsageError("invalid-split", message);
}

function cellIndices(option: string, names: readonly string[], cells: readonly string[]): Set<number> {
  if (names.length === 0) throw bad(`${option} is empty: name at least one of ${listed(cells, SHOWN)}`);
  return new Set(
    names.map((name) => {
      const index = cells.indexOf(name);
      if (index >= 0) return index;
      if (name === "each")
        throw bad(
          `${option}=each holds every cell out in turn: it stands alone, and only train and create-study know it`,
        );
      throw bad(`${option}: no cell "${name}":${didYouMean(name, cells)} there are ${listed(cells, SHOWN)}`);
    }),
  );
}

/** The `val_part` under which nothing is validated. */
const NOTHING = "empty";

/** A fold over time and another choice of the validation part exclude each other. */
function requireValPart({ val_part: part, val_cells, val_split, split }: TaskParameters): void {
  if (part === null) return;
  if (val_cells !== null || val_split !== null)
    throw bad("data.val_part and data.val_cells or data.val_split exclude each other");
  if (part === NOTHING) return;
  if (split !== "by-time") throw bad(`data.val_part ${part} is a fold over time and needs data.split by-time`);
  const [fold, folds] = part.split("/").map(Number) as [number, number];
  if (fold > folds || folds < 2) throw bad(`data.val_part ${part}: expected k/N with N from 2 and k from 1 to N`);
}

/** Draws a share of the cells, at least one. */
function drawCells(share: number, from: readonly number[], total: number, seed: number, stream: string): Set<number> {
  const count = Math.max(1, Math.round(share * total));
  return new Set(shuffle([...from], createRng(seed, stream)).slice(0, count));
}

/** The role of every cell under by-cell; elsewhere only cells set aside for the test have one. */
function cellRoles(request: SplitRequest, seed: number): SplitName[] {
  const { cells, task } = request;
  const byCell = task.split === "by-cell";
  const valCells = listOf(task.val_cells);
  const testCells = listOf(task.test_cells);
  if (valCells && task.val_split !== null) throw bad("data.val_cells and data.val_split exclude each other");
  if (testCells && task.test_split !== null) throw bad("data.test_cells and data.test_split exclude each other");
  requireValPart(task);
  if (valCells && !byCell) throw bad(`data.val_cells needs data.split by-cell; with ${task.split} give data.val_split`);
  const indices = cells.map((_, i) => i);
  let test = new Set<number>();
  if (testCells) test = cellIndices("data.test_cells", testCells, cells);
  const val = byCell && valCells ? cellIndices("data.val_cells", valCells, cells) : null;
  for (const c of val ?? []) if (test.has(c)) throw bad(`cell ${cells[c]} is in data.val_cells and data.test_cells`);
  if (byCell && task.test_split !== null) {
    const free = indices.filter((c) => !val?.has(c));
    test = drawCells(task.test_split, free, cells.length, seed, "test");
  }
  const rest = indices.filter((c) => !test.has(c));
  let held = val ?? new Set<number>();
  if (byCell && !val && task.val_part !== NOTHING)
    held =
      task.val_split === null ? new Set(rest.slice(-1)) : drawCells(task.val_split, rest, cells.length, seed, "val");
  const roles = indices.map((c): SplitName => (test.has(c) ? "test" : held.has(c) ? "val" : "train"));
  if (!request.trained && !roles.includes("train"))
    throw bad(
      byCell && cells.length === 1
        ? `cell ${cells[0]} is the only one: data.split by-cell needs at least two cells (by-time splits each cell)`
        : `no cell is left to train on: ${cells.length} cells, ${held.size} for validation, ${test.size} for the test`,
    );
  return roles;
}

/**
 * Splits one cell's windows (indices in time) into earlier and later ones: the last `share` of them is the later part,
 * and an earlier window's targets end before the first later target. Windows that straddle are in neither.
 */
function cutInTime(own: readonly number[], share: number, request: SplitRequest): { early: number[]; late: number[] } {
  const count = Math.round(share * own.length);
  if (count === 0) return { early: [...own], late: [] };
  const late = own.slice(own.length - count);
  return { early: before(own.slice(0, own.length - count), late[0] as number, request), late };
}

/**
 * The k-th of N folds over one cell's windows (indices in time): they are cut into N + 1 blocks of equal size, of which
 * the one after the k-th is validated and those before it train, but for windows whose targets reach into it. What lies
 * behind it is in neither.
 */
function cutFold(own: readonly number[], part: string, request: SplitRequest): { early: number[]; late: number[] } {
  const [fold, folds] = part.split("/").map(Number) as [number, number];
  const border = (block: number): number => Math.round((block * own.length) / (folds + 1));
  const late = own.slice(border(fold), border(fold + 1));
  if (late.length === 0) return { early: [], late };
  return { early: before(own.slice(0, border(fold)), late[0] as number, request), late };
}

/** The windows whose targets end before the first target of a later one. */
function before(early: readonly number[], later: number, { windows: { target }, horizon }: SplitRequest): number[] {
  const firstLate = target[later] as number;
  // The targets of a window whose last cycle is the truth's e-th are e + 1 … e + H.
  return early.filter((w) => (target[w] as number) + horizon <= firstLate);
}

/** Windows put together from lists of any length (spreading one of 120,000 overflows the stack). */
class WindowList {
  readonly #lists: (readonly number[])[] = [];

  add(list: readonly number[]): void {
    this.#lists.push(list);
  }

  all(): number[] {
    return this.#lists.flat();
  }

  sorted(): Int32Array {
    return Int32Array.from(this.all()).sort();
  }
}

/**
 * Assigns windows to parts.
 * - by-cell: whole cells.
 * - by-time: the last windows of each cell are the test part, those before them validation, the first train; targets of
 *   a part end before the first target of the next part. Inputs may reach back into earlier parts. `val_part` k/N takes
 *   an earlier block for validation, and leaves out what lies behind it.
 * - random: windows drawn for validation from what is not the test part, which stays the last part in time, so that no
 *   test number reaches training even here.
 * `test_cells` sets whole cells aside under every rule.
 * @throws UsageError `invalid-split`
 */
export function splitWindows(request: SplitRequest): Parts {
  const { task, windows } = request;
  const seed = task.split_seed ?? request.seed;
  const roles = cellRoles(request, seed);
  const parts = { train: new WindowList(), val: new WindowList(), test: new WindowList() };
  const perCell: number[][] = request.cells.map(() => []);
  for (let w = 0; w < windows.cell.length; w++) perCell[windows.cell[w] as number]?.push(w);
  const valShare = task.val_split ?? DEFAULT_SHARE;
  const pool = new WindowList();
  for (const [c, own] of perCell.entries()) {
    const role = roles[c] as SplitName;
    if (task.split === "by-cell" || role === "test") {
      parts[role].add(own);
      continue;
    }
    const { early, late } = cutInTime(own, task.test_split ?? 0, request);
    parts.test.add(late);
    if (task.split === "random") {
      pool.add(early);
      continue;
    }
    const share = Math.min(1, (valShare * own.length) / Math.max(1, early.length));
    const inner =
      task.val_part === null || task.val_part === NOTHING
        ? cutInTime(early, task.val_part === NOTHING ? 0 : share, request)
        : cutFold(early, task.val_part, request);
    parts.val.add(inner.late);
    parts.train.add(inner.early);
  }
  if (task.split === "random") {
    const drawn = shuffle(pool.all(), createRng(seed, "val"));
    const count = task.val_part === NOTHING ? 0 : Math.round(valShare * drawn.length);
    parts.val.add(drawn.slice(0, count));
    parts.train.add(drawn.slice(count));
  }
  return { train: parts.train.sorted(), val: parts.val.sorted(), test: parts.test.sorted() };
}
