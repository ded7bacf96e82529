// One call of `optimize` over an objective that computes nothing, in a process of its own: node
// bench/orchestration-side.mjs DIRECTORY TRIALS REPORTS PRUNER. Prints one line of JSON. Needs dist/.
import { createStudy, float, loadStudy } from "../dist/index.js";

const [directory, trialsText, reportsText, pruner] = process.argv.slice(2);
const [trials, reports] = [Number(trialsText), Number(reportsText)];
const BLOCK = Math.min(1_000, trials);

/** The same numbers on both sides, whatever was drawn: what a pruner says can then be compared. */
const reported = (number, step) => (((number * 7919 + step * 104_729) % 1_000) + step) / 1_000;

let prunes = 0;
async function objective(trial) {
  for (let step = 1; step <= reports; step++) {
    trial.report(reported(trial.number, step), step);
    if (await trial.shouldPrune()) prunes += 1;
  }
  return reported(trial.number, reports);
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};

const started = { wall: performance.now(), cpu: cpuMs() };
const study = await createStudy({
  ...{ storage: directory, name: "bench", seed: 1, sampler: "random", defaults: false },
  pruner: pruner === "median" ? { name: "median", options: { n_warmup_steps: 0, n_min_trials: 1 } } : pruner,
  space: Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, float(0, 1)])),
  directions: ["minimize"],
});
const blocks = [];
let [ended, last] = [0, { ...started }];
await study.optimize(objective, {
  trials,
  onEvent: ({ event }) => {
    if (event !== "trial" || ++ended % BLOCK !== 0) return;
    const now = { wall: performance.now(), cpu: cpuMs() };
    blocks.push({ wall_ms: (now.wall - last.wall) / BLOCK, cpu_ms: (now.cpu - last.cpu) / BLOCK });
    last = now;
  },
});
const all = { wall_ms: (performance.now() - started.wall) / trials, cpu_ms: (cpuMs() - started.cpu) / trials };

const kept = await loadStudy({ storage: directory, name: "bench" });
const states = {};
for (const { state } of kept.trials) states[state] = (states[state] ?? 0) + 1;
console.log(
  JSON.stringify({
    ...{ trials: kept.trials.length, states, prunes },
    reports: kept.trials.reduce((sum, { intermediate }) => sum + intermediate.length, 0),
    best: kept.bestTrial?.number ?? null,
    ...{ all, blocks, rss_mb: process.resourceUsage().maxRSS / 1024 },
  }),
);
