// One training step (gather, forward, backward, clip, AdamW, losses made readable) beside PyTorch's, on one pinned core.
//
//   npm run bench -- train-step [--case NAME|MODEL[,…]] [--kind batch,tape] [--isa avx512|avx2|neon] [--pairs 15]
//                               [--seconds 2] [--kernels auto|native|relaxed|plain|none] [--backend wasm|cpu]
//                               [--python python3] [--core N] [--json FILE] [--svg FILE] [--no-peer]
//
// `batch` is a built-in model, `tape` a class that a user derives from it. Blocks of `--seconds` of CPU time of all of them
// alternate; each round gives a ratio of CPU time a step for each kind. Before timing, each trains from the same weights
// on the same batches as PyTorch and must give the same losses; where it does not, the exit code is 1, and 0 whatever was
// measured. Of the neural ODE (`--case node`, beside torchdiffeq) evaluations must agree within 5 %, and loss and gradients of
// the first batch must be no further from float64's than 1.2 times PyTorch's in float32, or 2e-6. PyTorch runs one thread with the fastest of its AdamW settings on each case. `--isa` holds both sides to an
// instruction set. The step is the package's own: `trainOneEpoch` on a loader and a model.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";

const options = {
  case: { type: "string" },
  kind: { type: "string", default: "batch,tape" },
  isa: { type: "string" },
  pairs: { type: "string", default: "15" },
  seconds: { type: "string", default: "2" },
  kernels: { type: "string", default: "auto" },
  backend: { type: "string", default: "wasm" },
  python: { type: "string", default: process.env.MLBENCH_PEER_PYTHON ?? process.env.MLBENCH_PYTHON ?? "python3" },
  core: { type: "string", default: String(os.cpus().length - 1) },
  json: { type: "string" },
  svg: { type: "string" },
  "no-peer": { type: "boolean", default: false },
};
const { values: args } = parseArgs({ options });

// Pinned with everything that it starts: PyTorch inherits the mask. The instruction set is read when kernels load.
if (!process.env.BENCH_PINNED && spawnSync("taskset", ["--version"]).status === 0) {
  const again = [...process.execArgv, ...process.argv.slice(1)];
  const run = spawnSync("taskset", ["-c", args.core, process.execPath, ...again], {
    stdio: "inherit",
    env: { ...process.env, BENCH_PINNED: "1", ...(args.isa ? { MLBENCH_HPO_ISA: args.isa } : {}) },
  });
  process.exit(run.status ?? 1);
}
if (args.isa) process.env.MLBENCH_HPO_ISA = args.isa;

const { isaOf, useBackend, useKernels } = await import("../dist/tensor/index.js");
const { AGREEMENT, ODE_STEP_GOALS, STEP_GOALS, inWords, judgeRatios } = await import("./goals.mjs");
const { median } = await import("./mann-whitney.mjs");
const { FEATURES, WINDOW, ourSide, startPeer } = await import("./train-step-sides.mjs");

const CASES = {
  "lstm-h16": { model: "lstm", hidden: 16, layers: 1, batch: 16 },
  "lstm-h32": { model: "lstm", hidden: 32, layers: 1, batch: 32 },
  "lstm-h64": { model: "lstm", hidden: 64, layers: 1, batch: 64 },
  "lstm-h128": { model: "lstm", hidden: 128, layers: 1, batch: 64 },
  "lstm-h256": { model: "lstm", hidden: 256, layers: 1, batch: 64 },
  "lstm-h64-x2": { model: "lstm", hidden: 64, layers: 2, batch: 64 },
  "gru-h64": { model: "gru", hidden: 64, layers: 1, batch: 64 },
  "mlp-h64-x2": { model: "mlp", hidden: 64, layers: 2, batch: 64 },
  ...nodeCases(),
};

