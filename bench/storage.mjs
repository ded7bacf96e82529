// Cost of keeping studies: `npm run bench -- storage` or `node bench/storage.mjs [--json FILE] [--trials 1000,10000,100000]
// [--peer-trials journal=1000,sqlite=1000 | --no-peers]`. A trial is made, reports ten values and is finished; being
// handed out and being finished are durable (fdatasync) on our side. The peer is Optuna with its journal file and with
// sqlite, run by MLBENCH_PYTHON (python3). Asserts what the study contract promises about cost, time and memory.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    trials: { type: "string", default: "1000,10000,100000" },
    "peer-trials": { type: "string", default: "journal=1000,sqlite=1000" },
    "no-peers": { type: "boolean", default: false },
  },
});
const python = process.env.MLBENCH_PYTHON ?? "python3";
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const samples = [];

function run(command, args) {
  const output = execFileSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  samples.push({ command: [command, ...args].join(" "), output });
  return JSON.parse(output.trim().split("\n").at(-1));
}

const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

function summary(label, trials, write, open, resume) {
  const { blocks } = write;
  return {
    label,
    trials,
    first_cpu_ms: blocks[0].cpu_ms,
    first_wall_ms: blocks[0].wall_ms,
    mean_cpu_ms: mean(blocks.map(({ cpu_ms }) => cpu_ms)) + (write.close_cpu_ms ?? 0) / trials,
    mean_wall_ms: mean(blocks.map(({ wall_ms }) => wall_ms)) + (write.close_ms ?? 0) / trials,
    open_ms: open.open_ms,
    open_rss_mb: open.rss_mb,
    resume_ms: resume.resume_ms,
    resume_rss_mb: resume.rss_mb,
    write_rss_mb: write.rss_mb,
    megabytes: write.bytes === undefined ? null : write.bytes / 1e6,
  };
}

function measure(label, trials, side) {
  const directory = mkdtempSync(join(tmpdir(), "mlbench-bench-"));
  try {
    const [write, open, resume] = ["write", "open", "resume"].map((what) => side(what, directory, String(trials)));
    return summary(label, trials, write, open, resume);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const rows = values.trials.split(",").map((text) => {
  const ours = (what, directory, trials) => run(process.execPath, [here("storage-side.mjs"), what, directory, trials]);
  return measure("mlbench-hpo", Number(text), ours);
});
if (!values["no-peers"])
  for (const spec of values["peer-trials"].split(",")) {
    const [kind, trials] = spec.split("=");
    const peer = (what, directory, count) =>
      run(python, [here("storage_peer.py"), what, kind, join(directory, "study"), count]);
    rows.push(measure(`Optuna ${kind}`, Number(trials), peer));
  }

const digits = (value, places = 2) => (value === null ? "-" : value.toFixed(places));
console.log(
  "| storage | trials | CPU ms a trial: first 1,000 | CPU ms a trial: all | wall ms a trial | open ms | resume + 1 trial ms | open MB | file MB |",
);
console.log("|---|---|---|---|---|---|---|---|---|");
for (const row of rows)
  console.log(
    `| ${row.label} | ${row.trials} | ${digits(row.first_cpu_ms)} | ${digits(row.mean_cpu_ms)} | ${digits(row.mean_wall_ms)} | ${digits(row.open_ms, 0)} | ${digits(row.resume_ms, 0)} | ${digits(row.open_rss_mb, 0)} | ${digits(row.megabytes, 1)} |`,
  );

const failures = [];
for (const row of rows.filter(({ label }) => label === "mlbench-hpo")) {
  const first = rows[0].first_cpu_ms;
  if (row.mean_cpu_ms > 2 * first)
    failures.push(`${row.trials} trials cost ${digits(row.mean_cpu_ms)} ms each, the first 1,000 ${digits(first)}`);
  if (row.open_ms > 10_000) failures.push(`opening ${row.trials} trials took ${digits(row.open_ms, 0)} ms`);
  if (row.open_rss_mb > 1_500) failures.push(`opening ${row.trials} trials took ${digits(row.open_rss_mb, 0)} MB`);
}
for (const failure of failures) console.error(`MISSED: ${failure}`);
if (values.json)
  writeFileSync(
    values.json,
    JSON.stringify(
      { node: process.version, cpu: cpus()[0]?.model, date: new Date().toISOString(), rows, samples },
      null,
      1,
    ),
  );
process.exitCode = failures.length > 0 ? 1 : 0;
