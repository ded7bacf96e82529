import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { changeSpace } from "../../../src/app/change-space.js";
import { createStudy, ensureStudy, planSpaceChange } from "../../../src/app/create-study.js";
import { loadStudy } from "../../../src/app/study.js";
import { readStudy, summarizeStudy } from "../../../src/app/read-study.js";
import { replayTrial } from "../../../src/app/replay.js";
import { categorical, float, int } from "../../../src/core/index.js";
import type { History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { Study } from "../../../src/study/study.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-space-"));
});
afterEach(() => rm(storage, { recursive: true, force: true }));

const bowl = { name: "bowl", sampler: "random", seed: 1 } as const;
const at = (name: string) => ({ name, storage });

/** Finishes trials with these parameters. */
async function tried(study: Study, ...all: readonly Params[]): Promise<void> {
  for (const params of all) {
    await study.enqueueTrial(params);
    await study.tell(await study.ask(), { value: Number(params["x"] ?? 0) });
  }
}

test("earlier trials that fit are the sampler's evidence under the new space; the others are kept and not seen", async () => {
  const study = await createStudy({ ...bowl, storage, space: { x: float(0, 10), kind: categorical(["a", "b"]) } });
  await tried(study, { x: 1, kind: "a" }, { x: 9, kind: "a" }, { x: 2, kind: "b" }, { x: 3, kind: "a" });
  await study.annotate(3, { banned: true });
  await study.close();
  const change = await changeSpace(at("bowl"), { space: { x: float(0, 5), kind: categorical(["a", "c"]) } });
  expect(change?.changes.map(({ name }) => name)).toEqual(["x", "kind"]);
  expect(change?.earlier).toEqual({
    ...{ version: 1, fit: 2, completed_by: {}, left_out: 2, left_out_by: { x: 1, kind: 1 }, waiting_outside: [] },
  });
  let seen: History | null = null;
  const spy: Sampler = {
    name: "spy",
    suggest: (_space: SearchSpace, history: History) => {
      seen = history;
      return { x: 4, kind: "c" };
    },
  };
  const again = await loadStudy({ ...at("bowl"), sampler: spy });
  await again.ask();
  const { trials } = seen as unknown as History;
  // In the places of those that are left out nothing is to be learned; a banned one is a taken point.
  expect(trials.map(({ state, params }) => [state, params])).toEqual([
    ["complete", { x: 1, kind: "a" }],
    ["waiting", {}],
    ["waiting", {}],
    ["waiting", { x: 3, kind: "a" }],
  ]);
  expect(trials[0]).toBe(again.trials[0]);
  expect(again.trials.map(({ space_version }) => space_version)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    1,
  ]);
  expect(again.bestTrial?.number).toBe(0);
  expect((await summarizeStudy(again)).earlier_trials).toMatchObject({ version: 1, fit: 2, left_out: 2 });
});

test("a point that was tried under a space that does not hold any more is not taken; one that fits is", async () => {
  const study = await createStudy({ ...bowl, storage, space: { n: int(0, 2), y: float(0, 1) } });
  await tried(study, { n: 0, y: 0.25 }, { n: 1, y: 0.5 }, { n: 2, y: 0.5 });
  await changeSpace(study, { space: { n: int(0, 2), y: categorical([0.5]) } });
  const result = await study.optimize((trial) => trial.params["n"], { trials: 9 });
  expect(result.stoppedBy).toBe("space-exhausted");
  expect(study.trials.slice(3).map(({ params }) => params)).toEqual([{ n: 0, y: 0.5 }]);
});

