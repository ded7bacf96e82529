// Each native kernel alone, called on the addon's table without tensors or tape: GFLOPS beside the machine's own.
//
//   npm run bench -- roofline [--isa avx512,avx2] [--cell lstm,gru] [--hidden 16,32,64,128,256] [--batch N] [--steps 30]
//                             [--rounds 9] [--ms 40] [--core N] [--addon FILE[,FILE]] [--json FILE] [--svg FILE]
//
// A round runs every kernel of a shape for `--ms` of CPU time; medians of the rounds. The peak is a loop of multiply-adds
// on registers (roofline-peak.c, compiled here with the flags of the instruction set), run between the rounds, so that a
// share is one of what the core did at that time. Batches are 32 windows at H = 16 and 32 and 64 above. With several
// addons their calls alternate: what a change of the kernels is worth.
//
// Counted are multiply-adds of the products, two each, and nothing for activations: LSTM forward 2 T B 4H (F + H), less
// h[0] = 0; backward the same twice for h, once for x; input gradient 2 T B 4H F. A GRU has three gates for four.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compilerFlags, systemCompiler } from "../build-native.mjs";

const { values: args } = parseArgs({
  options: {
    isa: { type: "string" },
    cell: { type: "string", default: "lstm,gru" },
    hidden: { type: "string", default: "16,32,64,128,256" },
    batch: { type: "string" },
    steps: { type: "string", default: "30" },
    rounds: { type: "string", default: "9" },
    ms: { type: "string", default: "40" },
    core: { type: "string", default: String(os.cpus().length - 1) },
    addon: { type: "string" },
    json: { type: "string" },
    svg: { type: "string" },
  },
});
if (!process.env.BENCH_PINNED && spawnSync("taskset", ["--version"]).status === 0) {
  const again = [...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, BENCH_PINNED: "1" };
  process.exit(
    spawnSync("taskset", ["-c", args.core, process.execPath, ...again], { stdio: "inherit", env }).status ?? 1,
  );
}

const { nativeAddon } = await import("../dist/tensor/kernels/native.js");
const { layRecurrent, writePlan } = await import("../dist/tensor/kernels/recurrent-layout.js");

const FEATURES = 3;
const STEPS = Number(args.steps);
const numbers = (text) => text.split(",").map(Number);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

function addons() {
  if (args.addon) {
    const require = createRequire(import.meta.url);
    return args.addon.split(",").map((file) => ({ file, addon: require(resolve(file)) }));
  }
  const found = nativeAddon();
  if ("reason" in found) throw new Error(`no native kernels: ${found.reason}`);
  return [found];
}

/** One memory for everything that a shape needs, filled with small numbers. */
function place(exportsOf, shape) {
  const { bytes, layout } = layRecurrent(shape, 16);
  const [H] = shape.units;
  const weights = 4 * H * Math.max(H, FEATURES) * 4;
  const parameters = (shape.cell === "lstm" ? 4 : 3) * H * (H + FEATURES + 2);
  const total = 65536 + bytes + 2 * weights + parameters * 16 + 4096;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(total / 65536) });
  const f32 = new Float32Array(memory.buffer);
  let seed = 1;
  for (let i = 0; i < f32.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    f32[i] = seed / 2 ** 34;
  }
  const [plan] = layout(65536);
  writePlan(new Int32Array(memory.buffer), plan);
  const at = 65536 + Math.ceil(bytes / 64) * 64;
  f32.fill(0, plan.values.h >> 2, (plan.values.h + plan.values.stepH) >> 2);
  if (shape.cell === "lstm") f32.fill(0, plan.values.c >> 2, (plan.values.c + plan.values.stepH) >> 2);
  return { k: exportsOf(memory.buffer), plan, source: at, target: at + weights, flat: at + 2 * weights, parameters };
}

