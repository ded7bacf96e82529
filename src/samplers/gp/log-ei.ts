/** Expected improvement and probabilities in the logarithm, stable however small they are (Ament et al. 2023). */
import { LOG_SQRT_2PI, logNdtr, ndtr } from "../tpe/normal.js";

/** log(phi(z) + z Phi(z)): the logarithm of the expected improvement of a standard normal above -z. */
export function logImprovement(z: number): number {
  if (z > -1) return Math.log(Math.exp(-0.5 * z * z - LOG_SQRT_2PI) + z * ndtr(z));
  const logDensity = -0.5 * z * z - LOG_SQRT_2PI;
  if (z > -18) return logDensity + Math.log1p(z * Math.exp(logNdtr(z) - logDensity));
  // 1 + z Phi / phi = 1 / z^2 - 3 / z^4 + 15 / z^6 - ...
  const inverse = 1 / (z * z);
  let sum = 1;
  let term = 1;
  for (let i = 1; i < 30; i++) {
    term *= -(2 * i + 1) * inverse;
    if (Math.abs(term) < 1e-17) break;
    sum += term;
  }
  return logDensity + Math.log(inverse * sum);
}

/** The derivative of {@link logImprovement}. */
export function logImprovementSlope(z: number): number {
  return Math.exp(logNdtr(z) - logImprovement(z));
}

/** The derivative of `logNdtr`, the logarithm of P(Z <= z). */
export function logNdtrSlope(z: number): number {
  return Math.exp(-0.5 * z * z - LOG_SQRT_2PI - logNdtr(z));
}
