import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { categorical, float, int } from "../../../src/core/index.js";
import type { SearchSpace } from "../../../src/core/index.js";
import { dataParameters } from "../../../src/datasets/index.js";
import { models } from "../../../src/models/index.js";
import { declareSpace, deriveSpace, qualifyModels } from "../../../src/search-space/index.js";
import { checkStudyConfig } from "../../../src/app/study-config.js";
import { parseYaml } from "../../../src/io/yaml.js";
import { qualify } from "../../../src/registry/index.js";
import type { DerivedSpace } from "../../../src/search-space/index.js";
import type { QualifiedParameter } from "../../../src/registry/index.js";
import { trainParameters } from "../../../src/training/config.js";

const page = await readFile(new URL("../../../docs/search-spaces.md", import.meta.url), "utf8");

function blocks(language: string): string[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, of, text]) =>
    of === language ? [text as string] : [],
  );
}

/** The values that an option has in a line. */
function given(line: string, option: string): string[] {
  return [...line.matchAll(new RegExp(`--${option} (\\S+)`, "g"))].map((match) => match[1] as string);
}

function parametersFor(names: readonly string[], dataset: string): QualifiedParameter[] {
  return [...qualifyModels(names.map((n) => models.get(n))), ...dataParameters(dataset), ...trainParameters()];
}

function derive(line: string): DerivedSpace {
  const names = (given(line, "model")[0] ?? "lstm").split(",");
  const parameters = parametersFor(names, given(line, "dataset")[0] ?? "dummy");
  return deriveSpace(parameters, { models: names, search: given(line, "search"), fix: given(line, "fix") });
}

/** Runs a block's module with the package's functions in place of its imports. */
async function importBlock(text: string): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  const host = globalThis as { page?: unknown };
  const { parameter } = await import("../../../src/registry/index.js");
  host.page = { categorical, float, int, parameter, z };
  const code = text
    .replace(/^import (\{.*\}) from .*$/gm, "const $1 = globalThis.page;")
    .replaceAll("const {", "var {");
  const file = join(folder, "block.mjs");
  await writeFile(file, code);
  try {
    return (await import(/* @vite-ignore */ file)) as Record<string, unknown>;
  } finally {
    delete host.page;
    await rm(folder, { recursive: true });
  }
}

const lines = blocks("sh")
  .flatMap((block) => block.split("\n"))
  .filter((line) => line.startsWith("mlbench-hpo"));

test.each(lines.filter((line) => !line.includes("--objective")))("%s", (line) => {
  const { space, fixed } = derive(line);
  expect(Object.keys(space).length).toBeGreaterThanOrEqual(4);
  for (const text of given(line, "search").filter((s) => !/lstm\./.test(s)))
    expect(space).toHaveProperty([text.split("=")[0] as string]);
  if (line.includes("--fix")) expect(Object.keys(fixed).length).toBeGreaterThanOrEqual(1);
});

test("the several-model examples mean what the page says", () => {
  const both = derive("--model lstm,mlp");
  expect(both.space["model"]).toEqual(categorical(["lstm", "mlp"]));
  expect(both.space).toHaveProperty(["model.dropout"]);
  expect(both.space["model.lstm.hidden_size"]?.when).toEqual({ model: "lstm" });
  expect(derive("--model lstm,mlp --fix model.hidden_size=32").fixed).toEqual({
    "model.lstm.hidden_size": 32,
    "model.mlp.hidden_size": 32,
  });
});

test("the error quoted is the one that comes", () => {
  const quoted = /^ {2}`(--search .*)`\.$/m.exec(page)?.[1] ?? expect.fail("no quoted error");
  expect(() => derive(quoted.split(": ")[0] as string)).toThrow(quoted);
});

test("the study file's space can be derived", async () => {
  const [text = ""] = blocks("yaml");
  const config = checkStudyConfig(await parseYaml(text, "page"), "page", "/");
  const { space, fixed } = deriveSpace(parametersFor(["lstm"], "nasa"), {
    base: { search: config.search ?? [], fixed: config.fixed ?? {} },
  });
  expect(space["train.momentum"]?.when).toEqual({ "train.optimizer": "sgd" });
  expect(fixed["train.epochs"]).toBe(30);
});

test("the declared parameters make a space", async () => {
  const { parameters } = await importBlock(blocks("ts")[0] ?? "");
  const qualified = qualify("model", parameters as z.ZodObject);
  expect(Object.keys(deriveSpace(qualified).space)).toEqual(["model.hidden_size", "model.cell"]);
  expect(deriveSpace(qualified, { search: ["forget_bias"] }).space["model.forget_bias"]).toEqual(
    float(0, 3, { when: { "model.cell": "lstm" } }),
  );
});

test("the plain objective's space is narrowed and added to", async () => {
  const { space, default: objective } = await importBlock(blocks("ts")[1] ?? "");
  const line = lines.find((l) => l.includes("--objective")) ?? "";
  expect(declareSpace(space as SearchSpace, { search: given(line, "search"), fix: given(line, "fix") })).toEqual({
    space: { gamma: float(1e-4, 1, { log: true }), degree: int(2, 9), c: float(1e-3, 1e3, { log: true }) },
    fixed: { kernel: "rbf" },
  });
  expect(await (objective as (trial: unknown) => Promise<number>)({ params: { gamma: 0.5, degree: 4 } })).toBe(2);
});
