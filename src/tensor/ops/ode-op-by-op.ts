/** The ODE op out of TensorFlow.js's own ops: the same steps, controlled by the same numbers. */
import { untapedIfThrown } from "../own-tape.js";
import * as tf from "../tf.js";
import type { Tensor, Tensor2D, Tensor3D } from "../tf.js";
import { type Tableau, tableaus, weightsAt } from "./ode-methods.js";
import type { LinearLayer, OdeActivation, OdeCounts, OdeProblem, OdeResult, ResolvedControl } from "./ode-types.js";
import { OdeError } from "./ode-types.js";

/** The state's parts: y, and of the adjoint system a and the gradients of the weights and time. The error's norm is that of the worst. */
type State = readonly Tensor[];
type Dynamics = (t: number, state: State) => State;
type Counts = { -readonly [K in keyof OdeCounts]: OdeCounts[K] };

function activate(x: Tensor, activation: OdeActivation): Tensor {
  switch (activation) {
    case "tanh":
      return tf.tanh(x);
    case "relu":
      return tf.relu(x);
    case "silu":
      return tf.mul(x, tf.sigmoid(x));
    case "gelu":
      return tf.mul(x, gauss(x));
  }
}

/** The normal distribution's function. */
const gauss = (x: Tensor): Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

function slope(x: Tensor, activation: OdeActivation): Tensor {
  switch (activation) {
    case "tanh":
      return tf.sub(1, tf.square(tf.tanh(x)));
    case "relu":
      return tf.step(x);
    case "silu": {
      const s = tf.sigmoid(x);
      return tf.mul(s, tf.add(tf.mul(x, tf.sub(1, s)), 1));
    }
    case "gelu": {
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.add(gauss(x), tf.mul(x, density));
    }
  }
}

/** What enters each layer, before its activation, and last the result. */
function runMlp(y: Tensor, t: number, layers: readonly LinearLayer[], { time, activation }: OdeProblem): Tensor[] {
  const found = [time ? tf.concat([y, tf.fill([y.shape[0], 1], t)], 1) : y];
  layers.forEach(({ weight, bias }, l) => {
    const x = found[l] as Tensor2D;
    found.push(tf.add(tf.matMul(l > 0 ? (activate(x, activation) as Tensor2D) : x, weight, false, true), bias));
  });
  return found;
}

/** The gradients of y, the weights and a time that is an input for that of the result. Not by the tape: gradients within gradients it has not. */
function mlpGradients(
  ...[inputs, a, layers, problem]: [readonly Tensor[], Tensor, readonly LinearLayer[], OdeProblem]
): Tensor[] {
  let d = a as Tensor2D;
  const weights: Tensor[] = [];
  for (let l = layers.length - 1; l >= 0; l--) {
    const before = inputs[l] as Tensor2D;
    const x = l > 0 ? (activate(before, problem.activation) as Tensor2D) : before;
    weights.unshift(tf.matMul(d, x, true, false), tf.sum(d, 0));
    d = tf.matMul(d, (layers[l] as LinearLayer).weight);
    if (l > 0) d = tf.mul(d, slope(before, problem.activation));
  }
  const D = a.shape[1] as number;
  if (!problem.time) return [d, ...weights];
  return [tf.slice(d, [0, 0], [-1, D]), ...weights, tf.reshape(tf.sum(tf.slice(d, [0, D], [-1, 1])), [1])];
}

/** y + sum of by[i] * k[i], part by part. */
function combine(y: State, k: readonly State[], by: readonly number[]): State {
  return y.map((part, p) => {
    let sum = part;
    by.forEach((weight, i) => {
      if (weight !== 0) sum = tf.add(sum, tf.mul((k[i] as State)[p] as Tensor, weight));
    });
    return sum;
  });
}

/** The largest, over the parts, root of the mean square of x / (atol + rtol max(|y0|, |y1|)). */
function norm(x: readonly Float32Array[], y0: State, y1: State, { rtol, atol }: ResolvedControl): number {
  const ofPart = x.map((values, p) => {
    const [a, b] = [(y0[p] as Tensor).dataSync(), (y1[p] as Tensor).dataSync()];
    let sum = 0;
    values.forEach((value, i) => {
      sum += (value / (atol + rtol * Math.max(Math.abs(a[i] as number), Math.abs(b[i] as number)))) ** 2;
    });
    return Math.sqrt(sum / values.length);
  });
  return Math.max(...ofPart);
}