test.each(["tpe", "auto", "cmaes", "nsga2", "qmc", "random"])(
  "%s: goes on in a changed space the same in one call or in two, and stays within it",
  async (sampler) => {
    const storage = new MemoryStorage();
    const made = async (name: string): Promise<Study> => {
      const study = await createStudy({ name, storage, seed: 7, sampler, space: { x: float(0, 10), y: float(-1, 1) } });
      await study.optimize(objective, { trials: 10 });
      await changeSpace(study, { space: { x: float(2, 20), y: float(-1, 0.5), n: int(1, 3) } });
      return study;
    };
    const objective = ({ params }: { params: Params }): number =>
      (Number(params["x"]) - 4) ** 2 + Number(params["y"]) + Number(params["n"] ?? 0);
    const [one, two] = [await made("one"), await made("two")];
    await one.optimize(objective, { trials: 6 });
    await two.optimize(objective, { trials: 3 });
    await two.close();
    const reopened = await loadStudy({ name: "two", storage });
    await reopened.optimize(objective, { trials: 3 });
    expect(reopened.trials.map(({ params }) => params)).toEqual(one.trials.map(({ params }) => params));
    const late = one.trials.slice(10);
    const outside = late.filter(({ params }) => {
      const [x, y, n] = ["x", "y", "n"].map((name) => Number(params[name])) as [number, number, number];
      return !(x >= 2 && x <= 20 && y <= 0.5 && [1, 2, 3].includes(n));
    });
    expect(outside).toEqual([]);
  },
);

test("grid and brute force go over what the new space has beyond the trials that fit", async () => {
  for (const sampler of ["grid", "brute-force"]) {
    const study = await createStudy({ name: sampler, storage, seed: 1, sampler, space: { n: int(0, 2) } });
    await study.optimize((trial) => trial.params["n"], { trials: 3 });
    await changeSpace(study, { space: { n: int(1, 4) } });
    const { stoppedBy } = await study.optimize((trial) => trial.params["n"], { trials: 9 });
    expect([
      sampler,
      stoppedBy,
      study.trials
        .slice(3)
        .map(({ params }) => params["n"])
        .sort(),
    ]).toEqual([sampler, "space-exhausted", [3, 4]]);
  }
});

test("a study over a model: defaults that trials ran with count, conditions are resolved anew, the task stays", async () => {
  const study = await createStudy({ name: "m", storage, model: "mlp", dataset: "dummy", seed: 3, defaults: false });
  const searched = Object.keys(study.header.space);
  expect(searched).not.toContain("train.optimizer");
  const asked = await study.ask();
  await study.tell(asked, { value: 1 });
  await study.close();
  const first = await changeSpace(at("m"), { search: ["train.optimizer=adamw,sgd", "train.momentum"] });
  expect(first?.changes.map(({ name }) => name)).toEqual(["train.optimizer", "train.momentum"]);
  // adamw has no momentum.
  expect(first?.earlier).toMatchObject({ fit: 1, completed_by: { "train.optimizer": 1 }, left_out: 0 });
  const { header } = await readStudy(at("m"));
  expect(header.space["train.momentum"]).toMatchObject({ when: { "train.optimizer": "sgd" } });
  expect(header.earlier_spaces?.[0]?.fixed).toMatchObject({ "train.optimizer": "adamw" });
  expect(
    Object.keys(header.earlier_spaces?.[0]?.fixed ?? {}).filter((name) => /horizon|split|seed/.test(name)),
  ).toEqual([]);
  // Fixed at adamw there is no momentum to search; at another value the trial does not fit.
  const second = await changeSpace(at("m"), { fix: ["train.optimizer=adamw"] });
  expect(second?.changes.map(({ name }) => name)).toEqual(["train.optimizer", "train.momentum"]);
  expect((await readStudy(at("m"))).header.space).toEqual(study.header.space);
  expect(second?.earlier).toMatchObject({ version: 2, fit: 1, left_out: 0 });
  const third = await changeSpace(at("m"), { fix: { "train.optimizer": "sgd" } });
  expect(third?.earlier).toMatchObject({ fit: 0, left_out_by: { "train.optimizer": 1 } });
  await expect(changeSpace(at("m"), { fix: ["data.horizon=3"] })).rejects.toThrow(
    /changes what is searched and nothing else.*data\.horizon: \d+ -> 3/,
  );
  const longest = (header.task.align_window as number) + 1;
  await expect(changeSpace(at("m"), { search: [`data.window=int:5..${longest}`] })).rejects.toThrow(
    /longer ones leave fewer/,
  );
  await changeSpace(at("m"), { fix: ["data.window=9"] });
  expect((await readStudy(at("m"))).header.task).toMatchObject({
    align_window: longest - 1,
    params: { "data.window": 9 },
  });
});

