/**
 * Several objectives and constraints: the hypervolume (one objective: minus the best feasible value) that `tpe` and
 * `nsga2` reach, beside Optuna's TPE and NSGA-II as `multi_objective_peer.py` has recorded them.
 *
 *   node bench/multi-objective.mjs [--samplers tpe,nsga2] [--json FILE]
 *
 * Seeds and trials are the record's. The problems' values are compared with the peer's first.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decodeNumber } from "../dist/core/index.js";
import { createSampler } from "../dist/samplers/index.js";
import { mannWhitneyLess } from "./mann-whitney.mjs";
import { judged } from "./multi-objective-problems.mjs";
import { runProblem } from "./multi-objective-run.mjs";

const { values: options } = parseArgs({
  options: { samplers: { type: "string", default: "tpe,nsga2" }, json: { type: "string" } },
});
const peer = JSON.parse(readFileSync(new URL("multi-objective-peer.json", import.meta.url), "utf8"));
const samplers = options.samplers.split(",");

function requireSameProblem(name, { evaluate }, checks) {
  for (const { x, values, constraints } of checks) {
    const own = evaluate(Object.fromEntries(x.map((value, i) => [`x${i}`, value])));
    const pairs = [
      ...values.map((value, i) => [value, own.values[i]]),
      ...Object.entries(constraints).map(([key, value]) => [value, own.constraints[key]]),
    ];
    for (const [theirs, ours] of pairs)
      if (!(Math.abs(theirs - ours) <= 1e-12 * Math.max(1, Math.abs(theirs))))
        throw new Error(`${name} at ${x.join(", ")}: ${ours} instead of the peer's ${theirs}`);
  }
}

const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor((xs.length - 1) / 2)];
const shown = (x) => x.toPrecision(4);

/** P(ours > theirs), and a one-sided Mann-Whitney test in both directions; without a feasible trial a score is the last. */
function compared(ours, theirs) {
  const [a, b] = [ours, theirs].map((scores) => scores.map((score) => -Math.max(score, -Number.MAX_VALUE)));
  const [better, worse] = [mannWhitneyLess(a, b), mannWhitneyLess(b, a)];
  return { p: better.share, verdict: better.p < 0.05 ? "better" : worse.p < 0.05 ? "worse" : "level" };
}

const raw = {};
console.log(`${peer.trials} trials, ${peer.seeds} seeds a side; medians, P(ours better), by Mann-Whitney at 5 %\n`);
console.log(
  "| problem | ours | median | Optuna's TPE | P | | Optuna's NSGA-II | P | |\n|---|---|---|---|---|---|---|---|---|",
);
for (const [name, make] of Object.entries(judged)) {
  const record = peer.problems[name];
  requireSameProblem(name, make(0), record.checks);
  const theirs = (kind) => record[kind].map((pair) => decodeNumber(pair[1]));
  for (const sampler of samplers) {
    const curves = [];
    for (let seed = 0; seed < peer.seeds; seed++)
      curves.push(await runProblem(make(seed), await createSampler(sampler, {}), peer.trials, seed));
    const ours = curves.map((curve) => curve.at(-1));
    (raw[name] ??= {})[sampler] = curves.map((curve) => [curve[peer.trials / 2 - 1], curve.at(-1)]);
    const cells = ["tpe", "nsga2"].map((kind) => {
      const { p, verdict } = compared(ours, theirs(kind));
      return `${shown(median(theirs(kind)))} | ${p.toFixed(2).replace(/^0/, "")} | ${verdict}`;
    });
    console.log(`| ${name} | \`${sampler}\` | ${shown(median(ours))} | ${cells.join(" | ")} |`);
  }
}
if (options.json) writeFileSync(options.json, JSON.stringify({ node: process.version, raw, peer }, null, 1));
