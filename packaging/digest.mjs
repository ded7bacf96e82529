// node packaging/digest.mjs FILE: what the addon in FILE computes, as JSON: for each instruction set that this machine has
// a hash of all memory after a training step of two LSTM layers, two GRU layers and a dense layer. Needs dist/.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { layRecurrent, writePlan } from "../dist/tensor/kernels/recurrent-layout.js";

const PAGES = 160;
const PAGE = 65536;
const addon = createRequire(import.meta.url)(resolve(process.argv[2] ?? ""));

/** Numbers between -0.5 and 0.5 in all of a memory. */
function fill(f32) {
  let state = 1;
  for (let i = 0; i < f32.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    f32[i] = state / 2 ** 32;
  }
}

/** Forward and backward through two layers from `base` on; weights are the numbers that stand in the second half. */
function recurrentStep(kernels, { i32, weights }, cell, base) {
  const gates = cell === "lstm" ? 4 : 3;
  const shape = { cell, batch: 37, steps: 9, features: 5, units: [37, 20], dropout: false };
  const { bytes, layout } = layRecurrent(shape, 16);
  const layers = layout(base);
  for (const plan of layers) {
    const { F, H, w, wh, wx, bias, biasH } = plan.values;
    kernels.packUnits(weights, H, F, gates, w, 0, F + H);
    kernels.packUnits(weights + 4096, H, H, gates, w, F, F + H);
    kernels.packBias(weights, cell === "lstm" ? weights + 1024 : 0, H, gates, bias);
    if (cell === "gru") kernels.packBias(weights, 0, H, gates, biasH);
    kernels.packUnitRows(weights + 4096, H, H, gates, 0, wh);
    kernels.packUnitRows(weights, H, F, gates, 0, wx);
    Object.assign(plan.values, { initial: 1, sequence: plan === layers.at(-1) ? 0 : 1 });
    writePlan(i32, plan);
    kernels[`${cell}Forward`](plan.address);
  }
  for (const plan of [...layers].reverse()) {
    kernels[`${cell}Backward`](plan.address);
    kernels[`${cell}InputGradient`](plan.address);
    kernels.unpackUnitRows(plan.values.dWh, plan.values.H, plan.values.H, gates, 0, 4, gates, weights + 65536);
  }
  return base + Math.ceil(bytes / 64) * 64;
}

function digest(isa) {
  const { buffer } = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const [f32, i32, weights] = [new Float32Array(buffer), new Int32Array(buffer), (PAGES / 2) * PAGE];
  fill(f32);
  const kernels = addon.bind(buffer, isa);
  let at = PAGE;
  for (const cell of ["lstm", "gru"]) at = recurrentStep(kernels, { i32, weights }, cell, at);
  if (at > weights) throw new Error("the layers do not fit");
  const [rows, K, N, stride] = [37, 37, 20, 44];
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => weights + (i + 4) * PAGE);
  kernels.packRows(weights, N, K, b);
  kernels.gemmPanels(a, stride, b, weights, c, stride, rows, K, N, 0);
  for (const kind of [1, 2, 3]) kernels.activatePanels(kind, c, d, rows, N, stride);
  kernels.dropoutPanels(c, c, 0, 1, rows, N, stride, 77, 3_000_000, 1.25);
  f32[(a >> 2) + 1] = kernels.sumOfSquares(weights, 4099);
  f32.fill(0, d >> 2, (d + 8 * PAGE) >> 2);
  kernels.adamStep(weights, weights + 65536, d, d + PAGE, 4099, 0.01, 0.9, 0.999, 1e-8, 0, 0.01, 0.1, 0.001, 0.7);
  kernels.sgdStep(weights, weights + 65536, d + 2 * PAGE, 4099, 0.1, 0.01, 0.9, 1, 0, 0.7);
  return createHash("sha256").update(new Uint8Array(buffer)).digest("hex");
}

console.log(JSON.stringify(Object.fromEntries(addon.isas.map((isa) => [isa, digest(isa)]))));
