import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { exportStudy, exportTrials } from "../../../src/app/export-study.js";
import type { ExportFormat } from "../../../src/app/export-study.js";
import { importStudy } from "../../../src/app/import-study.js";
import { readStudy } from "../../../src/app/read-study.js";
import { loadStudy } from "../../../src/app/study.js";
import { categorical, deriveSeed, float, int } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { fixture } from "../exchange/journals.js";

let storage: string;
const at = (name: string): string => join(storage, name);
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-import-"));
});
afterEach(() => rm(storage, { recursive: true, force: true }));

const space = { x: float(-5, 5), n: int(1, 9), kind: categorical(["a", "b"]), s: float(0, 1, { when: { kind: "a" } }) };

/** A study of a function, with trials of all kinds. */
async function bowl(name = "bowl"): Promise<void> {
  const study = await createStudy({ name, storage, space, seed: 3, pruner: "nop" });
  await study.optimize(
    (trial) => {
      trial.report(1, 1);
      if (trial.number === 2) throw Object.assign(new Error("enough"), { name: "TrialPruned" });
      if (trial.number === 3) throw new Error("no luck");
      trial.setUserAttr("of", { number: trial.number });
      return trial.params.x ** 2;
    },
    { trials: 6 },
  );
  await study.enqueueTrial({ x: 1 });
  await study.annotate(4, { note: "odd", banned: true });
}

async function exported(format: ExportFormat, file: string): Promise<string> {
  const text = [...(await exportTrials({ name: "bowl", storage }, format))].join("");
  await writeFile(at(file), text);
  return at(file);
}

describe("a study exported from here", () => {
  test.each(["optuna-journal", "json"] as const)(
    "comes back from %s with its settings, and goes on as it would have",
    async (format) => {
      await bowl();
      const file = await exported(format, "bowl.out");
      const imported = await importStudy({ file, storage, name: "back" });
      const [before, after] = [await readStudy({ name: "bowl", storage }), await readStudy({ name: "back", storage })];
      expect(imported).toMatchObject({ name: "back", format, counts: before.counts, notes: [] });
      expect({ ...after.header, name: "bowl" }).toEqual(before.header);
      expect(after.trials).toEqual(before.trials);
      expect([...after.annotations]).toEqual([...before.annotations]);
      const next = async (name: string): Promise<(Partial<Trial> | undefined)[]> => {
        const study = await loadStudy({ name, storage });
        await study.optimize((trial) => (trial.params["x"] as number) ** 2, { trials: 3 });
        return study.trials.slice(-3).map(({ params, values, seed }) => ({ params, values, seed }));
      };
      expect(await next("back")).toEqual(await next("bowl"));
    },
  );

  test("a CSV has the trials; what they were drawn from and which way is better is given", async () => {
    await bowl();
    const file = await exported("csv", "bowl.csv");
    const search = ["x=-5..5", "n=int:1..9", "kind=a,b", "s=0..1"];
    await importStudy({ file, storage, name: "back", search, direction: "minimize" });
    const [before, after] = [await readStudy({ name: "bowl", storage }), await readStudy({ name: "back", storage })];
    expect(after.trials).toEqual(before.trials);
    expect([...after.annotations]).toEqual([...before.annotations]);
    for (const [options, code, said] of [
      [{}, "wrong-direction", "does not say which way is better: --direction minimize or maximize"],
      [{ direction: "minimize" }, "no-space", "give each parameter's with --search NAME=RANGE"],
    ] as const)
      await expect(importStudy({ file, storage, name: "other", ...options })).rejects.toMatchObject({
        code,
        message: expect.stringContaining(said) as string,
      });
    await expect(importStudy({ file, storage })).rejects.toMatchObject({ code: "invalid-study-name" });
  });

  test("its own settings stay: sampler and pruner alone are given anew", async () => {
    await bowl();
    const file = await exported("optuna-journal", "bowl.log");
    await importStudy({ file, storage, name: "random", sampler: "random", pruner: { name: "median", options: {} } });
    const { header } = await readStudy({ name: "random", storage });
    expect([header.sampler.name, header.pruner.name]).toEqual(["random", "median"]);
    await expect(importStudy({ file, storage, name: "other", seed: 4 })).rejects.toMatchObject({
      code: "conflicting-options",
    });
  });

  test("a journal that is there is not replaced unless that is asked for", async () => {
    await bowl();
    const file = at("kept.log");
    await writeFile(file, "somebody's\n");
    const study = { name: "bowl", storage };
    await expect(exportStudy(study, { to: "optuna-journal", file })).rejects.toMatchObject({ code: "file-exists" });
    expect(await readFile(file, "utf8")).toBe("somebody's\n");
    const notes = await exportStudy(study, { to: "optuna-journal", file, force: true });
    expect(notes).toEqual([
      "1 trial banned here: Optuna knows no bans, and may take one for the best",
      "conditions of the space are kept in mlbench:study: Optuna's own are the objective's code",
    ]);
    expect((await importStudy({ file, storage, name: "back" })).counts.complete).toBe(4);
    await expect(exportStudy(study, { to: "xml" as "csv", file })).rejects.toMatchObject({ code: "invalid-format" });
  });
});

