/** The optimizers' arithmetic as plain loops. */
import * as tf from "../tf.js";
import type { Tensor, Variable } from "../tf.js";
import type { Update, UpdateRule, UpdateStep } from "./ops.js";

type Slots = ReadonlyMap<string, Float32Array>;

/** The factor of every gradient under PyTorch's `clip_grad_norm_`, NaN passing through. */
function clipFactor(gradients: Iterable<ArrayLike<number>>, maxNorm: number): number {
  if (maxNorm <= 0) return 1;
  let squares = 0;
  for (const gradient of gradients)
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i] as number;
      squares += g * g;
    }
  const factor = maxNorm / (Math.sqrt(squares) + 1e-6);
  return factor > 1 ? 1 : factor;
}

/** Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019), as PyTorch computes them. */
function adam(p: Float32Array, g: ArrayLike<number>, scale: number, slots: Slots, s: UpdateStep, decoupled: boolean) {
  const m = slots.get("exp_avg") as Float32Array;
  const v = slots.get("exp_avg_sq") as Float32Array;
  const [beta1, beta2] = s.betas ?? [0.9, 0.999];
  const eps = s.eps ?? 1e-8;
  const stepSize = s.lr / (1 - beta1 ** s.t);
  const rootCorrection = Math.sqrt(1 - beta2 ** s.t);
  const shrink = decoupled ? 1 - s.lr * s.weightDecay : 1;
  const coupled = decoupled ? 0 : s.weightDecay;
  for (let i = 0; i < p.length; i++) {
    const w = p[i] as number;
    const gradient = (g[i] as number) * scale + coupled * w;
    const m1 = (m[i] as number) * beta1 + (1 - beta1) * gradient;
    const v1 = (v[i] as number) * beta2 + (1 - beta2) * gradient * gradient;
    m[i] = m1;
    v[i] = v1;
    p[i] = w * shrink - (stepSize * m1) / (Math.sqrt(v1) / rootCorrection + eps);
  }
}

function sgd(p: Float32Array, g: ArrayLike<number>, scale: number, slots: Slots, s: UpdateStep) {
  const momentum = s.momentum ?? 0;
  const buffer = slots.get("momentum_buffer");
  for (let i = 0; i < p.length; i++) {
    const w = p[i] as number;
    const gradient = (g[i] as number) * scale + s.weightDecay * w;
    let direction = gradient;
    if (buffer && momentum !== 0) {
      const b = s.t === 1 ? gradient : (buffer[i] as number) * momentum + gradient;
      buffer[i] = b;
      direction = s.nesterov ? gradient + momentum * b : b;
    }
    p[i] = w - s.lr * direction;
  }
}

const slotNames: Readonly<Record<UpdateRule, readonly string[]>> = {
  adamw: ["exp_avg", "exp_avg_sq"],
  adam: ["exp_avg", "exp_avg_sq"],
  sgd: ["momentum_buffer"],
};

/** `createUpdate` as plain loops over typed arrays in f64 arithmetic: a tenth of the cost of the same thing op by op. */
export function createPlainUpdate(rule: UpdateRule, variables: ReadonlyMap<string, Variable>): Update {
  const slots = new Map<string, Map<string, Float32Array>>();
  const slotsOf = (name: string, size: number): Map<string, Float32Array> => {
    let own = slots.get(name);
    if (!own) slots.set(name, (own = new Map(slotNames[rule].map((slot) => [slot, new Float32Array(size)]))));
    return own;
  };
  return {
    step(gradients, numbers) {
      const arrays = new Map([...gradients].map(([name, gradient]: [string, Tensor]) => [name, gradient.dataSync()]));
      const scale = clipFactor(arrays.values(), numbers.maxNorm);
      for (const [name, gradient] of arrays) {
        const variable = variables.get(name);
        if (!variable) continue;
        const values = Float32Array.from(variable.dataSync());
        const own = slotsOf(name, values.length);
        if (rule === "sgd") sgd(values, gradient, scale, own, numbers);
        else adam(values, gradient, scale, own, numbers, rule === "adamw");
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, "float32")));
      }
    },
    state() {
      const copies = new Map<string, Float32Array>();
      for (const [name, own] of slots) for (const [slot, values] of own) copies.set(`${name}.${slot}`, values.slice());
      return copies;
    },
    restore(state) {
      slots.clear();
      for (const [name, variable] of variables)
        for (const slot of slotNames[rule]) {
          const stored = state.get(`${name}.${slot}`);
          if (stored) slotsOf(name, variable.size).get(slot)?.set(stored);
        }
    },
    dispose() {
      slots.clear();
    },
  };
}
