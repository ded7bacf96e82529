// Explicit Runge-Kutta methods for y' = MLP(y): the twin of ../native/ode.h, whose comments say why it is as it is.
import { madd } from "./simd";
import {
  P, PB, HIDDEN, SLOPES, DHIDDEN, columns, describe, firstBias, fromBlocks, get, inputs, keepSlopes, layers, mlpBackward,
  mlpForward, outer, outputs, packMlp, place, placeBias0, put, sumBlocks, sumLanes, timed, toBlocks, weightCount,
} from "./ode-mlp";

/** `OdePlan` as ../kernels/ode-layout.ts writes it. */
// @ts-ignore: decorator
@unmanaged export class OdePlan {
  B: i32; D: i32; layers: i32; units0: i32; units1: i32; units2: i32; activation: i32; time: i32; points: i32; stages: i32;
  fsal: i32; order: i32; adaptive: i32; steps: i32; kept: i32; mode: i32; budget: i32;
  numbers: usize; y0: usize; weights: usize; path: usize; work: usize; dPath: usize; dY0: usize; dWeights: usize;
}
export const DIRECT = 1, ADJOINT = 2;
export const DONE = 0, UNDERFLOW = 1, BUDGET = 2, NOT_FINITE = 3, FULL = 4, REFUSED = 5;
/** Places in `numbers`: eight, then the tableau (c, a, b, error, middle) and the times. */
const RTOL = 0, ATOL = 8, STEP_SIZE = 16, MIN_STEP = 24, AT = 56, TABLEAU: usize = 64;
export const EVALUATIONS: usize = 32, ACCEPTED: usize = 40, REJECTED: usize = 48;

// The plan at hand and its workspace: addresses, and sizes in bytes.
export let o: OdePlan = changetype<OdePlan>(0);
export let blocks: i32 = 0, E: i32 = 0, group: i32 = 0;
export let rowBytes: usize = 0, state: usize = 0, slotBytes: usize = 0, flat: usize = 0, stepF: usize = 0;
let C: usize = 0, A: usize = 0, weightsB: usize = 0, errorE: usize = 0, middleM: usize = 0, T: usize = 0;
export let times: usize = 0, sizes: usize = 0, outX: usize = 0, outStep: usize = 0;
export let Y: usize = 0, tape: usize = 0, temporary: usize = 0, scratch: usize = 0, end: usize = 0;
export let dF: usize = 0, gradientA: usize = 0, carry: usize = 0, dU: usize = 0, gTime: usize = 0, when: usize = 0;
// @ts-ignore: decorator
@lazy export const G = memory.data(16), GBIAS = memory.data(16), DHIDDEN_ALL = memory.data(16), STEP_HIDDEN = memory.data(16);
// @ts-ignore: decorator
@lazy const HIDDEN_AT = memory.data(16), SLOPES_AT = memory.data(16), K = memory.data(64), USED = memory.data(64), BY = memory.data(64), Q = memory.data(128), ONE = memory.data<f64>([1]), SPAN = memory.data(16);

let at: f64 = 0;
function take(bytes: usize): usize {
  const start = at;
  at += <f64>((bytes + 63) & ~63);
  return <usize>start;
}
// @ts-ignore: decorator
@inline function odd(bytes: usize): usize { return (((bytes + 63) >> 6) | 1) << 6; }
// @ts-ignore: decorator
@inline export function number(i: usize): f64 { return load<f64>(o.numbers + i); }
// @ts-ignore: decorator
@inline export function coefficient(i: i32, j: i32): f64 { return load<f64>(A + (<usize>(i * o.stages + j) << 3)); }
// @ts-ignore: decorator
@inline export function nodeC(i: i32): f64 { return load<f64>(C + (<usize>i << 3)); }
// @ts-ignore: decorator
@inline export function weightB(i: i32): f64 { return load<f64>(weightsB + (<usize>i << 3)); }
// @ts-ignore: decorator
@inline export function timeAt(i: i32): f64 { return load<f64>(T + (<usize>i << 3)); }
// @ts-ignore: decorator
@inline export function f64At(table: usize, i: i32): f64 { return load<f64>(table + (<usize>i << 3)); }

