/** The confidence interval of a mean from few values (Student's t). */

/**
 * The quantile of Student's t for p in (0, 1) and a whole number of degrees of freedom, from Cephes (in WebAssembly,
 * loaded when it is needed).
 */
export async function studentTQuantile(p: number, df: number): Promise<number> {
  const { compiled, stdtri } = await import("cephes");
  await compiled;
  return stdtri(df, p);
}

/** A mean with its standard deviation and its 95 % interval. */
export interface Interval {
  readonly mean: number;
  /** Sample standard deviation (n - 1). */
  readonly sd: number;
  readonly low: number;
  readonly high: number;
}

/** Mean, standard deviation and the t interval of the mean; needs at least two values. */
export async function meanInterval(values: readonly number[], level = 0.95): Promise<Interval> {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  const half = ((await studentTQuantile((1 + level) / 2, n - 1)) * sd) / Math.sqrt(n);
  return { mean, sd, low: mean - half, high: mean + half };
}
