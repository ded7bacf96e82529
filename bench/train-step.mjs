// One training step (gather, forward, backward, clip, AdamW, losses made readable) beside PyTorch's, on one pinned core.
//
//   npm run bench -- train-step [--case NAME[,NAME]] [--pairs 15] [--seconds 2] [--kernels auto|plain|relaxed]
//                               [--backend wasm|cpu] [--python python3] [--core N] [--json FILE] [--no-peer]
//
// Blocks of `--seconds` of CPU time alternate between the two; each pair gives a ratio of CPU time a step. Before timing,
// both train from the same weights on the same batches and must give the same losses. PyTorch runs with the fastest of
// its AdamW settings on each case, one thread. The step is the package's own: `trainOneEpoch` on a loader and a model.
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const options = {
  case: { type: "string" },
  pairs: { type: "string", default: "15" },
  seconds: { type: "string", default: "2" },
  kernels: { type: "string", default: "auto" },
  backend: { type: "string", default: "wasm" },
  python: { type: "string", default: process.env.MLBENCH_PEER_PYTHON ?? "python3" },
  core: { type: "string", default: String(os.cpus().length - 1) },
  json: { type: "string" },
  "no-peer": { type: "boolean", default: false },
};
const { values: args } = parseArgs({ options });

// Pinned with everything that it starts: PyTorch inherits the mask.
if (!process.env.BENCH_PINNED && spawnSync("taskset", ["--version"]).status === 0) {
  const again = [...process.execArgv, ...process.argv.slice(1)];
  const run = spawnSync("taskset", ["-c", args.core, process.execPath, ...again], {
    stdio: "inherit",
    env: { ...process.env, BENCH_PINNED: "1" },
  });
  process.exit(run.status ?? 1);
}

const { useBackend, useKernels } = await import("../dist/tensor/index.js");
const { models } = await import("../dist/models/index.js");
const { optimizers } = await import("../dist/training/optimizers/index.js");
const { trainOneEpoch } = await import("../dist/training/loop.js");
const { WindowSplit } = await import("../dist/datasets/loader.js");

const WINDOW = 30;
const FEATURES = 3;
/** The goal of the ratio to PyTorch: on Node 20, and on Node 22 or later. */
const CASES = {
  "lstm-h32": { model: "lstm", hidden: 32, layers: 1, batch: 32, goal: [0.8, 0.6] },
  "lstm-h64": { model: "lstm", hidden: 64, layers: 1, batch: 64, goal: [1.4, 1.0] },
  "lstm-h128": { model: "lstm", hidden: 128, layers: 1, batch: 64, goal: [2.0, 1.4] },
  "lstm-h64-x2": { model: "lstm", hidden: 64, layers: 2, batch: 64 },
  "gru-h64": { model: "gru", hidden: 64, layers: 1, batch: 64 },
  "mlp-h64-x2": { model: "mlp", hidden: 64, layers: 2, batch: 64 },
};