test("the whole definition again, with spaceChange, may differ in what is searched alone", async () => {
  const whole = { name: "m", storage, model: "mlp", dataset: "dummy", seed: 3 } as const;
  const lr = (range: string) => ({ search: { "train.lr": range } });
  await createStudy({ ...whole, ...lr("log:1e-4..1e-2") });
  await expect(ensureStudy({ ...whole, ...lr("log:1e-5..1e-2") })).rejects.toThrow(
    /have it search this from now on with --space-change/,
  );
  await expect(ensureStudy({ ...whole, ...lr("log:1e-5..1e-2"), metric: "val_mae" })).rejects.toThrow(
    /choose another name$/,
  );
  await expect(
    ensureStudy({ ...whole, ...lr("log:1e-5..1e-2"), metric: "val_mae", spaceChange: true }),
  ).rejects.toThrow(/objectives.*val_rmse.*val_mae/);
  const wanted = { ...whole, ...lr("log:1e-5..1e-2"), spaceChange: true };
  expect((await planSpaceChange(wanted))?.changes).toHaveLength(1);
  expect((await readStudy(at("m"))).header.earlier_spaces).toBeUndefined();
  expect((await ensureStudy(wanted)).spaceChange?.changes.map(({ name }) => name)).toEqual(["train.lr"]);
  expect((await ensureStudy(wanted)).spaceChange).toBeNull();
  // The same definition is found again without the option.
  expect(await ensureStudy({ ...whole, ...lr("log:1e-5..1e-2") })).toMatchObject({ created: false });
  await expect(createStudy({ name: "m", storage, sampler: "tpe", spaceChange: true })).rejects.toThrow(
    /leave out sampler/,
  );
  await expect(createStudy({ name: "none", storage, search: ["train.lr"], spaceChange: true })).rejects.toThrow(
    /no study "none"/,
  );
});

test("an objective's module: its fixed parameters count, and can be searched again", async () => {
  const module = join(storage, "objective.mjs");
  const space = { x: float(0, 1), y: float(0, 1), n: int(1, 9) };
  await writeFile(
    module,
    `export const space = ${JSON.stringify(space)};\nexport default (trial) => trial.params.x;\n`,
  );
  const study = await createStudy({ name: "o", storage, objective: module, fix: ["n=5"], seed: 1, sampler: "random" });
  await tried(study, { x: 0.25, y: 0.5 });
  await study.close();
  const change = await changeSpace(at("o"), { search: ["n=int:1..6", "x=0..2"], fix: ["y=0.5"] });
  expect(change?.earlier).toMatchObject({ fit: 1, completed_by: { n: 1 } });
  expect((await readStudy(at("o"))).header).toMatchObject({
    space: { x: float(0, 2), n: int(1, 6) },
    task: { params: { y: 0.5 } },
    earlier_spaces: [{ space: { x: float(0, 1), y: float(0, 1) }, fixed: { n: 5 }, trials: 1 }],
  });
});

test("waiting trials outside of the space are told, and run as they are", async () => {
  const study = await createStudy({ ...bowl, storage, space: { x: float(0, 10) } });
  await study.enqueueTrial({ x: 9 });
  await study.enqueueTrial({ x: 1 });
  const change = await changeSpace(study, { space: { x: float(0, 5) } });
  expect(change?.earlier).toMatchObject({ fit: 0, left_out: 0, waiting_outside: [0] });
  expect(await study.ask()).toMatchObject({ number: 0, params: { x: 9 } });
  // Started under the new space, it is one of its trials.
  expect(study.trials[0]?.space_version).toBe(1);
});

