// `npm run bench -- pruning-development [--seeds 8] [--first 1] [--problems LIST] [--pruners LIST] [--whole 15,30]
// [--kept FILE]`: the problems on which the default pruner is developed, at equal epochs: for each pruner and problem the
// share of instances (seeds) in which the sampler with it ends better than without any, after the epochs of so many whole
// trials. A pruner is `name:option=value:…`, or the path of a module whose default export takes the options so given.
// `--kept FILE` keeps the scores and does not run again what it has.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createNormal, createRng } from "../dist/core/index.js";
import { createPruner } from "../dist/pruners/index.js";
import { AutoSampler } from "../dist/samplers/auto/auto.js";
import { families, STEPS } from "./pruning-development-problems.mjs";

const { values: args } = parseArgs({
  options: {
    seeds: { type: "string", default: "8" },
    first: { type: "string", default: "1" },
    problems: { type: "string", default: "all" },
    pruners: { type: "string", default: "median,hyperband" },
    whole: { type: "string", default: "15,30" },
    sampler: { type: "string" },
    kept: { type: "string" },
  },
});
const budgets = args.whole.split(",").map((n) => Number(n) * STEPS);
const Sampler = args.sampler ? (await import(resolve(args.sampler))).default : AutoSampler;

const valueOf = (text) => (Number.isNaN(Number(text)) ? text : Number(text));

async function prunerOf(text) {
  const [name, ...given] = text.split(":");
  const options = Object.fromEntries(given.map((o) => o.split("=")).map(([k, v]) => [k, valueOf(v)]));
  if (name.endsWith("js")) return new (await import(resolve(name))).default(options);
  return createPruner(name, options);
}

const range = (n, of) => Array.from({ length: n }, (_, i) => of(i));

/** One study; the truth of its winner at each budget, and how many trials it had and completed at the last one. */
async function study(problem, pruner, seed) {
  const { space, at, sigma } = problem.make(seed);
  const sampler = new Sampler();
  const history = { direction: "minimize", trials: [] };
  const { trials } = history;
  const truth = [];
  let [epochs, best] = [0, null];
  const last = budgets.at(-1);
  while (epochs < last) {
    const number = trials.length;
    const params = sampler.suggestAtOnce(space, history, createRng(seed, "sampler", number));
    const normal = createNormal(createRng(seed, "reports", number));
    const record = { number, params, intermediate: [], seen: [], user_attrs: {}, constraints: {}, value: null };
    let state = "complete";
    for (let step = 1; step <= STEPS; step++) {
      epochs++;
      if (budgets.includes(epochs)) truth.push(best?.truth ?? 1e9);
      if (epochs >= last) break;
      record.intermediate.push([step, at(params, step) + sigma * normal()]);
      record.seen.push(number);
      const running = { ...record, state: "running", finish_index: null };
      if (step < STEPS && pruner.decide(running, { ...history, running: [] }).prune) {
        state = "pruned";
        break;
      }
    }
    if (epochs >= last) break;
    const value = state === "complete" ? Math.min(...record.intermediate.map(([, v]) => v)) : null;
    trials.push(
      Object.freeze({ ...record, state, value, values: value === null ? null : [value], finish_index: number }),
    );
    if (value !== null && value < (best?.value ?? Infinity))
      best = { value, truth: Math.min(...range(STEPS, (i) => at(params, i + 1))) };
  }
  return { truth, trials: trials.length, complete: trials.filter(({ state }) => state === "complete").length };
}

const kept = args.kept && existsSync(args.kept) ? JSON.parse(readFileSync(args.kept, "utf8")) : {};
async function resultsOf(problem, text) {
  const results = [];
  for (let seed = Number(args.first); seed < Number(args.first) + Number(args.seeds); seed++) {
    const key = `${args.sampler ?? ""} ${problem.name} ${text} ${args.whole} ${seed}`;
    kept[key] ??= await study(problem, await prunerOf(text), seed);
    results.push(kept[key]);
  }
  if (args.kept) writeFileSync(args.kept, JSON.stringify(kept));
  return results;
}

const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
/** The share of instances in which `a` ends lower, equals counting half. */
const share = (a, b, k) =>
  mean(a.map(({ truth }, i) => (truth[k] < b[i].truth[k] ? 1 : truth[k] === b[i].truth[k] ? 0.5 : 0)));

const chosen = Object.entries(families).map(([family, problems]) => [
  family,
  problems.filter(({ name }) => args.problems === "all" || args.problems.split(",").includes(name)),
]);
for (const text of args.pruners.split(",")) {
  const rows = [];
  const means = budgets.map(() => []);
  for (const [family, problems] of chosen) {
    if (problems.length === 0) continue;
    const shares = budgets.map(() => []);
    for (const problem of problems) {
      const [ours, whole] = [await resultsOf(problem, text), await resultsOf(problem, "nop")];
      for (const k of budgets.keys()) {
        const p = share(ours, whole, k);
        shares[k].push(p);
        means[k].push(p);
      }
      const counts = `${mean(ours.map((r) => r.trials)).toFixed(0)}/${mean(ours.map((r) => r.complete)).toFixed(0)}`;
      rows.push(`${problem.name} ${shares.map((s) => s.at(-1).toFixed(2)).join(" ")} (${counts})`);
    }
    rows.push(`[${family} ${shares.map((s) => mean(s).toFixed(2)).join(" ")}]`);
  }
  console.log(`${text}: P ${means.map((m) => mean(m).toFixed(3)).join(" ")} | ${rows.join(", ")}`);
}