/** The kernels of a shape: what one call does, and its work in flops or bytes (read and written). */
function kernelsOf({ k, plan, source, target, flat, parameters }, { cell, batch: B }) {
  const { H, F, w, wh, dWh, dh, stride, x, stepX, h, stepH, g, stepG, dy } = plan.values;
  const gates = cell === "lstm" ? 4 : 3;
  const ofX = 2 * STEPS * B * gates * H * F;
  const ofH = 2 * (STEPS - 1) * B * gates * H * H;
  const size = gates * H * H * 4;
  const n = parameters;
  const [g0, m0, v0] = [1, 2, 3].map((i) => flat + i * n * 4);
  // Gates are overwritten by their gradients: a backward pass alone would run on what the one before left, so both are
  // timed, and the forward pass's own time taken off.
  return {
    forward: { flops: ofX + ofH, call: () => k[`${cell}Forward`](plan.address) },
    both: {
      flops: 2 * ofX + 3 * ofH,
      call: () => (k[`${cell}Forward`](plan.address), k[`${cell}Backward`](plan.address)),
    },
    "input gradient": { flops: ofX, call: () => k[`${cell}InputGradient`](plan.address) },
    "gates' product": {
      flops: 2 * B * H * gates * H,
      call: () => k.gemmPanels(h, stride, w, 0, g, stride, B, H, gates * H, 0),
    },
    "dh's product": {
      flops: 2 * B * H * gates * H,
      call: () => k.gemmPanels(g, stride, wh, 0, dh, stride, B, gates * H, H, 0),
    },
    "dWh's product": {
      flops: 2 * 2 * B * H * gates * H,
      call: () => k.gemmTransposed(h, stepH, H, g, stepG, gates * H, stride, B, 2, dWh, 1),
    },
    "pack forward": { bytes: 2 * size, call: () => k.packUnits(source, H, H, gates, w, F, F + H) },
    "pack backward": { bytes: 2 * size, call: () => k.packUnitRows(source, H, H, gates, 0, wh) },
    "unpack gradient": { bytes: 2 * size, call: () => k.unpackUnitRows(dWh, H, H, gates, 0, gates, H, target) },
    "input to panels": {
      bytes: 2 * STEPS * B * F * 4,
      call: () => {
        for (let t = 0; t < STEPS; t++) k.toPanels(dy + t * F * 4, STEPS * F * 4, B, F, x + t * stepX, stride);
      },
    },
    norm: { bytes: n * 4, call: () => k.sumOfSquares(g0, n) },
    adam: { bytes: n * 28, call: () => k.adamStep(flat, g0, m0, v0, n, 1e-3, 0.9, 0.999, 1e-8, 0, 1e-4, 0.1, 0.1, 1) },
    copy: { bytes: 2 * size, call: () => k.copyRows(source, size, 1, size / 4, target, size) },
  };
}

function secondsPerCall(call, seconds) {
  let calls = 0;
  let some = 1;
  const start = cpuSeconds();
  for (;;) {
    for (let i = 0; i < some; i++) call();
    calls += some;
    const spent = cpuSeconds() - start;
    if (spent >= seconds) return spent / calls;
    some = Math.max(1, Math.min(some * 2, Math.ceil(((seconds - spent) / spent) * calls)));
  }
}

/** A program that measures the core's multiply-adds with an instruction set's registers; null without a compiler. */
function compilePeak(folder, isa) {
  const compiler = systemCompiler();
  if (!compiler) return null;
  const [cc, ...before] = compiler.command;
  const file = join(folder, isa);
  const source = fileURLToPath(new URL("roofline-peak.c", import.meta.url));
  execFileSync(cc, [...before, "-O2", ...compilerFlags(isa), "-ffp-contract=fast", source, "-o", file]);
  return file;
}
const peakOf = (file) => Number(execFileSync(file, ["0.05"], { encoding: "utf8" }));