test("a trial that was handed out before ends as one of the space that it was drawn from", async () => {
  const study = await createStudy({ ...bowl, storage, space: { x: float(0, 10) } });
  const out = await study.ask();
  await changeSpace(study, { space: { x: float(0, 10), y: float(0, 1) } });
  await study.tell(out, { value: 1 });
  expect(study.trials.map(({ state, space_version }) => [state, space_version])).toEqual([["complete", undefined]]);
  expect((await summarizeStudy(study)).earlier_trials).toMatchObject({ fit: 0, left_out_by: { y: 1 } });
});

test("a change that is cut off leaves the old space or the new one, and nothing else", async () => {
  const study = await createStudy({ ...bowl, storage, space: { x: float(0, 1) } });
  await tried(study, { x: 0.5 });
  await study.close();
  const files = new JsonFileStorage({ directory: storage });
  const writer = await files.openWriter("bowl");
  const before = await readFile(join(storage, "bowl.json"));
  await writer.append({
    type: "space-changed",
    at: "2026-01-02T03:04:05.678Z",
    space: { x: float(0, 2) },
    before: { fixed: {}, conditions: {} },
  });
  const journal = await readFile(join(storage, "bowl.journal.jsonl"));
  await writer.close();
  const found: number[] = [];
  await writeFile(join(storage, "cut.json"), before);
  for (const cut of [0, 1, 40, 120, journal.length - 2, journal.length - 1, journal.length]) {
    await writeFile(join(storage, "cut.journal.jsonl"), journal.subarray(0, cut));
    const { header } = await new JsonFileStorage({ directory: storage }).read("cut");
    found.push((header.space["x"] as { high: number }).high);
  }
  // The last line is whole but for its newline where that alone is missing.
  expect(found).toEqual([1, 1, 1, 1, 1, 2, 2]);
  const { header, trials } = await readStudy(at("bowl"));
  expect(header).toMatchObject({
    space: { x: float(0, 2) },
    earlier_spaces: [{ space: { x: float(0, 1) }, trials: 1 }],
  });
  expect((trials[0] as Trial).space_version).toBeUndefined();
});

test("while somebody writes the study it is not changed", async () => {
  const study = await createStudy({ ...bowl, storage, space: { x: float(0, 1) } });
  const started = study.optimize(
    async (trial) => {
      if (trial.number === 0)
        await expect(changeSpace(study, { space: { x: float(0, 2) } })).rejects.toMatchObject({
          code: "being-optimized",
        });
      return trial.params.x;
    },
    { trials: 2 },
  );
  await started;
  const writer = await new JsonFileStorage({ directory: storage }).openWriter("bowl");
  await expect(changeSpace(at("bowl"), { space: { x: float(0, 2) } })).rejects.toMatchObject({ code: "study-locked" });
  await writer.close();
});

test("a space that the study's sampler cannot serve is refused, and nothing changes", async () => {
  const study = await createStudy({ ...bowl, sampler: "grid", storage, space: { n: int(0, 3) } });
  await expect(changeSpace(study, { space: { n: float(0, 3) } })).rejects.toThrow(/grid/);
  await expect(changeSpace(study, { fix: ["n=1"] })).rejects.toThrow(/over a function/);
  await expect(changeSpace(study, { spaces: {} } as never)).rejects.toMatchObject({ code: "unknown-option" });
  expect(study.header.earlier_spaces).toBeUndefined();
});

test("a trial is replayed with what was fixed when it ran", async () => {
  const study = await createStudy({
    name: "m",
    storage,
    model: "mlp",
    dataset: "dummy",
    seed: 3,
    fix: ["train.epochs=2"],
  });
  await study.optimize({ trials: 1, workers: 1 });
  await changeSpace(at("m"), { fix: ["train.epochs=3", "train.optimizer=sgd"], search: ["model.layers=int:2..4"] });
  const { same, reports } = await replayTrial(at("m"), 0);
  expect([same, reports.length]).toEqual([true, 2]);
}, 30_000);
