// What the service costs: `npm run bench -- service` or `node bench/service.mjs [--trials 10000,100000] [--watchers 10]
// [--reports 100] [--seconds 10] [--json FILE]`. A service in a process of its own, over a folder of synthetic studies:
// the columns of each size (first and again, bytes on the wire, the longest stay of its event loop meanwhile), then a study
// that is being run with so many reports a second, watched by one client and by many: processor time a client, and the time
// from a report to its frame. Asserts the bounds of docs/benchmarks.md. Needs dist/.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import http from "node:http";

import { createStudy } from "../dist/app/create-study.js";
import { blankTrial, createStudyState } from "../dist/core/index.js";
import { JsonFileStorage } from "../dist/storage/json-file/index.js";

const { values } = parseArgs({
  options: {
    trials: { type: "string", default: "10000,100000" },
    watchers: { type: "string", default: "10" },
    reports: { type: "string", default: "100" },
    seconds: { type: "string", default: "10" },
    json: { type: "string" },
    serve: { type: "string" },
  },
});

/** The service's side: answers `start` and `stop` with what it cost in between. */
async function serve(folder) {
  const { openStudyHost } = await import("../dist/host/index.js");
  const { createService } = await import("../dist/service/server.js");
  const host = await openStudyHost({ storage: folder, workers: 1 });
  const service = await createService({
    host,
    storageDir: folder,
    options: { version: "0.0.0", port: 0, limits: { requestsPerSecond: 1e6, streams: 1000, streamsPerToken: 1000 } },
  });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  let cpu;
  process.on("message", (word) => {
    if (word === "start") {
      delay.reset();
      delay.enable();
      cpu = process.cpuUsage();
      process.send({ started: true });
    } else {
      delay.disable();
      const { user, system } = process.cpuUsage(cpu);
      // What the timer itself waits for is no delay.
      const ms = (ns) => Math.max(0, ns / 1e6 - 5);
      process.send({
        ...{ cpu_ms: (user + system) / 1000, delay_p99_ms: ms(delay.percentile(99)), delay_max_ms: ms(delay.max) },
        rss_mb: process.memoryUsage.rss() / 2 ** 20,
      });
    }
  });
  process.on("disconnect", () => process.exit(0));
  const url = await service.listen();
  process.send({ url, token: service.context.tokens.first });
}

if (values.serve) await serve(values.serve);
else await measure();

function header(name) {
  return {
    ...{
      name,
      objectives: [{ metric: "value", direction: "minimize" }],
      created_at: "2026-01-02T03:04:05.678Z",
      seed: 1,
    },
    ...{ task: {}, user_attrs: {}, sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} } },
    space: Object.fromEntries(
      ["a", "b", "c", "d", "e", "f", "g"].map((key) => [
        key,
        { type: "float", low: 0, high: 1, log: false, step: null },
      ]),
    ),
    settings: {
      ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
      ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
    },
  };
}

function complete(number) {
  const params = Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((key) => [key, Math.random()]));
  const intermediate = Array.from({ length: 10 }, (_, i) => [i + 1, Math.random()]);
  const at = 1.7e12 + number * 1000;
  return blankTrial(number, {
    ...{ state: "complete", values: [Math.random()], params, intermediate, seen: intermediate.map(() => number) },
    ...{ started_at: new Date(at).toISOString(), finished_at: new Date(at + 900).toISOString(), seconds: 0.9 },
    ...{
      metrics: { best: { val_rmse: Math.random(), seconds: 0.9 }, last: {} },
      finish_index: number,
      owner: "1@boot",
    },
  });
}

function exchange(child, word) {
  return new Promise((resolve) => {
    child.once("message", resolve);
    if (word) child.send(word);
  });
}

function get(url, token, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const options = { headers: { authorization: `Bearer ${token}`, "accept-encoding": "gzip", ...headers } };
    const request = http.get(`${url}/api/v1${path}`, options, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => {
        const body = Buffer.concat(pieces);
        const text = response.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
        resolve({
          status: response.statusCode,
          ms: performance.now() - began,
          bytes: body.length,
          text: text.toString(),
        });
      });
    });
    request.on("error", reject);
  });
}

/** A client of a study's stream; hears when frames with reports come. */
function watch(url, token, name, onReport) {
  return new Promise((resolve, reject) => {
    const request = http.get(
      `${url}/api/v1/studies/${name}/events`,
      { headers: { authorization: `Bearer ${token}` }, agent: false },
      (response) => {
        let rest = "";
        let bytes = 0;
        response.setEncoding("utf8");
        response.on("data", (text) => {
          bytes += text.length;
          const frames = (rest + text).split("\n\n");
          rest = frames.pop();
          if (!onReport) return;
          for (const frame of frames) {
            const data = /^event: changes\ndata: (.*)$/m.exec(frame)?.[1];
            if (data) for (const report of JSON.parse(data).reports) onReport(report);
          }
        });
        resolve({ close: () => request.destroy(), bytes: () => bytes });
      },
    );
    request.on("error", (error) => (error.code === "ECONNRESET" ? undefined : reject(error)));
  });
}

async function columnsOf(child, { url, token }, count) {
  const name = `n${count}`;
  const opened = performance.now();
  await get(url, token, `/studies/${name}`);
  const open_ms = performance.now() - opened;
  await exchange(child, "start");
  const first = await get(url, token, `/studies/${name}/columns`);
  const again = await get(url, token, `/studies/${name}/columns`);
  const cost = await exchange(child, "stop");
  const { rows, size } = JSON.parse(first.text);
  if (size !== count || rows.number.length !== count || rows.params.g.length !== count)
    throw new Error("columns are short");
  return {
    ...{
      trials: count,
      open_ms,
      first_ms: first.ms,
      again_ms: again.ms,
      bytes: first.text.length,
      gzip_bytes: first.bytes,
    },
    ...{ delay_p99_ms: cost.delay_p99_ms, delay_max_ms: cost.delay_max_ms, rss_mb: cost.rss_mb },
  };
}

