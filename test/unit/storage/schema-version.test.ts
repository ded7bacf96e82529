import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { blankTrial } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { loadStudy } from "../../../src/storage/json-file/load.js";
import { migratorFrom, SCHEMA_VERSION } from "../../../src/storage/migrations/index.js";
import type { Migration } from "../../../src/storage/migrations/index.js";
import { created, finished, header, report } from "../../fixtures/storage/records.js";
import { runningTrial, trialOf, waitingTrial } from "../../fixtures/trials.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { paths, smallStudy } from "../../fixtures/storage/small-study.js";

const fixture = (file: string): string => fileURLToPath(new URL(`../../fixtures/storage/${file}`, import.meta.url));

let directory: string;
let storage: JsonFileStorage;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-schema-"));
  storage = new JsonFileStorage({ directory });
  for (const file of ["v1.json", "v1.journal.jsonl"]) await copyFile(fixture(file), join(directory, file));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("the kept study of schema_version 1", () => {
  it("loads as it was written", async () => {
    const { state, findings } = await storage.inspect("v1");
    expect(findings).toEqual([]);
    expect(state.header).toMatchObject({ name: "v1", seed: 20260102 });
    expect(state.header.objectives).toEqual([{ metric: "val_rmse", direction: "minimize" }]);
    expect(Object.keys(state.header.space)).toHaveLength(4);
    expect(state.header.user_attrs).toEqual({ note: "kept for ever", owner: "lab 3" });
    expect(state.header.settings.accepted_changes).toMatchObject([{ path: "../plugin.mjs", sha256: "cd".repeat(32) }]);
    expect(state.trials.map((trial) => [trial.state, trial.value, trial.finish_index, trial.attempt])).toEqual([
      ["complete", 0.25, 0, 1],
      ["failed", null, 1, 1],
      ["pruned", null, 2, 2],
      ["running", null, null, 1],
    ]);
    expect(state.trials[0]?.metrics.best).toEqual({ val_rmse: 0.25, val_r2: -Infinity });
    expect(state.trials[1]?.intermediate).toEqual([[1, Number.NaN]]);
    expect(state.trials[1]?.failure).toEqual({ class: "diverged", message: "loss is NaN", where: "epoch 1" });
    expect(state.trials[2]?.attempts).toMatchObject([{ attempt: 1, reason: "owner died", intermediate: [[1, 0.75]] }]);
    expect(state.trials[3]).toMatchObject({ owner: "external", retry_of: 1, params: { extra: 3 } });
    expect(state.trials[3]?.user_attrs).toEqual({ tag: ["NaN", Infinity, { größe: null }] });
  });

  it("can be written on", async () => {
    const writer = await storage.openWriter("v1");
    await writer.append({ type: "study-attr", key: "more", value: 1 });
    await writer.close();
    expect((await storage.read("v1")).header.user_attrs["more"]).toBe(1);
  });

  it("is plain JSON with non-finite numbers in words", async () => {
    const raw = JSON.parse(await readFile(fixture("v1.json"), "utf8")) as { trials: { intermediate: unknown[] }[] };
    expect(raw).toMatchObject({ format: "mlbench-hpo-study", schema_version: 1, name: "v1" });
    expect(raw.trials[1]?.intermediate).toEqual([[1, "NaN"]]);
  });
});

