/**
 * What a proposal costs: ask and tell strictly alternating over 10 mixed dimensions, CPU milliseconds, beside Optuna
 * 5.0.0's default TPE (the peers' sampler_overhead.py) in the same run. `--sampler auto` is the default sampler, over the
 * mixed space and over 10 floats, where it asks a Gaussian process in a worker thread at first: the wall time of those
 * asks and their CPU time over all threads, how long they held up the main thread, and the process's memory after each tenth
 * of the trials. With --trial-ms each of the first 100 trials takes so long, as a real one would: what a sampler does
 * meanwhile is no part of an ask.
 *
 * `--sampler gp`: asks of a Gaussian process alone over 5 and 10 floats with N random trials, five of each, the first ask of the
 * process left out; CPU time of all threads.
 *
 *   node bench/sampler-overhead.mjs [--sampler tpe|auto|gp] [--n 1000,10000] [--trial-ms 0] [--json FILE] [--python python3]
 *     [--peer ../shared/peers/sampler_overhead.py | --no-peer] [--peer-n 1000]
 *
 * "first" is the first ask of a process in which N finished trials have just been loaded. Needs a build (dist/).
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { categorical, createRng, deriveSeed, float, int } from "../dist/core/index.js";
import { buildParams } from "../dist/search-space/points.js";
import { drawUniform } from "../dist/search-space/draw-uniform.js";
import { AutoSampler } from "../dist/samplers/auto/auto.js";
import { chooseSampler } from "../dist/samplers/auto/choice.js";
import { GpSampler } from "../dist/samplers/gp/gp.js";
import { TpeSampler } from "../dist/samplers/tpe/tpe.js";
import { median } from "./mann-whitney.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: args } = parseArgs({
  options: {
    n: { type: "string", default: "1000,10000" },
    sampler: { type: "string", default: "tpe" },
    json: { type: "string" },
    python: { type: "string", default: process.env.MLBENCH_PYTHON ?? "python3" },
    peer: { type: "string", default: resolve(root, "../shared/peers/sampler_overhead.py") },
    "peer-n": { type: "string", default: "1000" },
    "trial-ms": { type: "string", default: "0" },
    "no-peer": { type: "boolean", default: false },
    first: { type: "string" },
  },
});

const kinds = [...Array(5).fill("float"), "log", "log", "int", "int", "categorical"];
const distributions = {
  float: () => float(-5, 5),
  log: () => float(1e-5, 1e-1, { log: true }),
  int: () => int(1, 128),
  categorical: () => categorical(["a", "b", "c", "d"]),
};
const space = Object.fromEntries(kinds.map((kind, i) => [`p${i}_${kind}`, distributions[kind]()]));

const costs = {
  float: (v) => (v - 1) ** 2,
  log: (v) => (Math.log10(v) + 3) ** 2,
  int: (v) => ((v - 40) / 32) ** 2,
  categorical: (v) => 0.3 * ["a", "b", "c", "d"].indexOf(v),
};
const cost = (params) => Object.values(params).reduce((sum, v, i) => sum + costs[kinds[i]](v), 0);

const record = (number, params) =>
  Object.freeze({ number, state: "complete", value: cost(params), params, intermediate: [] });

/** CPU milliseconds of this process. Garbage collection and compilation on other threads count too. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Each ask + tell of a study of n trials; a history is a new array every time, its records are the same objects. */
function alternate(n) {
  const sampler = new TpeSampler();
  const stream = deriveSeed(0, "sampler");
  const [cpu, wall] = [[], []];
  let trials = [];
  for (let number = 0; number < n; number++) {
    const [c, w] = [cpuMs(), performance.now()];
    const params = sampler.suggest(space, { direction: "minimize", trials }, createRng(stream, number));
    trials = [...trials, record(number, params)];
    cpu.push(cpuMs() - c);
    wall.push(performance.now() - w);
  }
  const best = Math.min(...trials.map((t) => t.value));
  return {
    n,
    cpuMs: median(cpu.slice(-100)),
    wallMs: median(wall.slice(-100)),
    totalCpuS: cpu.reduce((a, b) => a + b) / 1e3,
    best,
  };
}

