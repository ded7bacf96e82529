/** Numbers as reasons write them: short, and two of them so that they can be told apart. */

function digitsBeforePoint(value: number): number {
  const size = Math.abs(value);
  return size >= 1 && size < 1e15 ? Math.floor(Math.log10(size)) + 1 : 1;
}

function shownWith(value: number, digits: number): string {
  return Number.isFinite(value)
    ? value.toPrecision(Math.min(100, Math.max(digits, digitsBeforePoint(value))))
    : `${value}`;
}

/** A number in three significant digits. */
export function shown(value: number): string {
  return shownWith(value, 3);
}

/** Two numbers in three significant digits, or as many more as it takes to tell them apart. */
export function shownApart(a: number, b: number): [string, string] {
  for (let digits = 3; ; digits++) {
    const both: [string, string] = [shownWith(a, digits), shownWith(b, digits)];
    if (both[0] !== both[1] || Object.is(a, b) || a === b || digits >= 17) return both;
  }
}