describe("a study begun in Optuna", () => {
  const file = fixture("optuna-5.log");

  test("goes on with an objective's module that exports no space, on the trials that it has", async () => {
    await writeFile(
      at("go-on.mjs"),
      "export default async ({ params }) => params.layers + params.rate + params.units_0;",
    );
    const options = { file, study: "branches", storage, directory: storage };
    const { header, counts } = await importStudy({ ...options, objective: "go-on.mjs", sampler: "random", seed: 5 });
    expect(header.settings.objective?.path).toBe("go-on.mjs");
    expect(header.space["units_2"]).toMatchObject({ type: "int", when: { layers: 3 } });
    expect(counts).toEqual({ waiting: 2, running: 1, complete: 8, pruned: 11, failed: 1 });
    const { trials } = await readStudy({ name: "branches", storage });
    // Trials that run here need seeds.
    expect(trials[22]?.seed).toBe(deriveSeed(5, "trial-seed", 22));
  });

  test("goes on with a function, after its waiting trials and the one that nobody runs", async () => {
    await importStudy({ file, study: "branches", storage, sampler: "random" });
    const study = await loadStudy({ name: "branches", storage });
    await study.optimize(({ params }) => (params["layers"] as number) + (params["units_0"] as number), { trials: 5 });
    expect(study.trials.slice(20).map(({ number, state }) => [number, state])).toEqual(
      [20, 21, 22, 23, 24, 25].map((number) => [number, "complete"]),
    );
    expect(study.trials[20]).toMatchObject({ attempt: 2, attempts: [{ reason: "its process died" }] });
    expect(study.trials[22]?.params).toMatchObject({ kind: "svm", layers: 1, units_0: 8 });
  });

  test("goes on over a model, whose further parameters keep their defaults", async () => {
    const line = (code: number, rest: object): string => JSON.stringify({ op_code: code, worker_id: "w", ...rest });
    const lr = JSON.stringify({
      name: "FloatDistribution",
      attributes: { low: 1e-4, high: 0.1, log: true, step: null },
    });
    const template = { study_id: 0, datetime_start: null, state: 1, values: null, intermediate_values: {} };
    const journal = [
      line(0, { study_name: "net", directions: [1] }),
      line(4, {
        ...template,
        value: 0.5,
        distributions: { "train.lr": lr },
        params: { "train.lr": 0.01 },
        user_attrs: {},
        system_attrs: {},
      }),
    ];
    await writeFile(at("net.log"), `${journal.join("\n")}\n`);
    const tiny = { "data.cells": 3, "data.cycles": 60 };
    const options = { file: at("net.log"), storage, model: "mlp", dataset: "dummy", params: tiny };
    const { header } = await importStudy(options);
    expect(header.space).toEqual({ "train.lr": float(1e-4, 0.1, { log: true }) });
    expect(header.objectives).toEqual([{ metric: "val_rmse", direction: "minimize" }]);
    expect(header.task).toMatchObject({ model: "mlp", dataset: "dummy", params: { "data.cells": 3 } });
    await expect(importStudy({ ...options, name: "b", metric: "val_r2" })).rejects.toMatchObject({
      code: "wrong-direction",
    });
  });

  test("is named where the file has several; a name that is taken is refused, and nothing is left of it", async () => {
    await expect(importStudy({ file, storage })).rejects.toMatchObject({
      code: "several-studies",
      message: `${file} has several studies: name one with --study-name: branches, front, old`,
    });
    await expect(importStudy({ file, study: "brnches", storage })).rejects.toMatchObject({
      code: "unknown-study",
      message: expect.stringContaining('did you mean "branches"?') as string,
    });
    await importStudy({ file, study: "old", storage });
    const before = await readFile(at("old.json"), "utf8");
    await expect(importStudy({ file, study: "front", name: "old", storage })).rejects.toMatchObject({
      code: "study-exists",
    });
    await expect(importStudy({ file, study: "front", name: "a/b", storage })).rejects.toMatchObject({
      code: "invalid-study-name",
    });
    expect(await readFile(at("old.json"), "utf8")).toBe(before);
    expect(await readdir(storage)).toEqual(["old.json"]);
  });

  test("lives in memory as well; keys that nobody knows are refused", async () => {
    const { file: place } = await importStudy({ file, study: "front", storage: "memory" });
    expect(place).toBe("memory:front");
    const wrong = { file, storage, stduy: "front" };
    await expect(importStudy(wrong)).rejects.toMatchObject({ code: "unknown-option" });
  });
});

