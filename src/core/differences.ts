/** The fields in which two plain values differ, and how to say so. */
import { canonicalJson } from "./json.js";

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One field in which two settings differ; undefined where one side has none. */
export interface Difference {
  /** `space.train.lr.high`, `sampler.options.nStartupTrials`. */
  readonly field: string;
  readonly existing: unknown;
  readonly requested: unknown;
}

/**
 * The fields in which two plain values differ, deepest names first to differ; lists are compared whole. A missing field
 * and an undefined one are the same.
 */
export function differences(existing: unknown, requested: unknown, field = ""): Difference[] {
  if (isObject(existing) && isObject(requested)) {
    const names = [...new Set([...Object.keys(existing), ...Object.keys(requested)])];
    return names.flatMap((name) =>
      differences(existing[name], requested[name], field === "" ? name : `${field}.${name}`),
    );
  }
  const same = canonicalJson(existing ?? null) === canonicalJson(requested ?? null);
  return same && (existing === undefined) === (requested === undefined) ? [] : [{ field, existing, requested }];
}

/** `space.train.lr.high: 0.1 -> 1`; a missing side is shown as `absent`. */
export function differenceInWords({ field, existing, requested }: Difference): string {
  const shown = (value: unknown): string => (value === undefined ? "absent" : canonicalJson(value));
  return `${field}: ${shown(existing)} -> ${shown(requested)}`;
}