export function layOde(plan: OdePlan): f64 {
  o = plan;
  const s = plan.stages, direct = plan.mode == DIRECT, adjoint = plan.mode == ADJOINT;
  describe(plan.D, plan.layers, changetype<usize>(plan) + offsetof<OdePlan>("units0"), plan.activation, plan.time, plan.weights);
  C = plan.numbers + TABLEAU, A = C + (<usize>s << 3), weightsB = A + (<usize>(s * s) << 3), errorE = weightsB + (<usize>s << 3);
  middleM = errorE + (<usize>s << 3), T = middleM + (<usize>s << 3);
  blocks = (plan.B + P - 1) / P, E = s - plan.fsal, group = max(1, 32 / E);
  rowBytes = <usize>(adjoint ? 2 * plan.D : plan.D) * PB;
  at = <f64>plan.work;
  const steps: usize = direct ? plan.steps + 1 : 2, evaluations: usize = direct ? group * E + 1 : 1;
  times = take(steps << 3), sizes = take(steps << 3), outX = take(<usize>plan.points << 3), outStep = take(<usize>plan.points << 2);
  flat = <usize>blocks * rowBytes;
  state = flat + (adjoint ? ((<usize>(weightCount + 1) << 2) + 63) & ~63 : 0);
  slotBytes = state;
  placeBias0(take(<usize>outputs(0) << 2));
  when = take(evaluations << 2);
  for (let l = 0; l < layers; l++) {
    const N = outputs(l), M = inputs(l), forward = take(<usize>(((N + 3) & ~3) * M) << 2);
    let backward: usize = 0;
    if (direct || adjoint) {
      backward = take(<usize>(((M + 3) & ~3) * N) << 2);
      put(G, l, take(<usize>(N * M) * PB));
      put(GBIAS, l, take(<usize>N * PB));
      put(STEP_HIDDEN, l, odd(<usize>N * PB));
      if (l < layers - 1) put(DHIDDEN_ALL, l, take((direct ? evaluations : <usize>blocks) * odd(<usize>N * PB)));
    }
    place(l, forward, backward);
    if (l == layers - 1) break;
    put(HIDDEN_AT, l, slotBytes), slotBytes += <usize>blocks * <usize>N * PB;
    put(SLOPES_AT, l, slotBytes);
    if (keepSlopes) slotBytes += <usize>blocks * <usize>N * PB;
  }
  slotBytes = odd(slotBytes), stepF = odd(<usize>plan.D * PB);
  gTime = take(timed ? <usize>outputs(0) * PB : 0), dU = take(<usize>plan.D * PB);
  gradientA = take(direct ? state : 0), carry = take(direct ? state : 0);
  dF = take(direct ? evaluations * stepF : 0);
  Y = <usize>at, at += <f64>steps * <f64>state;
  for (let i = 0; i < s; i++) put(K, i, take(state));
  scratch = take(state), end = take(state), temporary = take(evaluations * slotBytes);
  tape = <usize>at;
  if (direct && plan.kept) at += (<f64>plan.kept * E + 1) * <f64>slotBytes;
  return (at - <f64>plan.work) / 4;
}
export function odeFloats(plan: OdePlan): f64 { return layOde(plan); }
export function stateOf(n: i32): usize { return Y + <usize>(o.mode == DIRECT ? n : n & 1) * state; }
/** The slot of stage 0 of step n. */
export function slotOf(n: i32): usize { return o.mode == DIRECT && n < o.kept ? tape + <usize>(n * E) * slotBytes : temporary; }

