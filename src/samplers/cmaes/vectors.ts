/** Arithmetic of vectors. */

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** The Euclidean length. */
export function lengthOf(x: Float64Array): number {
  return Math.sqrt(dot(x, x));
}