/** A study that is run in this process, with so many reports a second. */
async function runStudy(folder, name, perSecond, seconds, onReport) {
  const study = await createStudy({
    name,
    storage: folder,
    space: { x: { type: "float", low: 0, high: 1, log: false, step: null } },
    sampler: "random",
    pruner: "nop",
    seed: 1,
  });
  const pause = 1000 / perSecond;
  const began = performance.now();
  let made = 0;
  return study
    .optimize(
      async (trial) => {
        for (let step = 1; step <= 20; step++) {
          made++;
          const wait = began + made * pause - performance.now();
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
          onReport(trial.number, step);
          trial.report(Math.random(), step);
        }
        return Math.random();
      },
      { trials: Math.ceil((perSecond * seconds) / 20) },
    )
    .then(async () => study.close());
}

function quantile(list, share) {
  return [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
}

async function live(child, { url, token }, { folder, watchers, perSecond, seconds }) {
  const name = `live${watchers}`;
  const sent = new Map();
  const latencies = [];
  const running = runStudy(folder, name, perSecond, seconds + 2, (number, step) =>
    sent.set(`${number}/${step}`, performance.now()),
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const clients = [];
  for (let i = 0; i < watchers; i++)
    clients.push(
      await watch(
        url,
        token,
        name,
        i > 0
          ? null
          : ([number, , step]) => {
              const at = sent.get(`${number}/${step}`);
              if (at !== undefined) latencies.push(performance.now() - at);
            },
      ),
    );
  await exchange(child, "start");
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const cost = await exchange(child, "stop");
  const took = performance.now() - from;
  const bytes = clients.reduce((sum, client) => sum + client.bytes(), 0);
  for (const client of clients) client.close();
  await running;
  const share = cost.cpu_ms / took;
  return {
    ...{
      watchers,
      reports_per_second: perSecond,
      cpu_share: share,
      bytes_per_client: Math.round(bytes / Math.max(1, watchers)),
    },
    ...{
      latency_p50_ms: quantile(latencies, 0.5),
      latency_p99_ms: quantile(latencies, 0.99),
      reports: latencies.length,
    },
    ...{ delay_p99_ms: cost.delay_p99_ms, delay_max_ms: cost.delay_max_ms },
  };
}

async function measure() {
  const folder = mkdtempSync(join(tmpdir(), "service-bench-"));
  const result = { cpu: cpus()[0]?.model, node: process.version, columns: [], live: [] };
  try {
    const storage = new JsonFileStorage({ directory: folder });
    const sizes = values.trials.split(",").map(Number);
    for (const count of sizes) {
      const trials = Array.from({ length: count }, (_, i) => complete(i));
      await storage.createFrom(createStudyState(header(`n${count}`), trials, { revision: count }), null);
    }
    const child = fork(fileURLToPath(import.meta.url), ["--serve", folder], { execArgv: [] });
    try {
      const place = await exchange(child);
      for (const count of sizes) {
        const row = await columnsOf(child, place, count);
        result.columns.push(row);
        console.log(
          `${count} trials: columns in ${row.first_ms.toFixed(0)} ms, again ${row.again_ms.toFixed(0)} ms, ` +
            `${(row.bytes / 1e6).toFixed(2)} MB, ${(row.gzip_bytes / 1e6).toFixed(2)} MB gzip; event loop p99 ` +
            `${row.delay_p99_ms.toFixed(0)}, at most ${row.delay_max_ms.toFixed(0)} ms; opened in ${row.open_ms.toFixed(0)} ms; ${row.rss_mb.toFixed(0)} MB`,
        );
      }
      const [watchers, perSecond, seconds] = [values.watchers, values.reports, values.seconds].map(Number);
      for (const count of [1, 1 + watchers]) {
        const row = await live(child, place, { folder, watchers: count, perSecond, seconds });
        result.live.push(row);
        console.log(
          `${count} watching at ${perSecond} reports a second: ${(100 * row.cpu_share).toFixed(1)} % of a core; report to frame ` +
            `p50 ${row.latency_p50_ms?.toFixed(0)}, p99 ${row.latency_p99_ms?.toFixed(0)} ms; event loop p99 ${row.delay_p99_ms.toFixed(1)} ms`,
        );
      }
      const [one, many] = result.live;
      result.cpu_share_a_client = (many.cpu_share - one.cpu_share) / watchers;
      console.log(`${(100 * result.cpu_share_a_client).toFixed(2)} % of a core a further client`);
    } finally {
      child.disconnect();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  const broken = [
    ...result.columns
      .filter(({ trials, first_ms }) => first_ms > (trials > 10_000 ? 800 : 200))
      .map(() => "columns are slow"),
    ...result.columns.filter(({ delay_max_ms }) => delay_max_ms > 50).map(() => "columns hold the event loop"),
    ...(result.cpu_share_a_client > 0.01 ? ["a client costs more than 1 % of a core"] : []),
    ...result.live.filter(({ latency_p99_ms }) => !(latency_p99_ms <= 500)).map(() => "frames are late"),
  ];
  if (broken.length > 0) {
    console.error(broken.join("; "));
    process.exitCode = 1;
  }
}
