/** States in float64, out of TensorFlow.js's sight. */
import type { Time } from "./time.js";
import type { Tolerance, Vectors } from "./vectors.js";

export const float64Vectors: Vectors<Float64Array> = {
  combine(y, k, weights, h) {
    return addTo(Float64Array.from(y), k, weights, h);
  },
  sum(k, weights, h) {
    return addTo(new Float64Array(k[0]?.length ?? 0), k, weights, h);
  },
  moving: (y) => y,
  norm(x, from, to, { rtol, atol }: Tolerance) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      const scale = atol + rtol * Math.max(Math.abs(from[i] as number), Math.abs(to[i] as number));
      sum += ((x[i] as number) / scale) ** 2;
    }
    return Math.sqrt(sum / x.length);
  },
  tidy: (body) => body(),
  dispose: () => {},
  unrecorded: (body) => body(),
};

function addTo(y: Float64Array, k: readonly Float64Array[], weights: readonly number[], h: Time): Float64Array {
  k.forEach((slope, s) => {
    const by = h.value * (weights[s] ?? 0);
    if (by !== 0) for (let i = 0; i < y.length; i++) y[i] = (y[i] as number) + by * (slope[i] as number);
  });
  return y;
}