/** The neural ODE with each solver: latent size, width of the right-hand side, horizon, and what reads the window. */
function nodeCases() {
  const sizes = [
    [4, 16, 10],
    [8, 32, 10],
    [8, 32, 30],
    [16, 64, 30],
    [8, 32, 30, "mlp"],
  ];
  const control = { rk4: {}, dopri5: { rtol: 1e-3, atol: 1e-4 } };
  return Object.fromEntries(
    Object.keys(control).flatMap((solver) =>
      sizes.map(([latent, width, horizon, encoder = "gru"]) => [
        `node-${solver}-d${latent}-w${width}-t${horizon}${encoder === "gru" ? "" : `-${encoder}`}`,
        { model: "node", hidden: 32, latent, width, horizon, encoder, solver, ...control[solver], batch: 64 },
      ]),
    ),
  );
}
/** Passes over the 8 batches that both sides train before anything is timed. */
const TRACED = 5;
const kinds = args.kind.split(",");
/** Before blocks are timed, and for each AdamW setting that PyTorch tries. */
const warmSeconds = Math.min(1, Number(args.seconds));

/** The largest relative difference of the losses of passes from the same weights. @throws Error above what may be */
async function compareLosses(name, side, peer) {
  const { losses } = await peer.ask({ do: "trace", steps: TRACED * side.batches });
  let worst = 0;
  for (let i = 0; i < TRACED; i++) {
    const ours = (await side.pass()).metrics.loss;
    const theirs = losses.slice(i * side.batches, (i + 1) * side.batches).reduce((a, b) => a + b, 0) / side.batches;
    worst = Math.max(worst, Math.abs(ours - theirs) / theirs);
    if (!(worst < AGREEMENT.stepLoss)) throw new Error(`${name}: loss ${ours} of pass ${i + 1}, PyTorch has ${theirs}`);
  }
  return worst;
}

/**
 * A neural ODE's first batch, before it is trained: as many evaluations, and loss and gradients no further from float64's
 * than PyTorch's in float32 are.
 * @throws Error
 */
async function compareGradients(name, side, peer) {
  const { evaluations, ...found } = await side.firstStep();
  const theirs = await peer.ask({ do: "compare", ...found });
  if (!(Math.abs(evaluations / theirs.evaluations - 1) <= AGREEMENT.evaluations))
    throw new Error(`${name}: ${evaluations} evaluations, torchdiffeq ${theirs.evaluations}`);
  const [error, peerError] = [theirs.oursErrors, theirs.errors].map((errors) => Math.max(...Object.values(errors)));
  if (!(error <= Math.max(AGREEMENT.errors * peerError, AGREEMENT.rounding)))
    throw new Error(`${name}: error against float64 ${error}, PyTorch's ${peerError}: ${JSON.stringify(theirs)}`);
  return { evaluations, peerEvaluations: theirs.evaluations, error, peerError };
}

async function runCase(name, spec, peer) {
  const record = { case: name, ...spec, window: WINDOW, features: FEATURES, traceDifference: {}, blocks: [] };
  const sides = {};
  for (const kind of kinds) sides[kind] = await ourSide(spec, kind);
  if (peer) {
    const description = Object.values(sides)[0].description();
    record.peer = await peer.ask({ do: "case", case: description, seconds: warmSeconds });
    for (const kind of kinds) {
      const what = `${name}, ${kind}`;
      if (spec.solver) record.solves = { ...record.solves, [kind]: await compareGradients(what, sides[kind], peer) };
      record.traceDifference[kind] = await compareLosses(what, sides[kind], peer);
    }
    sides.theirs = { block: (seconds) => peer.ask({ do: "block", seconds }), dispose: () => {} };
  }
  for (const side of Object.values(sides)) await side.block(warmSeconds);
  for (let i = 0; i < Number(args.pairs); i++) {
    const round = {};
    const order = Object.entries(sides);
    for (const [kind, side] of i % 2 ? order.toReversed() : order) round[kind] = await side.block(Number(args.seconds));
    record.blocks.push(round);
  }
  for (const side of Object.values(sides)) side.dispose();
  return summarise(record);
}

