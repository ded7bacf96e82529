// The gradient of a solution, back through its steps or by the adjoint system: the twin of ../native/ode-gradient.h.
import { madd } from "./simd";
import { P, PB, DHIDDEN, HIDDEN, fromBlocks, get, inputs, layers, mlpBackward, outer, outputs, packMlp, put, sumBlocks, timed, toBlocks, weightCount } from "./ode-mlp";
import {
  ACCEPTED, ADJOINT, DHIDDEN_ALL, DIRECT, DONE, E, EVALUATIONS, G, GBIAS, OdePlan, REFUSED, STEP_HIDDEN, Y, advance, blocks, carry, clearGradients, coefficient,
  dF, dU, end, evaluate, f64At, firstSlope, flat, flattenGradients, gTime, gradientA, group, integrateBack, layOde, nodeC, number, o, outStep, outX, partsOf,
  rowBytes, scratch, sizes, slotBytes, slotOf, state, stateOf, stepF, swapLast, temporary, times, weightB, weightsAt, when,
} from "./ode";

// @ts-ignore: decorator
@inline function addTo(to: usize, by: f64, source: usize, bytes: usize): void {
  const v = f32x4.splat(<f32>by);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, madd(v, v128.load(source + i), v128.load(to + i)));
}
/** The steps n0 ... n1 - 1 once more, in the slots that belong to no step. */
function repeatSteps(n0: i32, n1: i32): void {
  let slot = temporary;
  if (o.fsal) {
    memory.copy(slot, stateOf(n0), state);
    evaluate(f64At(times, n0), slot, firstSlope());
  }
  for (let n = n0; n < n1; n++, slot += <usize>E * slotBytes) {
    advance(stateOf(n), f64At(times, n), f64At(sizes, n), slot, o.fsal);
    if (o.fsal) swapLast();
  }
}
/** Back through one evaluation: adds the gradient of its argument, which stands in dU, to `a`. */
function backThrough(slot: usize, block: i32, evaluation: i32, a: usize): void {
  partsOf(slot, block);
  for (let l = 0; l < layers - 1; l++) put(DHIDDEN, l, get(DHIDDEN_ALL, l) + <usize>evaluation * get(STEP_HIDDEN, l));
  mlpBackward(dF + <usize>evaluation * stepF, dU);
  addTo(a, 1, dU, <usize>o.D * PB);
}
/** Back through one step of one block, whose outputs end at `j`; returns the last output before the step. */
function backStep(n: i32, n0: i32, slots: usize, block: i32, j: i32): i32 {
  const s = o.stages, size = <usize>o.D * PB, rows = min(P, o.B - block * P), until = j, h = f64At(sizes, n);
  const a = gradientA + <usize>block * size, dk = dF + <usize>((n - n0) * E) * stepF;
  const dPath = o.dPath + (<usize>(block * P * o.D) << 2), point = <usize>(o.B * o.D) << 2;
  for (; j > 0 && load<i32>(outStep + (<usize>j << 2)) == n; j--)
    if (f64At(outX, j) == 1) {
      toBlocks(dPath + <usize>j * point, rows, o.D, dU, 0, false);
      addTo(a, 1, dU, size);
    }
  for (let i = 0; i < s - o.fsal; i++) {
    const by = f32x4.splat(<f32>(h * weightB(i)));
    for (let k: usize = 0; k < size; k += 16) v128.store(dk + <usize>i * stepF + k, f32x4.mul(v128.load(a + k), by));
  }
  for (let k = until; k > j; k--)
    if (f64At(outX, k) != 1) {
      const q = weightsAt(f64At(outX, k));
      toBlocks(dPath + <usize>k * point, rows, o.D, dU, 0, false);
      for (let i = 0; i < s; i++) if (f64At(q, i) != 0) addTo(dk + <usize>i * stepF, h * f64At(q, i), dU, size);
      addTo(a, 1, dU, size);
    }
  for (let i = s - 1; i >= o.fsal; i--) {
    const evaluation = (n - n0) * E + i;
    backThrough(slots + <usize>evaluation * slotBytes, block, evaluation, a);
    for (let k = 0; k < i; k++)
      if (coefficient(i, k) != 0) addTo(dk + <usize>k * stepF, h * coefficient(i, k), dU, size);
  }
  return j;
}
/** The weights' gradients of `count` evaluations of one block, from number `first` on. */
function sumWeights(slots: usize, block: i32, first: i32, count: i32): void {
  const slot = slots + <usize>first * slotBytes;
  partsOf(slot, block);
  for (let l = 0; l < layers; l++) {
    const last = l == layers - 1, step = last ? stepF : get(STEP_HIDDEN, l);
    const d = (last ? dF : get(DHIDDEN_ALL, l)) + <usize>first * step;
    const b = l > 0 ? get(HIDDEN, l - 1) : slot + <usize>(block * o.D) * PB;
    outer(d, step, outputs(l), b, slotBytes, inputs(l), count, get(G, l));
    sumBlocks(d, step, outputs(l), 0, count, get(GBIAS, l));
    if (l == 0 && timed) sumBlocks(d, step, outputs(0), when + (<usize>first << 2), count, gTime);
  }
}
function directGradient(): i32 {
  const size = <usize>o.D * PB, fsal = o.fsal;
  clearGradients();
  memory.fill(gradientA, 0, state);
  memory.fill(carry, 0, state);
  let last = o.points - 1;
  for (let n1 = o.points > 1 ? <i32>number(ACCEPTED) : 0; n1 > 0; ) {
    const n0 = (n1 - 1) / group * group;
    let slots = slotOf(n0), j = last;
    if (n1 > o.kept) repeatSteps(n0, n1), slots = temporary;
    const first = fsal && n0 > 0 ? 1 : 0, until = (n1 - n0) * E;
    for (let e = 0; e < until + fsal; e++) {
      const n = e < until ? n0 + e / E : n1 - 1, stage = e < until ? e % E : o.stages - 1;
      store<f32>(when + (<usize>e << 2), <f32>(f64At(times, n) + nodeC(stage) * f64At(sizes, n)));
    }
    for (let block = 0; block < blocks; block++) {
      const kept = carry + <usize>block * size;
      if (fsal) memory.copy(dF + <usize>until * stepF, kept, size);
      j = last;
      for (let n = n1 - 1; n >= n0; n--) j = backStep(n, n0, slots, block, j);
      if (fsal && n0 == 0) backThrough(slots, block, 0, gradientA + <usize>block * size);
      sumWeights(slots, block, first, until + fsal - first);
      memory.copy(kept, dF, size);
    }
    last = j;
    n1 = n0;
  }
  toBlocks(o.dPath, o.B, o.D, scratch, size, false);
  addTo(gradientA, 1, scratch, flat);
  fromBlocks(gradientA, size, o.B, o.D, o.dY0);
  flattenGradients(1, o.dWeights);
  return DONE;
}
function adjointGradient(): i32 {
  const D = <usize>o.D * PB, point = <usize>(o.B * o.D) << 2;
  memory.fill(o.numbers + EVALUATIONS, 0, 32);
  memory.fill(Y, 0, state);
  for (let i = o.points - 1; i >= 0; i--) {
    toBlocks(o.path + <usize>i * point, o.B, o.D, Y, rowBytes, true);
    toBlocks(o.dPath + <usize>i * point, o.B, o.D, scratch, rowBytes, false);
    for (let block = 0; block < blocks; block++) addTo(Y + <usize>block * rowBytes + D, 1, scratch + <usize>block * rowBytes, D);
    if (i == 0) break;
    const status = integrateBack(i);
    if (status != DONE) return status;
    memory.copy(Y, end, state);
  }
  fromBlocks(Y + D, rowBytes, o.B, o.D, o.dY0);
  memory.copy(o.dWeights, Y + flat, <usize>weightCount << 2);
  return DONE;
}
export function odeBackward(plan: OdePlan): i32 {
  if (plan.mode != ADJOINT && plan.mode != DIRECT) return REFUSED;
  layOde(plan);
  packMlp(true);
  return plan.mode == ADJOINT ? adjointGradient() : directGradient();
}
