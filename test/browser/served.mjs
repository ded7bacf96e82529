// What the scripts of the dashboard share: a browser and a service as users start it over an empty folder, and stages one after
// another, each with its time. Without chromium a script ends with 77.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startChromium } from "./chromium.mjs";

/** The program. */
export const bin = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "bin", "mlbench-hpo.js");
/** Milliseconds that a page is waited for: a busy machine is no failure. */
export const PATIENCE_MS = Number(process.env.MLBENCH_PATIENCE_MS ?? 120_000);

/** A service with so many places; the URL of its first line, and its exit code when it has ended. */
async function serve(storage, workers, allow) {
  const child = spawn(
    process.execPath,
    [
      bin,
      "serve",
      "--storage",
      storage,
      "--port",
      "0",
      "--workers",
      `${workers}`,
      ...(allow === undefined ? [] : ["--allow", allow]),
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ended = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http\S+/.exec(line)?.[0];
    if (url !== undefined) return { url, child, ended };
  }
  throw new Error("the service did not start");
}

/**
 * Runs stages by name, those alone that are wanted where any are, and ends the process: 0 where all went well and the service
 * has ended as it should.
 * @param allow the folder, below that of the studies, whose programs the page may name
 * @param before called with the folder before the service starts
 * @param first called with the service before the stages
 */
export async function runStages(stages, { wanted, workers, before, first, allow }) {
  const browser = await startChromium();
  if (browser === null) process.exit(77);
  const folder = await mkdtemp(join(tmpdir(), "mlbench-dashboard-"));
  await before?.(folder);
  const service = await serve(folder, workers, allow?.(folder));
  let failed = false;
  try {
    await first?.(service);
    for (const [name, stage] of Object.entries(stages)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const started = performance.now();
      await stage(browser, service, folder);
      console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
  } catch (error) {
    failed = true;
    console.error(error);
  } finally {
    await browser.close();
    service.child.kill("SIGTERM");
    if ((await service.ended) !== 0) failed = true;
    await rm(folder, { recursive: true, force: true });
  }
  // A trial that a stage left waiting holds nobody up.
  process.exit(failed ? 1 : 0);
}