function goalOf({ case: name, solver }, kind) {
  if (solver) return kind === "batch" ? ODE_STEP_GOALS[solver] : undefined;
  return STEP_GOALS[kernels === "native" ? isa : kernels]?.[kind]?.[name];
}

const msOf = ({ cpu, steps }) => (cpu / steps) * 1e3;

function summarise(record) {
  const { blocks } = record;
  record.ms = Object.fromEntries(
    Object.keys(blocks[0]).map((kind) => [kind, median(blocks.map((round) => msOf(round[kind])))]),
  );
  if (!record.peer) return record;
  record.verdicts = Object.fromEntries(
    kinds.map((kind) => [
      kind,
      judgeRatios(
        blocks.map((round) => msOf(round[kind]) / msOf(round.theirs)),
        goalOf(record, kind),
      ),
    ]),
  );
  return record;
}

const row = (cells) => console.log(`| ${cells.join(" | ")} |`);

function tellHead() {
  const heads = ["case", "run", "ms", ...(peer ? ["PyTorch, ms (AdamW)", "ratio (75th percentile)", "goal"] : [])];
  row(heads);
  row(heads.map(() => "---"));
}

function tell({ case: name, ms, peer, verdicts }) {
  for (const kind of kinds) {
    const ours = [name, kind, ms[kind].toPrecision(3)];
    if (!peer) {
      row(ours);
      continue;
    }
    const { median: middle, p75 } = verdicts[kind];
    const theirs = `${ms.theirs.toPrecision(3)} (${peer.optimizer})`;
    row([...ours, theirs, `${middle.toFixed(3)} (${p75.toFixed(3)})`, inWords(verdicts[kind])]);
  }
}

const chosen = args.case?.split(",").flatMap(casesOf) ?? Object.keys(CASES);

/** A case by its name, or all of a model. */
function casesOf(name) {
  const found = Object.keys(CASES).filter((each) => each === name || CASES[each].model === name);
  if (found.length === 0) throw new Error(`no case ${name}: ${Object.keys(CASES).join(", ")}, or all of a model`);
  return found;
}
for (const kind of kinds) if (!["batch", "tape"].includes(kind)) throw new Error(`--kind ${kind}: batch or tape`);
const backend = await useBackend(args.backend);
const kernels = await useKernels(args.kernels);
const isa = isaOf(kernels);
const peer = args["no-peer"] ? null : startPeer(args.python, args.isa);
const versions = {
  ...{ node: process.version, kernels, isa, backend: backend.name },
  ...(peer ? await peer.ask({ do: "versions" }) : {}),
};
const cpu = `${os.cpus()[0]?.model}, ${os.cpus().length} cores`;
const record = { date: new Date().toISOString(), cpu, versions, load: os.loadavg(), command: process.argv.slice(2) };
console.log(`${record.date} · ${cpu} · load ${record.load[0].toFixed(1)} · ${JSON.stringify(versions)}`);
const results = [];
tellHead();
for (const name of chosen) {
  results.push(await runCase(name, CASES[name], peer));
  tell(results.at(-1));
}
peer?.end();
if (args.json) {
  const whole = { ...record, loadAfter: os.loadavg(), peerCommand: peer?.command ?? null, results };
  writeFileSync(args.json, `${JSON.stringify(whole, null, 1)}\n`);
}
if (args.svg && peer) {
  const { plotBars } = await import("./bar-plot.mjs");
  const names = { batch: "built-in model", tape: "class derived from it" };
  plotBars(args.svg, {
    title: `CPU time of a training step relative to PyTorch ${versions.torch}, ${kernels} ${isa ?? ""}`,
    ...{ axis: "ratio: less is faster", groups: chosen, reference: { at: 1, label: "PyTorch" } },
    bars: kinds.map((kind) => ({
      name: names[kind],
      values: results.map(({ verdicts }) => verdicts[kind].median),
      goals: results.map(({ verdicts }) => verdicts[kind].goal),
    })),
  });
}