/** In a process of its own, so that nothing is compiled or kept. */
function firstAsk(n) {
  const script = [fileURLToPath(import.meta.url), "--first", `${n}`];
  const runs = Array.from({ length: 5 }, () =>
    JSON.parse(execFileSync(process.execPath, script, { encoding: "utf8" })),
  );
  return { cpuMs: median(runs.map((r) => r.cpuMs)), wallMs: median(runs.map((r) => r.wallMs)) };
}

function loadAndAsk(n) {
  const rng = createRng(1, "loaded");
  const trials = Array.from({ length: n }, (_, i) =>
    record(
      i,
      buildParams(space, (_name, d) => drawUniform(d, rng)),
    ),
  );
  const [c, w] = [cpuMs(), performance.now()];
  new TpeSampler().suggest(space, { direction: "minimize", trials }, createRng(2, "first"));
  return { cpuMs: cpuMs() - c, wallMs: performance.now() - w };
}

const floats = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`x${i}`, float(-5, 5)]));
const bowl = (params) => Object.values(params).reduce((sum, v, i) => sum + (1 + i) * (v - 1) ** 2, 0);

/** The longest that this thread was held up between two of its turns, as a timer sees it. */
async function withDelay(ask) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const answer = await ask();
  delay.disable();
  return { answer, heldUpMs: delay.count === 0 ? 0 : delay.max / 1e6 };
}

/** Ask and tell of `auto`, asks that answer later apart from the others. */
async function alternateAuto(n, over, evaluate) {
  const sampler = new AutoSampler();
  const stream = deriveSeed(0, "sampler");
  const trialMs = Number(args["trial-ms"]);
  const [now, later, laterCpu, heldUp, memory] = [[], [], [], [], []];
  let trials = [];
  for (let number = 0; number < n; number++) {
    const history = { direction: "minimize", trials };
    const { sampler: member } = chooseSampler(over, history);
    const [c, w] = [cpuMs(), performance.now()];
    const ask = () => sampler.suggest(over, history, createRng(stream, number));
    const { answer: params, heldUpMs } = member === "gp" ? await withDelay(ask) : { answer: await ask(), heldUpMs: 0 };
    const ms = performance.now() - w;
    if (member === "gp") {
      later.push(ms);
      laterCpu.push(cpuMs() - c);
      heldUp.push(heldUpMs);
    } else now.push(ms);
    trials = [
      ...trials,
      Object.freeze({ number, state: "complete", value: evaluate(params), params, intermediate: [] }),
    ];
    if (trialMs > 0 && number < 100) await pause(trialMs);
    if ((number + 1) % (n / 10) === 0) {
      globalThis.gc?.();
      memory.push(Math.round(process.memoryUsage().rss / 2 ** 20));
    }
  }
  const best = Math.min(...trials.map((t) => t.value));
  const asks = { lastMs: median(now.slice(-100)), gpAsks: later.length };
  const cpu = { gpCpuMs: median(laterCpu), gpMostCpuMs: Math.max(...laterCpu) };
  const gp =
    later.length === 0 ? {} : { gpMs: median(later), gpMostMs: Math.max(...later), ...cpu, heldUpMs: median(heldUp) };
  return { n, ...asks, ...gp, rssMiB: memory, best };
}

async function mainAuto() {
  const rows = [];
  for (const n of args.n.split(",").map(Number))
    for (const [name, over, evaluate] of [
      ["mixed", space, cost],
      ["floats", floats, bowl],
    ]) {
      const row = { space: name, ...(await alternateAuto(n, over, evaluate)) };
      rows.push(row);
      const gp = row.gpAsks
        ? `; ${row.gpAsks} asks of a process ${row.gpMs.toFixed(1)} ms (at most ${row.gpMostMs.toFixed(0)}; CPU ${row.gpCpuMs.toFixed(1)}, at most ${row.gpMostCpuMs.toFixed(0)}), main thread held up ${row.heldUpMs.toFixed(1)}`
        : "";
      console.log(
        `auto ${name.padEnd(6)} n=${n}: last asks ${row.lastMs.toFixed(2)} ms${gp}; rss ${row.rssMiB.join(" ")} MiB`,
      );
    }
  if (args.json) {
    const head = { bench: "sampler-overhead", date: new Date().toISOString(), node: process.version };
    writeFileSync(args.json, JSON.stringify({ ...head, sampler: "auto", rows }, null, 1) + "\n");
  }
}

