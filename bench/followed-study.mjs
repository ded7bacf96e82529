// What it costs a study that somebody watches it: `node bench/followed-study.mjs [--rounds 9] [--trials 30] [--reports 50]
// [--core 0] [--others 1] [--json FILE]`. `optimize` runs the same study by turns alone and with a service over its folder that
// sends it to one client of its event stream. CPU time of the whole of `optimize`, pinned to `--core`; the service and this process
// are pinned to `--others`. How long after its end a trial reaches the client is told as well. Fails where the median of the paired
// ratios is above 1.02, that delay above 500 ms, or results differ. Linux, taskset.
// This file is the workers' objective as well.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { measuredRun } from "./measured-run.mjs";

const GOAL = 1.02;
/** Milliseconds. */
const GOAL_DELAY = 500;
export const space = {
  a: { type: "float", low: 0, high: 1, log: false, step: null },
  b: { type: "float", low: 1e-5, high: 0.1, log: true, step: null },
};

/** Some milliseconds of work a report, always the same. */
export default async function objective(trial) {
  const { a, b } = trial.params;
  let value = a;
  for (let step = 1; step <= Number(process.env.BENCH_REPORTS); step++) {
    for (let i = 0; i < 400_000; i++) value += Math.sin(value + b * i) * 1e-6;
    trial.report(value, step, { val_rmse: value, train_loss: value / 2, lr: b });
    await trial.shouldPrune();
  }
  return value;
}

const program = fileURLToPath(new URL("../bin/mlbench-hpo.js", import.meta.url));
const here = fileURLToPath(import.meta.url);

/** Reads a study's event stream to its end; says how many reports and finished trials it told. */
async function watched(url, token, signal) {
  const told = { frames: 0, reports: new Set(), finished: new Set(), delays: [] };
  try {
    const answer = await fetch(`${url}/api/v1/studies/bench/events`, {
      headers: { authorization: `Bearer ${token}` },
      signal,
    });
    let text = "";
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const frames = text.split("\n\n");
      text = frames.pop();
      for (const frame of frames) {
        if (!frame.includes("event: changes")) continue;
        const { rows, reports } = JSON.parse(frame.slice(frame.indexOf("data: ") + 6));
        told.frames++;
        for (const [number, , step] of reports) told.reports.add(`${number}.${step}`);
        for (const [i, number] of rows.number.entries()) {
          if (rows.state[i] < 2 || told.finished.has(number)) continue;
          told.finished.add(number);
          told.delays.push(Date.now() - rows.finished[i]);
        }
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
  return told;
}

/** A service over a folder, with one client of the study's stream. */
async function watching(folder, others) {
  const side = fileURLToPath(new URL("service-side.mjs", import.meta.url));
  const service = spawn("taskset", ["-c", others, process.execPath, side, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: service.stdout })[Symbol.asyncIterator]();
  const { url, token } = JSON.parse((await lines.next()).value);
  const ending = new AbortController();
  const told = watched(url, token, ending.signal);
  return async () => {
    // The last frames are under way.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    ending.abort();
    service.stdin.end();
    await new Promise((resolve) => service.once("close", resolve));
    return told;
  };
}

/** One run of the study in a folder of its own. */
async function run(watch, { trials, reports, core, others }) {
  const folder = mkdtempSync(join(tmpdir(), "mlbench-bench-"));
  try {
    const typed = ["--storage", folder, "--study-name", "bench"];
    const create = [
      "create-study",
      "--objective",
      here,
      ...typed,
      "--seed",
      "1",
      "--sampler",
      "random",
      "--pruner",
      "nop",
    ];
    execFileSync(process.execPath, [program, ...create], { stdio: "ignore" });
    const end = watch ? await watching(folder, others) : async () => null;
    const optimize = ["optimize", ...typed, "--trials", String(trials), "--workers", "1", "--format", "json"];
    const { cpu, wall } = await measuredRun([process.execPath, program, ...optimize], {
      env: { BENCH_REPORTS: String(reports) },
      core,
    });
    const told = await end();
    if (told && (told.finished.size !== trials || told.reports.size !== trials * reports))
      throw new Error(`the client was told of ${told.finished.size} trials and ${told.reports.size} reports`);
    const records = JSON.parse(readFileSync(join(folder, "bench.json"), "utf8")).trials;
    const result = JSON.stringify(records.map(({ params, values, intermediate }) => [params, values, intermediate]));
    return { cpu, wall, result, frames: told?.frames ?? 0, delays: told?.delays ?? [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

async function measure() {
  const text = (value) => ({ type: "string", default: value });
  const { values } = parseArgs({
    options: {
      ...{ rounds: text("9"), trials: text("30"), reports: text("50"), core: text("0"), others: text("1") },
      json: { type: "string" },
    },
  });
  const of = {
    trials: Number(values.trials),
    reports: Number(values.reports),
    core: values.core,
    others: values.others,
  };
  execFileSync("taskset", ["-cp", values.others, String(process.pid)], { stdio: "ignore" });
  const rounds = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    // By turns: what changes over time falls on both.
    const first = await run(round % 2 === 0, of);
    const second = await run(round % 2 !== 0, of);
    const [watched, alone] = round % 2 === 0 ? [first, second] : [second, first];
    if (watched.result !== alone.result) throw new Error("the watched study has other results");
    rounds.push({ watched: { ...watched, result: undefined }, alone: { ...alone, result: undefined } });
    const { cpu, wall } = rounds.at(-1).alone;
    console.log(
      `round ${round + 1}: alone ${cpu.toFixed(2)} s CPU, ${wall.toFixed(2)} s; watched ×${(watched.cpu / cpu).toFixed(4)}, ` +
        `×${(watched.wall / wall).toFixed(4)}; ${watched.frames} frames`,
    );
  }
  const ratio = (key) => median(rounds.map(({ watched, alone }) => watched[key] / alone[key]));
  const [cpu, wall] = [ratio("cpu"), ratio("wall")];
  const reports = of.trials * of.reports;
  const delay = median(rounds.flatMap(({ watched }) => watched.delays));
  console.log(
    `${of.trials} trials, ${reports} reports, the same results: watched takes ×${cpu.toFixed(4)} the CPU time (goal ${GOAL}), ` +
      `×${wall.toFixed(4)} the time; medians of ${rounds.length} pairs. A trial's end reaches the client after ${delay} ms (median; goal ${GOAL_DELAY})`,
  );
  if (values.json)
    writeFileSync(values.json, JSON.stringify({ ...values, node: process.version, cpu, wall, delay, rounds }));
  process.exitCode = cpu <= GOAL && delay <= GOAL_DELAY ? 0 : 1;
}

// Not awaited: the workers import this module.
if (isMainThread && process.argv[1] === here) void measure();
