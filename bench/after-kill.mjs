// What a `kill -9` of an optimizing process costs: milliseconds until its worker processes have ended (in an endless
// loop), and until the next process has acknowledged a trial of the same study.
// `npm run bench -- after-kill [--rounds 5] [--json FILE]`. Needs dist/. The goal of either is 2 s at worst.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createStudy, float, loadStudy } from "../dist/index.js";

/** Goal of either figure, milliseconds. */
const GOAL_MS = 2000;
const WORKERS = 2;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, json: { type: "string" }, child: { type: "string" } },
});

/** Reports its process, then loops for ever; or ends at once where `begin.txt` says so. */
const objective = `
import { readFileSync } from "node:fs";
export const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } };
export default async (trial) => {
  if (readFileSync(new URL("begin.txt", import.meta.url), "utf8") === "end") return trial.params.x;
  trial.report(process.pid, 1);
  await new Promise(setImmediate);
  for (;;);
};`;

/** The process that is killed: optimizes the study in the folder and says what it hears, a line each. */
async function optimize(directory) {
  const study = await loadStudy({ name: "s", storage: directory });
  const url = pathToFileURL(join(directory, "objective.mjs"));
  await study.optimize(url, {
    ...{ trials: 100, concurrency: WORKERS, isolation: "process" },
    onEvent: (event) => {
      if (event.event === "report") console.log(`begun ${event.value}`);
      if (event.event === "trial") console.log("trial");
    },
  });
}

function start(directory) {
  const args = [fileURLToPath(import.meta.url), "--child", directory];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    // A process that nobody has waited for yet still has its number.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch (error) {
    return error.code === "ENOENT" && process.platform !== "linux";
  }
}

async function round() {
  const directory = mkdtempSync(join(tmpdir(), "mlbench-hpo-kill-"));
  try {
    writeFileSync(join(directory, "objective.mjs"), objective);
    writeFileSync(join(directory, "begin.txt"), "loop");
    await createStudy({ name: "s", storage: directory, seed: 1, sampler: "random", space: { x: float(0, 1) } });
    const first = start(directory);
    const pids = [];
    while (pids.length < WORKERS) pids.push(Number((await first.lines.next()).value.split(" ")[1]));
    first.child.kill("SIGKILL");
    const killed = performance.now();
    const ended = (async () => {
      while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 5));
      return performance.now() - killed;
    })();
    writeFileSync(join(directory, "begin.txt"), "end");
    const second = start(directory);
    while ((await second.lines.next()).value !== "trial");
    const resumed = performance.now() - killed;
    second.child.kill("SIGKILL");
    await new Promise((resolve) => second.child.once("close", resolve));
    return { workersEndedMs: await ended, resumedMs: resumed };
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function main() {
  const samples = [];
  for (let i = 0; i < Number(values.rounds); i++) samples.push(await round());
  for (const [name, of] of [
    ["worker processes ended after", (s) => s.workersEndedMs],
    ["the next process acknowledged a trial after", (s) => s.resumedMs],
  ]) {
    const sorted = samples.map(of).sort((a, b) => a - b);
    const [median, worst] = [sorted[sorted.length >> 1], sorted.at(-1)];
    const goal = `goal ${GOAL_MS}, ${worst <= GOAL_MS ? "met" : "NOT met"}`;
    console.log(`${name} ${median.toFixed(0)} ms (median of ${sorted.length}), ${worst.toFixed(0)} at worst (${goal})`);
  }
  if (values.json) writeFileSync(values.json, JSON.stringify({ node: process.version, samples }));
}

await (values.child === undefined ? main() : optimize(values.child));
