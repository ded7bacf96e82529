/** The blocks of parameters that TPE models jointly. */
import type { Distribution } from "../../core/index.js";
import { cardinality } from "../../core/index.js";
import type { SpaceEncoding } from "./encoding.js";

/** Places in a encoding whose parameters are drawn jointly, in drawing order. */
export type Block = readonly number[];

export interface Grouping {
  readonly preset: "default" | "optuna";
  /** Joint densities at all; without, every parameter is drawn on its own. */
  readonly multivariate: boolean;
  /** A joint density for every branch of a conditional space; without, conditional parameters are drawn on their own. */
  readonly group: boolean;
}

/** The blocks of a space, one joint density each. Parameters with a single value belong to none. */
export function blocksOf(encoding: SpaceEncoding, { preset, multivariate, group }: Grouping): Block[] {
  const blocks = new Map<string, number[]>();
  encoding.distributions.forEach((d, i) => {
    if (cardinality(d) === 1) return;
    // our own density covers the whole tree; Optuna's cannot
    const key = multivariate && group && preset === "default" ? "tree" : branchOf(d, `${i}`, multivariate, group);
    const block = blocks.get(key);
    if (block) block.push(i);
    else blocks.set(key, [i]);
  });
  // the order of first members keeps parents before what depends on them: a block's members share their condition
  return [...blocks.values()];
}

function branchOf(d: Distribution, own: string, multivariate: boolean, group: boolean): string {
  if (!multivariate) return own;
  if (!d.when) return "root";
  return group ? JSON.stringify(Object.entries(d.when).sort(([a], [b]) => (a < b ? -1 : 1))) : own;
}
