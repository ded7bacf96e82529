import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseYaml, readYaml } from "../../../src/io/yaml.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-yaml-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a key that is given twice is told with its place, at any depth", async () => {
  await expect(parseYaml("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "f.yaml")).rejects.toMatchObject({
    code: "invalid-config",
    exitCode: 2,
    message: 'f.yaml: Map keys must be unique: "c" is given twice, at line 5, column 3',
  });
  await expect(parseYaml("1: a\n'1': b\n", "f.yaml")).rejects.toThrow('"1" is given twice');
  expect(await parseYaml("a: { c: 1 }\nb: { c: 2 }\n", "f.yaml")).toEqual({ a: { c: 1 }, b: { c: 2 } });
});

test("mistakes are one line with their place; an empty text is null", async () => {
  await expect(parseYaml("a: [1", "f.yaml")).rejects.toThrow(/^f\.yaml: .*line 1.*[^:]$/);
  await expect(parseYaml("a: b: c", "f.yaml")).rejects.toThrow(/^f\.yaml: [^\n]*line 1[^\n]*$/);
  expect(await parseYaml("", "f.yaml")).toBeNull();
  expect(await parseYaml('{"a": [1, "x", null, true]}', "f.json")).toEqual({ a: [1, "x", null, true] });
});

test("what is larger than a megabyte is no file of settings; below it many keys are read", async () => {
  const file = join(folder, "large.yaml");
  writeFileSync(file, "a: 1\n".repeat(200_001));
  await expect(readYaml(file, "--config large.yaml")).rejects.toMatchObject({
    message: "--config large.yaml: larger than 1 MB, no file of settings is",
    exitCode: 2,
  });
  const many = Array.from({ length: 40_000 }, (_, i) => `key_${i}: ${i}\n`).join("");
  expect(Object.keys((await parseYaml(many, "many.yaml")) as object)).toHaveLength(40_000);
});