async function mainGp() {
  const rows = [];
  for (const dimensions of [5, 10])
    for (const n of args.n.split(",").map(Number)) {
      const over = Object.fromEntries(Object.entries(floats).slice(0, dimensions));
      const asks = [];
      for (let i = 0; i <= 5; i++) {
        const rng = createRng(i, "loaded");
        const params = () => buildParams(over, (_name, d) => drawUniform(d, rng));
        const trials = Array.from({ length: n }, (_, k) => {
          const drawn = params();
          return Object.freeze({ ...record(k, drawn), value: bowl(drawn) });
        });
        const sampler = new GpSampler();
        const [c, w] = [cpuMs(), performance.now()];
        const ask = () => sampler.suggest(over, { direction: "minimize", trials }, createRng(i, n));
        const { heldUpMs } = await withDelay(ask);
        asks.push({ cpuMs: cpuMs() - c, wallMs: performance.now() - w, heldUpMs });
      }
      const of = (name) => median(asks.slice(1).map((a) => a[name]));
      const row = { dimensions, n, cpuMs: of("cpuMs"), wallMs: of("wallMs"), heldUpMs: of("heldUpMs") };
      rows.push(row);
      const times = `${row.cpuMs.toFixed(0)} ms CPU (wall ${row.wallMs.toFixed(0)}; goal 100)`;
      console.log(`gp      ${dimensions} floats, n=${n}: ask ${times}, main thread held up ${row.heldUpMs.toFixed(1)}`);
    }
  if (args.json) {
    const head = { bench: "sampler-overhead", date: new Date().toISOString(), node: process.version };
    writeFileSync(args.json, JSON.stringify({ ...head, sampler: "gp", rows }, null, 1) + "\n");
  }
}

function main() {
  const goals = { 1000: [1, 10], 10000: [10, 100] };
  const rows = args.n
    .split(",")
    .map(Number)
    .map((n) => ({ ...alternate(n), first: firstAsk(n) }));
  for (const r of rows) {
    if (!(r.best < 5)) throw new Error(`the search found nothing: best ${r.best} after ${r.n} trials`);
    const [goal, firstGoal] = goals[r.n] ?? ["-", "-"];
    console.log(
      `ours    n=${r.n}: ask + tell ${r.cpuMs.toFixed(2)} ms CPU (wall ${r.wallMs.toFixed(2)}; goal ${goal}), first after loading ` +
        `${r.first.cpuMs.toFixed(1)} ms CPU (wall ${r.first.wallMs.toFixed(1)}; goal ${firstGoal}), all ${r.totalCpuS.toFixed(1)} s, best ${r.best.toFixed(3)}`,
    );
  }
  const peer = args["no-peer"] ? null : askPeer();
  if (args.json) {
    const head = { bench: "sampler-overhead", date: new Date().toISOString(), node: process.version };
    writeFileSync(args.json, JSON.stringify({ ...head, rows, ...peer }, null, 1) + "\n");
  }
}

function askPeer() {
  const peerArguments = ["--sampler", "tpe-default", "--n", args["peer-n"], "--dims", "10", "--tail", "100"];
  const output = execFileSync(args.python, [args.peer, ...peerArguments], {
    encoding: "utf8",
    cwd: dirname(args.peer),
  });
  const peer = JSON.parse(output.trim().split("\n").at(-1));
  console.log(
    `optuna  n=${peer.n}: ask + tell ${peer.trial_cpu_ms_end.toFixed(2)} ms CPU (wall ${peer.trial_ms_end.toFixed(2)}), all ${peer.total_cpu_s} s, best ${peer.best.toFixed(3)}`,
  );
  return { peerCommand: `${args.python} sampler_overhead.py ${peerArguments.join(" ")}`, peer };
}

if (args.first) console.log(JSON.stringify(loadAndAsk(Number(args.first))));
else if (args.sampler === "auto") await mainAuto();
else if (args.sampler === "gp") await mainGp();
else main();
