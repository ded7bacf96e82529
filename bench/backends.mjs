// A training step of models from TensorFlow.js's own ops on each backend, CPU milliseconds, and the numbers an op that
// `--backend auto` decides by. The backends' losses after ten steps must agree.
//   --case NAME,…   lstm, attention, mlp, convolution          (default: all)
//   --size N,…      units, channels                            (default: 16,64,256)
//   --batch N,…     windows a batch                            (default: 16,64)
//   --backend NAME,… cpu, wasm, tensorflow                     (default: wasm,tensorflow)
//   --core N        pin to a core with taskset
//   --seconds S     a block of which five are measured         (default: 0.4)
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: args } = parseArgs({
  options: {
    case: { type: "string", default: "lstm,attention,mlp,convolution" },
    size: { type: "string", default: "16,64,256" },
    batch: { type: "string", default: "16,64" },
    backend: { type: "string", default: "wasm,tensorflow" },
    core: { type: "string" },
    seconds: { type: "string", default: "0.4" },
    one: { type: "boolean", default: false },
  },
});
const list = (text) => text.split(",");
const [T, F] = [30, 3];

/** Every side in a process of its own: a backend leaves its threads and its memory behind. */
function compare() {
  let agree = true;
  for (const name of list(args.case))
    for (const size of list(args.size))
      for (const batch of list(args.batch)) {
        const losses = [];
        for (const backend of list(args.backend)) {
          const own = ["--one", "--case", name, "--size", size, "--batch", batch, "--backend", backend];
          const command = [process.execPath, fileURLToPath(import.meta.url), ...own, "--seconds", args.seconds];
          if (args.core !== undefined) command.unshift("taskset", "-c", args.core);
          const { stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
          const title = `${name} ${size}, B${batch}, ${backend}`.padEnd(34);
          const found = stdout.startsWith("{") ? JSON.parse(stdout) : { failure: stdout + stderr };
          if (found.failure !== undefined) console.log(`${title} ${found.failure.trim().split("\n")[0]}`);
          else {
            losses.push(found.loss);
            console.log(`${title} ${found.ms.toFixed(2)} ms  ${Math.round(found.elements / found.ops)} numbers an op`);
          }
        }
        if (losses.some((loss) => Math.abs(loss - losses[0]) > 1e-4 * Math.abs(losses[0]))) {
          agree = false;
          console.log(`the losses differ: ${losses.join(", ")}`);
        }
      }
  process.exitCode = agree ? 0 : 1;
}

let seed = 1;
const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31 - 0.5;

async function measure() {
  const { opCostOf, plainOps, useBackend } = await import("../dist/tensor/index.js");
  const tf = await import("../dist/tensor/tf.js");
  const [H, B] = [Number(args.size), Number(args.batch)];
  const drawn = (shape, bound) =>
    tf.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * bound * random()),
      shape,
    );
  const weights = [];
  const weight = (shape, bound = shape.at(-1) ** -0.5) => (
    weights.push(tf.variable(drawn(shape, bound))),
    weights.at(-1)
  );
  const models = {
    lstm() {
      const [weightIh, weightHh] = [weight([4 * H, F]), weight([4 * H, H])];
      const [biasIh, biasHh, out] = [weight([4 * H]), weight([4 * H]), weight([H, 1], H ** -0.5)];
      return (x) => tf.matMul(plainOps.lstm(x, [{ weightIh, weightHh, biasIh, biasHh }], {}).last, out);
    },
    mlp() {
      const [first, second, out] = [weight([T * F, H], 0.1), weight([H, H]), weight([H, 1], H ** -0.5)];
      return (x) => tf.matMul(tf.tanh(tf.matMul(tf.tanh(tf.matMul(tf.reshape(x, [B, T * F]), first)), second)), out);
    },
    convolution() {
      const [first, second, out] = [weight([5, F, H], 0.3), weight([5, H, H], (5 * H) ** -0.5), weight([H, 1], 0.2)];
      const layer = (x, kernel) => tf.relu(tf.conv1d(x, kernel, 1, "same"));
      return (x) => tf.matMul(tf.mean(layer(layer(x, first), second), 1), out);
    },
    attention() {
      const [heads, into, out] = [4, weight([F, H], 0.5), weight([H, 1], 0.2)];
      const [q, k, v, p, up, down] = [
        ...[1, 2, 3, 4].map(() => weight([H, H])),
        weight([H, 4 * H]),
        weight([4 * H, H]),
      ];
      const linear = (x, w) => tf.reshape(tf.matMul(tf.reshape(x, [B * T, w.shape[0]]), w), [B, T, w.shape[1]]);
      const split = (x) => tf.transpose(tf.reshape(x, [B, T, heads, H / heads]), [0, 2, 1, 3]);
      const normed = (x) => {
        const { mean, variance } = tf.moments(x, -1, true);
        return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
      };
      return (x) => {
        const h = linear(x, into);
        const n = normed(h);
        const scores = tf.matMul(split(linear(n, q)), split(linear(n, k)), false, true);
        const seen = tf.matMul(tf.softmax(tf.mul(scores, (H / heads) ** -0.5)), split(linear(n, v)));
        const a = tf.add(h, linear(tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), [B, T, H]), p));
        return tf.matMul(tf.mean(tf.add(a, linear(tf.relu(linear(normed(a), up)), down)), 1), out);
      };
    },
  };
  await useBackend(args.backend);
  const predict = models[args.case]();
  const [x, y] = [drawn([B, T, F], 0.5), drawn([B, 1], 0.5)];
  let loss = 0;
  const step = (read = false) =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.sub(predict(x), y))), weights);
      for (const variable of weights) variable.assign(tf.sub(variable, tf.mul(grads[variable.name], 1e-2)));
      if (read) loss = value.dataSync()[0];
    });
  for (let i = 0; i < 9; i++) step();
  const cost = await opCostOf(() => step(true));
  const blocks = [];
  for (let block = 0; block < 6; block++) {
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    let steps = 0;
    do step(steps++ < 0);
    while (performance.now() - began < 1000 * Number(args.seconds));
    const { user, system } = process.cpuUsage(cpu);
    // The first is the warm-up.
    if (block > 0) blocks.push((user + system) / 1000 / steps);
  }
  console.log(JSON.stringify({ ms: blocks.sort((a, b) => a - b)[2], loss, ...cost }));
  process.exit(0);
}

if (args.one) await measure().catch((error) => (console.log(`failed: ${error.message}`), process.exit(0)));
else compare();
