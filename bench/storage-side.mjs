// One measurement of our storage in a process of its own, so that memory and start-up are its own:
// node bench/storage-side.mjs write|open|resume DIRECTORY TRIALS. Prints one line of JSON. Needs dist/.
import { statSync } from "node:fs";
import { join } from "node:path";

import { blankTrial } from "../dist/core/index.js";
import { JsonFileStorage } from "../dist/storage/json-file/index.js";

const [what, directory, trialsText] = process.argv.slice(2);
const trials = Number(trialsText);
const REPORTS = 10;
const storage = new JsonFileStorage({ directory });
const at = "2026-01-02T03:04:05.678Z";

const header = {
  ...{ name: "bench", created_at: at, seed: 1, task: {}, user_attrs: {} },
  objectives: [{ metric: "value", direction: "minimize" }],
  space: Object.fromEntries(
    ["a", "b", "c", "d", "e"].map((name) => [name, { type: "float", low: 0, high: 1, log: false, step: null }]),
  ),
  ...{ sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} } },
  settings: {
    ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
    ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
  },
};

const created = (number) => ({
  type: "trial-created",
  trial: blankTrial(number, {
    params: { a: Math.random(), b: Math.random(), c: Math.random(), d: Math.random(), e: Math.random() },
    ...{ state: "running", started_at: at, seed: number, owner: "bench", slot: 0 },
  }),
});

/** A trial's life: handed out (durable), ten reports, finished (durable). */
async function oneTrial(writer, number) {
  await writer.append(created(number));
  for (let step = 1; step <= REPORTS; step++)
    void writer.append({ type: "trial-report", number, step, value: Math.random(), seen: writer.state.finished });
  await writer.append({
    ...{ type: "trial-finished", number, state: "complete", values: [Math.random()], finished_at: at, seconds: 1 },
    metrics: { best: { val_rmse: Math.random() }, last: { val_rmse: Math.random() } },
    ...{ backend: null, failure: null, prune_reason: null },
  });
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};

async function write() {
  const writer = await storage.create(header);
  const blocks = [];
  const block = Math.min(1_000, trials);
  for (let number = 0; number < trials;) {
    const [wall, cpu] = [performance.now(), cpuMs()];
    for (const end = number + block; number < end; number++) await oneTrial(writer, number);
    blocks.push({ wall_ms: (performance.now() - wall) / block, cpu_ms: (cpuMs() - cpu) / block });
  }
  const [wall, cpu] = [performance.now(), cpuMs()];
  await writer.close();
  return { blocks, close_ms: performance.now() - wall, close_cpu_ms: cpuMs() - cpu };
}

async function open() {
  const [wall, cpu] = [performance.now(), cpuMs()];
  const { size, finished } = await storage.read("bench");
  const result = { open_ms: performance.now() - wall, open_cpu_ms: cpuMs() - cpu };
  if (size !== trials || finished !== trials) throw new Error(`read ${finished} finished of ${size}, not ${trials}`);
  return result;
}

async function resume() {
  const [wall, cpu] = [performance.now(), cpuMs()];
  const writer = await storage.openWriter("bench");
  await oneTrial(writer, writer.state.size);
  await writer.close();
  return { resume_ms: performance.now() - wall, resume_cpu_ms: cpuMs() - cpu };
}

const result = await { write, open, resume }[what]();
const bytes = statSync(join(directory, "bench.json")).size;
console.log(JSON.stringify({ ...result, rss_mb: process.resourceUsage().maxRSS / 1024, bytes }));
