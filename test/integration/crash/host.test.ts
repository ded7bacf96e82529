/** A study host that is killed at work: what was wanted is gone on with by the next one, and nothing ends twice. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openStudyHost } from "../../../src/host/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";

const child = fileURLToPath(new URL("host-child.mjs", import.meta.url));
const OBJECTIVE = `export const space = { x: { type: "float", low: 0, high: 1 } };
export default async (trial) => {
  await new Promise((resolve) => setTimeout(resolve, 30));
  return trial.params.x;
};
`;

it("runs go on to their totals after kill -9, paused ones stay paused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "host-killed-"));
  await writeFile(join(folder, "objective.mjs"), OBJECTIVE);
  const first = spawn(process.execPath, [child, folder], { stdio: ["ignore", "pipe", "inherit"] });
  await once(first.stdout, "data");
  first.kill("SIGKILL");
  await once(first, "exit");
  const storage = new JsonFileStorage({ directory: join(folder, "studies") });
  const left = await storage.read("runs");
  expect(left.header.run).toMatchObject({ state: "running", total_trials: 12, ended_at: null });
  const done = left.trials.filter(({ state }) => state === "complete");
  expect(done.length).toBeGreaterThanOrEqual(3);

  const host = await openStudyHost({ storage: join(folder, "studies"), workers: 2, allow: [folder] });
  try {
    await host.resume();
    await expect.poll(async () => (await host.get("runs")).run?.state).toBe("finished");
    expect(await host.get("pauses")).toMatchObject({ here: true, run: { state: "paused", places: 0 } });
    await host.changeRun("pauses", { state: "running" });
    await expect.poll(async () => (await host.get("pauses")).run?.state).toBe("finished");
  } finally {
    await host.close();
  }
  for (const name of ["runs", "pauses"]) {
    const { trials, counts } = await storage.read(name);
    expect(counts, name).toMatchObject({ waiting: 0, running: 0, complete: 12, failed: 0 });
    expect(new Set(trials.map(({ finish_index }) => finish_index)).size).toBe(12);
    expect(await storage.diagnose(name)).toEqual([]);
    expect(await storage.ownerOf(name)).toBeNull();
  }
  // What was finished stayed as it was.
  expect((await storage.read("runs")).trials.filter(({ number }) => done.some((one) => one.number === number))).toEqual(
    done,
  );
  await rm(folder, { recursive: true });
});
