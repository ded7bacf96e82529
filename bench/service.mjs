// What the service costs: `npm run bench -- service` or `node bench/service.mjs [--trials 10000,100000] [--watchers 10]
// [--reports 100] [--seconds 10] [--studies 1000] [--json FILE]`. A service in a process of its own, over a folder of synthetic
// studies: the columns of each size (first, again, after one more trial; bytes on the wire, the longest stay of its event loop
// meanwhile); a study that is being run with so many reports a second, watched by one client and by many in turns: processor time a
// client, and the time from a report to its frame; the list of so many studies: what it costs to watch it, and the time from a change to its
// frame; eight places of its own at work with three studies, watched by five. Asserts the bounds of docs/benchmarks.md. Needs dist/.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { createStudy } from "../dist/app/create-study.js";
import { createStudyState } from "../dist/core/index.js";
import { JsonFileStorage } from "../dist/storage/json-file/index.js";
import { complete, header } from "./service-records.mjs";
import { get, pause, quantile, watch } from "./service-clients.mjs";

const { values } = parseArgs({
  options: {
    trials: { type: "string", default: "10000,100000" },
    watchers: { type: "string", default: "10" },
    reports: { type: "string", default: "100" },
    seconds: { type: "string", default: "10" },
    studies: { type: "string", default: "1000" },
    json: { type: "string" },
    serve: { type: "string" },
  },
});

