import type { CellTables } from "../../../src/core/index.js";
import { createTables } from "../../../src/datasets/index.js";

export interface CellSpec {
  readonly cell: string;
  /** Default 1 … n. */
  readonly cycles?: readonly number[];
  readonly soh: readonly number[];
}

/** Tables with the features `soh` and `twice` (2 x SOH) from SOH series. */
export function tablesOf(specs: readonly CellSpec[], source = "dummy"): CellTables {
  return createTables({
    source,
    featureNames: ["soh", "twice"],
    featureUnits: ["SOH", ""],
    provenance: "test",
    cells: specs.map(({ cell, cycles, soh }) => ({
      cell,
      cycles: cycles ?? soh.map((_, i) => i + 1),
      soh,
      features: soh.flatMap((s) => [s, 2 * s]),
    })),
  });
}

/** A falling series whose values tell the cell and the cycle apart. */
export function series(length: number, cell = 0): number[] {
  return Array.from({ length }, (_, i) => 1 - 0.001 * i - 0.01 * cell + 0.0003 * Math.sin(i * 1.7 + cell));
}