const read = (state: State): Float32Array[] => state.map((part) => part.dataSync<"float32">());

/** Hairer, Norsett, Wanner, Solving ODEs I, II.4, as torchdiffeq has it. */
function firstStep(
  f: Dynamics,
  control: ResolvedControl,
  order: number,
  ...[t, y, k, direction]: [number, State, State, number]
): number {
  const d0 = norm(read(y), y, y, control);
  const d1 = norm(read(k), y, y, control);
  const h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1;
  const trial = read(f(t + direction * h0, combine(y, [k], [direction * h0])));
  const change = read(k).map((before, p) =>
    before.map((value, i) => ((trial[p] as Float32Array)[i] as number) - value),
  );
  const d2 = norm(change, y, y, control) / h0;
  const h1 = d1 <= 1e-15 && d2 <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / Math.max(d1, d2)) ** (1 / order);
  return Math.min(100 * h0, h1);
}

/** By what the next step is larger. */
function growth(ratio: number, order: number): number {
  if (ratio === 0) return 10;
  if (!Number.isFinite(ratio)) return 0.2;
  return Math.min(10, Math.max(0.9 / ratio ** (1 / order), ratio < 1 ? 1 : 0.2));
}

/** The end of each step of a method of fixed steps, from step 0 on. */
function gridOf(times: Float64Array, stepSize: number, direction: number): (step: number) => number {
  if (stepSize === 0) return (step) => times[step + 1] as number;
  const [start, end] = [times[0] as number, times[times.length - 1] as number];
  const steps = Math.ceil((direction * (end - start)) / stepSize + 1) - 1;
  return (step) => (step + 1 < steps ? start + direction * stepSize * (step + 1) : end);
}

interface Stepped {
  readonly k: readonly State[];
  readonly end: State;
}

function advance(
  f: Dynamics,
  { c, a, b, fsal }: Tableau,
  ...[t, h, y, first]: [number, number, State, State | null]
): Stepped {
  const k: State[] = [];
  let u = y;
  c.forEach((at, i) => {
    if (i === 0 && first) return k.push(first);
    u = combine(
      y,
      k,
      (a[i] as readonly number[]).map((weight) => h * weight),
    );
    return k.push(f(t + at * h, u));
  });
  return {
    k,
    end: fsal
      ? u
      : combine(
          y,
          k,
          b.map((weight) => h * weight),
        ),
  };
}

/** The states at all times, the first included. */
function integrate(
  ...[f, start, times, control, maxEvaluations, counts]: [
    Dynamics,
    State,
    Float64Array,
    ResolvedControl,
    number,
    Counts,
  ]
): State[] {
  const tableau = tableaus[control.method];
  const { order, c, error, fsal } = tableau;
  const found: State[] = [start];
  if (times.length === 1) return found;
  const direction = Math.sign((times[1] as number) - (times[0] as number));
  const endOf = gridOf(times, control.stepSize, direction);
  const cost = c.length - (fsal ? 1 : 0);
  let t = times[0] as number;
  let y = start;
  let first: State | null = null;
  let h = 0;
  if (error) {
    first = f(t, y);
    h = firstStep(f, control, order, t, y, first, direction);
    counts.evaluations += 2;
    if (!(h > 0)) throw new OdeError("not-finite", t, maxEvaluations);
  }
  for (let n = 0; found.length < times.length;) {
    const next = error ? t + direction * h : endOf(n);
    const signed = error ? direction * h : next - t;
    if (!(direction * (next - t) > 0) || Math.abs(signed) < control.minStep)
      throw new OdeError("underflow", t, maxEvaluations);
    if (counts.evaluations + cost > maxEvaluations) throw new OdeError("budget", t, maxEvaluations);
    const { k, end } = advance(f, tableau, t, signed, y, first);
    counts.evaluations += cost;
    if (error) {
      const weights = error.map((weight) => signed * weight);
      const ratio = norm(
        read(
          combine(
            y.map((part) => tf.zerosLike(part)),
            k,
            weights,
          ),
        ),
        y,
        end,
        control,
      );
      h *= growth(ratio, order);
      if (!(ratio <= 1)) {
        counts.rejected++;
        continue;
      }
    }
    counts.accepted++;
    for (; found.length < times.length && direction * (times[found.length] as number) <= direction * next;) {
      const x = ((times[found.length] as number) - t) / (next - t);
      found.push(
        x === 1
          ? end
          : combine(
              y,
              k,
              weightsAt(tableau, x).map((weight) => signed * weight),
            ),
      );
    }
    if (fsal) first = k[k.length - 1] as State;
    [t, y, n] = [next, end, n + 1];
  }
  return found;
}

