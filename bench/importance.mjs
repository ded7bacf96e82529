/**
 * What importances cost, and whether they are Optuna's: PED-ANOVA and fANOVA over 10 mixed parameters, CPU milliseconds of
 * all threads, beside Optuna 5.0.0's evaluators on the very same trials (importance_peer.py). Ends with exit code 1 where
 * PED-ANOVA differs by more than 1e-6, or fANOVA by more than 0.03.
 *
 *   node bench/importance.mjs [--n 1000,10000] [--fanova-n 1000] [--repeats 5] [--json FILE]
 *     [--python python3 | --no-peer] [--peer-seeds 1]
 *
 * Ours is the median after one call that warms up; "first" is that call. Needs a build (dist/).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { importances } from "../dist/analysis/index.js";
import { blankTrial, categorical, createRng, float, int } from "../dist/core/index.js";
import { drawUniform } from "../dist/search-space/draw-uniform.js";
import { median } from "./mann-whitney.mjs";

const { values: args } = parseArgs({
  options: {
    n: { type: "string", default: "1000,10000" },
    "fanova-n": { type: "string", default: "1000" },
    repeats: { type: "string", default: "5" },
    json: { type: "string" },
    python: { type: "string", default: process.env.MLBENCH_PYTHON ?? "python3" },
    "no-peer": { type: "boolean", default: false },
    "peer-seeds": { type: "string", default: "1" },
  },
});

const space = {
  lr: float(1e-4, 1e-1, { log: true }),
  momentum: float(0, 1),
  dropout: float(0, 0.5),
  decay: float(0, 1),
  width: int(8, 256, { log: true }),
  layers: int(1, 5),
  batch: int(16, 128, { step: 16 }),
  act: categorical(["relu", "tanh", "gelu", "elu"]),
  norm: categorical(["none", "batch"]),
  idle: float(-1, 1),
};
const loss = (p, noise) =>
  (Math.log10(p.lr) + 2) ** 2 +
  Math.abs(p.momentum - 0.9) +
  3 * p.dropout * p.decay +
  0.004 * p.width +
  0.3 * (p.layers - 3) ** 2 +
  0.5 * ["relu", "gelu", "elu", "tanh"].indexOf(p.act) +
  (p.norm === "batch" ? 0 : 0.4) +
  0.1 * noise;

/** Numbers of ten digits: what the file says is what both sides see. */
const short = (value) => (typeof value === "number" ? Number(value.toPrecision(10)) : value);

function trialsOf(n) {
  const rng = createRng(n, "importance");
  return Array.from({ length: n }, (_, number) => {
    const params = Object.fromEntries(Object.entries(space).map(([name, d]) => [name, short(drawUniform(d, rng))]));
    return blankTrial(number, { state: "complete", value: short(loss(params, rng())), params });
  });
}

function timed(run) {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

const byName = ({ targets }) => Object.fromEntries(targets[0].parameters.map((p) => [p.name, p.importance]));

function measure(trials, options, repeats) {
  const first = timed(() => importances({ trials, space }, options));
  const samples = Array.from({ length: repeats }, () => timed(() => importances({ trials, space }, options)).ms);
  return { first: first.ms, samples, ms: median(samples), importances: byName(first.result) };
}

function peer(folder, trials, method, seeds) {
  const file = join(folder, "trials.json");
  writeFileSync(file, JSON.stringify({ space, trials: trials.map(({ value, params }) => ({ value, params })) }));
  const script = fileURLToPath(new URL("importance_peer.py", import.meta.url));
  const text = execFileSync(args.python, [script, file, method, String(seeds)], { encoding: "utf8" });
  return JSON.parse(text);
}

const meanOver = (results) =>
  Object.fromEntries(Object.keys(results[0]).map((k) => [k, results.reduce((s, r) => s + r[k] / results.length, 0)]));
const largestDifference = (a, b) => Math.max(...Object.keys(b).map((name) => Math.abs((a[name] ?? NaN) - b[name])));

const folder = mkdtempSync(join(tmpdir(), "mlbench-importance-"));
const rows = [];
const seeds = Number(args["peer-seeds"]);
const counts = (text) =>
  text
    .split(",")
    .filter((part) => part !== "")
    .map(Number);
const cases = [
  ...counts(args.n).map((n) => ({ method: "ped-anova", n, limit: 1e-6 })),
  ...counts(args["fanova-n"]).map((n) => ({ method: "fanova", n, limit: 0.03 })),
];
let wrong = false;
try {
  for (const { method, n, limit } of cases) {
    const trials = trialsOf(n);
    const seeded = (seed) => (method === "fanova" ? { method: { name: method, options: { seed } } } : { method });
    const ours = measure(trials, seeded(0), Number(args.repeats));
    const row = { method, n, ours, peer: null, difference: null };
    rows.push(row);
    if (!args["no-peer"]) {
      row.peer = peer(folder, trials, method, seeds);
      // As many forests of ours as the peer's mean is over.
      const all = Array.from({ length: method === "fanova" ? seeds : 1 }, (_, seed) =>
        byName(importances({ trials, space }, seeded(seed))),
      );
      row.difference = largestDifference(meanOver(all), row.peer.importances);
      if (!(row.difference <= limit)) wrong = true;
    }
    const theirs =
      row.peer === null
        ? ""
        : `, Optuna ${Math.round(row.peer.ms)} ms, differs by ${row.difference.toExponential(1)} at most`;
    console.log(`${method} ${n} trials: ${Math.round(ours.ms)} ms (first ${Math.round(ours.first)} ms)${theirs}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (args.json)
  writeFileSync(args.json, JSON.stringify({ command: process.argv, node: process.version, rows }, null, 2));
if (wrong) {
  console.error("importances differ from Optuna's");
  process.exitCode = 1;
}
