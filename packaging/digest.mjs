// node packaging/digest.mjs FILE: what the addon in FILE computes, as JSON: for each instruction set that this machine has
// a hash of all memory after a training step of two LSTM layers, two GRU layers and a dense layer, a program of what else a
// batch needs, and two ODEs with their gradients. Needs dist/.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { layOde, writeNumbers } from "../dist/tensor/kernels/ode-layout.js";
import { layRecurrent, writePlan } from "../dist/tensor/kernels/recurrent-layout.js";

const PAGES = 256;
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

/** Windows, their score and both optimizers with clipping, as one program, over 20 pages from `base` on. */
function batchProgram(kernels, { f32, i32 }, base) {
  const [index, source, x, rows, scale, path, dy, soh, results, program] = Array.from(
    { length: 10 },
    (_, i) => base + 2 * i * PAGE,
  );
  const [B, T, C, H, stride, pitch] = [37, 9, 5, 20, 44, 30];
  for (let i = 0; i < B; i++) i32[(index >> 2) + i] = (i * 7) % 50;
  f32.fill(0.25, results >> 2, (results + PAGE) >> 2);
  const calls = [
    ["gatherPanels", index, B, 50, source, pitch, T, C, x, stride * 64, stride],
    ["gatherRows", index, B, 50, source, pitch, H + 1, soh, (H + 1) * 4],
    ["scorePanels", x, stride, B, H, soh, 1, scale, path, dy, results],
    ["adamClipped", rows, dy, results + 64, results + 8192, 999, 0.01, 0.9, 0.999, 1e-8, 0, 0.01, 0.1, 0.001, 0.5],
    ["sgdClipped", rows, dy, results + 16384, 999, 0.1, 0.01, 0.9, 1, 0, 0.5],
  ];
  const numbers = calls.flatMap(([name, ...args]) => [addon.operations.indexOf(name), ...args]);
  new Float64Array(f32.buffer, program, numbers.length).set(numbers);
  kernels.run(program, numbers.length);
}

/** A path and its gradient, from `base` on; what the memory holds are its weights and its y0. */
function solveOde(kernels, { f32, i32 }, base, method, mode) {
  const memory = { f32, i32, exports: kernels, scratch: () => base };
  const adjointMethod = mode === "adjoint" ? method : null;
  const shape = { batch: 37, D: 5, units: [20, 12], activation: "gelu", time: true, points: 4, method };
  const { bytes, layout } = layOde(memory, { ...shape, mode, adjointMethod, steps: mode === "direct" ? 32 : 0 });
  const { solve, gradient } = layout(base);
  const control = { method, rtol: 1e-4, atol: 1e-5, stepSize: 0, minStep: 0 };
  for (const plan of new Set([solve, gradient]))
    writeNumbers(memory, plan, control, Float64Array.of(0, 0.3, 0.5, 2), 2000);
  const status = [kernels.odeSolve(solve), kernels.odeBackward(gradient)];
  if (status.some((one) => one !== 0)) throw new Error(`${method}, ${mode}: the ODE ended with ${status.join()}`);
  return base + Math.ceil(bytes / 64) * 64;
}

function digest(isa) {
  const { buffer } = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const [f32, i32, weights] = [new Float32Array(buffer), new Int32Array(buffer), (PAGES / 2) * PAGE];
  fill(f32);
  const kernels = addon.bind(buffer, isa);
  let at = PAGE;
  for (const cell of ["lstm", "gru"]) at = recurrentStep(kernels, { i32, weights }, cell, at);
  at = solveOde(kernels, { f32, i32 }, at, "dopri5", "direct");
  at = solveOde(kernels, { f32, i32 }, at, "bosh3", "adjoint");
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
  batchProgram(kernels, { f32, i32 }, weights + 20 * PAGE);
  return createHash("sha256").update(new Uint8Array(buffer)).digest("hex");
}

console.log(JSON.stringify(Object.fromEntries(addon.isas.map((isa) => [isa, digest(isa)]))));