/** The service's side: answers `start` and `stop` with what it cost in between. */
async function serve(folder) {
  const { openStudyHost } = await import("../dist/host/index.js");
  const { createService } = await import("../dist/service/server.js");
  const host = await openStudyHost({ storage: folder, workers: 8, allow: [folder], graceMs: 0 });
  const service = await createService({
    host,
    storageDir: folder,
    options: { version: "0.0.0", port: 0, limits: { requestsPerSecond: 1e6, streams: 1000, streamsPerToken: 1000 } },
  });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  let cpu;
  process.on("message", (word) => {
    if (word === "run") void runHere(host, folder).then(() => process.send({ running: true }));
    else if (word === "start" || word === "quiet") {
      // Its timer is work as well.
      delay.reset();
      if (word === "start") delay.enable();
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

function exchange(child, word) {
  return new Promise((resolve) => {
    child.once("message", resolve);
    if (word) child.send(word);
  });
}

async function columnsOf(child, storage, { url, token }, count) {
  const name = `n${count}`;
  await exchange(child, "start");
  const { ms: open_ms } = await get(url, token, `/studies/${name}`);
  const opened = await exchange(child, "stop");
  await exchange(child, "start");
  const first = await get(url, token, `/studies/${name}/columns`);
  const cost = await exchange(child, "stop");
  const again = await get(url, token, `/studies/${name}/columns`);
  const writer = await storage.openWriter(name);
  await writer.append({ type: "trial-created", trial: complete(count) });
  await writer.close();
  await exchange(child, "start");
  await pause(500);
  const grown = await get(url, token, `/studies/${name}/columns`);
  const after = await exchange(child, "stop");
  for (const [{ text }, size] of [
    [first, count],
    [grown, count + 1],
  ]) {
    const { rows } = JSON.parse(text);
    if (rows.number.length !== size || rows.params.g.length !== size) throw new Error("columns are short");
  }
  return {
    ...{ trials: count, open_ms, open_delay_max_ms: opened.delay_max_ms, first_ms: first.ms, again_ms: again.ms },
    ...{ grown_ms: grown.ms, grown_delay_max_ms: after.delay_max_ms, cpu_ms: cost.cpu_ms },
    ...{ unpack_ms: first.unpack_ms, bytes: first.text.length, gzip_bytes: first.bytes },
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
  const between = 1000 / perSecond;
  const began = performance.now();
  let made = 0;
  return study
    .optimize(
      async (trial) => {
        for (let step = 1; step <= 20; step++) {
          made++;
          const wait = began + made * between - performance.now();
          if (wait > 0) await pause(wait);
          onReport(trial.number, step);
          trial.report(Math.random(), step);
        }
        return Math.random();
      },
      { trials: Math.ceil((perSecond * seconds) / 20) },
    )
    .then(async () => study.close());
}

/** Watched by one client and by many more in turns, so that what else the service does falls on both. */
async function live(child, { url, token }, { folder, watchers, perSecond, seconds }) {
  const sent = new Map();
  const latencies = [];
  const running = runStudy(folder, "live", perSecond, 4 * seconds + 4, (number, step) =>
    sent.set(`${number}/${step}`, performance.now()),
  );
  await pause(1000);
  const path = "/studies/live/events";
  const first = await watch(url, token, path, "changes", ({ reports }) => {
    for (const [number, , step] of reports) {
      const at = sent.get(`${number}/${step}`);
      if (at !== undefined) latencies.push(performance.now() - at);
    }
  });
  await pause(500);
  const [alone, many] = [[], []];
  for (const shares of [alone, many, alone, many]) {
    const more = shares === many ? watchers : 0;
    const clients = await Promise.all(Array.from({ length: more }, () => watch(url, token, path)));
    await exchange(child, "start");
    const from = performance.now();
    await pause(seconds * 1000);
    const cost = await exchange(child, "stop");
    shares.push({ share: cost.cpu_ms / (performance.now() - from), ...cost });
    for (const client of clients) client.close();
  }
  first.close();
  await running;
  const share = (costs) => costs.reduce((sum, one) => sum + one.share, 0) / costs.length;
  return {
    ...{ reports_per_second: perSecond, cpu_share: share(alone), cpu_share_many: share(many) },
    cpu_share_a_client: (share(many) - share(alone)) / watchers,
    ...{ latency_p50_ms: quantile(latencies, 0.5), latency_p99_ms: quantile(latencies, 0.99) },
    ...{ latency_max_ms: Math.max(...latencies), reports: latencies.length },
    delay_p99_ms: Math.max(...[...alone, ...many].map(({ delay_p99_ms }) => delay_p99_ms)),
  };
}

/** The list of many studies: what it costs to watch it while nothing happens, and how late a change of one is. */
async function listed(child, { url, token }, { folder, storage, studies, seconds }) {
  const trials = Array.from({ length: 20 }, (_, i) => complete(i));
  for (let i = 0; i < studies; i++)
    await storage.createFrom(createStudyState(header(`s${i}`), trials, { revision: 20 }), null);
  const { ms: list_ms } = await get(url, token, "/studies");
  const latencies = [];
  let sent = null;
  const client = await watch(url, token, "/events", "studies", ({ entries }) => {
    if (sent === null || !entries.some(({ name }) => name === "listed")) return;
    latencies.push(performance.now() - sent);
    sent = null;
  });
  // Until what the list shows besides has been looked up.
  await pause(12_000);
  await exchange(child, "quiet");
  const from = performance.now();
  await pause(4 * seconds * 1000);
  const cost = await exchange(child, "stop");
  const idle_share = cost.cpu_ms / (performance.now() - from);
  await runStudy(folder, "listed", 1.3, 30, () => (sent = performance.now()));
  client.close();
  return {
    ...{ studies, list_ms, idle_share, changes: latencies.length },
    ...{ latency_p50_ms: quantile(latencies, 0.5), latency_p99_ms: quantile(latencies, 0.99) },
  };
}

const sleeping = `export const space = { x: { type: "float", low: 0.5, high: 1.5 } };
export default async (trial) => {
  for (let step = 1; step <= 10; step++) {
    await new Promise((resolve) => setTimeout(resolve, 100 * trial.params.x));
    trial.report(trial.params.x, step);
  }
  return trial.params.x;
};
`;

/** In the service: three studies, at work in all its places. */
async function runHere(host, folder) {
  const objective = join(folder, "sleeping.mjs");
  writeFileSync(objective, sleeping);
  for (const name of ["run0", "run1", "run2"]) {
    await host.create({ name, objective, sampler: { name: "random" }, pruner: { name: "nop" }, seed: 1 });
    await host.startRun(name, { trials: 1_000_000 });
  }
  while (host.workers()[0].trials_done < 24) await pause(50);
}

/** The event loop's delay with eight places at work and five who watch. */
async function busy(child, { url, token }, seconds) {
  await exchange(child, "run");
  const paths = ["/events", ...[0, 1, 2, 0].map((i) => `/studies/run${i}/events`)];
  const clients = await Promise.all(paths.map((path) => watch(url, token, path)));
  await exchange(child, "start");
  await pause(2 * seconds * 1000);
  const { delay_p99_ms, delay_max_ms, cpu_ms } = await exchange(child, "stop");
  for (const client of clients) client.close();
  return { delay_p99_ms, delay_max_ms, cpu_share: cpu_ms / (2 * seconds * 1000) };
}

/** A service in a process of its own, as long as something is done with it. */
async function withService(folder, work) {
  const child = fork(fileURLToPath(import.meta.url), ["--serve", folder], { execArgv: [] });
  try {
    await work(child, await exchange(child));
  } finally {
    child.disconnect();
  }
}

async function measure() {
  const folder = mkdtempSync(join(tmpdir(), "service-bench-"));
  const result = { cpu: cpus()[0]?.model, node: process.version, columns: [] };
  try {
    const storage = new JsonFileStorage({ directory: folder });
    const sizes = values.trials.split(",").map(Number);
    for (const count of sizes) {
      const trials = Array.from({ length: count }, (_, i) => complete(i));
      await storage.createFrom(createStudyState(header(`n${count}`), trials, { revision: count }), null);
    }
    const [watchers, perSecond, seconds, studies] = [
      ...[values.watchers, values.reports, values.seconds, values.studies].map(Number),
    ];
    const percent = (share) => `${(100 * share).toFixed(2)} %`;
    await withService(folder, async (child, place) => {
      for (const count of sizes) {
        const row = await columnsOf(child, storage, place, count);
        result.columns.push(row);
        const ms = (key) => row[key].toFixed(0);
        console.log(
          `${count} trials: opened in ${ms("open_ms")} ms, the event loop held for at most ${ms("open_delay_max_ms")}; columns in ` +
            `${ms("first_ms")} ms, ${ms("cpu_ms")} ms CPU, held at most ${ms("delay_max_ms")} (p99 ${ms("delay_p99_ms")}); again ` +
            `${ms("again_ms")}, after one more trial ${ms("grown_ms")}, held ${ms("grown_delay_max_ms")}; unpacked by the client in ` +
            `${ms("unpack_ms")}; ${(row.bytes / 1e6).toFixed(2)} MB, ${(row.gzip_bytes / 1e6).toFixed(2)} MB gzip; ${ms("rss_mb")} MB`,
        );
      }
      const one = (result.live = await live(child, place, { folder, watchers, perSecond, seconds }));
      console.log(
        `${perSecond} reports a second: ${percent(one.cpu_share)} of a core with one client, ${percent(one.cpu_share_a_client)} a further one; ` +
          `report to frame p50 ${one.latency_p50_ms.toFixed(0)}, p99 ${one.latency_p99_ms.toFixed(0)}, at most ` +
          `${one.latency_max_ms.toFixed(0)} ms of ${one.reports}; event loop p99 ${one.delay_p99_ms.toFixed(1)} ms`,
      );
    });
    // In a process of its own: that of the large studies clears up behind them.
    const lists = join(folder, "lists");
    await withService(lists, async (child, place) => {
      const own = new JsonFileStorage({ directory: lists });
      const list = (result.list = await listed(child, place, { folder: lists, storage: own, studies, seconds }));
      console.log(
        `list of ${studies} studies: in ${list.list_ms.toFixed(0)} ms; watched ${percent(list.idle_share)} of a core; change to frame ` +
          `p50 ${list.latency_p50_ms.toFixed(0)}, p99 ${list.latency_p99_ms.toFixed(0)} ms of ${list.changes}`,
      );
      const work = (result.busy = await busy(child, place, seconds));
      console.log(
        `8 places at work, 5 watching: event loop p99 ${work.delay_p99_ms.toFixed(1)}, at most ${work.delay_max_ms.toFixed(0)} ms; ` +
          `${percent(work.cpu_share)} of a core`,
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  const { columns, live: frames, list, busy: work } = result;
  const broken = [
    ...columns.filter(({ trials, first_ms }) => first_ms > (trials > 10_000 ? 800 : 200)).map(() => "columns are slow"),
    ...columns.filter(({ delay_max_ms }) => delay_max_ms > 50).map(() => "columns hold the event loop"),
    ...(frames.cpu_share_a_client > 0.01 ? ["a client costs more than 1 % of a core"] : []),
    ...(frames.latency_p99_ms <= 500 ? [] : ["frames are late"]),
    ...(list.latency_p99_ms <= 400 ? [] : ["the list is late"]),
    ...(list.idle_share <= 0.01 ? [] : ["a quiet list costs more than 1 % of a core"]),
    ...(work.delay_p99_ms <= 50 ? [] : ["places and watchers hold the event loop"]),
  ];
  if (broken.length > 0) {
    console.error(broken.join("; "));
    process.exitCode = 1;
  }
}
