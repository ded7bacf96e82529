import type { Problem } from "./recurrent-problem.js";
import { outputWeights } from "./recurrent-problem.js";

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** The loss of `solve` in float64, written straight from PyTorch's equations: what central differences are taken of. */
export function referenceLoss(p: Problem, inputs: ReadonlyMap<string, Float64Array>): number {
  const weights = outputWeights(p);
  const at = (name: string, i: number): number => (inputs.get(name) as Float64Array)[i] as number;
  let loss = 0;
  for (let b = 0; b < p.batch; b++) {
    let sequence = Array.from({ length: p.steps }, (_, t) =>
      Array.from({ length: p.features }, (_, f) => at("x", (b * p.steps + t) * p.features + f)),
    );
    let offset = 0;
    p.units.forEach((H, l) => {
      const state = (name: string): number[] =>
        Array.from({ length: H }, (_, u) => (p.initial ? at(name, offset + b * H + u) : 0));
      let h = state("h0");
      let c = p.kind === "lstm" ? state("c0") : [];
      offset += p.batch * H;
      sequence = sequence.map((x) => {
        const product = (name: string, v: number[], row: number): number =>
          v.reduce(
            (sum, value, k) => sum + value * at(`weight_${name}_l${l}`, row * v.length + k),
            at(`bias_${name}_l${l}`, row),
          );
        const pre = (q: number, u: number): [number, number] => [
          product("ih", x, q * H + u),
          product("hh", h, q * H + u),
        ];
        const sum = ([a, b]: [number, number]): number => a + b;
        const next = h.map((before, u) => {
          if (p.kind === "gru") {
            const [r, z] = [sigmoid(sum(pre(0, u))), sigmoid(sum(pre(1, u)))];
            const [nx, nh] = pre(2, u);
            return (1 - z) * Math.tanh(nx + r * nh) + z * before;
          }
          const [i, f, g, o] = [0, 1, 2, 3].map((q) => sum(pre(q, u))) as [number, number, number, number];
          c[u] = sigmoid(f) * (c[u] as number) + sigmoid(i) * Math.tanh(g);
          return sigmoid(o) * Math.tanh(c[u]);
        });
        c = [...c];
        return (h = next);
      });
    });
    const H = p.units.at(-1) as number;
    sequence.forEach((h, t) =>
      h.forEach((value, u) => {
        if (t === p.steps - 1) loss += value * (weights.last[b * H + u] as number);
        if (p.sequence) loss += value * (weights.sequence[(b * p.steps + t) * H + u] as number);
      }),
    );
  }
  return loss;
}
