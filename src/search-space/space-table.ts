/** A resolved space as the rows of a table. */
import { cardinality } from "../core/distribution.js";
import type { Distribution, SearchSpace } from "../core/distribution.js";
import type { ConfigValue } from "../core/run.js";
import { conditionInWords } from "./conditions.js";
import { formatDistribution } from "./search-grammar.js";

/** One line of `create-study --dry-run`. */
export interface SpaceRow {
  readonly name: string;
  readonly type: Distribution["type"] | "fixed";
  /** `1e-5 to 0.1`, `adamw, sgd`, or the fixed value. */
  readonly values: string;
  /** `log`, `step 8` or "". */
  readonly scale: string;
  /** Number of different values; null for a continuous range. */
  readonly count: number | null;
  /** `train.optimizer = sgd`; "" when always active. */
  readonly when: string;
  /** As `--search` or `--fix` takes it: `train.lr=log:1e-5..0.1`. */
  readonly option: string;
}

function scaleOf(distribution: Distribution): string {
  if (distribution.type === "categorical") return "";
  if (distribution.log) return "log";
  const { type, step } = distribution;
  return step === null || (type === "int" && step === 1) ? "" : `step ${step}`;
}

function searchedRow(name: string, distribution: Distribution): SpaceRow {
  const count = cardinality(distribution);
  return {
    name,
    type: distribution.type,
    values:
      distribution.type === "categorical"
        ? distribution.choices.map(String).join(", ")
        : `${distribution.low} to ${distribution.high}`,
    scale: scaleOf(distribution),
    count: Number.isFinite(count) ? count : null,
    when: conditionInWords(distribution.when),
    option: `${name}=${formatDistribution(distribution)}`,
  };
}

function fixedRow(name: string, value: ConfigValue): SpaceRow {
  const shown = Array.isArray(value) ? value.join(",") : value === null ? "none" : String(value);
  return { name, type: "fixed", values: shown, scale: "", count: 1, when: "", option: `${name}=${shown}` };
}

/** A resolved space as rows: what is searched in drawing order, then what is fixed. */
export function spaceTable(space: SearchSpace, fixed: Readonly<Record<string, ConfigValue>> = {}): SpaceRow[] {
  return [
    ...Object.entries(space).map(([name, distribution]) => searchedRow(name, distribution)),
    ...Object.entries(fixed).map(([name, value]) => fixedRow(name, value)),
  ];
}