describe("a study of version 2", () => {
  const values = [0.5, -1e-7, 0, 1e21, 5e-324, Infinity, -Infinity, Number.NaN];

  it("holds no derived value in any record, whatever the value, and reads as it was", async () => {
    const writer = await storage.create(header("now"));
    for (const [n, value] of values.entries()) {
      await writer.append(created(runningTrial(n, { user_attrs: { value: n } })), report(n, 1, n));
      await writer.append(finished(n, value));
    }
    const number = values.length;
    await writer.append(created(waitingTrial(number)), created(trialOf(number + 1, {}, { values: [2], value: 2 })));
    const journal = await readFile(join(directory, "now.journal.jsonl"), "utf8");
    expect(journal.match(/"trial":\{"number":\d+,"state":"\w+","values":(?:null|\[2\]),"params"/g)).toHaveLength(
      number + 2,
    );
    const lines = journal.split("\n").filter((line) => line.includes('"trial-created"'));
    for (const line of lines)
      expect(Object.keys((JSON.parse(line) as { event: { trial: object } }).event.trial)).not.toContain("value");
    await writer.close();
    for (let session = 0; session < 2; session++) {
      const text = await readFile(join(directory, "now.json"), "utf8");
      const records = (JSON.parse(text) as { trials: Record<string, unknown>[] }).trials;
      for (const record of records) {
        expect(Object.keys(record)).not.toContain("value");
        expect(Object.keys(record)).toEqual(Object.keys(blankTrial(0)));
      }
      expect(records.slice(0, number).map((record) => record["values"])).toEqual(
        values.map((value) => [Number.isFinite(value) ? value : String(value)]),
      );
      const { trials } = await storage.read("now");
      expect(trials).toEqual(writer.state.trials);
      expect(trials.map(({ value }) => value)).toEqual([...values, null, 2]);
      expect(Object.keys(trials[0] ?? {}).slice(0, 5)).toEqual(["number", "state", "values", "value", "params"]);
      const again = await storage.openWriter("now");
      await again.append({ type: "study-attr", key: "k", value: session });
      await again.close();
    }
  });
});

it("a newer schema_version is refused with what to do, by every command, and repair leaves it alone", async () => {
  const text = (await readFile(fixture("v1.json"), "utf8")).replace('"schema_version": 1', '"schema_version": 3');
  await writeFile(join(directory, "v1.json"), text);
  for (const attempt of [() => storage.read("v1"), () => storage.openWriter("v1"), () => storage.inspect("v1")])
    await expect(attempt()).rejects.toMatchObject({
      code: "study-too-new",
      message: expect.stringMatching(/schema_version 3.*update mlbench-hpo/) as string,
    });
  expect(await storage.diagnose("v1")).toMatchObject([{ code: "study-too-new" }]);
});

it("a file that is no study is told apart from a damaged one", async () => {
  await writeFile(join(directory, "notes.json"), '{"a": 1}');
  expect(await storage.list()).toEqual(["v1"]);
  await expect(storage.read("notes")).rejects.toMatchObject({ code: "not-a-study", exitCode: 2 });
});

describe("migrations", () => {
  const steps: Migration[] = [
    { from: 1, header: (raw) => ({ ...raw, metric: `${raw["metric"] as string}2` }) },
    {
      from: 2,
      trial: (raw) => ({ ...raw, seed: 0 }),
      event: (raw) => (raw["type"] === "study-attr" ? { ...raw, key: "renamed" } : raw),
    },
  ];

  const schema = { version: 3, migrations: steps };

  it("apply in order to header, trials and journal", () => {
    const migrator = migratorFrom(1, schema);
    expect(migrator.outdated).toBe(true);
    expect(migrator.header({ metric: "m" })).toEqual({ metric: "m2" });
    expect(migrator.trial({ seed: 5, number: 1 })).toEqual({ seed: 0, number: 1 });
    expect(migrator.event({ type: "study-attr", key: "k" })).toEqual({ type: "study-attr", key: "renamed" });
    expect(migratorFrom(2, schema).header({ metric: "m" })).toEqual({ metric: "m" });
    expect(migratorFrom(3, schema).outdated).toBe(false);
  });

  it("refuse what has no way here", () => {
    expect(() => migratorFrom(1, { version: 2, migrations: [] })).toThrow(
      expect.objectContaining({ code: "study-damaged" }),
    );
    for (const version of [0, -1, 1.5, "1", undefined])
      expect(() => migratorFrom(version)).toThrow(expect.objectContaining({ code: "study-damaged" }));
    expect(() => migratorFrom(SCHEMA_VERSION + 1)).toThrow(expect.objectContaining({ code: "study-too-new" }));
  });

  it("reach a study through its files", async () => {
    const disk = new SimulatedDisk();
    await smallStudy(disk);
    const next: Migration[] = [{ ...(steps[1] as Migration), header: (raw) => ({ ...raw, created_at: "then" }) }];
    const loaded = await loadStudy(disk, paths, { schema: { version: 3, migrations: next } });
    expect(loaded?.outdated).toBe(true);
    expect(loaded?.state.header.created_at).toBe("then");
    expect(loaded?.state.header.user_attrs).toEqual({ renamed: ["NaN", Infinity, null] });
    // Trials of the snapshot are lifted; what the journal adds is lifted as events.
    expect(loaded?.state.trials.map(({ seed }) => seed)).toEqual([0, 0, 1002]);
    expect((await loadStudy(disk, paths))?.outdated).toBe(false);
  });
});
