// One optimizer step over one flat block of parameters, n > 0 a multiple of 4. Loops here and in the other files test at
// their end: V8 moves what does not change out of a loop only when its body runs at least once, and with the test in
// front recomputed even the f64 scalars in every iteration (Node 20: six times slower). Scalars arrive in f64 and are rounded once,
// after they have been combined: `1 - beta2` taken in f32 is off by 1e-5 and shows in the loss trace.
import { madd } from "./simd";

/** The sum of squares in f64: the global norm of all gradients at once. */
export function sumOfSquares(g: usize, n: i32): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  const end = g + (n << 2);
  do {
    const v = v128.load(g);
    const a = f64x2.promote_low_f32x4(v), b = f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
    g += 16;
  } while (g < end);
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019) as PyTorch computes them. `coupled` is Adam's weight decay
 * (added to the gradient), `decoupled` AdamW's (the weights shrink by lr * decay); `t` counts from 1.
 */
export function adamStep(
  p: usize, g: usize, m: usize, v: usize, n: i32,
  lr: f64, beta1: f64, beta2: f64, eps: f64, coupled: f64, decoupled: f64, correction1: f64, correction2: f64, scale: f64,
): void {
  const vScale = f32x4.splat(<f32>scale), vCoupled = f32x4.splat(<f32>coupled), shrink = f32x4.splat(<f32>(1 - lr * decoupled));
  const b1 = f32x4.splat(<f32>beta1), c1 = f32x4.splat(<f32>(1 - beta1));
  const b2 = f32x4.splat(<f32>beta2), c2 = f32x4.splat(<f32>(1 - beta2));
  const size = f32x4.splat(<f32>(-lr / correction1)), root = f32x4.splat(<f32>(1 / Math.sqrt(correction2)));
  const vEps = f32x4.splat(<f32>eps);
  const end: usize = (<usize>n) << 2;
  let i: usize = 0;
  do {
    const w = v128.load(p + i);
    const gradient = madd(vCoupled, w, f32x4.mul(v128.load(g + i), vScale));
    const m1 = madd(b1, v128.load(m + i), f32x4.mul(c1, gradient));
    const v1 = madd(b2, v128.load(v + i), f32x4.mul(c2, f32x4.mul(gradient, gradient)));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    const denominator = madd(f32x4.sqrt(v1), root, vEps);
    v128.store(p + i, madd(size, f32x4.div(m1, denominator), f32x4.mul(shrink, w)));
    i += 16;
  } while (i < end);
}

/** SGD with momentum as PyTorch computes it: the first step's buffer is the gradient itself (`fresh`). */
export function sgdStep(
  p: usize, g: usize, buffer: usize, n: i32, lr: f64, decay: f64, momentum: f64, nesterov: bool, fresh: bool, scale: f64,
): void {
  const vScale = f32x4.splat(<f32>scale), vDecay = f32x4.splat(<f32>decay), vMomentum = f32x4.splat(<f32>momentum);
  const size = f32x4.splat(<f32>-lr);
  const end: usize = (<usize>n) << 2;
  let i: usize = 0;
  do {
    const w = v128.load(p + i);
    const gradient = madd(vDecay, w, f32x4.mul(v128.load(g + i), vScale));
    let direction = gradient;
    if (momentum != 0) {
      const b = fresh ? gradient : madd(vMomentum, v128.load(buffer + i), gradient);
      v128.store(buffer + i, b);
      direction = nesterov ? madd(vMomentum, b, gradient) : b;
    }
    v128.store(p + i, madd(size, direction, w));
    i += 16;
  } while (i < end);
}
