/** The parts of a cross-validated run: one ordinary run a fold and seed. */
import { createHash } from "node:crypto";
import type { CellTables, ConfigValue, Folds, PartOfRun, RunConfig } from "../core/index.js";
import { UsageError, defined, deriveSeed } from "../core/index.js";
import { foldsOf, loadTables } from "../datasets/index.js";
import type { Fold, TaskParameters } from "../datasets/index.js";
import { fileNamePart } from "../io/file-name.js";
import type { ResolvedConfig } from "./config.js";
import { resolveConfig } from "./config.js";

/** One part, before it is trained. */
export interface RunPart extends PartOfRun {
  /** It is this ordinary run. */
  readonly config: ResolvedConfig;
  /** What stands in the name of its own file: `B0005`, `2-of-5.seed-3`. */
  readonly file: string;
}

/** How a configuration is cross-validated: the folds and seeds that it names, and what they stand on. */
export interface Partition {
  readonly folds: Folds | null;
  readonly seeds: number;
  /** The configuration without them. */
  readonly config: RunConfig;
}

function namesEach(cells: ConfigValue | undefined): boolean {
  const [first, ...others] = [cells].flat();
  return first === "each" && others.length === 0;
}

function requireSeeds(seeds: unknown): number {
  if (Number.isSafeInteger(seeds) && (seeds as number) >= 1 && (seeds as number) <= 1000) return seeds as number;
  throw new UsageError("invalid-option", `seeds ${String(seeds)}: use a whole number from 1 to 1000`);
}

/**
 * The folds and seeds of a configuration. `data.val_cells: "each"` is `folds: "cells"` by an older name.
 * @returns null for a run that trains once
 * @throws UsageError `invalid-option`, `conflicting-options`, `invalid-split`
 */
export function partitionOf({ folds: given, seeds: asked, ...config }: RunConfig): Partition | null {
  const seeds = requireSeeds(asked ?? 1);
  const wanted = given === "none" || given === undefined ? null : given;
  const each = namesEach(config.params?.["data.val_cells"]);
  if (each && wanted !== null && wanted !== "cells")
    throw new UsageError("conflicting-options", `folds ${wanted}: data.val_cells=each is folds cells; leave one out`);
  const folds = each ? "cells" : wanted;
  if (folds === null && seeds === 1) return null;
  const { "data.val_cells": cells, ...others } = config.params ?? {};
  const params = each || cells === undefined ? others : { ...others, "data.val_cells": cells };
  return { folds, seeds, config: { ...config, params } };
}

/** What a part is called in words and in its file's name; the seed is only named where there are several. */
function namesOf(fold: Fold | null, index: number, seeds: number): { label: string; file: string } {
  const held = fold ? [fold.label] : [];
  const inFile = held.map((label) => (fold?.cells.length === 1 ? fileNamePart(label) : label.replace("/", "-of-")));
  const seed = seeds === 1 ? [] : [`seed-${index + 1}`];
  return { label: [...held, ...seed].join(" "), file: [...inFile, ...seed].join(".") };
}

/**
 * The parts of a cross-validated run, the folds outside, their seeds within. The first seed is the run's own, so that a
 * fold is the ordinary run that holds out the same cells; the others are derived from it. Data are drawn and cut by the
 * run's, the same for all parts.
 * @param common the configuration without folds and seeds, resolved
 * @throws UsageError as {@link foldsOf} and `resolveConfig`
 */
export async function partsOf(
  { folds, seeds, config }: Partition,
  common: ResolvedConfig,
  { tables: given, baseDir }: { readonly tables?: CellTables | undefined; readonly baseDir?: string | undefined } = {},
): Promise<readonly RunPart[]> {
  const { dataset, data, seed, dataSeed } = common;
  const load = defined({ seed: dataSeed, baseDir });
  const held: readonly (Fold | null)[] =
    folds === null
      ? [null]
      : foldsOf(
          folds,
          data as unknown as TaskParameters,
          (given ?? (await loadTables(dataset, data, load))).cells.map(({ cell }) => cell),
        );
  return held.flatMap((fold) =>
    Array.from({ length: seeds }, (_, index): RunPart => {
      const own = index === 0 ? seed : deriveSeed(seed, "part", index);
      const params = { ...config.params, ...fold?.params };
      return {
        fold: fold?.cells ?? [],
        block: fold?.block ?? null,
        ...namesOf(fold, index, seeds),
        seed: own,
        config: resolveConfig({ ...config, seed: own, dataSeed, params }),
      };
    }),
  );
}

/** What tells a part from the others, without what it is trained by. */
export function placeOf({ fold, block, label, seed }: PartOfRun): PartOfRun {
  return { fold, block, label, seed };
}

/** One hash for the data of all parts; of a single one its own. */
export function combinedHash(hashes: readonly string[]): string {
  const [first = ""] = hashes;
  return hashes.length === 1 ? first : createHash("sha256").update(hashes.join("\n")).digest("hex");
}
