/**
 * What another study's trials are worth (`--from`): a study of a task, begun from the best 10 of 100 trials of the same
 * task with its optimum moved by a share of the range, and from those of a task whose optimum is anywhere, beside one that
 * begins from nothing. P is the share of pairs in which the best of n trials is better with them than without.
 *
 *   node bench/sampler-prior.mjs [--seeds 20] [--json FILE]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { categorical, createRng, float, int } from "../dist/core/index.js";
import { TpeSampler } from "../dist/samplers/tpe/tpe.js";
import { mannWhitneyLess, median } from "./mann-whitney.mjs";

const { values: args } = parseArgs({ options: { seeds: { type: "string", default: "20" }, json: { type: "string" } } });
const { PI, abs, cos, log2, log10, sqrt } = Math;
const sum = (xs) => xs.reduce((a, b) => a + b, 0);
const cube = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`x${i}`, float(0, 1)]));
/** z is the distance to the optimum, in tenths of the range. */
const functions = {
  sphere5: [cube(5), (z) => sum(z.map((v) => v * v))],
  valley4: [cube(4), (z) => sum(z.slice(1).map((v, i) => 5 * (v - z[i] ** 2 / 4) ** 2 + z[i] ** 2))],
  ellipsoid8: [cube(8), (z) => sum(z.map((v, i) => 10 ** ((3 * i) / 7) * v * v))],
  rastrigin5: [cube(5), (z) => sum(z.map((v) => v * v - 5 * cos(1.2 * PI * v) + 5))],
  cone10: [cube(10), (z) => sum(z.map(abs))],
  powers6: [cube(6), (z) => sqrt(sum(z.map((v, i) => abs(v) ** (2 + (4 * i) / 5))))],
};
const training = {
  lr: float(1e-5, 1, { log: true }),
  decay: float(1e-7, 1e-1, { log: true }),
  hidden: int(16, 512, { log: true }),
  optimizer: categorical(["a", "b", "c"]),
  dropout: float(0, 0.6),
};
function trainingLoss(p, c) {
  const f =
    6 * (log10(p.lr) / 5 + 1 - c[0]) ** 2 +
    ((log10(p.decay) + 7) / 6 - c[1]) ** 2 +
    0.3 * (log2(p.hidden / 16) / 5 - c[2]) ** 2 +
    0.5 * (p.dropout / 0.6 - c[3]) ** 2 +
    [0, 0.05, 0.15][["a", "b", "c"].indexOf(p.optimizer)];
  return Math.min(f, 1.2);
}

function problem(name, centre) {
  if (name === "training") return { space: training, evaluate: (p) => trainingLoss(p, centre) };
  const [space, f] = functions[name];
  return { space, evaluate: (p) => f(Object.values(p).map((v, i) => 10 * (v - centre[i]))) };
}

function study({ space, evaluate }, trials, seed, prior = []) {
  const sampler = new TpeSampler();
  const history = [];
  for (let number = 0; number < trials; number++) {
    const params = sampler.suggest(
      space,
      { direction: "minimize", trials: history, prior },
      createRng(seed, "s", number),
    );
    history.push(Object.freeze({ number, state: "complete", value: evaluate(params), params, intermediate: [] }));
  }
  return history;
}

const bestOf = (trials) => Math.min(...trials.map(({ value }) => value));
const at = [20, 50, 100];
const moves = { same: 0, "moved 5 %": 0.05, "moved 15 %": 0.15, anywhere: null };

function run(name, move, seed) {
  const rng = createRng(seed, "centre", name);
  const centre = Array.from({ length: 10 }, () => 0.1 + 0.8 * rng());
  const away = (c) =>
    move === null ? 0.1 + 0.8 * rng() : Math.min(0.95, Math.max(0.05, c + (rng() < 0.5 ? -move : move)));
  const source = study(problem(name, centre.map(away)), 100, seed + 1000);
  const best = source.toSorted((a, b) => a.value - b.value).slice(0, 10);
  const prior = best.map(({ params, value }) => ({ params, values: [value] }));
  const own = problem(name, centre);
  const [without, given] = [study(own, 100, seed), study(own, 100, seed, prior)];
  return at.map((n) => [bestOf(without.slice(0, n)), bestOf(given.slice(0, n))]);
}

const rows = [];
for (const [words, move] of Object.entries(moves)) {
  const shares = at.map(() => []);
  for (const name of [...Object.keys(functions), "training"]) {
    const runs = Array.from({ length: Number(args.seeds) }, (_, seed) => run(name, move, seed));
    const row = at.map((n, i) => {
      const [without, given] = [0, 1].map((side) => runs.map((pairs) => pairs[i][side]));
      const { share } = mannWhitneyLess(given, without);
      shares[i].push(share);
      return { trials: n, without: median(without), with: median(given), share };
    });
    rows.push({ task: words, problem: name, row });
    const shown = row.map(
      (r) => `${r.trials}: P ${r.share.toFixed(2)} (${r.with.toPrecision(2)} | ${r.without.toPrecision(2)})`,
    );
    console.log(`${words.padEnd(11)} ${name.padEnd(11)} ${shown.join("  ")}`);
  }
  const means = shares.map((of, i) => `${at[i]}: ${(sum(of) / of.length).toFixed(2)}`);
  console.log(`${words.padEnd(11)} mean P      ${means.join("  ")}`);
}
if (args.json)
  writeFileSync(args.json, JSON.stringify({ bench: "sampler-prior", node: process.version, rows }, null, 1) + "\n");