/* ---------- evaluations ---------- */
export function partsOf(slot: usize, block: i32): void {
  for (let l = 0; l < layers - 1; l++) {
    const part = slot + <usize>(block * outputs(l)) * PB;
    put(HIDDEN, l, part + get(HIDDEN_AT, l)), put(SLOPES, l, part + get(SLOPES_AT, l));
  }
}
export function hiddenOf(slot: usize, l: i32): usize { return slot + get(HIDDEN_AT, l); }
export function flattenGradients(sign: f32, to: usize): void {
  for (let l = 0; l < layers; l++) {
    let g = get(G, l);
    for (let n = 0; n < outputs(l); n++) {
      for (let k = 0; k < inputs(l); k++, g += PB, to += 4) store<f32>(to, sign * sumLanes(g));
      if (columns(l) > inputs(l)) store<f32>(to, sign * sumLanes(gTime + <usize>n * PB)), to += 4;
    }
    for (let n = 0; n < outputs(l); n++, to += 4) store<f32>(to, sign * sumLanes(get(GBIAS, l) + <usize>n * PB));
  }
}
export function clearGradients(): void {
  for (let l = 0; l < layers; l++) {
    memory.fill(get(G, l), 0, <usize>(outputs(l) * inputs(l)) * PB);
    memory.fill(get(GBIAS, l), 0, <usize>outputs(l) * PB);
  }
  if (timed) memory.fill(gTime, 0, <usize>outputs(0) * PB);
}
/** f at (t, u), u standing in its slot; of the adjoint system (y, a, weights, time): (f, -aJ, -a df/dw, -a df/dt). */
export function evaluate(t: f64, slot: usize, f: usize): void {
  const D = <usize>o.D * PB, adjoint = o.mode == ADJOINT, first = firstBias(<f32>t);
  for (let block = 0; block < blocks; block++) {
    const u = slot + <usize>block * rowBytes, to = f + <usize>block * rowBytes;
    partsOf(slot, block);
    mlpForward(first, u, to);
    if (!adjoint) continue;
    for (let l = 0; l < layers - 1; l++) put(DHIDDEN, l, get(DHIDDEN_ALL, l) + <usize>block * get(STEP_HIDDEN, l));
    mlpBackward(u + D, to + D);
    for (let i = to + D; i < to + 2 * D; i += 16) v128.store(i, f32x4.neg(v128.load(i)));
  }
  if (!adjoint) return;
  clearGradients();
  for (let l = 0; l < layers; l++) {
    const last = l == layers - 1, a = last ? slot + D : get(DHIDDEN_ALL, l), stepA = last ? rowBytes : get(STEP_HIDDEN, l);
    const b = l > 0 ? hiddenOf(slot, l - 1) : slot, stepB = l > 0 ? <usize>inputs(l) * PB : rowBytes;
    outer(a, stepA, outputs(l), b, stepB, inputs(l), blocks, get(G, l));
    sumBlocks(a, stepA, outputs(l), 0, blocks, get(GBIAS, l));
  }
  if (timed)
    for (let i: usize = 0; i < <usize>outputs(0) * PB; i += 16)
      v128.store(gTime + i, f32x4.mul(v128.load(get(GBIAS, 0) + i), f32x4.splat(<f32>t)));
  flattenGradients(-1, f + flat);
  let time: f32 = 0;
  if (timed)
    for (let n = 0, M = inputs(0); n < outputs(0); n++)
      time += load<f32>(f + flat + (<usize>(outputs(0) * (M + 1) + n) << 2)) * load<f32>(o.weights + (<usize>(n * (M + 1) + M) << 2));
  store<f32>(f + flat + (<usize>weightCount << 2), time);
}

/** to = y + sum of k[i] * (h * a[i]); y 0 for none. */
export function combine(to: usize, y: usize, a: usize, h: f64, count: i32): void {
  let n = 0;
  for (let i = 0; i < count; i++)
    if (f64At(a, i) != 0) put(USED, n, get(K, i)), store<f32>(BY + (<usize>n << 2), <f32>(h * f64At(a, i))), n++;
  for (let i: usize = 0; i < state; i += 16) {
    let v = y ? v128.load(y + i) : f32x4.splat(0);
    for (let j = 0; j < n; j++) v = madd(v128.load(get(USED, j) + i), v128.load32_splat(BY + (<usize>j << 2)), v);
    v128.store(to + i, v);
  }
}
/** The stages of a step of size h from y at t, in slots from `slot` on; those from `first` on. Returns the state after it. */
export function advance(y: usize, t: f64, h: f64, slot: usize, first: i32): usize {
  const s = o.stages, step: usize = o.mode == DIRECT ? slotBytes : 0;
  for (let i = first; i < s; i++) {
    combine(slot + <usize>i * step, y, A + (<usize>(i * s) << 3), h, i);
    evaluate(t + nodeC(i) * h, slot + <usize>i * step, get(K, i));
  }
  if (o.fsal) return slot + <usize>(s - 1) * step;
  combine(end, y, weightsB, h, s);
  return end;
}
export function swapLast(): void {
  const k = get(K, 0);
  put(K, 0, get(K, o.stages - 1)), put(K, o.stages - 1, k);
}
export function firstSlope(): usize { return get(K, 0); }