function runShape(sides, shape, peakFile) {
  const all = sides.map((exportsOf) => {
    const placed = place(exportsOf, shape);
    return kernelsOf(placed, shape);
  });
  const names = Object.keys(all[0]);
  const samples = all.map(() => Object.fromEntries(names.map((name) => [name, []])));
  const peaks = [];
  for (const kernels of all) secondsPerCall(kernels.both.call, 0.2);
  for (let round = 0; round < Number(args.rounds); round++) {
    if (peakFile) peaks.push(peakOf(peakFile));
    for (const name of names)
      all.forEach((kernels, i) => samples[i][name].push(secondsPerCall(kernels[name].call, Number(args.ms) / 1e3)));
  }
  const peak = peaks.length ? median(peaks) : null;
  return samples.map((sample, i) => {
    const results = {};
    for (const name of names) {
      const { flops, bytes } = all[i][name];
      results[name] = { flops, bytes, seconds: median(sample[name]) };
    }
    const { forward, both } = results;
    results.backward = {
      flops: both.flops - forward.flops,
      seconds: median(sample.both.map((s, r) => s - sample.forward[r])),
    };
    for (const r of Object.values(results)) r.rate = (r.flops ?? r.bytes) / r.seconds / 1e9;
    return { ...shape, peak, results };
  });
}

/** A panel for each instruction set and cell: what share of the peak the kernels reach at each size. */
async function plot(file) {
  const { writeSvgPlot } = await import("../dist/cli/svg-plot.js");
  const drawn = results.filter(({ peak, addon }) => peak && addon === results[0].addon);
  const panels = [...new Set(drawn.map(({ isa, cell }) => `${cell} ${isa}`))].map((title) => ({
    title: title.toUpperCase(),
    series: ["forward", "backward", "gates' product", "dWh's product"].map((name) => ({
      name,
      points: drawn
        .filter(({ isa, cell }) => `${cell} ${isa}` === title)
        .map(({ units, peak, results: { [name]: kernel } }) => [Math.log2(units[0]), (kernel.rate / peak) * 100]),
    })),
    limits: [{ name: "multiply-adds on registers", y: 100 }],
  }));
  await writeSvgPlot(file, panels, { x: "log2 of the units", y: "share of the peak, %" });
}

const columns = ["forward", "backward", "both", "input gradient", "gates' product", "dh's product", "dWh's product"];
const flows = ["pack forward", "pack backward", "unpack gradient", "input to panels", "norm", "adam", "copy"];
const folder = mkdtempSync(join(os.tmpdir(), "mlbench-roofline-"));
const results = [];
try {
  const found = addons();
  console.log(
    `${new Date().toISOString()} · ${os.cpus()[0]?.model} · Node ${process.version} · load ${os.loadavg()[0].toFixed(2)}`,
  );
  for (const isa of args.isa?.split(",") ?? (process.env.MLBENCH_HPO_ISA || found[0].addon.isas.join(",")).split(",")) {
    const peakFile = compilePeak(folder, isa);
    const sides = found.map(
      ({ addon }) =>
        (buffer) =>
          addon.bind(buffer, isa),
    );
    for (const cell of args.cell.split(","))
      for (const H of numbers(args.hidden)) {
        const batch = Number(args.batch ?? (H <= 32 ? 32 : 64));
        const shape = { cell, batch, steps: STEPS, features: FEATURES, units: [H], dropout: false };
        runShape(sides, shape, peakFile).forEach((result, i) => {
          results.push({ isa, addon: found[i].file, ...result });
          const speeds = columns.map((name) => {
            const { rate, seconds } = result.results[name];
            const share = result.peak ? ` ${((rate / result.peak) * 100).toFixed(0)} %` : "";
            return `${name} ${rate.toFixed(0)}${share} (${(seconds * 1e6).toFixed(0)} us)`;
          });
          const bytes = flows.map((name) => `${name} ${result.results[name].rate.toFixed(1)}`);
          console.log(
            `${isa} ${cell} H${H} B${batch}${found.length > 1 ? ` #${i}` : ""}: peak ${result.peak} GFLOPS; ${speeds.join(", ")}`,
          );
          console.log(`    GB/s: ${bytes.join(", ")}`);
        });
      }
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (args.svg) await plot(args.svg);
if (args.json) {
  const record = {
    date: new Date().toISOString(),
    cpu: os.cpus()[0]?.model,
    node: process.version,
    load: os.loadavg(),
    results,
  };
  writeFileSync(args.json, `${JSON.stringify(record, null, 1)}\n`);
}
