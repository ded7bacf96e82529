/** The folds of cross-validation: which cells, or which block of time, each of them holds out. */
import type { ConfigValue, Folds } from "../core/index.js";
import { UsageError } from "../core/index.js";
import type { TaskParameters } from "./task.js";
import { listOf } from "./task.js";

/** One fold. */
export interface Fold {
  /** Of people and files: the cell held out, `fold-2` of several cells, `2/5` of time. */
  readonly label: string;
  /** The cells held out; empty for a block of time. */
  readonly cells: readonly string[];
  /** `2/5`: the second of five folds over time; null where cells are held out. */
  readonly block: string | null;
  /** What its run has in place of the common parameters. */
  readonly params: Readonly<Record<string, ConfigValue>>;
}

type Task = Pick<TaskParameters, "split" | "val_cells" | "val_split" | "val_part" | "test_cells" | "test_split">;

function bad(folds: Folds, why: string): UsageError {
  return new UsageError("invalid-split", `folds ${folds}: ${why}`);
}

/**
 * Refuses folds that cannot be, whatever cells there are.
 * @throws UsageError `invalid-split`
 */
export function requireFolds(folds: Folds, task: Task): void {
  if (folds !== "cells" && (!Number.isSafeInteger(folds) || folds < 2))
    throw new UsageError("invalid-split", `folds ${String(folds)}: expected cells, or how many (from 2)`);
  for (const name of ["val_cells", "val_split", "val_part"] as const)
    if (task[name] !== null) throw bad(folds, `each fold has a validation part of its own: leave out data.${name}`);
  if (task.split === "random")
    throw bad(folds, "random windows overlap their neighbours in other folds: use data.split by-cell or by-time");
  if (task.split === "by-time" && folds === "cells")
    throw bad(folds, "data.split by-time holds out no cells: say how many blocks of time (--folds 4)");
  if (task.split === "by-cell" && task.test_split !== null)
    throw bad(folds, "data.test_split would set other cells aside in each fold: name data.test_cells");
}

/**
 * The folds over some cells. `cells` holds out each in turn, a number so many groups of cells, dealt in turn from their
 * sorted names; where there are fewer cells than that, and under `by-time`, it is so many blocks of each cell's time,
 * each validated by a model that has seen what lies before it. Test cells are in none.
 * @param cells all that there are, sorted
 * @throws UsageError `invalid-split`
 */
export function foldsOf(folds: Folds, task: Task, cells: readonly string[]): readonly Fold[] {
  requireFolds(folds, task);
  const aside = listOf(task.test_cells) ?? [];
  const free = cells.filter((cell) => !aside.includes(cell));
  if (free.length === 0) throw bad(folds, "every cell is among data.test_cells; leave some out");
  if (task.split === "by-time" || (folds !== "cells" && free.length < folds)) return blocksOf(Number(folds));
  const groups: string[][] = Array.from({ length: folds === "cells" ? free.length : folds }, () => []);
  for (const [i, cell] of free.entries()) groups[i % groups.length]?.push(cell);
  return groups.map((held, i) => ({
    label: held.length === 1 ? (held[0] as string) : `fold-${i + 1}`,
    cells: held,
    block: null,
    params: { "data.val_cells": held },
  }));
}

function blocksOf(folds: number): readonly Fold[] {
  return Array.from({ length: folds }, (_, i) => {
    const block = `${i + 1}/${folds}`;
    return { label: block, cells: [], block, params: { "data.split": "by-time", "data.val_part": block } };
  });
}