/* ---------- step control ---------- */
/** x^(1/n), x > 0: Newton's method on a number between 1 and 2^n. */
function root(x: f64, n: i32): f64 {
  let scale: f64 = 1, high: f64 = 1, r: f64 = 2;
  for (let i = 0; i < n; i++) high *= 2;
  for (let i = 0; i < 2200 && x >= high; i++) x /= high, scale *= 2;
  for (let i = 0; i < 2200 && x < 1; i++) x *= high, scale /= 2;
  for (let i = 0; i < 40; i++) {
    let p: f64 = 1;
    for (let j = 1; j < n; j++) p *= r;
    const next = r - (p * r - x) / (<f64>n * p);
    if (!(next < r)) break;
    r = next;
  }
  return r * scale;
}
// @ts-ignore: decorator
@inline function larger(a: f64, b: f64): f64 { return a > b || a != a ? a : b; }
// @ts-ignore: decorator
@inline function scaled(x: usize, before: usize, y0: usize, y1: usize): f64 {
  const tolerance = number(ATOL) + number(RTOL) * larger(Math.abs(<f64>load<f32>(y0)), Math.abs(<f64>load<f32>(y1)));
  const q = (<f64>load<f32>(x) - (before ? <f64>load<f32>(before) : 0)) / tolerance;
  return q * q;
}
function rowsNorm(x: usize, before: usize, y0: usize, y1: usize, first: usize): f64 {
  let sum: f64 = 0;
  for (let row = 0; row < o.B; row++) {
    const start = <usize>(row / P) * rowBytes + first + (<usize>(row % P) << 2);
    for (let i = start; i < start + <usize>o.D * PB; i += PB) sum += scaled(x + i, before ? before + i : 0, y0 + i, y1 + i);
  }
  return Math.sqrt(sum / (<f64>o.B * o.D));
}
function norm(x: usize, before: usize, y0: usize, y1: usize): f64 {
  let most = rowsNorm(x, before, y0, y1, 0);
  if (o.mode != ADJOINT) return most;
  most = larger(rowsNorm(x, before, y0, y1, <usize>o.D * PB), most);
  let i = flat;
  for (let part = 0; part <= 2 * layers; part++) {
    const l = part >> 1, count = l == layers ? 1 : part & 1 ? outputs(l) : outputs(l) * columns(l);
    let sum: f64 = 0;
    for (let j = 0; j < count; j++, i += 4) sum += scaled(x + i, before ? before + i : 0, y0 + i, y1 + i);
    most = larger(Math.sqrt(sum / count), most);
  }
  return most;
}
function firstStep(y: usize, t: f64, direction: f64): f64 {
  const d0 = norm(y, 0, y, y), d1 = norm(get(K, 0), 0, y, y);
  const h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  combine(temporary, y, ONE, direction * h0, 1);
  evaluate(t + direction * h0, temporary, get(K, 1));
  const d2 = norm(get(K, 1), get(K, 0), y, y) / h0;
  const h1 = d1 <= 1e-15 && d2 <= 1e-15 ? (h0 * 1e-3 > 1e-6 ? h0 * 1e-3 : 1e-6) : root(0.01 / larger(d2, d1), o.order);
  return h1 < 100 * h0 ? h1 : 100 * h0;
}
function growth(ratio: f64, order: i32): f64 {
  if (ratio == 0) return 10;
  if (!(ratio <= 1e300)) return 0.2;
  const factor = 0.9 / root(ratio, order), least: f64 = ratio < 1 ? 1 : 0.2;
  return factor > 10 ? 10 : factor < least ? least : factor;
}

