// What running a trial costs besides its own work: `npm run bench -- orchestration [--trials 1000,10000,100000]
// [--peer-trials journal=1000,journal=10000,sqlite=200 | --no-peers] [--reports 10] [--pruner median|nop] [--rounds 1]
// [--python PYTHON] [--json FILE] [--quick]`. An objective that computes nothing reports ten values and asks the pruner
// after each, random search over five floats; ours through the library with a study on disk, where being handed out and
// being finished are each durable. The peer is Optuna. Sides take turns, and have to have done the same. `--quick`: so few
// trials that it measures nothing. Fails when a trial costs more than a tenth of the journal's CPU time, or 1.3 times as
// much in the largest study as in the smallest.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./mann-whitney.mjs";

const { values } = parseArgs({
  options: {
    trials: { type: "string", default: "1000,10000,100000" },
    "peer-trials": { type: "string", default: "journal=1000,journal=10000,sqlite=200" },
    "no-peers": { type: "boolean", default: false },
    reports: { type: "string", default: "10" },
    pruner: { type: "string", default: "median" },
    rounds: { type: "string", default: "1" },
    python: { type: "string", default: process.env.MLBENCH_PYTHON ?? "python3" },
    json: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const LEAST_RATIO = 10;
const FLAT = 1.3;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const samples = [];

function run(command, args) {
  const output = execFileSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  samples.push({ command: [command, ...args].join(" "), output });
  return JSON.parse(output.trim().split("\n").at(-1));
}

const tail = [values.reports, values.pruner];
const sides = {
  ours: (directory, trials) => run(process.execPath, [here("orchestration-side.mjs"), directory, `${trials}`, ...tail]),
  peer: (kind) => (directory, trials) =>
    run(values.python, [here("orchestration_peer.py"), kind, join(directory, "study"), `${trials}`, ...tail]),
};

/** One row of the table; `key` says which trials it had, for the comparison of what was done. */
const rowOf = (label, side) => (trials) => ({ label, trials, side, results: [] });
const ours = (values.quick ? "100" : values.trials).split(",").map(Number).map(rowOf("mlbench-hpo", sides.ours));
const peers = values["no-peers"]
  ? []
  : (values.quick ? "journal=100,sqlite=20" : values["peer-trials"]).split(",").map((spec) => {
      const [kind, trials] = spec.split("=");
      return rowOf(`Optuna ${kind}`, sides.peer(kind))(Number(trials));
    });

for (let round = 0; round < Number(values.rounds); round++)
  for (const row of [...ours, ...peers]) {
    const directory = mkdtempSync(join(tmpdir(), "mlbench-bench-"));
    try {
      row.results.push(row.side(directory, row.trials));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

/** Every trial complete, with all reports; the same trial best, and as often told to prune, where there were as many. */
function requireSame() {
  const done = new Map();
  for (const { label, trials, results } of [...ours, ...peers])
    for (const { trials: kept, states, reports, prunes, best } of results) {
      if (kept !== trials || states.complete !== trials || reports !== trials * Number(values.reports))
        throw new Error(`${label}: ${kept} trials (${JSON.stringify(states)}), ${reports} reports, not ${trials}`);
      const said = `best trial ${best}, ${prunes} reports not good enough`;
      const other = done.get(trials) ?? { label, said };
      if (other.said !== said) throw new Error(`of ${trials} trials, ${other.label}: ${other.said}; ${label}: ${said}`);
      done.set(trials, other);
    }
}
requireSame();

const of = (row, pick) => median(row.results.map(pick));
const cpu = (row) => of(row, ({ all }) => all.cpu_ms);
const lastBlock = (row) => of(row, ({ blocks }) => median(blocks.slice(-10).map(({ cpu_ms }) => cpu_ms)));
console.log("| | trials | CPU ms a trial | of its last blocks | wall ms a trial | peak MB |");
console.log("|---|---|---|---|---|---|");
for (const row of [...ours, ...peers]) {
  const wall = of(row, ({ all }) => all.wall_ms);
  const rss = of(row, ({ rss_mb }) => rss_mb);
  console.log(
    `| ${row.label} | ${row.trials} | ${cpu(row).toFixed(2)} | ${lastBlock(row).toFixed(2)} | ${wall.toFixed(1)} | ${rss.toFixed(0)} |`,
  );
}

const failures = [];
const [smallest, largest] = [ours[0], ours.at(-1)];
const growth = cpu(largest) / cpu(smallest);
console.log(`cost at ${largest.trials} over that at ${smallest.trials} trials: ${growth.toFixed(2)}`);
if (growth > FLAT) failures.push(`a trial costs ${growth.toFixed(2)} times as much in the largest study`);
for (const peer of peers) {
  const same = ours.find(({ trials }) => trials === peer.trials) ?? smallest;
  const ratio = cpu(peer) / cpu(same);
  console.log(`${peer.label}, ${peer.trials} trials: ${ratio.toFixed(1)} times our CPU time at ${same.trials}`);
  if (ratio < LEAST_RATIO) failures.push(`${peer.label} costs only ${ratio.toFixed(1)} times what ours does`);
}
if (values.json) {
  const head = { bench: "orchestration", date: new Date().toISOString(), node: process.version, cpu: cpus()[0]?.model };
  const rows = [...ours, ...peers].map(({ label, trials, results }) => ({ label, trials, results }));
  writeFileSync(values.json, `${JSON.stringify({ ...head, ...values, rows, samples }, null, 1)}\n`);
}
for (const failure of failures) console.error(`MISSED: ${failure}`);
process.exitCode = failures.length > 0 && !values.quick ? 1 : 0;
