/** Gradients of a solution by the adjoint system, solved back in time: memory does not grow with the steps. */
import { tapeIsOn, valueAndGradients } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor, Tensor1D } from "../tensor/tf.js";
import { Evaluations } from "./evaluations.js";
import { gridOver, Integration, statesAt } from "./integrate.js";
import { adjointLinearizer } from "./linearize-tensors.js";
import { directionOf, type Resolved, type SolverCounts } from "./options.js";
import type { TensorSystem } from "./system.js";
import { packed, type Parts, scalarOf, unpacked } from "./tensor-vectors.js";
import { askedTime, constant, type Time } from "./time.js";

/** A solution that was found off the tape, and what gradients of it go to. */
export interface Solved {
  readonly system: TensorSystem;
  readonly times: Float64Array;
  /** The times as a tensor, where gradients go to them. */
  readonly asked: Tensor1D | null;
  /** At each time, the first included. */
  readonly states: readonly Parts[];
  /** What `func` computes with and gradients go to. */
  readonly params: readonly Tensor[];
  readonly adjoint: Resolved;
  /** Is told what the adjoint system cost. */
  readonly onCounts: (counts: SolverCounts) => void;
}

/** A system that notices, in its first evaluation, on which trainable variables it depends. */
export function noticing(system: TensorSystem): { readonly system: TensorSystem; readonly found: () => Tensor[] } {
  const { registeredVariables } = tf.engine() as unknown as { registeredVariables: Record<string, tf.Variable> };
  const all = Object.values(registeredVariables).filter(({ trainable }) => trainable);
  let found: Tensor[] | null = all.length === 0 ? [] : null;
  const f = (t: Time, y: Parts): Parts => {
    if (found) return system.f(t, y);
    return tf.tidy(() => {
      const now = scalarOf(t, null);
      const { value, gradients } = valueAndGradients(() => packed(system.call(now, y)), all);
      found = all.filter((_, i) => gradients[i] !== null);
      return unpacked(value, y);
    });
  };
  return { system: { ...system, f }, found: () => found ?? [] };
}

/** The states as one tensor a part, [times, ...shape], whose gradients come from the adjoint system. */
export function adjointPath(solved: Solved): Tensor[] {
  const { system, states, asked, params } = solved;
  const shapes = system.y0.map(({ shape }) => shape);
  const rows = (): Tensor => tf.stack(states.map(packed));
  const split = (all: Tensor): Tensor[] => {
    if (shapes.length === 1) return [all];
    return tf
      .split(
        all,
        system.y0.map(({ size }) => size),
        1,
      )
      .map((part, p) => tf.reshape(part, [states.length, ...(shapes[p] as number[])]));
  };
  if (!tapeIsOn()) return tf.tidy(() => split(rows()));
  const op = tf.customGrad((...args: unknown[]) => {
    const path = rows();
    (args[args.length - 1] as tf.GradSaveFunc)([path]);
    const gradFunc = (dPath: Tensor, [kept]: Tensor[]): Tensor[] =>
      tf.tidy(() => gradientsOf(solved, kept as Tensor, dPath));
    return { value: path, gradFunc };
  });
  return split(op(...system.y0, ...(asked ? [asked] : []), ...params));
}

/** Of y0, the times where they are asked for, and the parameters. */
function gradientsOf(solved: Solved, path: Tensor, dPath: Tensor): Tensor[] {
  const { system, times, asked, params, adjoint, onCounts } = solved;
  const { vectors, call, y0 } = system;
  const count = y0.length;
  const at = (all: Tensor, i: number): Parts => unpacked(tf.squeeze(tf.slice(all, i, 1), [0]), y0);
  const f = (t: Time, [, ...state]: Parts): Parts => {
    const [y, a] = [state.slice(0, count), state.slice(count, 2 * count)];
    return tf.tidy(() => augmentedSlope(system, params, scalarOf(t, null), y, a));
  };
  const evaluations = new Evaluations(f, times[times.length - 1] as number, adjoint.limits);
  const linearizer = adjointLinearizer(call, count);
  const cost = { accepted: 0, rejected: 0 };
  const dTimes = new Float64Array(times.length);
  let dTime: Tensor = tf.scalar(0);
  let a = at(dPath, times.length - 1);
  let dParams: Parts = params.map((param) => tf.zerosLike(param));
  for (let i = times.length - 1; i > 0; i--) {
    const y = at(path, i);
    if (asked) {
      evaluations.spend(1);
      const moved = tf.tidy(() => tf.sum(tf.mul(packed(call(tf.scalar(times[i] as number), y)), packed(at(dPath, i)))));
      dTimes[i] = moved.dataSync()[0] as number;
      dTime = tf.sub(dTime, moved);
    }
    const span = Float64Array.of(times[i] as number, times[i - 1] as number);
    const direction = directionOf(span);
    const integration = new Integration({
      ...{ vectors, evaluations, linearizer, direction, method: adjoint.method, settings: adjoint.settings },
      ...{ y0: [dTime, ...y, ...a, ...dParams], start: constant(span[0] as number) },
      grid: gridOver(span, adjoint.settings.stepSize, direction, false),
    });
    const [, before] = statesAt(integration, [askedTime(span, 0, false), askedTime(span, 1, false)], direction);
    cost.accepted += integration.accepted;
    cost.rejected += integration.rejected;
    const [time, ...rest] = before as Parts;
    dTime = time as Tensor;
    a = at(dPath, i - 1).map((part, p) => tf.add(part, rest[count + p] as Tensor));
    dParams = rest.slice(2 * count);
  }
  const { count: evaluated, jacobians } = evaluations;
  onCounts({ evaluations: evaluated, ...cost, ...(jacobians > 0 && { jacobians }) });
  if (!asked) return [...a, ...dParams];
  dTimes[0] = dTime.dataSync()[0] as number;
  return [...a, tf.tensor1d(Float32Array.from(dTimes)), ...dParams];
}

/** The slopes of the time's gradient, y, the adjoint a and the parameters' gradients. */
function augmentedSlope({ call }: TensorSystem, params: readonly Tensor[], now: Scalar, y: Parts, a: Parts): Tensor[] {
  const inputs = [now, ...y, ...params];
  const { value, gradients } = valueAndGradients(() => packed(call(now, y)), inputs, tf.neg(packed(a)));
  const [dNow, ...rest] = gradients.map((gradient, i) => gradient ?? tf.zerosLike(inputs[i] as Tensor));
  return [dNow as Tensor, ...unpacked(value, y), ...rest];
}
