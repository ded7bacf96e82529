import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandStudy, createStudy, float, JsonFileStorage, loadStudy, MemoryStorage } from "../../../src/index.js";
import type { StudyStorage } from "../../../src/index.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "command-study-"));
});
afterAll(() => rm(folder, { recursive: true }));

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const create = (storage: StudyStorage, name: string) =>
  createStudy({ storage, name, space: { x: float(0, 1) }, seed: 1, defaults: false });

describe("a study that something else writes", () => {
  it("is given every command through the open study or its address, with the types of their answers", async () => {
    const study = await create(new JsonFileStorage({ directory: folder }), "busy");
    const begun = deferred();
    const end = deferred();
    const call = study.optimize(
      async () => {
        begun.resolve();
        await end.promise;
        return 1;
      },
      { trials: 3 },
    );
    await begun.promise;

    // As another process sees it: its own methods find the lock taken.
    const other = await loadStudy({ name: "busy", storage: folder });
    await expect(other.annotate(0, { note: "mine" })).rejects.toMatchObject({ code: "study-locked" });
    const annotation = await commandStudy(other, { type: "annotate", number: 0, change: { note: "mine" } });
    expect(annotation.note).toBe("mine");
    const address = { name: "busy", storage: folder };
    expect((await commandStudy(address, { type: "enqueue", params: { x: 0.5 } })).params).toEqual({ x: 0.5 });
    await commandStudy(other, { type: "pause" });
    const handed = await commandStudy(address, { type: "ask", lease: 60 });
    expect(handed.params).toEqual({ x: 0.5 });
    const lease = handed.lease?.token as string;
    const answer = await commandStudy(address, { type: "report", number: 1, step: 1, value: 2, lease });
    expect(answer).toBe("continue");
    const told = await commandStudy(other, { type: "tell", number: 1, result: { value: 2, lease } });
    expect([told.state, told.values]).toEqual(["complete", [2]]);
    await commandStudy(address, { type: "stop" });
    end.resolve();
    expect(await call).toMatchObject({ stoppedBy: "stop", finished: 2 });
  });
});

describe("a study that nobody writes", () => {
  it.each<[string, () => StudyStorage]>([
    ["memory", () => new MemoryStorage()],
    ["a folder", () => new JsonFileStorage({ directory: folder })],
  ])("is opened for the command (%s)", async (kind, make) => {
    const storage = make();
    const name = kind.replace(" ", "-");
    const study = await create(storage, name);
    await commandStudy(study, { type: "set-user-attr", key: "by", value: "hand" });
    expect(study.userAttrs).toEqual({ by: "hand" });
    await expect(commandStudy(study, { type: "pause" })).rejects.toMatchObject({ code: "not-optimizing" });
    await expect(commandStudy(study, { type: "set-share", weight: 2 })).rejects.toMatchObject({ code: "no-run" });
    await study.close();
    expect(await commandStudy({ name, storage }, { type: "enqueue", params: { x: 0.75 } })).toMatchObject({
      number: 0,
    });
    expect((await storage.read(name)).trials[0]?.params).toEqual({ x: 0.75 });
  });
});

it.each<[object, string, string]>([
  [{ type: "dance" }, "invalid-option", 'commandStudy: there is no command "dance"'],
  [{ type: "annotate", number: 0, chagne: {} }, "unknown-option", "change"],
  [{ type: "stop", number: 0 }, "unknown-option", "number"],
])("refuses %j", async (command, code, message) => {
  const study = await create(new MemoryStorage(), "refuses");
  const refused = commandStudy(study, command as { type: "stop" });
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
});
