// What durable reports over HTTP cost the service, from an empty study to one of 100,000 trials:
// `node bench/service-reports.mjs [--sizes 0,1000,10000,100000] [--batch 50] [--clients 16] [--seconds 5] [--pruner median]
// [--core N --client-core M] [--json FILE]`. Each client has a trial of its own and sends one batch after another over a
// connection that stays; every answer comes after fdatasync. Then the service is killed with -9: what was answered must be
// in the files. Fails under 5,000 reports a second of the service's CPU time, and where a size costs more than 1.5 times the
// first. Linux, `taskset` for `--core`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createStudy, float, JsonFileStorage, loadStudy } from "../dist/index.js";
import { blankTrial, createStudyState } from "../dist/core/index.js";

const GOAL = 5000;
const FLAT = 1.5;
const REPORTS = 10;

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "0,1000,10000,100000" },
    batch: { type: "string", default: "50" },
    clients: { type: "string", default: "16" },
    seconds: { type: "string", default: "5" },
    pruner: { type: "string", default: "median" },
    core: { type: "string" },
    "client-core": { type: "string" },
    json: { type: "string" },
  },
});
const [batch, clients, seconds] = [Number(values.batch), Number(values.clients), Number(values.seconds)];
const pinned = (core, command) => (core === undefined ? command : ["taskset", "-c", core, ...command]);
if (values["client-core"] !== undefined) spawn("taskset", ["-cp", values["client-core"], String(process.pid)]);

/** A study in which `size` trials are complete, each with its reports. */
async function makeStudy(directory, size) {
  const options = { storage: directory, name: "bench", seed: 1, sampler: "random", pruner: values.pruner };
  const study = await createStudy({ ...options, direction: "minimize", space: { x: float(0, 1) } });
  const { header } = study;
  await study.close();
  if (size === 0) return;
  const storage = new JsonFileStorage({ directory });
  await storage.delete("bench");
  const at = new Date().toISOString();
  const trials = Array.from({ length: size }, (_, number) => {
    const x = ((number * 7919) % 1000) / 1000;
    const intermediate = Array.from({ length: REPORTS }, (_none, i) => [i + 1, x + 1 / (i + 1)]);
    const end = { state: "complete", values: [x], finish_index: number, started_at: at, finished_at: at, seconds: 1 };
    return blankTrial(number, { ...end, params: { x }, intermediate, seen: intermediate.map(() => number) });
  });
  await storage.createFrom(createStudyState(header, trials, { revision: size * (REPORTS + 2) }), null);
}

async function startService(directory) {
  const side = fileURLToPath(new URL("service-side.mjs", import.meta.url));
  const [program, ...words] = pinned(values.core, [process.execPath, side, directory]);
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  const at = await next();
  const usage = async () => {
    child.stdin.write("\n");
    return next();
  };
  return { ...at, child, usage };
}

const agent = new Agent({ keepAlive: true, maxSockets: clients });

function post({ url, token }, path, body) {
  const text = JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/api/v1/studies/bench/${path}`, { method: "POST", agent, headers }, (answer) => {
      let got = "";
      answer.setEncoding("utf8").on("data", (part) => (got += part));
      answer.on("end", () => (answer.statusCode < 300 ? resolve(JSON.parse(got)) : reject(new Error(got))));
    });
    sent.on("error", reject).end(text);
  });
}

/** One client: batch after batch until the time is over; how many reports were answered, and how long each took. */
async function client(service, until, times) {
  const { number, lease } = await post(service, "ask", { lease_seconds: 600 });
  let step = 0;
  while (performance.now() < until()) {
    const reports = Array.from({ length: batch }, () => ({ step: ++step, value: 0.1 + 1 / step }));
    const began = performance.now();
    await post(service, `trials/${number}/reports`, { lease: lease.token, reports });
    times.push(performance.now() - began);
  }
  return { number, step };
}

async function measure(size) {
  const directory = mkdtempSync(join(tmpdir(), "mlbench-bench-"));
  try {
    await makeStudy(directory, size);
    const service = await startService(directory);
    await post(service, "ask", {});
    // Once without being counted: compiled, connected.
    await Promise.all(
      Array.from({ length: clients }, () => client(service, () => began + 1000, []), (began = performance.now())),
    );
    const times = [];
    const before = await service.usage();
    const started = performance.now();
    const done = await Promise.all(
      Array.from({ length: clients }, () => client(service, () => started + seconds * 1000, times)),
    );
    const wall = (performance.now() - started) / 1000;
    const after = await service.usage();
    const reports = done.reduce((sum, { step }) => sum + step, 0);
    service.child.kill("SIGKILL");
    await once(service.child, "exit");
    const { trials } = await loadStudy({ storage: directory, name: "bench" });
    for (const { number, step } of done)
      if (trials[number].intermediate.length !== step)
        throw new Error(
          `trial ${number} has ${trials[number].intermediate.length} of ${step} reports that were answered`,
        );
    times.sort((a, b) => a - b);
    const cpu = after.cpu - before.cpu;
    return {
      ...{ size, reports, wall, cpu, perSecond: reports / wall, perCpuSecond: reports / cpu },
      ...{
        p50: times[times.length >> 1],
        p99: times[Math.floor(times.length * 0.99)],
        delayP99: after.delayP99,
        rss: after.rss,
      },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

let began = 0;
const rows = [];
for (const size of values.sizes.split(",").map(Number)) {
  const row = await measure(size);
  rows.push(row);
  console.log(
    `${size} trials: ${Math.round(row.perSecond)} reports/s, ${Math.round(row.perCpuSecond)} a CPU second of the service ` +
      `(${((row.cpu / row.reports) * 1e6).toFixed(1)} µs each), batch answered in ${row.p50.toFixed(1)} ms (p99 ${row.p99.toFixed(1)}), ` +
      `event loop p99 ${row.delayP99.toFixed(1)} ms, ${Math.round(row.rss)} MiB`,
  );
}
const slow = rows.filter((row) => row.perCpuSecond < GOAL || row.perCpuSecond * FLAT < rows[0].perCpuSecond);
if (values.json) writeFileSync(values.json, JSON.stringify({ ...values, node: process.version, rows }));
console.log(
  slow.length === 0
    ? `at least ${GOAL} a second, and flat`
    : `too slow: ${slow.map(({ size }) => size).join(", ")} trials`,
);
process.exitCode = slow.length === 0 ? 0 : 1;
process.exit();