function normals(seed, count) {
  let s = seed >>> 0;
  const uniform = () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");

/** Our side of a case: a fresh model on a loader of random windows, 8 batches a pass. */
async function ourSide(spec) {
  const windows = spec.batch * 8;
  const length = windows + WINDOW;
  const ids = Int32Array.from({ length: windows }, (_, i) => i);
  const source = {
    rows: { width: FEATURES, cycles: Int32Array.from({ length }, (_, i) => i + 1) },
    inputs: normals(1, length * FEATURES),
    soh: normals(2, length),
    windows: { end: ids.map((i) => i + WINDOW - 1), cell: new Int32Array(windows), position: ids },
    ...{ window: WINDOW, horizon: 1 },
  };
  const split = new WindowSplit("train", source, ids);
  const loader = split.loader({ batchSize: spec.batch });
  const normalisation = { xMean: [0, 0, 0], xStd: [1, 1, 1], sohMean: [0], sohStd: [1], deltaMean: [0], deltaStd: [1] };
  const facts = { features: FEATURES, window: WINDOW, horizon: 1, normalisation, seeds: { init: 7, dropout: 0 } };
  const params = {
    hidden_size: spec.hidden,
    layers: spec.layers,
    dropout: 0,
    head: "linear",
    residual: false,
    activation: "tanh",
  };
  const Model = await models.get(spec.model).load();
  const adamw = await optimizers.get("adamw").load();
  const all = split.all();
  let model, optimizer, epoch;
  const reset = () => {
    optimizer?.dispose();
    model?.dispose();
    model = new Model(params, facts);
    optimizer = adamw(model.variables, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
    epoch = 0;
  };
  const pass = () =>
    trainOneEpoch(model, loader, { optimizer, lr: 1e-3, weightDecay: 1e-4, maxNorm: 1, epoch: epoch++ });
  reset();
  return {
    reset,
    pass,
    batches: loader.batches,
    /** What the peer needs to do the same. */
    description: () => ({
      ...spec,
      window: WINDOW,
      features: FEATURES,
      windows,
      x: base64(all.x),
      y: base64(all.target),
      weights: Object.fromEntries([...model.weights()].map(([name, w]) => [name, base64(w)])),
    }),
    dispose: () => (optimizer.dispose(), model.dispose()),
  };
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function ourBlock(side, seconds) {
  const start = cpuSeconds();
  let steps = 0;
  do {
    await side.pass();
    steps += side.batches;
  } while (cpuSeconds() - start < seconds);
  return { steps, cpu: cpuSeconds() - start };
}

function startPeer() {
  const script = fileURLToPath(new URL("train-step-peer.py", import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  const child = spawn(args.python, [script], { stdio: ["pipe", "pipe", "inherit"], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch's side ended");
    return JSON.parse(value);
  };
  return { ask, command: `${args.python} bench/train-step-peer.py`, end: () => child.stdin.end() };
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

async function runCase(name, spec, peer) {
  const side = await ourSide(spec);
  const record = { case: name, ...spec, window: WINDOW, features: FEATURES };
  if (peer) {
    record.peer = await peer.ask({ do: "case", case: side.description() });
    // The same weights, the same batches: the losses must agree before anything is timed.
    const ours = [];
    for (let i = 0; i < 5; i++) ours.push((await side.pass()).metrics.loss);
    const { losses } = await peer.ask({ do: "trace", steps: 5 * side.batches });
    const theirs = ours.map(
      (_, i) => losses.slice(i * side.batches, (i + 1) * side.batches).reduce((a, b) => a + b, 0) / side.batches,
    );
    const worst = Math.max(...ours.map((v, i) => Math.abs(v - theirs[i]) / theirs[i]));
    if (!(worst < 1e-5)) throw new Error(`${name}: losses differ by ${worst}: ${ours} against ${theirs}`);
    record.traceDifference = worst;
  }
  await ourBlock(side, 1);
  record.blocks = [];
  for (let i = 0; i < Number(args.pairs); i++) {
    const first = i % 2 ? null : await ourBlock(side, Number(args.seconds));
    const theirs = peer ? await peer.ask({ do: "block", seconds: Number(args.seconds) }) : null;
    const ours = first ?? (await ourBlock(side, Number(args.seconds)));
    record.blocks.push({ ours, theirs });
  }
  side.dispose();
  return summarise(record);
}

function summarise(record) {
  const ms = (blocks) =>
    quantile(
      blocks.map((b) => (b.cpu / b.steps) * 1e3).sort((a, b) => a - b),
      0.5,
    );
  record.oursMs = ms(record.blocks.map((b) => b.ours));
  if (!record.peer) return record;
  record.theirsMs = ms(record.blocks.map((b) => b.theirs));
  record.ratios = record.blocks.map(({ ours, theirs }) => ours.cpu / ours.steps / (theirs.cpu / theirs.steps));
  const sorted = record.ratios.toSorted((a, b) => a - b);
  record.median = quantile(sorted, 0.5);
  record.p75 = quantile(sorted, 0.75);
  if (record.goal) {
    record.wanted = record.goal[Number(process.versions.node.split(".")[0]) >= 22 ? 1 : 0];
    record.met = record.median <= record.wanted && record.p75 <= 1.15 * record.wanted;
  }
  return record;
}

const backend = await useBackend(args.backend);
const kernels = await useKernels(args.kernels);
const peer = args["no-peer"] ? null : startPeer();
const versions = {
  node: process.version,
  kernels,
  backend: backend.name,
  ...(peer ? await peer.ask({ do: "versions" }) : {}),
};
const cpu = `${os.cpus()[0]?.model}, ${os.cpus().length} cores`;
console.log(`${new Date().toISOString()} · ${cpu} · ${JSON.stringify(versions)}`);
const chosen = args.case?.split(",") ?? Object.keys(CASES);
const results = [];
for (const name of chosen) {
  if (!CASES[name]) throw new Error(`no case ${name}: ${Object.keys(CASES).join(", ")}`);
  const r = await runCase(name, CASES[name], peer);
  results.push(r);
  const goal = r.wanted ? `, goal ${r.wanted}: ${r.met ? "met" : "missed"}` : "";
  console.log(
    r.peer
      ? `${name.padEnd(12)} ${r.oursMs.toFixed(3)} ms, PyTorch (${r.peer.optimizer}) ${r.theirsMs.toFixed(3)} ms: ratio median ${r.median.toFixed(3)}, p75 ${r.p75.toFixed(3)}${goal}`
      : `${name.padEnd(12)} ${r.oursMs.toFixed(3)} ms`,
  );
}
peer?.end();
if (args.json) {
  const record = {
    date: new Date().toISOString(),
    cpu,
    versions,
    load: os.loadavg(),
    command: process.argv.slice(2),
    peerCommand: peer?.command ?? null,
    results,
  };
  writeFileSync(args.json, `${JSON.stringify(record, null, 1)}\n`);
}
