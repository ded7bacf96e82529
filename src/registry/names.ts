/** The parameters that a name given by a user can mean. */
import { UsageError } from "../core/errors.js";
import { didYouMean, nearest } from "../core/nearest.js";
import type { QualifiedParameter } from "./parameter.js";

/** `hidden_size` of `model.hidden_size` and of `model.lstm.hidden_size`. */
export function bareName(qualified: string): string {
  return qualified.slice(qualified.lastIndexOf(".") + 1);
}

/** People type hyphens as in options; names have underscores. */
function normalised(name: string): string {
  return name.trim().replaceAll("-", "_");
}

/**
 * Names that one given by a user can refer to: the exact name first, then every name that ends in it (`hidden_size`,
 * `lstm.hidden_size`), then, in a study over several models, `model.x` as "`x` of every model that has it".
 */
export function matchNames(name: string, known: readonly string[]): string[] {
  const wanted = normalised(name);
  if (known.includes(wanted)) return [wanted];
  const bySuffix = known.filter((k) => k.endsWith(`.${wanted}`));
  if (bySuffix.length > 0) return bySuffix;
  if (!/^model\.\w+$/.test(wanted)) return [];
  return known.filter((k) => /^model\.\w+\.\w+$/.test(k) && bareName(k) === bareName(wanted));
}

/** `unknown parameter "hiden_size": did you mean "model.hidden_size"? known: …` */
export function unknownParameter(name: string, known: readonly string[]): UsageError {
  const wanted = normalised(name);
  const bare = nearest(bareName(wanted), known.map(bareName));
  const near = nearest(wanted, known) ?? (bare && known.find((k) => bareName(k) === bare));
  const hint = didYouMean(wanted, known, near);
  return new UsageError(
    "unknown-parameter",
    `unknown parameter "${name}":${hint} known: ${known.join(", ") || "none"}`,
  );
}

function isEveryModels(name: string, matches: readonly string[]): boolean {
  return normalised(name).startsWith("model.") && matches.every((m) => m.startsWith("model."));
}

/**
 * The parameters that a name stands for: one, or, in a study over several models, `model.x` of each of them.
 * @throws UsageError `unknown-parameter` with the nearest name, `ambiguous-parameter` listing the qualified ones.
 */
export function resolveNames(name: string, known: readonly string[]): string[] {
  const matches = matchNames(name, known);
  if (matches.length === 0) throw unknownParameter(name, known);
  if (matches.length > 1 && !isEveryModels(name, matches))
    throw new UsageError("ambiguous-parameter", `"${name}" is ambiguous: use one of ${matches.join(", ")}`);
  return matches;
}

/**
 * The one parameter that a name stands for.
 * @throws UsageError `unknown-parameter`, `ambiguous-parameter`.
 */
export function resolveParameter(name: string, parameters: readonly QualifiedParameter[]): QualifiedParameter {
  const known = [...new Set(parameters.map((p) => p.qualified))];
  const [first, ...others] = resolveNames(name, known);
  if (others.length > 0)
    throw new UsageError("ambiguous-parameter", `"${name}" is ambiguous: use one of ${[first, ...others].join(", ")}`);
  return parameters.find((p) => p.qualified === first) as QualifiedParameter;
}
