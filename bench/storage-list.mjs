// How long a list of many studies takes: `npm run bench -- storage-list` or `node bench/storage-list.mjs [--studies 1000]
// [--trials 20] [--in-progress 10] [--json FILE]`. Makes the studies, so many of them with their journal in progress (such
// a study is read whole), then lists them in a process of its own: the first time, and again with nothing changed. Asserts
// at most 1 s for the first 1,000. Needs dist/.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { blankTrial } from "../dist/core/index.js";
import { JsonFileStorage } from "../dist/storage/json-file/index.js";

const { values } = parseArgs({
  options: {
    studies: { type: "string", default: "1000" },
    trials: { type: "string", default: "20" },
    "in-progress": { type: "string", default: "10" },
    json: { type: "string" },
    list: { type: "string" },
  },
});
const REPORTS = 20;
const at = "2026-01-02T03:04:05.678Z";

/** Lists a folder's studies in this process, and prints how long that took. */
async function list(directory) {
  const storage = new JsonFileStorage({ directory });
  const times = [];
  let entries;
  for (let run = 0; run < 3; run++) {
    const started = performance.now();
    entries = await storage.summaries();
    times.push(performance.now() - started);
  }
  const counted = entries.reduce((sum, { summary }) => sum + summary.counted, 0);
  console.log(JSON.stringify({ times, studies: entries.length, counted }));
}

const header = (name) => ({
  ...{ name, objectives: [{ metric: "value", direction: "minimize" }], created_at: at, seed: 1, task: {} },
  ...{ user_attrs: {}, sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} } },
  space: Object.fromEntries(
    ["a", "b", "c", "d", "e"].map((key) => [key, { type: "float", low: 0, high: 1, log: false, step: null }]),
  ),
  settings: {
    ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
    ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
  },
});

/** A trial's record as it is when it is made complete. */
function complete(number) {
  const params = { a: Math.random(), b: Math.random(), c: Math.random(), d: Math.random(), e: Math.random() };
  const intermediate = Array.from({ length: REPORTS }, (_, i) => [i + 1, Math.random()]);
  const times = { started_at: at, finished_at: at, seconds: 1 };
  return blankTrial(number, {
    ...{ state: "complete", values: [Math.random()], params, intermediate, seen: intermediate.map(() => number) },
    ...times,
  });
}

async function make(directory, studies, trials, inProgress) {
  const storage = new JsonFileStorage({ directory });
  const created = (number) => ({ type: "trial-created", trial: complete(number) });
  for (let n = 0; n < studies; n++) {
    const writer = await storage.create(header(`study-${String(n).padStart(5, "0")}`));
    await writer.append(...Array.from({ length: trials }, (_, number) => created(number)));
    if (n >= inProgress) await writer.close();
  }
}

if (values.list !== undefined) await list(values.list);
else {
  const [studies, trials] = [Number(values.studies), Number(values.trials)];
  const directory = mkdtempSync(join(tmpdir(), "mlbench-list-"));
  try {
    await make(directory, studies, trials, Number(values["in-progress"]));
    const child = [fileURLToPath(import.meta.url), "--list", directory];
    const output = execFileSync(process.execPath, child, { encoding: "utf8" });
    const { times, ...found } = JSON.parse(output);
    if (found.studies !== studies || found.counted !== studies * trials)
      throw new Error(`listed ${found.studies} studies with ${found.counted} trials`);
    console.log("| studies | trials each | first list ms | again ms |");
    console.log("|---|---|---|---|");
    console.log(`| ${studies} | ${trials} | ${times[0].toFixed(0)} | ${times[2].toFixed(0)} |`);
    const goal = (1_000 * studies) / 1_000;
    if (times[0] > goal) console.error(`MISSED: ${studies} studies took ${times[0].toFixed(0)} ms, more than ${goal}`);
    if (values.json) {
      const machine = { node: process.version, cpu: cpus()[0]?.model, date: new Date().toISOString() };
      writeFileSync(values.json, JSON.stringify({ ...machine, studies, trials, times }, null, 1));
    }
    process.exitCode = times[0] > goal ? 1 : 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
    // What is still open goes with its folder.
    process.exit();
  }
}
