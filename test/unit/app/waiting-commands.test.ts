/** Commands that meet each other's lock wait for it; what a study is held for stands in its lock. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { openStudyToWrite } from "../../../src/app/study.js";
import { commandStudy } from "../../../src/app/command-study.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { LockWorld } from "../../fixtures/storage/lock-world.js";
import { createStoredStudy, square, study } from "../../fixtures/study/studies.js";

let directory: string;
let world: LockWorld;
/** As two processes of one machine see it. */
let storage: JsonFileStorage;
let other: JsonFileStorage;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "mlbench-waiting-"));
  world = new LockWorld();
  storage = new JsonFileStorage({ directory, lockSystem: world.machine() });
  other = new JsonFileStorage({ directory, lockSystem: world.machine({ pid: 101 }, { processes: { 100: "1000" } }) });
  const { header } = await study();
  await (await createStoredStudy(storage, { ...header, name: "s" })).close();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const set = (key: string) => ({ type: "set-user-attr", key, value: 1 }) as const;

it("a command waits for one that has the study open for a moment, and is not sent to it", async () => {
  const holder = await storage.openWriter("s", { work: "command" });
  const asked: unknown[] = [];
  const stop = holder.receive(async (command) => asked.push(command));
  world.onPass = async () => {
    if (world.now < 2_000) return;
    await stop();
    await holder.close();
  };
  expect(await commandStudy({ storage: other, name: "s" }, set("k"))).toBeNull();
  expect(world.now).toBeGreaterThanOrEqual(2_000);
  expect(asked).toEqual([]);
  expect((await other.read("s")).header.user_attrs).toEqual({ k: 1 });
});

it("a command goes through the inbox of who has it open for longer", async () => {
  const holder = await storage.openWriter("s", { work: "optimize" });
  const asked: unknown[] = [];
  holder.receive(async (command) => void asked.push(command));
  await commandStudy({ storage: other, name: "s" }, set("k"));
  expect(asked).toEqual([set("k")]);
  await holder.close();
});

it("what a study is held for stands in its lock: an optimize, a command, or neither", async () => {
  const seen: (string | undefined)[] = [];
  const look = async (): Promise<void> => {
    seen.push((await other.ownerOf("s"))?.work);
  };
  const optimizing = await openStudyToWrite(storage, "s", { work: "optimize" });
  await look();
  await optimizing.close();
  const s = await openStudyToWrite(storage, "s", { work: "command" });
  await look();
  await s.close();
  await s.setUserAttr("k", 1);
  await look();
  await s.close();
  await s.optimize(
    async (trial) => {
      await look();
      return square({ params: { x: trial.suggestFloat("x", -5, 5) } });
    },
    { trials: 1 },
  );
  expect(seen).toEqual(["optimize", "command", undefined, "optimize"]);
});
