/** The known name that a mistyped one was probably meant to be. */
import { createRequire } from "node:module";
import type * as Levenshtein from "fastest-levenshtein";

const require = createRequire(import.meta.url);

/** Loaded by the first mistake: everything imports this file, and starts without it. */
function editDistance(): typeof Levenshtein.distance {
  return (require("fastest-levenshtein") as typeof Levenshtein).distance;
}

/** The known name nearest to `name`, if it is near enough to be what was meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const distance = editDistance();
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  // Of three letters two wrong ones leave nothing to know a name by, unless the first is right.
  const most = name.length <= 3 && name[0] !== best?.[0] ? 1 : Math.max(2, Math.floor(name.length / 3));
  return bestDistance <= Math.min(most, name.length - 1) ? best : undefined;
}

/** ` did you mean "lstm"?` for the middle of a message, or "" when no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  return suggestion(nearest(name, known));
}

/** {@link didYouMean} where the nearest name has been found another way. */
export function suggestion(near: string | undefined): string {
  return near === undefined ? "" : ` did you mean "${near}"?`;
}
