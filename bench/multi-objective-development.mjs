/**
 * How TPE's rule for several objectives and constraints was developed: hypervolume (one objective: the best feasible
 * value) after so many trials, as P(better than preset optuna), which stands for Optuna's own sampler here.
 *
 *   node bench/multi-objective-development.mjs [--seeds 6] [--trials 100] [--sampler tpe] [--options '{}'] [--only NAME,…]
 */
import { parseArgs } from "node:util";
import { createSampler } from "../dist/samplers/index.js";
import { development, developmentConstrained } from "./multi-objective-problems.mjs";
import { runProblem } from "./multi-objective-run.mjs";

const { values: options } = parseArgs({
  options: {
    seeds: { type: "string", default: "6" },
    trials: { type: "string", default: "100" },
    sampler: { type: "string", default: "tpe" },
    options: { type: "string", default: "{}" },
    only: { type: "string" },
  },
});
const [seeds, trials] = [Number(options.seeds), Number(options.trials)];
const wanted = options.only?.split(",");
const all = [];
for (const [name, make] of Object.entries({ ...development, ...developmentConstrained })) {
  if (wanted && !wanted.includes(name)) continue;
  const scores = { own: [], peer: [] };
  for (let seed = 0; seed < seeds; seed++) {
    const problem = make(seed);
    const own = await createSampler(options.sampler, JSON.parse(options.options));
    const peer = await createSampler("tpe", { preset: "optuna" });
    scores.own.push((await runProblem(problem, own, trials, seed)).at(-1));
    scores.peer.push((await runProblem(problem, peer, trials, seed + 1000)).at(-1));
  }
  const wins = scores.own.flatMap((a) => scores.peer.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
  const p = wins.reduce((a, b) => a + b, 0) / wins.length;
  const mean = (xs) => xs.reduce((a, b) => a + b, 0) / xs.length;
  all.push(p);
  console.log(
    `${name.padEnd(14)} P ${p.toFixed(2)}  ours ${mean(scores.own).toPrecision(5)}  optuna ${mean(scores.peer).toPrecision(5)}`,
  );
}
console.log(`mean P ${(all.reduce((a, b) => a + b, 0) / all.length).toFixed(3)}`);