const newCounts = (): Counts => ({ evaluations: 0, accepted: 0, rejected: 0 });

function solve(problem: OdeProblem, y0: Tensor, layers: readonly LinearLayer[], counts: Counts): Tensor3D {
  const f: Dynamics = (t, [y]) => [runMlp(y as Tensor, t, layers, problem)[layers.length] as Tensor];
  const states = integrate(f, [y0], problem.times, problem, problem.maxEvaluations, counts);
  // TensorFlow.js's gradient of a stack of one fails, and what does not depend on the weights has none at all.
  const parts = states.map(([y]) => y as Tensor);
  if (parts.length > 1) return tf.stack(parts) as Tensor3D;
  const nothing = layers.flatMap(({ weight, bias }) => [tf.sum(weight), tf.sum(bias)]).reduce((a, b) => tf.add(a, b));
  return tf.reshape(tf.add(y0, tf.mul(nothing, 0)), [1, ...y0.shape] as [number, number, number]);
}

const layersOf = (weights: readonly Tensor[]): LinearLayer[] =>
  Array.from(
    { length: weights.length / 2 },
    (_, l) => ({ weight: weights[2 * l], bias: weights[2 * l + 1] }) as LinearLayer,
  );

/** The gradients of y0 and the weights by the adjoint system, solved from each time asked for back to the one before. */
function adjoint(
  problem: OdeProblem,
  path: Tensor,
  dPath: Tensor,
  weights: readonly Tensor[],
  counts: Counts,
): Tensor[] {
  const { times, maxEvaluations } = problem;
  const layers = layersOf(weights);
  const f: Dynamics = (t, [y, a]) => {
    const inputs = runMlp(y as Tensor, t, layers, problem);
    const gradients = mlpGradients(inputs, a as Tensor, layers, problem);
    return [inputs[layers.length] as Tensor, ...gradients.map((gradient) => tf.neg(gradient))];
  };
  const at = (all: Tensor, i: number): Tensor => tf.squeeze(tf.slice(all, [i, 0, 0], [1, -1, -1]), [0]);
  let a = at(dPath, times.length - 1);
  // The time's gradient is not asked for, but torchdiffeq holds its error, too.
  let gradients: State = [...weights.map((weight) => tf.zerosLike(weight)), ...(problem.time ? [tf.zeros([1])] : [])];
  for (let i = times.length - 1; i > 0; i--) {
    const span = Float64Array.of(times[i] as number, times[i - 1] as number);
    const [, end] = integrate(f, [at(path, i), a, ...gradients], span, problem.adjoint, maxEvaluations, counts);
    const [, before, ...rest] = end as [Tensor, Tensor, ...Tensor[]];
    a = tf.add(before, at(dPath, i - 1));
    gradients = rest;
  }
  return [a, ...gradients.slice(0, weights.length)];
}

/** `odeMlp` out of TensorFlow.js's own ops; reads the error estimates of adaptive methods back at every step. */
export function odeOpByOp(problem: OdeProblem): OdeResult {
  const counts = newCounts();
  let adjointCounts: Counts | null = null;
  const weights = problem.layers.flatMap(({ weight, bias }): Tensor[] => [weight, bias]);
  if (problem.gradient === "direct") {
    const path = untapedIfThrown(() => tf.tidy(() => solve(problem, problem.y0, problem.layers, counts)));
    return { path, counts, adjointCounts: () => null };
  }
  const op = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [y0, ...given] = args as Tensor[];
    const path = solve(problem, y0 as Tensor, layersOf(given), counts);
    save([path, ...given]);
    const gradFunc = (dPath: Tensor, saved: Tensor[]): Tensor[] =>
      tf.tidy(() => {
        const [found, ...kept] = saved as [Tensor, ...Tensor[]];
        return adjoint(problem, found, dPath, kept, (adjointCounts = newCounts()));
      });
    return { value: path, gradFunc };
  });
  const path = op(problem.y0, ...weights);
  return { path, counts, adjointCounts: () => adjointCounts };
}
