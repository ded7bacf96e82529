import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { findStudy } from "../../../src/app/find-study.js";
import { exportTrials } from "../../../src/app/export-study.js";
import { inspectStudy, readStudy, summarizeStudy } from "../../../src/app/read-study.js";
import { deleteStudy, listStudies, loadStudy } from "../../../src/app/study.js";
import { summarizeStudies } from "../../../src/app/views/study-list.js";
import { queryTrials } from "../../../src/app/views/trial-query.js";
import { bestSoFar, float } from "../../../src/core/index.js";
import type { Study } from "../../../src/study/study.js";
import { emptyFolder } from "../../fixtures/app/small-studies.js";

const space = { x: float(0, 10) };

/** Complete 4, pruned, failed, complete 1, waiting. */
async function told(directory: string, name = "told"): Promise<Study> {
  const study = await createStudy({ storage: "s", directory, name, seed: 3, space, pruner: "nop" });
  for (const x of [2, 7, 5, 1, 9]) await study.enqueueTrial({ x });
  const one = await study.ask();
  one.report(5, 1);
  one.report(4, 2);
  await study.tell(one, { value: 4 });
  await study.tell(await study.ask(), { state: "pruned" });
  await study.tell(await study.ask(), { state: "failed", message: 'it said "no", twice' });
  await study.tell(await study.ask(), { value: 1 });
  await study.setUserAttr("owner", { lab: [1, null] });
  await study.close();
  return study;
}

describe("a study that is read", () => {
  let directory = "";
  let study: Study;
  beforeEach(async () => {
    directory = await emptyFolder();
    study = await told(directory);
  });

  it("in figures: counted by hand, the same by address and of an open study", async () => {
    const summary = await summarizeStudy({ storage: "s", directory, name: "told" });
    expect(summary).toMatchObject({
      ...{ name: "told", seed: 3, trials: 5, steps: 2, pruned_share: 1 / 3, failures: { exception: 1 } },
      counts: { waiting: 1, running: 0, complete: 2, pruned: 1, failed: 1 },
      best: { number: 3, value: 1, params: { x: 1 } },
      ...{ user_attrs: { owner: { lab: [1, null] } }, owner: null, findings: [] },
      file: join(directory, "s", "told.json"),
    });
    expect(summary).not.toHaveProperty("front");
    expect(await summarizeStudy(study)).toEqual(summary);
    const { state, file } = await inspectStudy(study);
    expect({ size: state.size, file }).toEqual({ size: 5, file: summary.file });
    expect(bestSoFar(state.trials, "minimize")).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 1],
    ]);
  });

  it("with several objectives by its front", async () => {
    const several = await createStudy({
      ...{ storage: "s", directory, name: "several", space, directions: ["minimize", "maximize"], pruner: "nop" },
    });
    for (const values of [
      [1, 1],
      [2, 3],
      [3, 2],
    ])
      await several.tell(await several.ask(), { values });
    await several.close();
    // The third is worse than the second in both.
    expect(await summarizeStudy(several)).toMatchObject({ best: null, front: [0, 1] });
    const [header, first] = [...(await exportTrials(several, "csv"))].map((line) => line.split(","));
    expect(header?.slice(0, 4)).toEqual(["number", "state", "values.value_0", "values.value_1"]);
    expect(first?.slice(0, 4)).toEqual(["0", "complete", "1", "1"]);
    const { trials, header: stored } = await readStudy(several);
    expect(queryTrials(trials, { sort: "-value_1" }, stored.objectives).map(({ number }) => number)).toEqual([1, 2, 0]);
    expect(queryTrials(trials, { filter: ["value_0<3"] }, stored.objectives)).toHaveLength(2);
  });

  it("in a list: one that can't be read hides no other", async () => {
    await told(directory, "also");
    const file = join(directory, "s", "hurt.json");
    await writeFile(file, '{"format": "mlbench-hpo-study", "schema_version": 2, "name": "hurt"');
    await mkdir(join(directory, "s", "folder.json"));
    const { studies, unread } = await summarizeStudies({ storage: "s", directory });
    expect(studies.map(({ name, trials, best_value }) => [name, trials, best_value])).toEqual([
      ["also", 5, 1],
      ["told", 5, 1],
    ]);
    expect(unread).toMatchObject([{ name: "hurt", code: "study-damaged" }]);
    expect(await summarizeStudies({ storage: "elsewhere", directory })).toEqual({ studies: [], unread: [] });
  });

  it("as CSV by RFC 4180 and as JSON that gives the records back", async () => {
    const lines = [...(await exportTrials(study, "csv"))];
    expect(lines).toHaveLength(6);
    const header = (lines[0] as string).trim().split(",");
    expect(header).toEqual([
      ...["number", "state", "value", "finish_index", "started_at", "finished_at", "seconds", "seed", "params.x"],
      ...["steps", "last_step", "last_value", "attempt", "retry_of", "backend", "prune_reason"],
      ...["failure.class", "failure.message", "failure.where", "owner", "intermediate", "seen"],
    ]);
    const first = (lines[1] as string).trim().split(",");
    const field = (name: string) => first[header.indexOf(name)];
    expect(["number", "state", "value", "params.x", "steps", "last_step", "last_value"].map(field)).toEqual([
      "0",
      "complete",
      "4",
      "2",
      "2",
      "2",
      "4",
    ]);
    expect(lines[3]).toContain('exception,"it said ""no"", twice"');
    const json = JSON.parse([...(await exportTrials(study, "json"))].join("")) as { name: string; trials: unknown[] };
    expect(json.name).toBe("told");
    expect(json.trials).toEqual(JSON.parse(JSON.stringify((await readStudy(study)).trials)));
  });

  it("is found by its name, or as the only one", async () => {
    const storage = join(directory, "s");
    expect((await findStudy(storage, null)).name).toBe("told");
    await expect(findStudy(storage, "tolt")).rejects.toThrow(
      /no study "tolt" in .*: did you mean "told"\? known: told/,
    );
    await told(directory, "also");
    await expect(findStudy(storage, null)).rejects.toMatchObject({ code: "several-studies", exitCode: 2 });
    await expect(findStudy(join(directory, "none"), null)).rejects.toMatchObject({ code: "no-study", exitCode: 2 });
    expect(await listStudies({ storage: "s", directory })).toEqual(["also", "told"]);
    await deleteStudy({ storage: "s", directory, name: "also" });
    expect((await loadStudy({ storage: "s", directory, name: "told" })).trials).toHaveLength(5);
  });
});

