import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planStudy } from "../../../src/app/create-study.js";
import { studyWarnings } from "../../../src/app/study-warnings.js";
import { emptyFolder } from "../../fixtures/app/small-studies.js";

const declared = `
export const space = {
  kernel: { type: "categorical", choices: ["linear", "rbf"] },
  gamma: { type: "float", low: 0, high: 1, when: { kernel: "rbf" } },
};
`;

test.each<[string, string, Readonly<Record<string, string>>, string[]]>([
  ["what it declares", declared, { gamma: "0..2" }, []],
  [
    "a misspelt parameter",
    declared,
    { gama: "0..1" },
    ['gama is searched, and the objective declares no such parameter: did you mean "gamma"? it declares kernel, gamma'],
  ],
  [
    "one that is like no other",
    declared,
    { learning_rate: "0..1" },
    ["learning_rate is searched, and the objective declares no such parameter: it declares kernel, gamma"],
  ],
  ["all there is, where it declares nothing", "", { gama: "0..1" }, []],
])("an objective's study is told of what nothing reads: %s", async (_what, space, search, warnings) => {
  const directory = await emptyFolder();
  await writeFile(join(directory, "o.mjs"), `${space}\nexport default () => 1;`);
  const { header, storage } = await planStudy({ directory, storage: "studies", objective: "o.mjs", search });
  expect(await studyWarnings(header, storage.baseDirectory(header.name))).toEqual(warnings);
});

test("a study that searches nothing is told so, but for code that may say itself what it draws", async () => {
  const told = "no parameter is searched: every trial would run with the same values";
  const directory = await emptyFolder();
  await writeFile(join(directory, "o.mjs"), "export const space = {};\nexport default () => 1;");
  const warningsOf = async (request: object) => {
    const { header, storage } = await planStudy({ directory, storage: "studies", ...request });
    return studyWarnings(header, storage.baseDirectory(header.name));
  };
  expect(await warningsOf({ model: "mlp", dataset: "dummy", defaultSpace: false })).toEqual([told]);
  expect(await warningsOf({ space: {}, name: "outside" })).toEqual([told]);
  expect(await warningsOf({ model: "mlp", dataset: "dummy" })).toEqual([]);
  expect(await warningsOf({ objective: "o.mjs", name: "own" })).toEqual([]);
});

test("an objective is not given a parameter that no record could hold", async () => {
  const directory = await emptyFolder();
  await writeFile(join(directory, "o.mjs"), `${declared}\nexport default () => 1;`);
  const search = JSON.parse('{"__proto__": "0..1"}') as object;
  const plan = planStudy({ directory, storage: "studies", objective: "o.mjs", search } as never);
  await expect(plan).rejects.toMatchObject({
    code: "invalid-value",
    message: '"__proto__" cannot be a parameter\'s name',
  });
});

test("what an objective declares and can never be given is refused, unless it is widened or settled", async () => {
  const directory = await emptyFolder();
  await writeFile(join(directory, "o.mjs"), `${declared.replace('"rbf" }', '"poly" }')}\nexport default () => 1;`);
  const plan = (options: object) => planStudy({ directory, storage: "studies", objective: "o.mjs", ...options });
  await expect(plan({})).rejects.toMatchObject({
    code: "invalid-space",
    message: "space.gamma: it is only active when kernel = poly, which this space never has",
  });
  const widened = await plan({ search: { kernel: "linear,poly" } });
  expect(Object.keys(widened.header.space)).toEqual(["kernel", "gamma"]);
  expect(Object.keys((await plan({ fix: { gamma: 1 } })).header.space)).toEqual(["kernel"]);
});
