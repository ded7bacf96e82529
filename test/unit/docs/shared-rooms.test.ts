/** Files that share a process leave its modules as they are: a mock, or modules loaded anew, gives those after them two copies of a class. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../integration/cli.js";
import config from "../../../vitest.config.js";

const CHANGES_MODULES = /\bvi\s*\.\s*(mock|doMock|resetModules)\(/;

test("no file that shares its process mocks modules or loads them anew", () => {
  const projects = config.test?.projects as { test: { name: string; include: string[] } }[];
  const includeOf = (wanted: string) => projects.find(({ test: { name } }) => name === wanted)?.test.include ?? [];
  const rooms = [...includeOf("shared"), ...includeOf("built")].map((pattern) => pattern.replace("**/*.test.ts", ""));
  expect(rooms).toContain("test/unit/study/");
  const alone = new Set(includeOf("alone"));
  const files = readdirSync(join(projectRoot, "test"), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
  const changing = files.filter((file) => CHANGES_MODULES.test(readFileSync(join(projectRoot, file), "utf8")));
  expect(changing).toContain("test/unit/worker/collect-garbage.test.ts");
  const sharing = changing.filter((file) => rooms.some((room) => file.startsWith(room)) && !alone.has(file));
  expect(sharing).toEqual([]);
});
