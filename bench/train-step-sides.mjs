/** The two sides of `train-step`: our loop on a model and a loader, and PyTorch in a process of its own. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WindowSplit } from "../dist/datasets/loader.js";
import { models } from "../dist/models/index.js";
import { trainOneEpoch } from "../dist/training/loop.js";
import { optimizers } from "../dist/training/optimizers/index.js";
import { uniforms } from "./study-plan.mjs";

export const WINDOW = 30;
export const FEATURES = 3;

function normals(seed, count) {
  const uniform = uniforms(seed);
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");

/** Random windows, 8 batches a pass. */
function splitOf({ batch, horizon = 1 }) {
  const windows = batch * 8;
  const length = windows + WINDOW + horizon - 1;
  const ids = Int32Array.from({ length: windows }, (_, i) => i);
  const end = ids.map((i) => i + WINDOW - 1);
  const source = {
    rows: { width: FEATURES, cycles: Int32Array.from({ length }, (_, i) => i + 1) },
    inputs: normals(1, length * FEATURES),
    soh: normals(2, length),
    windows: { end, target: end, cell: new Int32Array(windows), position: ids },
    ...{ truth: null, window: WINDOW, horizon },
  };
  return { split: new WindowSplit("train", source, ids), source, ids };
}

/**
 * The model's class for a kind of run. `batch`: the built-in one, which the loop may train in one call a batch. `tape`:
 * what a user derives from it; since it may change anything, its steps go op by op over TensorFlow.js's tape.
 */
async function classOf({ model }, kind) {
  const BuiltIn = await models.get(model).load();
  if (kind === "batch") return BuiltIn;
  return class extends BuiltIn {
    predictNormalised(batch, tEval) {
      return super.predictNormalised(batch, tEval);
    }
  };
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** A fresh model of a case, always with the same weights. */
async function modelOf(spec, kind) {
  const { horizon = 1 } = spec;
  const each = (value) => new Array(horizon).fill(value);
  const normalisation = {
    ...{ xMean: [0, 0, 0], xStd: [1, 1, 1], sohMean: each(0), sohStd: each(1) },
    ...{ deltaMean: each(0), deltaStd: each(1) },
  };
  const facts = { features: FEATURES, window: WINDOW, horizon, normalisation, seeds: { init: 7, dropout: 0 } };
  const { hidden, layers, latent, width, solver, encoder, rtol, atol } = spec;
  const params = models.get(spec.model).parameters.parse({
    ...{ hidden_size: hidden, dropout: 0, residual: false },
    ...(spec.model === "node"
      ? { encoder, latent_size: latent, width, solver, rtol, atol, step_size: 1 }
      : { layers, head: "linear", activation: "tanh" }),
  });
  return new (await classOf(spec, kind))(params, facts);
}

/**
 * Loss, gradients by PyTorch's names and the solver's evaluations of the first batch, by the very pass that is timed: AdamW
 * with beta1 = 1/2 keeps half of each gradient after its first step, which is exact.
 */
async function firstStep(spec, kind, { source, ids }) {
  const model = await modelOf(spec, kind);
  const adamw = await optimizers.get("adamw").load();
  const optimizer = adamw(model.variables, { beta1: 0.5, beta2: 0.999, eps: 1e-8 });
  const first = new WindowSplit("train", source, ids.slice(0, spec.batch));
  const { metrics, own } = await trainOneEpoch(model, first.loader({ batchSize: spec.batch }), {
    ...{ optimizer, lr: 1e-3, weightDecay: 0, maxNorm: 0 },
  });
  const state = optimizer.state();
  const gradients = [...model.variables.keys()].map((name) => [
    name,
    base64(state.get(`${name}.exp_avg`).map((m) => 2 * m)),
  ]);
  optimizer.dispose();
  model.dispose();
  return { loss: metrics.loss, evaluations: own.evaluations, gradients: Object.fromEntries(gradients) };
}

/** Our side of a case: a fresh model, its optimizer and the package's own `trainOneEpoch`. */
export async function ourSide(spec, kind) {
  const { split, ...data } = splitOf(spec);
  const loader = split.loader({ batchSize: spec.batch });
  const model = await modelOf(spec, kind);
  const adamw = await optimizers.get("adamw").load();
  const optimizer = adamw(model.variables, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
  let epoch = 0;
  const pass = () =>
    trainOneEpoch(model, loader, { optimizer, lr: 1e-3, weightDecay: 1e-4, maxNorm: 1, epoch: epoch++ });
  const all = split.all();
  return {
    pass,
    batches: loader.batches,
    firstStep: () => firstStep(spec, kind, data),
    /** Trains for so many seconds of CPU time. */
    async block(seconds) {
      const start = cpuSeconds();
      let steps = 0;
      do {
        await pass();
        steps += loader.batches;
      } while (cpuSeconds() - start < seconds);
      return { steps, cpu: cpuSeconds() - start };
    },
    /** What the peer needs to do the same. */
    description: () => ({
      ...{ ...spec, window: WINDOW, features: FEATURES, windows: split.windows },
      ...{ x: base64(all.x), y: base64(all.target) },
      weights: Object.fromEntries([...model.weights()].map(([name, w]) => [name, base64(w)])),
    }),
    dispose: () => (optimizer.dispose(), model.dispose()),
  };
}

/** What holds PyTorch's libraries to an instruction set; NEON is all that there is on its machines. */
const HELD_TO = {
  avx512: { ATEN_CPU_CAPABILITY: "avx512" },
  avx2: { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2", MKL_ENABLE_INSTRUCTIONS: "AVX2" },
  neon: {},
};

/** PyTorch, one thread, held to an instruction set or, without one, at its fastest. */
export function startPeer(python, isa) {
  const script = fileURLToPath(new URL("train-step-peer.py", import.meta.url));
  const held = isa === undefined ? {} : HELD_TO[isa];
  const env = { ...process.env, OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1", ...held };
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch's side ended");
    return JSON.parse(value);
  };
  const settings = Object.entries(held).map(([name, value]) => `${name}=${value} `);
  return { ask, command: `${settings.join("")}${python} bench/train-step-peer.py`, end: () => child.stdin.end() };
}
