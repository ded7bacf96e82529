// The neural-ODE op, a solution and its gradients, beside torchdiffeq's, on one pinned core.
//
//   npm run bench -- ode-step [--case NAME[,NAME]] [--pairs 15] [--seconds 2] [--kernels auto|plain|relaxed|none]
//                             [--backend cpu|wasm] [--python python3] [--core N] [--json FILE]
//
// A batch of 64 from y0 through 30 times, dynamics of two linear layers with tanh between, the gradients of y0, weights and
// biases, direct. Blocks of `--seconds` of CPU time alternate between the two; each pair gives a ratio of CPU time. Before
// timing, both solve the same problem: evaluations must agree within 5 %, and our largest error against float64 at a
// tolerance of 1e-11 must be at most 1.2 times torchdiffeq's in float32, or 2e-6. PyTorch runs with one thread.
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
  backend: { type: "string", default: "cpu" },
  python: { type: "string", default: process.env.MLBENCH_PYTHON ?? "python3" },
  core: { type: "string", default: String(os.cpus().length - 1) },
  json: { type: "string" },
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

const { isaOf, odeMlp, useBackend, useKernels } = await import("../dist/tensor/index.js");
const tf = await import("../dist/tensor/tf.js");

const BATCH = 64;
const POINTS = 30;
/** Errors up to here are float32's, whoever has them. */
const ROUNDING = 2e-6;
const METHODS = { rk4: { goal: 0.1 }, dopri5: { goal: 0.15, rtol: 1e-3, atol: 1e-4 } };
const SIZES = [
  [8, 32],
  [8, 64],
  [32, 32],
  [32, 64],
];
const CASES = Object.fromEntries(
  Object.keys(METHODS).flatMap((method) =>
    SIZES.map(([D, width]) => [`${method}-d${D}-w${width}`, { method, D, width, ...METHODS[method] }]),
  ),
);

/** Numbers in [-scale, scale). */
function drawn(seed, count, scale) {
  let s = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1) * scale;
  });
}

const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");