describe("what is no study is told in a line", () => {
  const json =
    (changes: (study: { trials: Record<string, unknown>[] } & Record<string, unknown>) => void) => async () => {
      await bowl();
      const text = [...(await exportTrials({ name: "bowl", storage }, "json"))].join("");
      const study = JSON.parse(text) as { trials: Record<string, unknown>[] };
      changes(study);
      return JSON.stringify(study);
    };
  test.each([
    ["an empty file", "", "the file is empty"],
    ["a table of something else", "a,b\n1,2\n", "neither a journal of Optuna's nor what `mlbench-hpo export` writes"],
    ["a database of Optuna's", "SQLite format 3\0....", "a database of Optuna's, not a journal: optuna.copy_study"],
    ["another JSON", '{"a": 1}', "this JSON is not what `mlbench-hpo export --to json` writes"],
    ["half of a JSON", '{"name": "a", "trials": [', "it is no whole JSON"],
    ["a study's own file", '{\n"format": "mlbench-hpo-study",\n', "`mlbench-hpo study copy` copies studies"],
    [
      "a journal that is damaged",
      '{"op_code":0,"study_name":"s","directions":[1]}\n{"op_code":5x}\n{}\n',
      ":2: it is no JSON",
    ],
    ["a journal without a study", '{"op_code":10}\n', "the journal has no study"],
    [
      "a state that there is none of",
      json(({ trials }) => {
        trials[0] = { ...trials[0], state: "done" };
      }),
      'trial 0 has the state "done"',
    ],
    [
      "a trial too few",
      json(({ trials }) => {
        trials.splice(0, 1);
      }),
      "trial 0 has the number 1",
    ],
    [
      "a value too many",
      json(({ trials }) => {
        trials[0] = { ...trials[0], values: [1, 2] };
      }),
      "trial 0 has 2 values for 1 objectives",
    ],
    [
      "an end that is told twice",
      json(({ trials }) => {
        trials[1] = { ...trials[1], finish_index: 0 };
      }),
      "does not count them",
    ],
    [
      "a space that is none",
      json((study) => {
        study["space"] = { x: 1 };
      }),
      'the parameter "x" of "space" is no distribution',
    ],
    [
      "accepted changes that are none",
      json((study) => {
        study["settings"] = { ...(study["settings"] as object), accepted_changes: 7 };
      }),
      "settings.accepted_changes names no files",
    ],
    [
      "an objective without a path",
      json((study) => {
        study["settings"] = { ...(study["settings"] as object), objective: { path: 1.5, sha256: "" } };
      }),
      "settings.objective names no files",
    ],
    [
      "a note on nothing",
      json((study) => {
        study["annotations"] = { 99: { note: "", tags: [], banned: true } };
      }),
      "trial 99",
    ],
  ] as const)("%s", async (_what, text, said) => {
    const content = typeof text === "string" ? text : await text();
    await writeFile(at("file"), content);
    const before = (await readdir(storage)).sort();
    await expect(importStudy({ file: at("file"), storage, name: "new" })).rejects.toMatchObject({
      code: "not-a-study",
      exitCode: 2,
      message: expect.stringContaining(said) as string,
    });
    expect((await readdir(storage)).sort()).toEqual(before);
  });

  test("a file that is not there, and a folder", async () => {
    await expect(importStudy({ file: at("none"), storage })).rejects.toMatchObject({ code: "file-not-found" });
    await expect(importStudy({ file: storage, storage })).rejects.toMatchObject({ code: "file-not-found" });
  });
});
