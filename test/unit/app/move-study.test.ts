/** Studies copied, renamed, noted and archived by a program. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { archiveStudy, noteStudy, unarchiveStudy } from "../../../src/app/annotate-study.js";
import { commandStudy } from "../../../src/app/command-study.js";
import { createStudy } from "../../../src/app/create-study.js";
import { copyStudy, renameStudy } from "../../../src/app/move-study.js";
import { copyCheckpoint, readStudy } from "../../../src/app/read-study.js";
import { listStudies, loadStudy } from "../../../src/app/study.js";
import { float } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

let directory: string;
let storage: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-move-"));
  storage = join(directory, "studies");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const space = { x: float(0, 1) };
const square = (trial: { params: Record<string, unknown> }): number => (trial.params["x"] as number) ** 2;

async function optimized(name = "bowl", trials = 4) {
  const study = await createStudy({ name, storage, space, seed: 5, sampler: "random" });
  await study.optimize(square, { trials });
  return study;
}

test("a copy has the records, says where it comes from, and draws on as the study itself would have", async () => {
  const study = await optimized();
  const { created_at } = study.header;
  await copyStudy({ name: "bowl", storage, to: "other" });
  const copy = await loadStudy({ name: "other", storage });
  expect(copy.trials).toEqual(study.trials);
  expect(copy.header).toMatchObject({
    name: "other",
    seed: 5,
    copied_from: { name: "bowl", created_at, revision: study.state.revision },
  });
  expect(copy.header.created_at).not.toBe(created_at);
  await copy.optimize(square, { trials: 2 });
  expect((await readStudy({ name: "bowl", storage })).size).toBe(4);
  await study.refresh();
  await study.optimize(square, { trials: 2 });
  expect(copy.trials.map(({ params }) => params)).toEqual(study.trials.map(({ params }) => params));
});

test("a study goes under its new name, also where this process has it open", async () => {
  const study = await optimized();
  await study.setUserAttr("open", true);
  await renameStudy({ name: "bowl", storage, to: "bowl-2025" });
  expect(await listStudies({ storage })).toEqual(["bowl-2025"]);
  const renamed = await loadStudy({ name: "bowl-2025", storage });
  expect(renamed.header).toEqual({ ...study.header, name: "bowl-2025" });
  await renamed.optimize(square, { trials: 1 });
  expect(renamed.trials).toHaveLength(5);
});

test("what is in the way is refused, and nothing is touched", async () => {
  await optimized();
  await optimized("other", 1);
  const before = await readFile(join(storage, "other.json"));
  for (const move of [copyStudy, renameStudy]) {
    await expect(move({ name: "bowl", storage, to: "other" })).rejects.toMatchObject({
      code: "study-exists",
      exitCode: 2,
    });
    await expect(move({ name: "none", storage, to: "new" })).rejects.toMatchObject({ code: "unknown-study" });
    await expect(move({ name: "bowl", storage, to: "a/b" })).rejects.toMatchObject({ code: "invalid-study-name" });
    await expect(move({ name: "bowl", storage } as never)).rejects.toMatchObject({ code: "invalid-option" });
    await expect(move({ name: "bowl", storage, to: "new", too: 1 } as never)).rejects.toMatchObject({
      code: "unknown-option",
    });
  }
  expect(await readFile(join(storage, "other.json"))).toEqual(before);
  const held = await new JsonFileStorage({ directory: storage }).openWriter("bowl");
  for (const move of [copyStudy, renameStudy])
    await expect(move({ name: "bowl", storage, to: "new" })).rejects.toMatchObject({
      ...{ code: "study-locked", exitCode: 1, message: expect.stringContaining(`process ${process.pid}`) as string },
    });
  await held.close();
  expect(await listStudies({ storage })).toEqual(["bowl", "other"]);
}, 20_000);

test("in another folder the paths of a copy lead to the same files", async () => {
  const module = join(directory, "bowl.mjs");
  await writeFile(
    module,
    "export const space = { x: { type: 'float', low: 0, high: 1 } };\nexport default async ({ params }) => params.x;\n",
  );
  const study = await createStudy({ name: "bowl", storage, objective: module, seed: 1 });
  await study.close();
  const far = join(directory, "far", "away", "studies");
  await mkdir(join(directory, "far"), { recursive: true });
  await copyStudy({ name: "bowl", storage, toStorage: far });
  const header = await readStudy({ name: "bowl", storage: far });
  expect(header.header.settings.objective?.path).toBe("../../../bowl.mjs");
  expect((await readStudy({ name: "bowl", storage })).header.settings.objective?.path).toBe("../bowl.mjs");
  // Where there is no folder to start from, they are absolute, and they come back from there.
  const memory = new MemoryStorage();
  await copyStudy({ name: "bowl", storage: far, to: "kept", toStorage: memory });
  expect((await memory.read("kept")).header.settings.objective?.path).toBe(module);
  await copyStudy({ name: "kept", storage: memory, to: "back", toStorage: storage });
  expect((await readStudy({ name: "back", storage })).header.settings.objective?.path).toBe("../bowl.mjs");
});

test("a data file's path leads to it from the copy, and a trial's weights are the copy's own", async () => {
  const rows = Array.from({ length: 80 }, (_, i) => `${i < 40 ? "A" : "B"},${i % 40},${1 - (i % 40) / 100}`);
  await writeFile(join(directory, "cells.csv"), `cell,cycle,soh\n${rows.join("\n")}\n`);
  const study = await createStudy({
    ...{ name: "tuned", storage, directory, model: "mlp", dataset: "csv", seed: 1 },
    params: { "data.path": join(directory, "cells.csv"), "data.window": 5, "data.horizon": 2 },
  });
  const { path } = (await readStudy({ name: "tuned", storage })).header.settings.data_files[0] as { path: string };
  expect(path).toBe("../cells.csv");
  const files = new JsonFileStorage({ directory: storage });
  const trial = await commandStudy({ name: "tuned", storage }, { type: "ask" });
  await commandStudy({ name: "tuned", storage }, { type: "tell", number: trial.number, result: { value: 0.5 } });
  await files.artifacts("tuned").write(trial.number, "checkpoint.safetensors", [Buffer.from("weights")]);
  await study.close();
  const far = join(directory, "far", "studies");
  await copyStudy({ name: "tuned", storage, to: "copy", toStorage: far });
  const { header } = await readStudy({ name: "copy", storage: far });
  expect(header.settings.data_files[0]?.path).toBe("../../cells.csv");
  expect(header.task.params?.["data.path"]).toBe("../../cells.csv");
  await files.artifacts("tuned").remove(trial.number);
  const out = join(directory, "best.safetensors");
  await copyCheckpoint({ name: "copy", storage: far }, trial.number, out);
  expect(await readFile(out, "utf8")).toBe("weights");
});

test("an archived study is neither optimized nor asked for trials until it is brought back", async () => {
  const study = await optimized("bowl", 1);
  const { archived_at } = await archiveStudy({ name: "bowl", storage });
  expect(Date.parse(archived_at ?? "")).toBeGreaterThan(0);
  expect(await archiveStudy({ name: "bowl", storage })).toEqual({ note: "", archived_at });
  const refused = {
    code: "study-archived",
    exitCode: 2,
    message: expect.stringContaining("study unarchive bowl") as string,
  };
  // This object read the study before it was archived.
  await expect(study.optimize(square, { trials: 1 })).rejects.toMatchObject(refused);
  await expect((await loadStudy({ name: "bowl", storage })).ask()).rejects.toMatchObject(refused);
  expect((await readStudy({ name: "bowl", storage })).size).toBe(1);
  // Its copy is a study like any other.
  await copyStudy({ name: "bowl", storage, to: "copy" });
  expect((await readStudy({ name: "copy", storage })).header.archived_at).toBeUndefined();
  await unarchiveStudy({ name: "bowl", storage });
  const back = await loadStudy({ name: "bowl", storage });
  await back.optimize(square, { trials: 1 });
  expect(back.trials).toHaveLength(2);
});

test("a study that is being optimized takes a note, and is not archived", async () => {
  const study = await createStudy({ name: "bowl", storage, space, seed: 5 });
  const refused: unknown[] = [];
  await study.optimize(
    async (trial) => {
      await noteStudy({ name: "bowl", storage, note: "in a call" });
      await archiveStudy({ name: "bowl", storage }).catch((error: unknown) => refused.push(error));
      return square(trial);
    },
    { trials: 1 },
  );
  expect(refused).toMatchObject([{ code: "being-optimized", exitCode: 1 }]);
  expect((await readStudy({ name: "bowl", storage })).header).toMatchObject({ note: "in a call" });
  await expect(noteStudy({ name: "bowl", storage, note: 5 as never })).rejects.toMatchObject({ code: "invalid-value" });
});
