/**
 * The problems on which the default TPE is developed (never those of bench/sampler-quality), by family: the share of
 * seeds in which ours ends lower than the preset `optuna`, which stands for Optuna's own sampler because its rule is the
 * same. Every seed is an instance of its own, the same on both sides.
 *
 *   node bench/sampler-development.mjs [--seeds 8] [--families all] [--options '{"priorWeight":1}'] [--json FILE]
 *     [--against FILE,…] [--sampler MODULE]
 *
 * `--json` keeps the scores of every seed; `--against` compares with kept ones instead of running the preset.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createRng } from "../dist/core/index.js";
import { EPOCHS, families } from "./development-families.mjs";
import { median } from "./mann-whitney.mjs";

const { values: args } = parseArgs({
  options: {
    seeds: { type: "string", default: "8" },
    families: { type: "string", default: "all" },
    options: { type: "string", default: "{}" },
    json: { type: "string" },
    against: { type: "string" },
    sampler: { type: "string", default: resolve(import.meta.dirname, "../dist/samplers/tpe/tpe.js") },
  },
});
const { TpeSampler } = await import(args.sampler);

/** The record of a trial that was evaluated: a value, or NaN for a failure. */
function finished({ number, params }, value) {
  const failed = { state: "failed", failure: { class: "diverged", message: "", where: "" } };
  const outcome = Number.isNaN(value) ? { value: null, ...failed } : { value, state: "complete" };
  return Object.freeze({ number, params, intermediate: [], ...outcome });
}

/** Reports a curve until the pruner stops it. */
function trained(trial, curve, pruner, history) {
  const intermediate = [];
  for (const value of curve) {
    intermediate.push([intermediate.length + 1, value]);
    const running = { ...trial, state: "running", intermediate: [...intermediate] };
    if (intermediate.length < curve.length && pruner?.decide(running, history).prune)
      return Object.freeze({ ...trial, state: "pruned", value: null, intermediate });
  }
  return Object.freeze({ ...trial, state: "complete", value: Math.min(...curve), intermediate });
}

/** A study with `parallel` trials under way: after each ask beyond them one of them, drawn at random, ends. */
function study(problem, sampler, seed) {
  const { trials = 100, parallel = 1, budget, pruner } = problem;
  const { space, evaluate, curve, truth = evaluate } = problem.make(seed);
  const history = { direction: "minimize", trials: [] };
  const order = createRng(seed, "order");
  const open = [];
  let epochs = 0;
  const finish = () => {
    const [trial] = open.splice(Math.floor(order() * open.length), 1);
    const record = curve
      ? trained(trial, curve(trial.params, trial.number), pruner, history)
      : finished(trial, evaluate(trial.params, trial.number));
    epochs += record.intermediate.length;
    history.trials[trial.number] = record;
  };
  while (budget ? epochs + EPOCHS <= budget : history.trials.length < trials) {
    const number = history.trials.length;
    const params = sampler.suggest(space, history, createRng(seed, "sampler", number));
    open.push({ number, params, state: "running", value: null, intermediate: [] });
    history.trials.push(open.at(-1));
    if (open.length >= parallel) finish();
  }
  while (open.length > 0) finish();
  const complete = history.trials.filter(({ state }) => state === "complete");
  if (complete.length === 0) return 1e9;
  const best = complete.reduce((a, b) => (b.value < a.value ? b : a));
  return truth(best.params);
}

const scoresOf = (problem, options) =>
  Array.from({ length: Number(args.seeds) }, (_, seed) => study(problem, new TpeSampler(options), seed));

/** The share of seeds in which `a` is lower, equals counting half. */
function share(a, b) {
  const n = Math.min(a.length, b.length);
  let wins = 0;
  for (let i = 0; i < n; i++) wins += a[i] < b[i] ? 1 : a[i] === b[i] ? 0.5 : 0;
  return wins / n;
}

const others = args.against?.split(",").map((file) => JSON.parse(readFileSync(file, "utf8")));
const chosen = args.families === "all" ? Object.keys(families) : args.families.split(",");
const kept = {};
for (const family of chosen) {
  const shares = [];
  for (const problem of families[family]) {
    const ours = (kept[`${family}/${problem.name}`] = scoresOf(problem, JSON.parse(args.options)));
    const peers = others
      ? others.map((o) => o[`${family}/${problem.name}`] ?? [])
      : [scoresOf(problem, { preset: "optuna" })];
    shares.push(peers.map((peer) => share(ours, peer)));
    const row = shares
      .at(-1)
      .map((s) => s.toFixed(2))
      .join(" / ");
    console.log(
      `${problem.name.padEnd(20)} ${row}   median ${median(ours).toPrecision(4)}, ${peers.map((p) => (p.length > 0 ? median(p).toPrecision(4) : "-")).join(", ")}`,
    );
  }
  const means = shares[0].map((_, i) => shares.reduce((t, s) => t + s[i], 0) / shares.length);
  console.log(`== ${family}: P ${means.map((m) => m.toFixed(3)).join(" / ")}`);
  if (args.json) writeFileSync(args.json, JSON.stringify(kept));
}
