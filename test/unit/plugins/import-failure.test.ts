import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importFailure } from "../../../src/plugins/import-module.js";

/** As Node 24 writes it, for a program that calls the library: its frame stands below ours. */
function thrown(Class: new (message: string) => Error, message: string, frames: readonly string[]): Error {
  const error = new Class(message);
  const all = ["compileSourceTextModule (node:internal/modules/esm/utils:319:16)", ...frames];
  error.stack = [`${Class.name}: ${message}`, ...all.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}

const ours = "async importModule (file:///lab/node_modules/mlbench-hpo/dist/plugins/import-module.js:40:11)";
const callers = "async main (file:///lab/search.mjs:12:3)";

test("a syntax error has the line of the module, not of the program that asked for it", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "import-failure-")), "my.mjs");
  writeFileSync(file, "export const a = 1;\nexport default (;\n");
  const error = thrown(SyntaxError, "Unexpected token ';'", [ours, callers]);
  expect(await importFailure("plug-in", file, error)).toBe(`plug-in ${file}:2: Unexpected token ';'`);
});

test("what the module, or one that it imports, threw is told with its line", async () => {
  const own = thrown(TypeError, "no", ["file:///lab/my.mjs:3:7", ours, callers]);
  expect(await importFailure("plug-in", "/lab/my.mjs", own)).toBe("plug-in /lab/my.mjs:3: no");
  const deeper = thrown(TypeError, "no", ["read (file:///lab/parts.mjs:9:1)", "file:///lab/my.mjs:3:7", ours, callers]);
  expect(await importFailure("plug-in", "/lab/my.mjs", deeper)).toBe("plug-in /lab/my.mjs (parts.mjs:9): no");
});

test("what no module threw has no line", async () => {
  const error = thrown(Error, "Cannot find package 'nowhere'", [ours, callers]);
  expect(await importFailure("plug-in", "/lab/my.mjs", error)).toBe(
    "plug-in /lab/my.mjs: Cannot find package 'nowhere'",
  );
});
