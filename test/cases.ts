/** How many of its cases a property or a sweep has: a part, or all of them where `MLBENCH_ALL_CASES` is 1, as in `.ci/full`. */

export const allCases = process.env["MLBENCH_ALL_CASES"] === "1";

/** A third of so many: as many as find a fault that is there each time. */
export function cases(all: number): number {
  return allCases ? all : Math.ceil(all / 3);
}

/** The places from `first` to `last`, both among them, so far apart, or three times as far. */
export function places(first: number, last: number, apart = 1): number[] {
  const step = allCases ? apart : 3 * apart;
  const found = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
  return found.at(-1) === last ? found : [...found, last];
}
