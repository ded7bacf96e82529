/** A study that `optimize` runs in a terminal is seen by a service as it goes, which takes no lock of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { eventsOf } from "../../../src/remote/event-stream.js";
import type { ChangesFrame } from "../../../src/service/schemas/events.js";
import type { StudyEntry } from "../../../src/service/schemas/studies.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { aHostedService } from "../../unit/service/a-hosted-service.js";
import { projectRoot } from "../cli.js";

/** Trials report, and go on once whoever looks has seen it. */
const MODULE = `import { existsSync } from "node:fs";
export const space = { x: { type: "float", low: 0, high: 1 } };
export default async (trial) => {
  trial.report(trial.params.x, 1);
  while (!existsSync(new URL("./seen", import.meta.url))) await new Promise((resolve) => setTimeout(resolve, 10));
  return trial.params.x;
};
`;

test("a study in a terminal appears and moves in the service's streams", { timeout: 60_000 }, async () => {
  const { ask, folder, host } = await aHostedService();
  const storage = new JsonFileStorage({ directory: folder });
  const list = eventsOf(await ask("/events"));
  await (await createStudy({ name: "first", storage: folder, space: {}, seed: 1 })).close();
  await writeFile(join(folder, "objective.mjs"), MODULE);
  const file = join(folder, "objective.mjs");
  await (await createStudy({ name: "lab", storage: folder, objective: file, seed: 1, sampler: "random" })).close();
  const stream = eventsOf(await ask("/studies/lab/events"));
  const child = spawn(
    process.execPath,
    [
      join(projectRoot, "bin", "mlbench-hpo.js"),
      "optimize",
      "lab",
      "--trials",
      "2",
      "--workers",
      "1",
      "--storage",
      folder,
    ],
    { stdio: "ignore" },
  );
  const left = once(child, "close");

  // It goes on only when the service has told of its report: by the stream, while it runs.
  const reports: unknown[] = [];
  const states = new Map<number, number>();
  for await (const { event, data } of stream) {
    if (event !== "changes") continue;
    const { rows, reports: told } = JSON.parse(data) as ChangesFrame;
    for (const [i, number] of rows.number.entries()) states.set(number, rows.state[i] as number);
    reports.push(...told.map(([number, , step]) => [number, step]));
    if (reports.length === 0) continue;
    if (states.get(0) === 1) {
      expect((await storage.ownerOf("lab"))?.pid).toBe(child.pid);
      const entry = (await (await ask("/studies/lab")).json()) as StudyEntry;
      expect(entry).toMatchObject({ state: "elsewhere", owner: { pid: child.pid, work: "optimize", here: false } });
      expect(await (await ask("/studies/lab/run", { body: { trials: 1 } })).json()).toMatchObject({
        code: "study-locked",
        pid: child.pid,
      });
      await writeFile(join(folder, "seen"), "");
    }
    if (states.get(0) === 2 && states.get(1) === 2) break;
  }
  expect(reports.slice(0, 2)).toEqual([
    [0, 1],
    [1, 1],
  ]);
  expect(await left).toEqual([0, null]);
  expect((await host.get("lab")).here).toBe(false);
  expect(await storage.ownerOf("lab")).toBeNull();

  // The list has told of both studies.
  const names = new Set<string>();
  for await (const { event, data } of list) {
    if (event === "studies")
      for (const { name } of (JSON.parse(data) as { entries: StudyEntry[] }).entries) names.add(name);
    if (names.has("first") && names.has("lab")) break;
  }
});