describe("unknown options", () => {
  const storage = "memory";
  const cases: [string, () => Promise<unknown>][] = [
    [
      'loadStudy: unknown option "sampeler": did you mean "sampler"?',
      () => loadStudy({ name: "x", storage, sampeler: "tpe" } as never),
    ],
    ['deleteStudy: unknown option "nam": did you mean "name"?', () => deleteStudy({ nam: "x", storage } as never)],
    ['listStudies: unknown option "store":', () => listStudies({ storage, store: 1 } as never)],
    [
      'summarizeStudy: unknown option "names": did you mean "name"?',
      () => summarizeStudy({ names: "x", storage } as never),
    ],
    ["readStudy: expected a study, or { name, storage }", () => readStudy({ storage } as never)],
    ["loadStudy: expected an object of options, got a string", () => loadStudy("x" as never)],
    [
      'study.ask: unknown option "leese": did you mean "lease"?',
      async () => (await plain()).ask({ leese: 1 } as never),
    ],
    [
      'study.tell: unknown option "vlaue": did you mean "value"?',
      async () => (await plain()).tell(0, { vlaue: 1 } as never),
    ],
    [
      'study.enqueueTrial: unknown option "attrs":',
      async () => (await plain()).enqueueTrial({ x: 1 }, { attrs: {} } as never),
    ],
    [
      'study.report: unknown option "steps": did you mean "step"?',
      async () => (await plain()).report(0, { steps: 1, value: 1 } as never),
    ],
    ['study.annotate: unknown option "tag": did you mean "tags"?', async () => annotated({ tag: "a" })],
    [
      'queryTrials: unknown option "states": did you mean "state"?',
      async () => queryTrials([], { states: [] } as never),
    ],
  ];
  const plain = () => createStudy({ storage, space });
  async function annotated(change: object): Promise<unknown> {
    const study = await plain();
    await study.enqueueTrial({ x: 1 });
    return study.annotate(0, change);
  }
  it.each(cases)("%s", async (message, call) => {
    const error = (await call().catch((thrown: unknown) => thrown)) as Error & { exitCode: number };
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(2);
  });
});
