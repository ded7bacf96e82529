// How long a call of `optimize` takes to its first trial's first batch, and a warm worker to its next trial's.
//   node bench/first-trial.mjs [--repeats 9] [--trials 24] [--workers 2] [--data-dir DIR] [--checkouts DIR,DIR,…] [--json FILE]
// Checkouts (built; default: this one) take turns. An epoch began when its report came, less the seconds that it took. From
// the start of the command line to the first epoch; and, through the library, from a trial's start (which is told when it is
// durable) to its first epoch, for the trials after the first of each worker. On `dummy`, and on NASA's cells where they are.
// Nothing else may run: two workers and the study's own process share the machine.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const own = fileURLToPath(new URL("..", import.meta.url));
const { values: given } = parseArgs({
  options: {
    repeats: { type: "string", default: "9" },
    trials: { type: "string", default: "24" },
    workers: { type: "string", default: "2" },
    "data-dir": {
      type: "string",
      default: process.env.MLBENCH_NASA_DIR ?? resolve(own, "..", "shared", "data", "nasa"),
    },
    checkouts: { type: "string", default: own },
    json: { type: "string" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "first-trial-"));
const studies = [["dummy", []]];
if (existsSync(given["data-dir"])) studies.push(["nasa", ["--data-dir", resolve(given["data-dir"])]]);
else console.log(`no NASA cells in ${given["data-dir"]}: dummy alone`);

const more = ["--epochs", "2", "--sampler", "random", "--pruner", "nop"];

/** A new study in an empty folder. */
function createStudy(bin, cwd, dataset, options) {
  rmSync(join(cwd, "studies"), { recursive: true, force: true });
  const create = ["create-study", "--model", "lstm", "--dataset", dataset, ...options, "--name", "s", "--seed", "7"];
  execFileSync(process.execPath, [bin, ...create, ...more], { cwd, stdio: "ignore" });
}

/** The milliseconds from the start of the command line to the first epoch. */
async function first(bin, cwd) {
  const args = ["optimize", "s", "--trials", given.workers, "--workers", given.workers, "--format", "json"];
  const began = performance.now();
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const exit = new Promise((done) => child.on("close", done));
  let found = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const now = performance.now();
    const event = JSON.parse(line);
    if (event.event === "report") found ??= now - 1000 * event.metrics.epoch_seconds - began;
  }
  assert.equal(await exit, 0);
  return found;
}

/** The milliseconds from a trial's start to its first epoch, of those whose worker had a trial before. */
async function warm(checkout, cwd) {
  const { loadStudy } = await import(pathToFileURL(join(checkout, "dist", "index.js")).href);
  const study = await loadStudy({ name: "s", storage: "studies", directory: cwd });
  const [started, slots, found] = [new Map(), new Set(), []];
  await study.optimize({
    trials: Number(given.trials),
    workers: Number(given.workers),
    onEvent: (event) => {
      const now = performance.now();
      if (event.event === "trial-start") {
        if (slots.has(event.slot)) started.set(event.number, now);
        slots.add(event.slot);
      }
      if (event.event === "report" && event.step === 1 && started.has(event.number))
        found.push(now - 1000 * event.metrics.epoch_seconds - started.get(event.number));
    },
  });
  return found;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rows = [];
for (let round = -1; round < Number(given.repeats); round++)
  for (const [i, checkout] of given.checkouts.split(",").entries())
    for (const [dataset, options] of studies) {
      const bin = join(resolve(checkout), "bin", "mlbench-hpo.js");
      const cwd = mkdtempSync(join(folder, `${i}-`));
      createStudy(bin, cwd, dataset, options);
      const sample = { first: await first(bin, cwd), warm: await warm(resolve(checkout), cwd) };
      if (round >= 0) rows.push({ checkout, dataset, ...sample });
    }
rmSync(folder, { recursive: true });

console.log(`${given.repeats} runs each, taking turns; ms\n`);
console.log("to the first batch: min  median   of a warm worker's trial: min  median");
for (const checkout of given.checkouts.split(","))
  for (const [dataset] of studies) {
    const of = rows.filter((row) => row.checkout === checkout && row.dataset === dataset);
    const firsts = of.map(({ first }) => first);
    const warm = of.flatMap((row) => row.warm);
    const figures = [Math.min(...firsts), median(firsts), Math.min(...warm), median(warm)];
    console.log(`${figures.map((ms) => ms.toFixed(1).padStart(14)).join("")}   ${dataset}, ${checkout}`);
  }
if (given.json) writeFileSync(given.json, JSON.stringify({ node: process.version, rows }, null, 2));
