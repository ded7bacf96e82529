// Resident memory over a study: at trial 200 at most 5 % above that at trial 50, main process and workers apart, with
// workers never replaced. `node bench/study-memory.mjs [--isolation thread|process] [--trials N] [--json FILE]`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createStudy } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    isolation: { type: "string", default: "process" },
    trials: { type: "string", default: "200" },
    model: { type: "string", default: "mlp" },
    epochs: { type: "string", default: "15" },
    json: { type: "string" },
  },
});
const sizes = {
  mlp: { "data.window": 20, "train.batch_size": 32, "model.hidden_size": 64, "model.layers": 2 },
  lstm: { "data.window": 20, "train.batch_size": 32, "model.hidden_size": 32, "model.layers": 1 },
};
const trials = Number(values.trials);
const residentMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
const workers = () =>
  readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(residentMb);

const directory = mkdtempSync(join(tmpdir(), "mlbench-hpo-memory-"));
const samples = [];
try {
  const study = await createStudy({
    ...{ storage: directory, model: values.model, seed: 1, pruner: "nop", defaults: false },
    // Trials of one size: what a larger model needs is no growth of ours.
    params: { ...sizes[values.model], "train.epochs": Number(values.epochs) },
  });
  const result = await study.optimize({
    ...{ trials, isolation: values.isolation, workers: 2 },
    onEvent: ({ event }) => {
      if (event === "trial") samples.push({ main: residentMb(process.pid), workers: workers() });
    },
  });
  if (result.finished !== trials) throw new Error(`${result.finished} of ${trials} trials finished`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Of ten trials around a place: a collection a trial earlier or later should not decide. */
function around(place, of) {
  const numbers = samples.slice(Math.max(0, place - 10), place).map(of);
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

const parts = [
  ["main", (s) => s.main],
  ...samples.at(-1).workers.map((_, i) => [`worker ${i}`, (s) => s.workers[i] ?? NaN]),
];
let flat = true;
for (const [name, of] of parts) {
  const [early, late] = [around(trials / 4, of), around(trials, of)];
  flat &&= late <= 1.05 * early;
  console.log(
    `${name}: ${early.toFixed(1)} MiB at trial ${trials / 4}, ${late.toFixed(1)} at ${trials} (${(100 * (late / early - 1)).toFixed(1)} %)`,
  );
}
if (values.json) writeFileSync(values.json, JSON.stringify({ ...values, node: process.version, samples }));
console.log(flat ? "flat" : "NOT flat: more than 5 %");
process.exitCode = flat ? 0 : 1;
