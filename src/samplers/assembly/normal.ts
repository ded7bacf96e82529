// The normal distribution's integral: the twin of src/core/normal.ts, operation by operation, so that both give the same
// bits.

/** Math.exp and Math.log of the engine, whose last bits are its own. */
// @ts-ignore: decorator
@external("math", "exp") export declare function exp(x: f64): f64;
// @ts-ignore: decorator
@external("math", "log") export declare function log(x: f64): f64;

export const LOG_SQRT_2PI: f64 = 0.9189385332046727;
const SQRT1_2: f64 = 0.7071067811865476;
const ERX: f64 = 8.45062911510467529297e-1;

// Coefficients from the constant term up.
// @ts-ignore: decorator
@lazy const PP = memory.data<f64>([
  1.28379167095512558561e-1, -3.2504210724700149937e-1, -2.84817495755985104766e-2, -5.77027029648944159157e-3,
  -2.37630166566501626084e-5,
]);
// @ts-ignore: decorator
@lazy const QQ = memory.data<f64>([
  1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3, 1.32494738004321644526e-4,
  -3.9602282787753681232e-6,
]);
// @ts-ignore: decorator
@lazy const PA = memory.data<f64>([
  -2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1, 3.18346619901161753674e-1,
  -1.10894694282396677476e-1, 3.54783043256182359371e-2, -2.166375594868790843e-3,
]);
// @ts-ignore: decorator
@lazy const QA = memory.data<f64>([
  1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2, 1.26171219808761642112e-1,
  1.36370839120290507362e-2, 1.1984499846799107417e-2,
]);
// @ts-ignore: decorator
@lazy const RA = memory.data<f64>([
  -9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1, -6.23753324503260060396e1,
  -1.62396669462573470355e2, -1.84605092906711035994e2, -8.12874355063065934246e1, -9.81432934416914548592,
]);
// @ts-ignore: decorator
@lazy const SA = memory.data<f64>([
  1, 1.96512716674392571292e1, 1.376577541435190426e2, 4.34565877475229228821e2, 6.45387271733267880336e2,
  4.29008140027567833386e2, 1.08635005541779435134e2, 6.57024977031928170135, -6.04244152148580987438e-2,
]);
// @ts-ignore: decorator
@lazy const RB = memory.data<f64>([
  -9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1, -1.60636384855821916062e2,
  -6.37566443368389627722e2, -1.02509513161107724954e3, -4.83519191608651397019e2,
]);
// @ts-ignore: decorator
@lazy const SB = memory.data<f64>([
  1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3, 3.19985821950859553908e3,
  2.55305040643316442583e3, 4.74528541206955367215e2, -2.24409524465858183362e1,
]);

function polynomial(c: usize, count: i32, x: f64): f64 {
  let y: f64 = 0;
  for (let i = count - 1; i >= 0; i--) y = y * x + load<f64>(c + (<usize>i << 3));
  return y;
}

function tailExponent(x: f64): f64 {
  const s = 1 / (x * x);
  return x < 1 / 0.35 ? polynomial(RA, 8, s) / polynomial(SA, 9, s) : polynomial(RB, 7, s) / polynomial(SB, 8, s);
}

function erfcPositive(x: f64): f64 {
  if (x < 0.84375) {
    const z = x * x;
    const y = polynomial(PP, 5, z) / polynomial(QQ, 6, z);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  if (x < 1.25) return 1 - ERX - polynomial(PA, 7, x - 1) / polynomial(QA, 7, x - 1);
  if (x >= 28) return 0;
  const z = <f64>(<f32>x);
  return (exp(-z * z - 0.5625) * exp((z - x) * (z + x) + tailExponent(x))) / x;
}

/** P(Z <= a). */
export function ndtr(a: f64): f64 {
  const x = -a * SQRT1_2;
  return 0.5 * (x >= 0 ? erfcPositive(x) : 2 - erfcPositive(-x));
}
