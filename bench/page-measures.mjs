// What the benchmarks of the dashboard share: a service over a folder, the tasks of a page's own thread, the memory of its tab.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The command line of this checkout. */
export const bin = fileURLToPath(new URL("../bin/mlbench-hpo.js", import.meta.url));

/** A service over the studies of a folder; its URL has the token in its fragment. */
export async function serveStudies(folder) {
  const child = spawn(process.execPath, [bin, "serve", "--storage", folder, "--port", "0", "--workers", "1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http\S+/.exec(line)?.[0];
    if (url) return { child, url: new URL(url) };
  }
  throw new Error("the service did not start");
}

/** Ends it, and waits for that. */
export async function endServer(child) {
  const closed = new Promise((resolve) => (child.exitCode === null ? child.once("close", resolve) : resolve()));
  child.kill("SIGTERM");
  await closed;
}

/** Megabytes that a process has for itself; 0 where there is none. */
export function privateMemory(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce((sum, [, kb]) => sum + kb / 1024, 0);
  } catch {
    return 0;
  }
}

/** Megabytes of the largest tab's process. */
export async function tabMemory(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return Math.max(0, ...processInfo.filter(({ type }) => type === "renderer").map(({ id }) => privateMemory(id)));
}

/**
 * The tasks of a page's own thread while something is done, in ms: the longest by the clock and by the time that it had the
 * processor, and that time of all of them together.
 */
export async function tasksDuring(browser, work) {
  const session = await browser.newBrowserCDPSession();
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", {
    traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline"] },
    transferMode: "ReportEvents",
  });
  const given = await work();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  const main = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events.filter(({ name, pid, tid }) => /RunTask$/.test(name) && main.has(`${pid} ${tid}`));
  const most = (of) => Math.max(0, ...tasks.map((task) => (task[of] ?? 0) / 1000));
  const busy = tasks.reduce((sum, { tdur = 0 }) => sum + tdur / 1000, 0);
  return { given, clock: most("dur"), processor: most("tdur"), busy, tasks: tasks.length };
}
