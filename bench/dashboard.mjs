// What the dashboard costs in a browser: `npm run bench -- dashboard` or `node bench/dashboard.mjs [--trials 10000,100000]
// [--json FILE]`. A service over synthetic studies, and a headless Chromium that opens each study's pages afresh: until they
// can be used, frames a second while the table scrolls, the longest task of the page's own thread while trials come in, and
// the memory of the tab. Asserts the bounds of docs/benchmarks.md. Exit code 77 where there is no browser. Needs dist/.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startChromium } from "../test/browser/chromium.mjs";
import { makeStudy } from "./dashboard-studies.mjs";
import { endServer, serveStudies, tabMemory, tasksDuring } from "./page-measures.mjs";

const { values } = parseArgs({
  options: {
    trials: { type: "string", default: "10000,100000" },
    seconds: { type: "string", default: "6" },
    json: { type: "string" },
  },
});
/** Milliseconds until a page can be used, and of a task of its own thread; megabytes of a tab; frames a second. */
const bounds = (trials) => ({
  usable: trials > 10_000 ? 3000 : 1000,
  task: trials > 10_000 ? 100 : 50,
  memory: 300,
  fps: 30,
});

/** A program that takes part: it asks, reports ten times and tells, until it is told to end. */
async function takePart({ origin, hash }, study, ended) {
  const token = new URLSearchParams(hash.slice(1)).get("token");
  const post = async (path, body, headers = {}) => {
    const response = await fetch(`${origin}/api/v1/studies/${study}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  let [told, reports] = [0, 0];
  while (!ended.aborted) {
    const { number, lease } = await post("/ask", { worker: "bench" }, { "idempotency-key": crypto.randomUUID() });
    for (let step = 1; step <= 10 && !ended.aborted; step++) {
      await post(`/trials/${number}/reports`, { lease: lease.token, step, value: 0.1 / step });
      reports++;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await post(`/trials/${number}/tell`, { lease: lease.token, value: 0.02 + 0.01 * Math.random() });
    told++;
  }
  return { told, reports };
}

/** Asks for all of a study once. */
async function warmUp({ origin, hash }, study) {
  const headers = { authorization: `Bearer ${new URLSearchParams(hash.slice(1)).get("token")}` };
  for (const path of ["", "/columns", "/reports?last=1"]) {
    const response = await fetch(`${origin}/api/v1/studies/${study}${path}`, { headers });
    await response.arrayBuffer();
  }
}

/** What each page shows when it can be used. */
const pages = {
  study: {
    path: (name) => `/studies/${name}`,
    isUsable: () => document.querySelector(".canvas[data-drawn] canvas") !== null,
  },
  trials: {
    path: (name) => `/studies/${name}/trials`,
    isUsable: () =>
      /^\d/.test(
        document.querySelector(".trial-grid [role=row]:nth-child(4) [aria-colindex='4']")?.textContent ?? "",
      ) ||
      /pruned|failed|complete/.test(
        document.querySelector(".trial-grid [role=row]:nth-child(4) [aria-colindex='3']")?.textContent ?? "",
      ),
  },
  analysis: {
    path: (name) => `/studies/${name}/analysis`,
    isUsable: () => document.querySelector("[data-painted]") !== null,
  },
};

/** Looks at every frame whether a page can be used, from its very beginning. */
function noteUsable(isUsable) {
  const look = () => {
    if (isUsable()) globalThis.usableAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Scrolls the table for some seconds, as fast as a hand does; frames a second, and rows that were still empty. */
async function scroll() {
  const grid = document.querySelector(".trial-grid");
  const began = performance.now();
  let [frames, empty, seen] = [0, 0, 0];
  while (performance.now() - began < 3000) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    frames++;
    grid.scrollTop += 400;
    if (grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1) grid.scrollTop = 0;
    if (frames % 6 !== 0) continue;
    const box = grid.getBoundingClientRect();
    for (const row of grid.querySelectorAll("[data-row]")) {
      const { top } = row.getBoundingClientRect();
      if (top < box.top + 34 || top > box.bottom) continue;
      seen++;
      if (row.querySelector("[aria-colindex='3']")?.textContent === "…") empty++;
    }
  }
  return { fps: (1000 * frames) / (performance.now() - began), empty: seen === 0 ? 1 : empty / seen };
}

async function opened(browser, { origin, hash }, page, name) {
  const { path, isUsable } = pages[page];
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  tab.setDefaultTimeout(120_000);
  // The session first: what is measured is a reader who has one.
  await tab.goto(`${origin}/${hash}`);
  await tab.locator("header.top").waitFor();
  await tab.goto("about:blank");
  // As a text: the page's own policy lets none be read as code.
  await tab.addInitScript(`(${noteUsable})(${isUsable})`);
  await tab.goto(`${origin}${path(name)}`);
  await tab.waitForFunction(() => globalThis.usableAt !== undefined);
  return { context, tab, usable: await tab.evaluate(() => globalThis.usableAt) };
}

async function measurePage(browser, url, page, trials) {
  const name = `n${trials}`;
  const { context, tab, usable } = await opened(browser, url, page, name);
  // What is loaded behind the first view is no update.
  await tab.waitForTimeout(2500);
  const scrolled = page === "trials" ? await tab.evaluate(scroll) : null;
  const { given, clock, processor, tasks } = await tasksDuring(browser, async () => {
    const ended = new AbortController();
    const part = takePart(url, name, ended.signal);
    await tab.waitForTimeout(1000 * Number(values.seconds));
    ended.abort();
    return part;
  });
  const memory = await tabMemory(browser);
  await context.close();
  return {
    ...{ page, trials, usable_ms: usable, ...scrolled, longest_task_ms: clock, longest_task_cpu_ms: processor, tasks },
    ...{ memory_mb: memory, ...given },
  };
}

const browser = await startChromium();
if (browser === null) process.exit(77);
await browser.close();
const storage = mkdtempSync(join(tmpdir(), "dashboard-bench-"));
const result = { cpu: cpus()[0]?.model, node: process.version, pages: [] };
try {
  const sizes = values.trials.split(",").map(Number);
  for (const trials of sizes) await makeStudy(storage, `n${trials}`, trials);
  const { child, url } = await serveStudies(storage);
  try {
    // What a service takes to read a study for the first time is its own matter: bench/service.mjs.
    for (const trials of sizes) await warmUp(url, `n${trials}`);
    for (const trials of sizes)
      for (const page of Object.keys(pages)) {
        // A browser for each: nothing of the one before is in its memory.
        const fresh = await startChromium();
        const row = await measurePage(fresh, url, page, trials);
        await fresh.close();
        result.pages.push(row);
        const table =
          row.fps === undefined
            ? ""
            : `; scrolls at ${row.fps.toFixed(0)} frames a second, ${(100 * row.empty).toFixed(0)} % of its rows late`;
        console.log(
          `${trials} trials, ${page}: usable in ${row.usable_ms.toFixed(0)} ms${table}; longest task ${row.longest_task_ms.toFixed(0)} ms (${row.longest_task_cpu_ms.toFixed(0)} of the processor) ` +
            `under ${row.told} trials and ${row.reports} reports; ${row.memory_mb.toFixed(0)} MB`,
        );
      }
  } finally {
    await endServer(child);
  }
} finally {
  rmSync(storage, { recursive: true, force: true });
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
const broken = result.pages.flatMap(({ page, trials, usable_ms, longest_task_cpu_ms, memory_mb, fps }) => {
  const { usable, task, memory, fps: least } = bounds(trials);
  return [
    ...(usable_ms > usable ? [`${page} of ${trials} trials is usable after ${usable_ms.toFixed(0)} ms`] : []),
    ...(longest_task_cpu_ms > task
      ? [`${page} of ${trials} trials: a task of ${longest_task_cpu_ms.toFixed(0)} ms`]
      : []),
    ...(memory_mb > memory ? [`${page} of ${trials} trials takes ${memory_mb.toFixed(0)} MB`] : []),
    ...(fps !== undefined && fps < least
      ? [`the table of ${trials} trials scrolls at ${fps.toFixed(0)} frames a second`]
      : []),
  ];
});
if (broken.length > 0) {
  console.error(broken.join("\n"));
  process.exitCode = 1;
}
