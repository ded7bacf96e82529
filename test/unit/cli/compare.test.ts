/** What is typed to compare studies, and what is printed. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareStudies } from "../../../src/app/compare-studies.js";
import { createStudy } from "../../../src/app/create-study.js";
import { main } from "../../../src/cli/program.js";
import { float } from "../../../src/core/index.js";
import { projectRoot } from "../../integration/cli.js";

let storage: string;

/** A study whose trials come to these values. */
async function study(name: string, values: readonly number[], options: object = {}): Promise<void> {
  const made = await createStudy({ name, storage, space: { x: float(0, 9) }, seed: 1, sampler: "random", ...options });
  for (const value of values) await made.tell(await made.ask(), { value });
  await made.close();
}

beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-compare-"));
  await study("tpe-1", [5, 3, 2], { sampler: "tpe" });
  await study("tpe-2", [5, 3, 1], { sampler: "tpe", seed: 2 });
  await study("random-1", [5, 4, 4]);
  await study("random-2", [7, 6, 6], { seed: 2 });
  await study("up", [1], { direction: "maximize" });
  await study("last", [1], { trialValue: "last" });
});
afterAll(() => rm(storage, { recursive: true, force: true }));

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

test("studies are listed with their figures, groups with quartiles and a test, best parameters that differ", async () => {
  const { code, out } = await typed("compare", "tpe-*", "random-1", "random-2", "--group-by", "sampler");
  expect(code).toBe(0);
  expect(out).toMatch(/^study +group +trials +finished +pruned +failed +best value +after +time +best per minute$/m);
  expect(out).toMatch(/^tpe-2 +tpe +3 +3 +0 +0 +1 +3 /m);
  expect(out).toMatch(/^random +2 +4\.5 +5 +5\.5$/m);
  expect(out).toContain(
    "after 3 trials tpe is better than random in 100 % of the pairs of studies (p = 0.33, exact rank sum test)",
  );
  expect(out).toMatch(/^best of +trial +x$/m);
  expect(out).toContain("best value, median by finished trials");
});

test("JSON is as its schema says; groups are named, found by seeds, or as typed", async () => {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  const schema = join(projectRoot, "docs", "reference", "schemas", "compare.json");
  const validate = ajv.compile(JSON.parse(await readFile(schema, "utf8")) as object);
  const groupsOf = async (...more: string[]) => {
    const { out } = await typed("compare", "tpe-*", "random-*", ...more, "--format", "json");
    const read = JSON.parse(out) as { groups: { name: string; studies: string[] }[] };
    expect(validate(read), JSON.stringify(validate.errors)).toBe(true);
    return read.groups.map(({ name, studies }) => [name, studies]);
  };
  const [tpe, random] = [
    ["tpe-1", "tpe-2"],
    ["random-1", "random-2"],
  ];
  expect(await groupsOf("--group-by", "seeds")).toEqual([
    ["tpe", tpe],
    ["random", random],
  ]);
  expect(await groupsOf("--group", "mine=tpe-*", "--at", "time")).toEqual([
    ["mine", tpe],
    ["random-1", ["random-1"]],
    ["random-2", ["random-2"]],
  ]);
  expect(await groupsOf("--group", "all=tpe-1,random-*", "--group-by", "sampler")).toEqual([
    ["all", ["tpe-1", ...random]],
    ["tpe", ["tpe-2"]],
  ]);
});

test("what does not compare is told in a line", async () => {
  for (const [words, message] of [
    [
      ["tpe-1", "up"],
      /^error: study "tpe-1" is to minimize value, "up" to maximize value: their values do not compare$/,
    ],
    [["tpe-1", "zz-*"], /^error: no study in .* is called zz-\*$/],
    [["tpe-1", "--group", "a=b"], /^error: group a: none of the studies is called b$/],
    [["tpe-1", "--group", "a"], /^error: --group a: expected NAME=STUDY,STUDY/],
    [
      ["tpe-1", "--group", "a=tpe-1", "--group", "b=tpe-*"],
      /^error: study "tpe-1" is in the groups a and b: choose one$/,
    ],
    [["tpe-1", "-o", "x.png"], /^error: -o x\.png: a comparison is drawn as an SVG or a page: use x\.svg or/],
    [["tpe-1", "--reference", "value=1"], /^error: .*several objectives/],
  ] as const) {
    const { code, out, err } = await typed("compare", ...words);
    expect([code, out, err.trimEnd()]).toEqual([2, "", expect.stringMatching(message)]);
  }
  const { code, err } = await typed("compare", "tpe-1", "last");
  expect([code, err]).toEqual([
    0,
    'warning: last and tpe-1 are on different tasks, and their values hardly compare: trial_value: "best" -> "last"\n',
  ]);
});

test("a comparison is drawn as a picture and a page", async () => {
  const [svg, html] = [join(storage, "c.svg"), join(storage, "c.html")];
  expect(await typed("compare", "tpe-*", "random-*", "--group-by", "sampler", "-o", svg)).toMatchObject({
    ...{ code: 0, err: `wrote ${svg}\n` },
  });
  const picture = await readFile(svg, "utf8");
  for (const text of ["<svg", ">tpe<", ">random<", "finished trials"]) expect(picture).toContain(text);
  await typed("compare", "tpe-1", "-o", html);
  expect(await readFile(html, "utf8")).toContain("<html");
});

test("from a program: the same, and what is no option is refused", async () => {
  const targets = ["tpe-1", "random-1"].map((name) => ({ name, storage }));
  expect((await compareStudies(targets)).studies.map(({ best }) => best)).toEqual([2, 4]);
  await expect(compareStudies(targets, { groupby: "sampler" } as never)).rejects.toThrow(/groupBy/);
  await expect(compareStudies(targets, { at: "epochs" as never })).rejects.toThrow(/expected trials, time/);
  await expect(compareStudies([])).rejects.toMatchObject({ code: "nothing-to-compare" });
});