/* ---------- the solution ---------- */
/** Weights of the stages at the fraction x of a step; returns where they stand. */
export function weightsAt(x: f64): usize {
  const s = o.stages, x2 = x * x, x3 = x2 * x, x4 = x2 * x2;
  const y1 = o.adaptive ? -5 * x2 + 14 * x3 - 8 * x4 : x, middle = 16 * x2 - 32 * x3 + 16 * x4;
  for (let i = 0; i < s; i++) store<f64>(Q + (<usize>i << 3), y1 * weightB(i) + (o.adaptive ? middle * f64At(middleM, i) : 0));
  if (o.adaptive) {
    const last = Q + (<usize>(s - 1) << 3);
    store<f64>(Q, load<f64>(Q) + (x - 4 * x2 + 5 * x3 - 2 * x4));
    store<f64>(last, load<f64>(last) + (x2 - 3 * x3 + 2 * x4));
  }
  return Q;
}
function finish(status: i32, t: f64): i32 {
  store<f64>(o.numbers + AT, t);
  return status;
}
// @ts-ignore: decorator
@inline function count(what: usize, more: f64): void { store<f64>(o.numbers + what, number(what) + more); }
/** Integrates from t[0] on and gives the states at the other times: of the adjoint system the last to `end`, else to `path`. */
function integrate(t: usize, points: i32): i32 {
  const s = o.stages, start = load<f64>(t), until = f64At(t, points - 1), direction: f64 = load<f64>(t, 8) < start ? -1 : 1;
  const size = number(STEP_SIZE), adaptive = o.adaptive != 0;
  let steps: f64 = points - 1, h: f64 = 0, now = start;
  for (let i = 1; i < points; i++) if (!(direction * (f64At(t, i) - f64At(t, i - 1)) > 0)) return REFUSED;
  if (adaptive) {
    memory.copy(slotOf(0), stateOf(0), state);
    evaluate(now, slotOf(0), get(K, 0));
    h = firstStep(stateOf(0), now, direction);
    count(EVALUATIONS, 2);
    if (!(h > 0)) return finish(NOT_FINITE, now);
  } else if (size > 0) steps = Math.ceil(direction * (until - now) / size + 1) - 1;
  for (let n = 0, j = 1; j < points; ) {
    let next = now + direction * h;
    if (!adaptive) {
      next = size > 0 ? (<f64>(n + 1) < steps ? start + direction * size * <f64>(n + 1) : until) : f64At(t, n + 1);
      h = direction * (next - now);
    }
    if (!(direction * (next - now) > 0) || h < number(MIN_STEP)) return finish(UNDERFLOW, now);
    if (number(EVALUATIONS) + <f64>E > <f64>o.budget) return finish(BUDGET, now);
    if (o.mode == DIRECT && n >= o.steps) return finish(FULL, now);
    const y = stateOf(n), y1 = advance(y, now, direction * h, slotOf(n), o.fsal), used = h;
    count(EVALUATIONS, E);
    if (adaptive) {
      combine(scratch, 0, errorE, h, s);
      const ratio = norm(scratch, 0, y, y1);
      h *= growth(ratio, o.order);
      if (!(ratio <= 1)) {
        count(REJECTED, 1);
        continue;
      }
    }
    count(ACCEPTED, 1);
    if (o.mode == DIRECT) store<f64>(times + (<usize>n << 3), now), store<f64>(sizes + (<usize>n << 3), direction * used);
    memory.copy(stateOf(n + 1), y1, state);
    for (; j < points && direction * f64At(t, j) <= direction * next; j++) {
      const x = f64At(t, j) == next ? 1 : (f64At(t, j) - now) / (next - now);
      let found = y1;
      if (x != 1) combine(scratch, y, weightsAt(x), direction * used, s), found = scratch;
      if (o.mode == ADJOINT) memory.copy(end, found, state);
      else fromBlocks(found, rowBytes, o.B, o.D, o.path + (<usize>(j * o.B * o.D) << 2));
      store<f64>(outX + (<usize>j << 3), x), store<i32>(outStep + (<usize>j << 2), n);
    }
    if (o.fsal) swapLast();
    now = next, n++;
  }
  return finish(DONE, now);
}
export function odeSolve(plan: OdePlan): i32 {
  layOde(plan);
  packMlp(false);
  memory.fill(plan.numbers + EVALUATIONS, 0, 32);
  toBlocks(plan.y0, plan.B, plan.D, Y, rowBytes, true);
  memory.copy(plan.path, plan.y0, <usize>(plan.B * plan.D) << 2);
  return plan.points > 1 ? integrate(T, plan.points) : DONE;
}
/** The adjoint system from time i back to the one before. */
export function integrateBack(i: i32): i32 {
  store<f64>(SPAN, timeAt(i)), store<f64>(SPAN + 8, timeAt(i - 1));
  return integrate(SPAN, 2);
}