/** Our side of a case: the path and all gradients, by the op on the tape. */
function ourSide({ method, D, width, rtol = 1e-3, atol = 1e-4 }) {
  const y0 = drawn(1, BATCH * D, 1.5);
  const dPath = drawn(2, POINTS * BATCH * D, 1);
  const sizes = [D, width, D];
  const weights = [0, 1].map((l) => [
    drawn(3 + l, sizes[l + 1] * sizes[l], 2 / sizes[l] ** 0.5),
    drawn(5 + l, sizes[l + 1], 0.5),
  ]);
  // The times that torch.linspace gives in float32.
  const times = Float32Array.from({ length: POINTS }, (_, i) => i / (POINTS - 1));
  const inputs = [
    tf.tensor(y0, [BATCH, D]),
    ...weights.flatMap(([w, b], l) => [tf.tensor(w, [sizes[l + 1], sizes[l]]), tf.tensor(b)]),
  ];
  const dy = tf.tensor(dPath, [POINTS, BATCH, D]);
  let counts;
  const solution = tf.grads((start, w0, b0, w1, b1) => {
    const layers = [
      { weight: w0, bias: b0 },
      { weight: w1, bias: b1 },
    ];
    const found = odeMlp(start, layers, times, { method, rtol, atol });
    counts = found.counts;
    path = found.path;
    return tf.keep(found.path);
  });
  let path;
  return {
    description: () => ({
      ...{ D, units: [width], batch: BATCH, points: POINTS, rtol, atol, y0: base64(y0), dPath: base64(dPath) },
      weights: weights.map((pair) => pair.map(base64)),
    }),
    step: () => {
      const gradients = solution(inputs, dy);
      for (const t of gradients) t.dispose();
      path.dispose();
    },
    solve: () => {
      const gradients = solution(inputs, dy);
      const found = [path, ...gradients].map((t) => base64(Float32Array.from(t.dataSync())));
      for (const t of [path, ...gradients]) t.dispose();
      return { found, counts };
    },
    dispose: () => [...inputs, dy].forEach((t) => t.dispose()),
  };
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

function ourBlock(side, seconds) {
  const start = cpuSeconds();
  let steps = 0;
  do {
    for (let i = 0; i < 10; i++) side.step();
    steps += 10;
  } while (cpuSeconds() - start < seconds);
  return { steps, cpu: cpuSeconds() - start };
}

function startPeer() {
  const script = fileURLToPath(new URL("ode-step-peer.py", import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  const child = spawn(args.python, [script], { stdio: ["pipe", "pipe", "inherit"], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("torchdiffeq's side ended");
    return JSON.parse(value);
  };
  return { ask, command: `${args.python} bench/ode-step-peer.py`, end: () => child.stdin.end() };
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const median = (values) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

/** The results first: as many evaluations, and errors no larger. */
async function compare(name, side, method, peer) {
  const { found, counts } = side.solve();
  const theirs = await peer.ask({ do: "solve", method, found });
  const { evaluations } = counts;
  if (Math.abs(evaluations / theirs.evaluations - 1) > 0.05)
    throw new Error(`${name}: ${evaluations} evaluations against ${theirs.evaluations}`);
  const [ours, other] = [Math.max(...theirs.oursErrors), Math.max(...theirs.errors)];
  if (!(ours <= Math.max(1.2 * other, ROUNDING))) throw new Error(`${name}: error ${ours} against ${other}`);
  return { evaluations, peerEvaluations: theirs.evaluations, error: ours, peerError: other, ...theirs };
}

async function runCase(name, spec, peer) {
  const side = ourSide(spec);
  await peer.ask({ do: "case", case: side.description() });
  const compared = await compare(name, side, spec.method, peer);
  const seconds = Number(args.seconds);
  ourBlock(side, 0.5);
  const blocks = [];
  for (let i = 0; i < Number(args.pairs); i++) {
    const first = i % 2 ? null : ourBlock(side, seconds);
    const theirs = await peer.ask({ do: "block", method: spec.method, seconds });
    blocks.push({ ours: first ?? ourBlock(side, seconds), theirs });
  }
  side.dispose();
  const ratios = blocks.map(({ ours, theirs }) => ours.cpu / ours.steps / (theirs.cpu / theirs.steps));
  const ms = (which) => median(blocks.map((b) => (b[which].cpu / b[which].steps) * 1e3));
  const p75 = quantile(
    ratios.toSorted((a, b) => a - b),
    0.75,
  );
  const result = { case: name, ...spec, batch: BATCH, points: POINTS, compared, blocks, ratios, p75 };
  Object.assign(result, { oursMs: ms("ours"), theirsMs: ms("theirs"), median: median(ratios) });
  return { ...result, met: result.median <= spec.goal && p75 <= 1.15 * spec.goal };
}

const backend = await useBackend(args.backend);
const kernels = await useKernels(args.kernels);
const peer = startPeer();
const versions = { node: process.version, kernels, isa: isaOf(kernels), backend: backend.name };
Object.assign(versions, await peer.ask({ do: "versions" }));
const cpu = `${os.cpus()[0]?.model}, ${os.cpus().length} cores`;
console.log(`${new Date().toISOString()} · ${cpu} · ${JSON.stringify(versions)} · load ${os.loadavg()[0].toFixed(1)}`);
const results = [];
for (const name of args.case?.split(",") ?? Object.keys(CASES)) {
  if (!CASES[name]) throw new Error(`no case ${name}: ${Object.keys(CASES).join(", ")}`);
  const r = await runCase(name, CASES[name], peer);
  results.push(r);
  const { evaluations, error, peerError } = r.compared;
  console.log(
    `${name.padEnd(15)} ${r.oursMs.toFixed(3)} ms, torchdiffeq ${r.theirsMs.toFixed(2)} ms: ratio median ${r.median.toFixed(3)}, p75 ${r.p75.toFixed(3)}, goal ${r.goal}: ${r.met ? "met" : "missed"} (${evaluations} evaluations, error ${error.toExponential(1)} against ${peerError.toExponential(1)})`,
  );
}
peer.end();
if (args.json) {
  const record = { date: new Date().toISOString(), cpu, versions, load: os.loadavg(), command: process.argv.slice(2) };
  writeFileSync(args.json, `${JSON.stringify({ ...record, peerCommand: peer.command, results }, null, 1)}\n`);
}
