/**
 * The normal distribution's functions, accurate far into both tails. erf and erfc follow the rational approximations of
 * FreeBSD's s_erf.c (Sun Microsystems 1993, freely usable with this notice), evaluated in log space where asked.
 */

const SQRT1_2 = Math.SQRT1_2;
export const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);
const ERX = 8.45062911510467529297e-1;

/** Coefficients from the constant term up. */
const PP = [
  1.28379167095512558561e-1, -3.2504210724700149937e-1, -2.84817495755985104766e-2, -5.77027029648944159157e-3,
  -2.37630166566501626084e-5,
];
const QQ = [
  1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3, 1.32494738004321644526e-4,
  -3.9602282787753681232e-6,
];
const PA = [
  -2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1, 3.18346619901161753674e-1,
  -1.10894694282396677476e-1, 3.54783043256182359371e-2, -2.166375594868790843e-3,
];
const QA = [
  1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2, 1.26171219808761642112e-1,
  1.36370839120290507362e-2, 1.1984499846799107417e-2,
];
const RA = [
  -9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1, -6.23753324503260060396e1,
  -1.62396669462573470355e2, -1.84605092906711035994e2, -8.12874355063065934246e1, -9.81432934416914548592,
];
const SA = [
  1, 1.96512716674392571292e1, 1.376577541435190426e2, 4.34565877475229228821e2, 6.45387271733267880336e2,
  4.29008140027567833386e2, 1.08635005541779435134e2, 6.57024977031928170135, -6.04244152148580987438e-2,
];
const RB = [
  -9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1, -1.60636384855821916062e2,
  -6.37566443368389627722e2, -1.02509513161107724954e3, -4.83519191608651397019e2,
];
const SB = [
  1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3, 3.19985821950859553908e3,
  2.55305040643316442583e3, 4.74528541206955367215e2, -2.24409524465858183362e1,
];

function polynomial(c: readonly number[], x: number): number {
  let y = 0;
  for (let i = c.length - 1; i >= 0; i--) y = y * x + (c[i] as number);
  return y;
}

/** log(x exp(x^2) erfc(x)) + 0.5625 for x in [1.25, 28): the smooth part of the tail. */
function tailExponent(x: number): number {
  const s = 1 / (x * x);
  return x < 1 / 0.35 ? polynomial(RA, s) / polynomial(SA, s) : polynomial(RB, s) / polynomial(SB, s);
}

/** erfc(x) for x >= 0. */
function erfcPositive(x: number): number {
  if (x < 0.84375) {
    const z = x * x;
    const y = polynomial(PP, z) / polynomial(QQ, z);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  if (x < 1.25) return 1 - ERX - polynomial(PA, x - 1) / polynomial(QA, x - 1);
  if (x >= 28) return 0;
  // exp(-x^2) in two factors: the square of a 24-bit number is exact
  const z = Math.fround(x);
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + tailExponent(x))) / x;
}

/** The error function's complement. */
export function erfc(x: number): number {
  return x >= 0 ? erfcPositive(x) : 2 - erfcPositive(-x);
}

/** P(Z <= a). */
export function ndtr(a: number): number {
  return 0.5 * erfc(-a * SQRT1_2);
}

/** The divergent series of Mills' ratio, cut at its smallest relevant term: log P(Z <= a) for a <= -20. */
function logNdtrAsymptotic(a: number): number {
  const inverse = 1 / (a * a);
  let sum = 1;
  let term = 1;
  for (let i = 1; i < 40; i++) {
    term *= -(2 * i - 1) * inverse;
    if (Math.abs(term) < 1e-17) break;
    sum += term;
  }
  return -0.5 * a * a - Math.log(-a) - LOG_SQRT_2PI + Math.log(sum);
}

/** log P(Z <= a), without underflow. */
export function logNdtr(a: number): number {
  if (a === -Infinity) return -Infinity;
  if (a > -1) return a > 0 ? Math.log1p(-ndtr(-a)) : Math.log(ndtr(a));
  if (a <= -20) return logNdtrAsymptotic(a);
  const x = -a * SQRT1_2;
  if (x < 1.25) return Math.log(0.5 * erfcPositive(x));
  return -0.5 * a * a - 0.5625 + tailExponent(x) - Math.log(2 * x);
}

/** The a with log P(Z <= a) = y <= 0, by Newton's method from the tail's or the logistic approximation. */
export function ndtriExp(y: number): number {
  if (y === -Infinity) return -Infinity;
  if (y >= 0) return y === 0 ? Infinity : NaN;
  // near 0 the upper tail is the one that is resolved
  const flipped = y > -1e-2;
  const z = flipped ? Math.log(-Math.expm1(y)) : y;
  let x = z < -5 ? -Math.sqrt(-2 * (z + LOG_SQRT_2PI)) : (-Math.sqrt(3) / Math.PI) * Math.log(Math.expm1(-z));
  for (let i = 0; i < 100; i++) {
    const logCdf = logNdtr(x);
    const step = (logCdf - z) * Math.exp(logCdf + 0.5 * x * x + LOG_SQRT_2PI);
    x -= step;
    if (!(Math.abs(step) >= 1e-9 * Math.abs(x))) break;
  }
  return flipped ? -x : x;
}
