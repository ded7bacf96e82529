/** What is typed to change a study's space, and what is said. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "../../../src/cli/program.js";
import { loadStudy } from "../../../src/app/study.js";
import { projectRoot } from "../../integration/cli.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-space-"));
});
afterEach(() => rm(storage, { recursive: true, force: true }));

/** Runs a command on the storage. */
async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: "", err: "" };
  const sink = (key: "out" | "err") =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[key] += chunk.toString();
        done();
      },
    });
  const code = await main([...argv, "--storage", storage], { stdout: sink("out"), stderr: sink("err") });
  return { code, ...texts };
}

async function problems(schema: string, data: unknown): Promise<unknown> {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  const file = join(projectRoot, "docs", "reference", "schemas", `${schema}.json`);
  const validate = ajv.compile(JSON.parse(await readFile(file, "utf8")) as object);
  return validate(data) === true ? [] : validate.errors;
}

const change = ["create-study", "--study-name", "fade", "--space-change"];

test("--search and --fix with the study's name alone are laid over its space, and it is said what becomes of its trials", async () => {
  await typed("create-study", "--name", "fade", "--model", "mlp", "--seed", "1", "--no-defaults");
  const study = await loadStudy({ name: "fade", storage });
  for (const layers of [1, 3]) {
    await study.enqueueTrial({ "model.layers": layers });
    await study.tell(await study.ask(), { value: layers });
  }
  await study.enqueueTrial({ "model.layers": 2 });
  await study.close();
  const asked = ["--search", "train.optimizer=adamw,adam", "--fix", "model.layers=1"];
  const plan = JSON.parse((await typed(...change, ...asked, "--dry-run", "--format", "json")).out) as object;
  expect(await problems("create-study-space-change", plan)).toEqual([]);
  const said = [
    "  model.layers: int:1..3 -> fixed at 1",
    "  train.optimizer: fixed at adamw -> adamw,adam",
    "1 of 2 earlier trials fit the space and inform the sampler (told by what was fixed when they ran: 1 by train.optimizer)",
    "1 are kept and left out of the search: 1 by model.layers",
    "waiting outside of the space: 2; they run as they are, and `trial stop N` cancels one",
  ];
  expect(await typed(...change, ...asked, "--dry-run")).toEqual({
    ...{ code: 0, out: `${said.join("\n")}\n`, err: "dry run: nothing was changed\n" },
  });
  const { code, out } = await typed(...change, ...asked);
  expect([code, out.split("\n").slice(0, 6)]).toEqual([
    0,
    [`changed the space of fade: ${join(storage, "fade.json")} (7 searched)`, ...said],
  ]);
  expect((await typed(...change, ...asked)).out).toBe("the study searches this already: nothing changed\n");
  const shown = JSON.parse((await typed("show", "fade", "--format", "json")).out) as object;
  expect(shown).toMatchObject({ earlier_trials: { version: 1, fit: 1, left_out: 1, waiting_outside: [2] } });
  expect(await problems("show", shown)).toEqual([]);
  expect((await typed("show", "fade")).out).toMatch(/^space {4}changed once; 1 of 2 earlier trials fit/m);
  const stored = JSON.parse(await readFile(join(storage, "fade.json"), "utf8")) as object;
  expect(await problems("snapshot", stored)).toEqual([]);
  const [head = "", row = ""] = (await typed("export", "fade", "--to", "csv")).out.split("\n");
  expect(row.split(",")[head.split(",").indexOf("space_version")]).toBe("0");
  const again = JSON.parse((await typed(...change, "--search", "model.layers", "--format", "json")).out) as object;
  expect(await problems("create-study", again)).toEqual([]);
});

test("what a change cannot be is told in a line, and nothing changes", async () => {
  await typed("create-study", "--name", "fade", "--model", "mlp", "--seed", "1");
  const before = await readFile(join(storage, "fade.json"), "utf8");
  for (const [words, message] of [
    [
      ["--fix", "data.horizon=3"],
      /^error: study "fade": a change of its space changes what is searched and nothing else.*data\.horizon/,
    ],
    [["--model", "mlp", "--metric", "val_mae"], /^error: study "fade":.*objectives: .*val_rmse.*val_mae/],
    [["--sampler", "tpe"], /^error: .*leave out sampler/],
    [["--search", "trian.lr=0..1"], /^error: unknown parameter "trian\.lr": did you mean "train\.lr"\?/],
    [["--search", "data.window=int:5..99"], /^error: .*longer ones leave fewer/],
  ] as const) {
    const { code, err, out } = await typed(...change, ...words);
    expect([code, out, err]).toEqual([2, "", expect.stringMatching(message)]);
    expect(err.split("\n")).toHaveLength(2);
  }
  expect(await typed("create-study", "--name", "none", "--search", "train.lr", "--space-change")).toMatchObject({
    ...{ code: 2, err: expect.stringContaining('no study "none"') as string },
  });
  expect(await readFile(join(storage, "fade.json"), "utf8")).toBe(before);
});
