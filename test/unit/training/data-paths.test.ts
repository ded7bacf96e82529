import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findData, portablePaths, portablePlugins } from "../../../src/training/data-paths.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "mlbench-paths-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const project = join(root, "project");
mkdirSync(join(project, "data"), { recursive: true });
writeFileSync(join(project, "data", "a.csv"), "");

test("paths start at the folder that relative ones start at; only what shares nothing with it stays absolute", () => {
  const stored = (path: string): unknown => portablePaths({ "data.path": path }, "csv", project)["data.path"];
  expect(stored(join(project, "data", "a.csv"))).toBe("data/a.csv");
  expect(stored(join(root, "other", "a.csv"))).toBe("../other/a.csv");
  expect(stored("data/a.csv")).toBe("data/a.csv");
  expect(stored(`${sep}elsewhere${sep}a.csv`)).toBe(`${sep}elsewhere${sep}a.csv`);
  const params = { "data.data_dir": project, "data.cells": project };
  expect(portablePaths(params, "nasa", project)).toEqual({ "data.data_dir": ".", "data.cells": project });
});

test("plug-ins that are files are stored as files, packages and addresses as they are", () => {
  expect(portablePlugins([join(project, "m.mjs"), "./m.mjs", "some-package", "file:///m.mjs"], project)).toEqual([
    "./m.mjs",
    "./m.mjs",
    "some-package",
    "file:///m.mjs",
  ]);
  expect(portablePlugins([join(root, "m.mjs")], project)).toEqual(["../m.mjs"]);
});

test("they are found from here, else from the checkpoint's folder or one above; else they stay as they are", () => {
  const checkpoint = join(project, "studies", "s.files", "00001", "best.safetensors");
  expect(findData("data/a.csv", checkpoint, project)).toBe("data/a.csv");
  expect(findData("data/a.csv", checkpoint, root)).toBe(join(project, "data", "a.csv"));
  expect(findData("data/a.csv", join("project", "x.safetensors"), root)).toBe(join(project, "data", "a.csv"));
  expect(findData("data/none.csv", checkpoint, root)).toBe("data/none.csv");
});
