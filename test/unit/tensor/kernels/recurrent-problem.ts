import type { LstmOptions, Ops } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from "../../../../src/tensor/tf.js";
import { drawn } from "../../models/drawn.js";
import { tidied } from "./builds.js";

export interface Problem {
  readonly kind: "lstm" | "gru";
  readonly batch: number;
  readonly steps: number;
  readonly features: number;
  readonly units: readonly number[];
  readonly initial: boolean;
  readonly sequence: boolean;
  readonly dropout?: LstmOptions["dropout"];
}

/** Every input by PyTorch's name, drawn as the fixture's generator draws them. */
export function inputsOf(p: Problem): Map<string, Float32Array> {
  const gates = p.kind === "lstm" ? 4 : 3;
  const inputs = new Map<string, Float32Array>();
  const scaleOf = (units: number): number => Math.fround(1) / units ** 0.5;
  p.units.forEach((H, l) => {
    const F = l === 0 ? p.features : (p.units[l - 1] as number);
    const sizes = { weight_ih: gates * H * F, weight_hh: gates * H * H, bias_ih: gates * H, bias_hh: gates * H };
    for (const [name, size] of Object.entries(sizes))
      inputs.set(`${name}_l${l}`, drawn(`${name}_l${l}`, size, scaleOf(H)));
  });
  inputs.set("x", drawn("x", p.batch * p.steps * p.features, 2));
  const states = p.units.reduce((sum, H) => sum + p.batch * H, 0);
  if (p.initial) for (const name of p.kind === "lstm" ? ["h0", "c0"] : ["h0"]) inputs.set(name, drawn(name, states, 1));
  return inputs;
}

/** What the loss weighs the outputs with. */
export function outputWeights(p: Problem): { last: Float32Array; sequence: Float32Array } {
  const H = p.units.at(-1) as number;
  return { last: drawn("dLast", p.batch * H, 1), sequence: drawn("dSequence", p.batch * p.steps * H, 1) };
}

export interface Solution {
  readonly values: Map<string, Float32Array>;
}

/** The outputs and the gradients of sum(last * wLast) + sum(sequence * wSequence) with respect to every input. */
export function solve(ops: Ops, p: Problem, inputs: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  return tidied(() => {
    const { kind, batch, steps, features, units, sequence, dropout } = p;
    const gates = kind === "lstm" ? 4 : 3;
    const leaves = new Map<string, Tensor>();
    const take = <T extends Tensor>(name: string, shape: number[], values = inputs.get(name)): T => {
      const tensor = tf.tensor(Float32Array.from(values ?? []), shape, "float32") as T;
      leaves.set(name, tensor);
      return tensor;
    };
    const layers = units.map((H, l) => ({
      weightIh: take<Tensor2D>(`weight_ih_l${l}`, [gates * H, l === 0 ? features : (units[l - 1] as number)]),
      weightHh: take<Tensor2D>(`weight_hh_l${l}`, [gates * H, H]),
      biasIh: take<Tensor1D>(`bias_ih_l${l}`, [gates * H]),
      biasHh: take<Tensor1D>(`bias_hh_l${l}`, [gates * H]),
    }));
    const x = take<Tensor3D>("x", [batch, steps, features]);
    const states = (name: "h0" | "c0"): Tensor2D[] => {
      let at = 0;
      return units.map((H, l) => {
        const values = inputs.get(name)?.subarray(at, (at += batch * H));
        return take<Tensor2D>(`${name}.${l}`, [batch, H], values);
      });
    };
    const initial = p.initial ? { h: states("h0"), c: kind === "lstm" ? states("c0") : [] } : undefined;
    const weights = outputWeights(p);
    const H = units.at(-1) as number;
    const found = new Map<string, Float32Array>();
    const names = [...leaves.keys()];
    const { grads } = tf.valueAndGrads(() => {
      const options = { sequence, dropout };
      const out =
        kind === "lstm"
          ? ops.lstm(x, layers, { ...options, initial })
          : ops.gru(x, layers, { ...options, initial: initial && { h: initial.h } });
      found.set("last", Float32Array.from(out.last.dataSync()));
      let loss = tf.sum(tf.mul(out.last, tf.tensor(weights.last, [batch, H])));
      if (out.sequence) {
        found.set("sequence", Float32Array.from(out.sequence.dataSync()));
        loss = tf.add(loss, tf.sum(tf.mul(out.sequence, tf.tensor(weights.sequence, [batch, steps, H]))));
      }
      return loss;
    })([...leaves.values()]);
    names.forEach((name, i) => found.set(`d ${name}`, Float32Array.from((grads[i] as Tensor).dataSync())));
    return joinStates(found, units.length);
  });
}

/** The layers' states under PyTorch's one name. */
function joinStates(found: Map<string, Float32Array>, layers: number): Map<string, Float32Array> {
  for (const name of ["d h0", "d c0"]) {
    if (!found.has(`${name}.0`)) continue;
    const parts = Array.from({ length: layers }, (_, l) => [...(found.get(`${name}.${l}`) as Float32Array)]);
    for (let l = 0; l < layers; l++) found.delete(`${name}.${l}`);
    found.set(name, Float32Array.from(parts.flat()));
  }
  return found;
}
