// `npm run bench -- pruning-quality [--seeds 30] [--epochs 810] [--sampler NAME] [--pruners LIST] [--problems LIST]
// [--json FILE]`: what sampler and pruner come to together at equal epochs. A study ends when its epochs are used up, and
// the trial under way then is dropped; it is scored by what its winner is worth without noise. Beside it Optuna's TPE with
// its pruners, recorded by pruning_peer.py (pruning-peer.json). P is the share of pairs of studies in which ours is
// better, equal ones half; p is of the rank-sum test, of two sides. Over all problems: the mean P, and one-sided p of the test
// of van Elteren, with the problems as strata.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createRng, createStudy, TrialPruned } from "../dist/index.js";
import { mannWhitneyLess, vanElteren } from "./mann-whitney.mjs";
import { PROBES, problems, STEPS } from "./pruning-problems.mjs";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "30" },
    epochs: { type: "string", default: "810" },
    sampler: { type: "string" },
    pruners: { type: "string", default: "nop,prospect,median,percentile,asha,hyperband,wilcoxon" },
    problems: { type: "string", default: "speed,slow,mlp" },
    "check-with": { type: "string" },
    json: { type: "string" },
  },
});
/** Whom each side is compared with. */
const AGAINST = ["nop", "Optuna TPE, none", "Optuna TPE, median", "Optuna TPE, hyperband"];
const EPOCHS = Number(values.epochs);
const list = (text) => text.split(",");

/** `name` or `name:option=value:…` */
function prunerOf(text) {
  const [name, ...given] = text.split(":");
  return { name, options: Object.fromEntries(given.map((o) => o.split("=")).map(([k, v]) => [k, Number(v)])) };
}

function gaussOf(rng) {
  return () => Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
}

async function study(problem, pruner, seed) {
  const sampler = values.sampler === undefined ? {} : { sampler: values.sampler };
  const own = await createStudy({
    storage: "memory",
    space: problem.space,
    seed,
    pruner: prunerOf(pruner),
    ...sampler,
  });
  const gauss = gaussOf(createRng(seed, problem.name));
  let left = EPOCHS;
  await own.optimize(
    async (trial) => {
      const curve = problem.curve(trial.params, gauss);
      for (const [i, value] of curve.entries()) {
        if (left === 0) {
          own.stop();
          throw new TrialPruned();
        }
        left--;
        trial.report(value, i + 1);
        if (i + 1 < STEPS && (await trial.shouldPrune())) throw new TrialPruned();
      }
      return Math.min(...curve);
    },
    { trials: 10_000, concurrency: 1 },
  );
  const truth = problem.truth(own.bestTrial.params);
  const complete = own.trials.filter(({ state }) => state === "complete").length;
  const result = { problem: problem.name, pruner, seed, epochs: EPOCHS, truth, trials: own.trials.length, complete };
  await own.close();
  return result;
}

/** Throws unless the peer's curves are these: `--check-with PYTHON`. */
function checkDefinitions(python) {
  const path = new URL("pruning_peer.py", import.meta.url).pathname;
  const theirs = JSON.parse(execFileSync(python, [path, "--probe"], { input: JSON.stringify(PROBES) }).toString());
  for (const problem of problems().filter(({ name }) => name in theirs))
    for (const [i, params] of PROBES.entries())
      for (const [j, step] of [1, 9, 27].entries())
        if (Math.abs(problem.at(params, step) - theirs[problem.name][i][j]) > 1e-12)
          throw new Error(`${problem.name}: the peer's curve differs at ${JSON.stringify(params)}, step ${step}`);
  console.log("both sides have the same curves");
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

const peerPath = new URL("pruning-peer.json", import.meta.url);
if (values["check-with"] !== undefined) checkDefinitions(values["check-with"]);
const peers = existsSync(peerPath) ? JSON.parse(readFileSync(peerPath, "utf8")).results : [];
const all = [];
const truths = [];
for (const problem of problems()) {
  if (!list(values.problems).includes(problem.name)) continue;
  const sides = new Map();
  for (const pruner of list(values.pruners)) {
    const results = [];
    for (let seed = 1; seed <= Number(values.seeds); seed++) results.push(await study(problem, pruner, seed));
    all.push(...results);
    sides.set(pruner, results);
  }
  const recorded = peers.filter((r) => r.problem === problem.name && r.epochs === EPOCHS);
  for (const pruner of new Set(recorded.map((r) => r.pruner)))
    sides.set(
      `Optuna TPE, ${pruner}`,
      recorded.filter((r) => r.pruner === pruner && r.seed <= Number(values.seeds)),
    );
  const against = AGAINST.filter((name) => sides.has(name));
  truths.push(new Map([...sides].map(([name, results]) => [name, results.map((r) => r.truth)])));
  console.log(`\n${problem.name}: ${EPOCHS} epochs, ${values.seeds} seeds`);
  console.log(`| pruner | truth, median | trials | complete |${against.map((n) => ` P, p against ${n} |`).join("")}`);
  console.log(`|---|---|---|---|${against.map(() => "---|").join("")}`);
  for (const [name, results] of sides) {
    const truth = results.map((r) => r.truth);
    const versus = against.map((other) => {
      if (other === name) return " |";
      const theirs = sides.get(other).map((r) => r.truth);
      const less = mannWhitneyLess(truth, theirs);
      const p = Math.min(1, 2 * Math.min(less.p, mannWhitneyLess(theirs, truth).p));
      return ` ${less.share.toFixed(2)}, ${p.toPrecision(2)} |`;
    });
    const counts = `${median(results.map((r) => r.trials))} | ${median(results.map((r) => r.complete))}`;
    console.log(`| ${name} | ${median(truth).toFixed(5)} | ${counts} |${versus.join("")}`);
  }
}
console.log("\nOver all problems: P, p of better, p of worse");
for (const name of list(values.pruners))
  for (const other of AGAINST.filter((side) => side !== name && truths.every((of) => of.has(side)))) {
    const { share, pLower, pHigher } = vanElteren(truths.map((of) => ({ a: of.get(name), b: of.get(other) })));
    console.log(`${name} against ${other}: ${share.toFixed(2)}, ${pLower.toPrecision(2)}, ${pHigher.toPrecision(2)}`);
  }
if (values.json) writeFileSync(values.json, JSON.stringify(all, null, 1));
