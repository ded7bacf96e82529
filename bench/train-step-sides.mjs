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
function splitOf({ batch }) {
  const windows = batch * 8;
  const length = windows + WINDOW;
  const ids = Int32Array.from({ length: windows }, (_, i) => i);
  const source = {
    rows: { width: FEATURES, cycles: Int32Array.from({ length }, (_, i) => i + 1) },
    inputs: normals(1, length * FEATURES),
    soh: normals(2, length),
    windows: { end: ids.map((i) => i + WINDOW - 1), cell: new Int32Array(windows), position: ids },
    ...{ window: WINDOW, horizon: 1 },
  };
  return new WindowSplit("train", source, ids);
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

/** Our side of a case: a fresh model, its optimizer and the package's own `trainOneEpoch`. */
export async function ourSide(spec, kind) {
  const split = splitOf(spec);
  const loader = split.loader({ batchSize: spec.batch });
  const normalisation = { xMean: [0, 0, 0], xStd: [1, 1, 1], sohMean: [0], sohStd: [1], deltaMean: [0], deltaStd: [1] };
  const facts = { features: FEATURES, window: WINDOW, horizon: 1, normalisation, seeds: { init: 7, dropout: 0 } };
  const params = {
    ...{ hidden_size: spec.hidden, layers: spec.layers, dropout: 0, head: "linear" },
    ...{ residual: false, activation: "tanh" },
  };
  const model = new (await classOf(spec, kind))(params, facts);
  const adamw = await optimizers.get("adamw").load();
  const optimizer = adamw(model.variables, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
  let epoch = 0;
  const pass = () =>
    trainOneEpoch(model, loader, { optimizer, lr: 1e-3, weightDecay: 1e-4, maxNorm: 1, epoch: epoch++ });
  const all = split.all();
  return {
    pass,
    batches: loader.batches,
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
