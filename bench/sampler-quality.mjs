/**
 * Sample efficiency: the shipped default TPE beside Optuna 5.0.0's on the six functions of the peers' script: the best
 * value after N trials over many seeds, a one-sided Mann-Whitney test each way.
 *
 *   node bench/sampler-quality.mjs [--seeds 50] [--trials 100] [--function all] [--json FILE]
 *     [--python python3] [--peer ../shared/peers/sampler_quality.py]
 *
 * Needs a build (dist/) and, in the Python given, optuna 5.0.0. Fails when the functions differ from the peer's.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRng, deriveSeed } from "../dist/core/index.js";
import { TpeSampler } from "../dist/samplers/tpe/tpe.js";
import { mannWhitneyLess, median } from "./mann-whitney.mjs";
import { functions, referenceValue } from "./sampler-functions.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: args } = parseArgs({
  options: {
    seeds: { type: "string", default: "50" },
    trials: { type: "string", default: "100" },
    function: { type: "string", default: "all" },
    json: { type: "string" },
    python: { type: "string", default: process.env.MLBENCH_PYTHON ?? "python3" },
    peer: { type: "string", default: resolve(root, "../shared/peers/sampler_quality.py") },
  },
});
const [seeds, trials] = [Number(args.seeds), Number(args.trials)];

function peer(...options) {
  const out = execFileSync(args.python, [args.peer, ...options], { encoding: "utf8", cwd: dirname(args.peer) });
  return JSON.parse(out.trim().split("\n").at(-1));
}

function checkDefinitions() {
  const { reference_values: reference } = peer("--check");
  for (const [name, points] of Object.entries(reference))
    for (const point of points) {
      const ours = referenceValue(name, point);
      if (!(Math.abs(ours - point.f) <= 1e-9 * Math.max(1, Math.abs(point.f))))
        throw new Error(`${name}: ours ${ours}, the peer's ${point.f} at ${JSON.stringify(point)}`);
    }
  console.log("function definitions agree with the peer's reference values");
}

/** The best value of one study, asked and told in turn. */
function bestOf(f, seed) {
  const sampler = new TpeSampler();
  const stream = deriveSeed(seed, "sampler");
  const history = { direction: "minimize", trials: [] };
  for (let number = 0; number < trials; number++) {
    const params = sampler.suggest(f.space, history, createRng(stream, number));
    const value = f.evaluate(params);
    history.trials.push(Object.freeze({ number, state: "complete", value, params, intermediate: [] }));
  }
  return Math.min(...history.trials.map((t) => t.value));
}

checkDefinitions();
const chosen = functions.filter((f) => args.function === "all" || f.name === args.function);
const rows = [];
for (const f of chosen) {
  const theirs = peer("--function", f.name, "--sampler", "tpe-default", "--seeds", args.seeds, "--trials", args.trials);
  const started = process.cpuUsage();
  const ours = Array.from({ length: seeds }, (_, seed) => bestOf(f, seed));
  const { user, system } = process.cpuUsage(started);
  const better = mannWhitneyLess(ours, theirs.values);
  const worse = mannWhitneyLess(theirs.values, ours);
  const verdict = worse.p < 0.05 / 6 ? "WORSE" : better.p < 0.05 ? "better" : "level";
  rows.push({
    function: f.name,
    ours,
    peer: theirs.values,
    medianOurs: median(ours),
    medianPeer: median(theirs.values),
    share: better.share,
    pBetter: better.p,
    pWorse: worse.p,
    verdict,
    cpuSecondsOurs: (user + system) / 1e6,
    secondsPeer: theirs.seconds,
    peerCommand: `${args.python} sampler_quality.py --function ${f.name} --sampler tpe-default --seeds ${seeds} --trials ${trials}`,
    versions: { ...theirs.versions, node: process.version },
  });
  const show = (v) => v.toPrecision(4).padStart(10);
  console.log(
    `${f.name.padEnd(12)} ours ${show(median(ours))}  optuna ${show(median(theirs.values))}  P(ours < peer) ` +
      `${better.share.toFixed(2)}  p(better) ${better.p.toExponential(1)}  p(worse) ${worse.p.toExponential(1)}  ${verdict}`,
  );
}
const count = (verdict) => rows.filter((r) => r.verdict === verdict).length;
console.log(
  `${trials} trials, ${seeds} seeds a side: better on ${count("better")}, worse on ${count("WORSE")} of ${rows.length} (goal: >= 3 and 0)`,
);
if (args.json) {
  const head = { bench: "sampler-quality", date: new Date().toISOString(), trials, seeds };
  writeFileSync(args.json, JSON.stringify({ ...head, rows }, null, 1) + "\n");
}
