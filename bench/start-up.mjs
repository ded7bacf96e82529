// How long the commands that people wait for take to start: --help, studies, trials, beside `node -e 0`.
//   node bench/start-up.mjs [--repeats 31] [--checkouts DIR,DIR,…] [--core N] [--json FILE]
// Checkouts (built; default: this one) take turns, so that a busy machine is busy for all. CPU time is user and system time
// of the whole process as the shell counts it; the least of all runs is what compares. Asserts that every run exits with 0,
// that `trials` prints the trials that are there, and that this checkout is at most 100 ms above `node -e 0` (--limit MS).
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const own = fileURLToPath(new URL("..", import.meta.url));
const { values: given } = parseArgs({
  options: {
    repeats: { type: "string", default: "31" },
    checkouts: { type: "string", default: own },
    core: { type: "string" },
    limit: { type: "string", default: "100" },
    json: { type: "string" },
  },
});
const TRIALS = 20;
const folder = mkdtempSync(join(tmpdir(), "start-up-"));
const objective = join(folder, "objective.mjs");
writeFileSync(
  objective,
  'export const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } };\nexport default async ({ params }) => params.x;\n',
);

/** One run: CPU and wall time in ms. */
function time(cwd, args) {
  const pinned = given.core === undefined ? args : ["taskset", "-c", given.core, ...args];
  const script = 'TIMEFORMAT="%3U %3S %3R"; time "$@" >/dev/null 2>/dev/null';
  const { status, stderr } = spawnSync("bash", ["-c", script, "bash", ...pinned], { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${args.join(" ")}: exit code ${status}`);
  const [user, system, wall] = stderr.trim().split("\n").at(-1).split(" ").map(Number);
  return { cpu: 1000 * (user + system), wall: 1000 * wall };
}

const subjects = [{ name: "node -e 0", cwd: folder, args: [process.execPath, "-e", "0"] }];
for (const [i, checkout] of given.checkouts.split(",").entries()) {
  const bin = join(resolve(checkout), "bin", "mlbench-hpo.js");
  const cwd = mkdtempSync(join(folder, `${i}-`));
  const cli = (...args) => execFileSync(process.execPath, [bin, ...args], { cwd, stdio: ["ignore", "pipe", "ignore"] });
  cli("create-study", "--objective", objective, "--name", "s", "--seed", "1");
  cli("optimize", "s", "--trials", String(TRIALS), "--workers", "1");
  assert.equal(JSON.parse(cli("trials", "s", "--format", "json")).length, TRIALS);
  for (const command of ["--help", "studies", "trials"])
    subjects.push({ name: `${checkout} ${command}`, checkout, command, cwd, args: [process.execPath, bin, command] });
}

const samples = subjects.map(() => []);
for (let round = -1; round < Number(given.repeats); round++)
  for (const [i, { cwd, args }] of subjects.entries()) {
    const sample = time(cwd, args);
    if (round >= 0) samples[i].push(sample);
  }
rmSync(folder, { recursive: true });

const of = (list, key) => list.map((sample) => sample[key]).sort((a, b) => a - b);
const rows = subjects.map(({ name, checkout, command }, i) => {
  const [cpu, wall] = [of(samples[i], "cpu"), of(samples[i], "wall")];
  const middle = Math.floor(cpu.length / 2);
  return {
    name,
    checkout,
    command,
    cpu_min: cpu[0],
    cpu_median: cpu[middle],
    wall_min: wall[0],
    wall_median: wall[middle],
  };
});
console.log(`${given.repeats} runs each, taking turns; ms\n`);
console.log("cpu min  median   wall min  median");
for (const row of rows) {
  const figures = [row.cpu_min, row.cpu_median, row.wall_min, row.wall_median].map((ms) => ms.toFixed(0).padStart(8));
  console.log(`${figures.join("")}   ${row.name}`);
}
if (given.json) writeFileSync(given.json, JSON.stringify({ node: process.version, rows, samples }, null, 2));
const [floor] = rows;
for (const row of rows.filter(({ checkout }) => checkout && resolve(checkout) === resolve(own)))
  assert.ok(
    row.cpu_min <= floor.cpu_min + Number(given.limit),
    `${row.name}: ${row.cpu_min.toFixed(0)} ms of CPU, node -e 0 takes ${floor.cpu_min.toFixed(0)} ms`,
  );
