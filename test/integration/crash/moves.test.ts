import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { importStudy } from "../../../src/app/import-study.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { annotated, appendLife } from "../../../src/testing/storage-under-test.js";
import { created, header } from "../../../src/testing/study-records.js";
import { waitingTrial } from "../../../src/testing/trials.js";
import { childPath, startChild } from "./child.js";

let directory: string;
let storage: JsonFileStorage;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-moves-"));
  storage = new JsonFileStorage({ directory });
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** A study with a journal in progress, as a killed process leaves it, and files of its trials. */
async function studyWithJournal(): Promise<void> {
  const writer = await storage.create(header("old"));
  await appendLife(writer, 0);
  await writer.close();
  const again = await storage.openWriter("old");
  await again.append(created(waitingTrial(1)), annotated(0, "looks right"));
  const journal = join(directory, "old.journal.jsonl");
  const { readFile } = await import("node:fs/promises");
  const lines = await readFile(journal);
  await again.close();
  // The snapshot has these events by now; it skips the lines that it has.
  await writeFile(journal, lines);
  await storage.artifacts("old").write(0, "log.txt", [Buffer.from("first\n")]);
  await mkdir(join(directory, "old.files", "00001", "plots"), { recursive: true });
  await writeFile(join(directory, "old.files", "00001", "plots", "a.txt"), "plot");
  await writeFile(join(directory, "old.json.v1"), "an older one");
}

/** The study and its files under a name; null where there is none. */
async function wholeUnder(name: string) {
  if (!(await storage.exists(name))) return null;
  const { header: head, trials, annotations, revision } = await storage.read(name);
  const { name: _name, created_at: _created, copied_from: _copied, ...settings } = head;
  const findings = (await storage.diagnose(name)).filter(({ code }) => code !== "stale-lock" && code !== "leftover");
  const has = (...path: string[]): boolean => existsSync(join(directory, `${name}.files`, ...path));
  const files = [has("00000", "log.txt"), has("00001", "plots", "a.txt")];
  return { settings, trials, annotations: [...annotations], revision, findings, files };
}

const kills = [
  ["rename", "fold-write", "old"],
  ["rename", "fold-written", "old"],
  ["rename", "fold-renamed", "old"],
  ["rename", "rename-folded", "old"],
  ["rename", "rename-linked", "old"],
  ["rename", "rename-renamed", "new"],
  ["copy", "copy-files", "old"],
  ["copy", "fold-write", "old"],
  ["copy", "fold-written", "old"],
  ["copy", "fold-renamed", "old and new"],
] as const;

test.each(kills)(
  "a %s killed at %s leaves the study whole as %s, and the rest named and mended",
  async (verb, point, left) => {
    await studyWithJournal();
    const before = await wholeUnder("old");
    const child = startChild(process.execPath, [childPath("move-child.mjs"), directory, verb, "old", "new"], {
      MLBENCH_FAILPOINT: `${point}:1`,
    });
    expect(await child.ended).toBe("SIGKILL");
    const kept = left.split(" and ");
    expect(await storage.list()).toEqual(kept.toSorted());
    for (const name of kept) expect(await wholeUnder(name)).toEqual(before);
    // What is left under the other name is no study, named, and cleared away.
    const other = kept.length > 1 ? [] : [kept[0] === "old" ? "new" : "old"];
    expect(await storage.leftovers()).toEqual(other);
    for (const name of other) {
      expect(await storage.diagnose(name)).toMatchObject([
        { severity: "note", code: "leftover", file: `${name}.lock` },
      ]);
      expect(await storage.repair(name)).toMatchObject({ actions: [`removed what was left under "${name}"`] });
    }
    for (const name of kept) await storage.repair(name);
    expect(await storage.leftovers()).toEqual([]);
    for (const name of kept) expect(await wholeUnder(name)).toEqual(before);
    const known = kept.flatMap((name) => [`${name}.json`, `${name}.files`, `${name}.journal.jsonl`, `${name}.lock`]);
    const rest = (await readdir(directory)).filter((file) => !known.includes(file) && file !== "old.json.v1");
    expect(rest).toEqual(rest.filter((file) => file === "new.json.v1"));
    // And it goes on.
    for (const name of kept) {
      const writer = await storage.openWriter(name);
      expect(writer.state.size).toBe(2);
      await writer.close();
    }
  },
);

test("what is not killed leaves nothing under the old name, and the kept copies under the new one", async () => {
  await studyWithJournal();
  const before = await wholeUnder("old");
  const child = startChild(process.execPath, [childPath("move-child.mjs"), directory, "rename", "old", "new"]);
  expect(await child.ended).toBe(0);
  expect(await wholeUnder("new")).toEqual(before);
  expect((await readdir(directory)).sort()).toEqual(["new.files", "new.json", "new.json.v1"]);
});

const journal = fileURLToPath(new URL("../../fixtures/exchange/optuna-5.log", import.meta.url));

test.each([
  ["fold-written", []],
  ["fold-renamed", ["branches"]],
] as const)("an import killed at %s has made %j, whole", async (point, made) => {
  const child = startChild(process.execPath, [childPath("import-child.mjs"), directory, journal, "branches"], {
    MLBENCH_FAILPOINT: `${point}:1`,
  });
  expect(await child.ended).toBe("SIGKILL");
  expect(await storage.list()).toEqual(made);
  // Whoever tries again finds the name free, or the study there.
  const again = importStudy({ file: journal, study: "branches", storage: directory });
  if (made.length > 0) await expect(again).rejects.toMatchObject({ code: "study-exists" });
  else await again;
  expect((await storage.read("branches")).counts).toMatchObject({ complete: 8, pruned: 11 });
  expect((await storage.diagnose("branches")).filter(({ severity }) => severity !== "note")).toEqual([]);
});
