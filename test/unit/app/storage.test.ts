/** Storages by location: folders, URLs, objects, and those that programs register. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

import { createStudy } from "../../../src/app/create-study.js";
import { openStorage } from "../../../src/app/storage.js";
import { deleteStudy, listStudies, loadStudy } from "../../../src/app/study.js";
import { storages } from "../../../src/storage/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } } as const;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-storages-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("a storage's location", () => {
  it.each([
    ["a relative path", () => "studies"],
    ["one that begins with ./", () => "./studies"],
    ["an absolute path", () => join(directory, "studies")],
    ["a file: URL", () => pathToFileURL(join(directory, "studies")).href],
    ["a file: URL in capitals", () => pathToFileURL(join(directory, "studies")).href.replace("file", "FILE")],
  ])("may be %s: the same studies, from whatever folder it starts", async (_, location) => {
    const storage = await openStorage(location(), directory);
    expect(storage.identity("a")).toBe(new JsonFileStorage({ directory: join(directory, "studies") }).identity("a"));
    expect(storage.baseDirectory("a")).toBe(join(directory, "studies"));
    expect(storage.location("a")).toBe(join(directory, "studies", "a.json"));
  });

  it("is shown as it is given where it starts at the current folder", async () => {
    const storage = await openStorage("studies", ".");
    expect(storage.location("a")).toBe(join("studies", "a.json"));
    expect(storage.baseDirectory("a")).toBe(join(process.cwd(), "studies"));
  });

  it("may be memory, one for the process under each name", async () => {
    const [plain, url, named, other] = await Promise.all(
      ["memory", "memory:", "memory:lab", "memory:other"].map((location) => openStorage(location, directory)),
    );
    expect(url).toBe(plain);
    expect(await openStorage("memory:lab", "/elsewhere")).toBe(named);
    expect(new Set([plain, named, other]).size).toBe(3);
  });

  it("may be a storage object, which is taken as it is", async () => {
    const storage = new MemoryStorage();
    expect(await openStorage(storage, directory)).toBe(storage);
    const study = await createStudy({ name: "mine", storage, space });
    await study.tell(await study.ask(), { value: 1 });
    await study.close();
    expect(await listStudies({ storage })).toEqual(["mine"]);
    expect((await loadStudy({ name: "mine", storage })).bestTrial?.value).toBe(1);
    expect(await listStudies({ storage: new MemoryStorage() })).toEqual([]);
    await deleteStudy({ name: "mine", storage });
    expect(await storage.list()).toEqual([]);
  });

  it.each(["postgres://host/db", "redis:lab", "s3://bucket"])(
    "of a scheme that nobody registered is refused, naming those known: %s",
    async (location) => {
      await expect(openStorage(location, directory)).rejects.toMatchObject({
        code: "unknown-storage",
        exitCode: 2,
        message: expect.stringMatching(/known: .*file, memory/) as string,
      });
    },
  );

  it("that is a file, empty, or another machine's is refused", async () => {
    await writeFile(join(directory, "notes.txt"), "");
    for (const location of [
      "notes.txt",
      "",
      "file://other/studies",
      "file:///a%2Fb",
      pathToFileURL(join(directory, "notes.txt")).href,
    ])
      await expect(openStorage(location, directory), location).rejects.toMatchObject({
        code: "invalid-storage",
        exitCode: 2,
      });
  });

  it("may be a folder with a colon behind ./", async () => {
    await mkdir(join(directory, "lab:3"));
    const storage = await openStorage("./lab:3", directory);
    expect(storage.baseDirectory("a")).toBe(join(directory, "lab:3"));
  });

  it("may be of a scheme that a program registers", async () => {
    const opened: unknown[] = [];
    const mine = new MemoryStorage();
    storages.register("lab", { summary: "for this test", parameters: z.strictObject({}) })((location, context) => {
      opened.push([location, context]);
      return mine;
    });
    expect(await openStorage("lab://3/studies?x=1", directory)).toBe(mine);
    expect(opened).toEqual([["lab://3/studies?x=1", { directory }]]);
  });
});

describe("a study opened by two objects of one process", () => {
  it("is handed from one to the other, whatever name its folder has", async () => {
    await mkdir(join(directory, "real"));
    await symlink(join(directory, "real"), join(directory, "link"), "dir");
    const first = await createStudy({ name: "a", storage: join(directory, "real"), space });
    await first.enqueueTrial({ x: 0.25 });
    const second = await loadStudy({ name: "a", storage: pathToFileURL(join(directory, "link")).href });
    await second.enqueueTrial({ x: 0.5 });
    await first.enqueueTrial({ x: 0.75 });
    expect(first.trials.map(({ params }) => params["x"])).toEqual([0.25, 0.5, 0.75]);
    await deleteStudy({ name: "a", storage: join(directory, "link") });
    expect(await listStudies({ storage: join(directory, "real") })).toEqual([]);
  });

  it("in two storages of one name is two studies", async () => {
    const storage = (): MemoryStorage => new MemoryStorage();
    const [first, second] = [storage(), storage()];
    const one = await createStudy({ name: "a", storage: first, space });
    const two = await createStudy({ name: "a", storage: second, space });
    await one.enqueueTrial({ x: 0.25 });
    await two.enqueueTrial({ x: 0.5 });
    expect(await first.ownerOf("a")).not.toBeNull();
    expect([one.state.size, two.state.size]).toEqual([1, 1]);
    await one.close();
    await two.close();
  });
});

it("a storage without files runs a study over a module, and notices that the module has changed", async () => {
  const objective = join(directory, "objective.mjs");
  await writeFile(objective, "export default async (trial) => trial.params.x ** 2;\n");
  const storage = new MemoryStorage();
  const study = await createStudy({
    ...{ name: "m", storage, objective: "objective.mjs", directory, search: { x: "0..1" } },
  });
  const result = await study.optimize({ trials: 2, workers: 1 });
  expect(result.finished).toBe(2);
  for (const trial of study.trials) expect(trial.value).toBe((trial.params["x"] as number) ** 2);
  expect(study.directoryOf(0)).toBeNull();
  await writeFile(objective, "export default async (trial) => trial.params.x;\n");
  await expect(study.optimize({ trials: 1, workers: 1 })).rejects.toMatchObject({ code: "files-changed", exitCode: 2 });
  expect((await study.optimize({ trials: 1, workers: 1, acceptChanges: true })).finished).toBe(3);
});
