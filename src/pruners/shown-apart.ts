/** Two numbers written so that they can be told apart. */

function digitsBeforePoint(value: number): number {
  const size = Math.abs(value);
  return size >= 1 && size < 1e15 ? Math.floor(Math.log10(size)) + 1 : 1;
}

function shownWith(value: number, digits: number): string {
  return Number.isFinite(value)
    ? value.toPrecision(Math.min(100, Math.max(digits, digitsBeforePoint(value))))
    : `${value}`;
}

/** Two numbers in three significant digits, or as many more as it takes to tell them apart. */
export function shownApart(a: number, b: number): [string, string] {
  for (let digits = 3; ; digits++) {
    const shown: [string, string] = [shownWith(a, digits), shownWith(b, digits)];
    if (shown[0] !== shown[1] || Object.is(a, b) || a === b || digits >= 17) return shown;
  }
}
