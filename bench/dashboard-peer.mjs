// optuna-dashboard in a browser, on the very trials of `dashboard`: `npm run bench -- dashboard-peer --python PYTHON [--trials
// 10000] [--repeats 3] [--storage journal|sqlite] [--limit SECONDS] [--json FILE]`. Our export writes the journal that it serves. Of
// a study's page: until the document has loaded, until its first chart is there, until nothing holds the page any more, its
// longest task, the memory of the tab and of the server; ours and theirs in turns, and both must show the same best value. A
// page that is still at work after the limit counts as that. Exit code 77 where there is no browser. Needs dist/.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startChromium } from "../test/browser/chromium.mjs";
import { makeStudy } from "./dashboard-studies.mjs";
import { bin, endServer, privateMemory, serveStudies, tabMemory, tasksDuring } from "./page-measures.mjs";

const { values } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    trials: { type: "string", default: "10000" },
    repeats: { type: "string", default: "3" },
    storage: { type: "string", default: "journal" },
    limit: { type: "string", default: "120" },
    json: { type: "string" },
  },
});
const name = `n${values.trials}`;

/** A loopback port that nothing listens on. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function serveTheirs(storage) {
  const port = await freePort();
  const args = ["-c", "from optuna_dashboard._cli import main; main()", storage, "--port", String(port), "--quiet"];
  const child = spawn(values.python, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const ended = new Promise((resolve) => child.once("close", resolve)).then(() => {
    throw new Error(`optuna-dashboard ended: ${said}`);
  });
  const url = new URL(`http://127.0.0.1:${port}/dashboard`);
  const isUp = async () => {
    for (;;) {
      const answer = await fetch(url).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await Promise.race([isUp(), ended]);
  ended.catch(() => {});
  return { child, url };
}

/** Looks at every frame for the first chart that has its points, and notes when the page's own thread was held last. */
function noteChart(isThere) {
  globalThis.heldUntil = 0;
  const note = (list) => {
    for (const { startTime, duration } of list.getEntries()) globalThis.heldUntil = startTime + duration;
  };
  new PerformanceObserver(note).observe({ type: "longtask", buffered: true });
  const look = () => {
    if (isThere()) globalThis.chartAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** The first chart is there, and nothing has held the page's own thread for 50 ms in three seconds. */
function hasRested() {
  const { chartAt = 0, heldUntil = 0 } = globalThis;
  return performance.now() > Math.max(chartAt, heldUntil) + 3000;
}

const sides = {
  ours: {
    serve: serveStudies,
    page: ({ origin }) => `${origin}/studies/${name}`,
    isThere: () => document.querySelector(".canvas[data-drawn] canvas") !== null,
  },
  theirs: {
    serve: serveTheirs,
    page: (url) => `${url.href}/studies/0`,
    // Plotly's plot of the history, with its points: in SVG up to some thousands, on a canvas above.
    isThere: () => document.querySelector(".js-plotly-plot .scatterlayer .trace, .js-plotly-plot .gl-canvas") !== null,
  },
};

const limit = 1000 * Number(values.limit);
/** What a page answers, or null when it has not after `limit` ms: a page that is held answers nothing. */
const withinLimit = async (promise) => {
  const late = new AbortController();
  const timer = new Promise((resolve) => {
    const timeout = setTimeout(() => resolve(null), limit);
    late.signal.addEventListener("abort", () => clearTimeout(timeout));
  });
  try {
    return await Promise.race([promise.catch(() => null), timer]);
  } finally {
    late.abort();
  }
};

async function measure({ page, isThere }, { child, url }) {
  const browser = await startChromium();
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const tab = await context.newPage();
    tab.setDefaultTimeout(limit);
    // The session and the server's own caches first: what is measured is a reader who comes back.
    await tab.goto(url.href);
    await tab.waitForFunction(hasRested, undefined, { polling: 500 });
    await tab.goto("about:blank");
    await tab.addInitScript(`(${noteChart})(${isThere})`);
    const whatHasCome = () => ({
      load_ms: performance.getEntriesByType("navigation")[0].loadEventEnd,
      chart_ms: globalThis.chartAt,
      rested_ms: Math.max(globalThis.chartAt, globalThis.heldUntil),
      text: document.body.innerText,
    });
    const {
      given: marks,
      processor,
      busy,
    } = await tasksDuring(browser, async () => {
      await tab.goto(page(url), { waitUntil: "commit" });
      const rested = tab.waitForFunction(hasRested, undefined, { polling: 500 });
      return withinLimit(rested.then(() => tab.evaluate(whatHasCome)));
    });
    const { text = null, ...times } = marks ?? { load_ms: null, chart_ms: null, rested_ms: null };
    const tab_mb = await tabMemory(browser);
    const figures = {
      ...times,
      longest_task_ms: processor,
      busy_ms: busy,
      tab_mb,
      server_mb: privateMemory(child.pid),
    };
    return { figures, text };
  } finally {
    await browser.close();
  }
}

/** The journal that our export makes of the study; of sqlite, Optuna's own copy of it. */
function exported(folder) {
  const journal = join(folder, `${name}.log`);
  execFileSync(
    process.execPath,
    [bin, "export", name, "--storage", join(folder, "studies"), "--to", "optuna-journal", "-o", journal],
    { stdio: "ignore" },
  );
  if (values.storage === "journal") return journal;
  const copy =
    "import sys, optuna; from optuna.storages import JournalStorage; from optuna.storages.journal import JournalFileBackend; " +
    "optuna.copy_study(from_study_name=sys.argv[2], from_storage=JournalStorage(JournalFileBackend(sys.argv[1])), to_storage=sys.argv[3])";
  const url = `sqlite:///${join(folder, `${name}.db`)}`;
  execFileSync(values.python, ["-c", copy, journal, name, url], { stdio: "ignore" });
  return url;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const browser = await startChromium();
if (browser === null) process.exit(77);
await browser.close();
const folder = mkdtempSync(join(tmpdir(), "dashboard-peer-"));
const studies = join(folder, "studies");
const rows = { ours: [], theirs: [] };
const servers = {};
try {
  await makeStudy(studies, name, Number(values.trials));
  const best = execFileSync(process.execPath, [bin, "best-trial", name, "--storage", studies, "--format", "value"], {
    encoding: "utf8",
  }).slice(0, 6);
  servers.ours = await serveStudies(studies);
  servers.theirs = await serveTheirs(exported(folder));
  for (let round = 0; round <= Number(values.repeats); round++)
    for (const side of round % 2 ? ["theirs", "ours"] : ["ours", "theirs"]) {
      const { figures, text } = await measure(sides[side], servers[side]);
      console.log(side, JSON.stringify(figures));
      if (text !== null && !text.includes(best)) throw new Error(`${side} does not show the best value ${best}…`);
      // The first of each fills caches.
      if (round > 0) rows[side].push(figures);
    }
} finally {
  for (const { child } of Object.values(servers)) await endServer(child);
  rmSync(folder, { recursive: true, force: true });
}
for (const [side, of] of Object.entries(rows)) {
  const at = (key, unit) => {
    const known = of.map((row) => row[key]).filter((value) => typeof value === "number");
    return known.length === of.length ? `${median(known).toFixed(0)} ${unit}` : `more than ${values.limit} s`;
  };
  console.log(
    `${side}: loaded in ${at("load_ms", "ms")}, first chart after ${at("chart_ms", "ms")}, at rest after ${at("rested_ms", "ms")}; ` +
      `processor ${at("busy_ms", "ms")}, longest task ${at("longest_task_ms", "ms")}; tab ${at("tab_mb", "MB")}, server ${at("server_mb", "MB")}`,
  );
}
const { trials, storage } = values;
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ cpu: cpus()[0]?.model, node: process.version, trials, storage, rows }, null, 2)}\n`,
  );
