import { statSync } from "node:fs";
import type * as fs from "node:fs";
import { join, sep } from "node:path";
import { expect, test, vi } from "vitest";
import { findProjectFile } from "../../../src/app/find-project-file.js";

// Who runs the tests as root may look into every folder.
vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  const refusing = (path: string, options: object): unknown => {
    if (path.includes(`${sep}closed${sep}`))
      throw Object.assign(new Error(`EACCES: permission denied, stat '${path}'`), { code: "EACCES", syscall: "stat" });
    return real.statSync(path, options);
  };
  return { ...real, statSync: vi.fn(refusing) };
});

test("a folder that may not be looked into has no project file, and fails no command", () => {
  const folder = join(sep, "closed", "home");
  expect(findProjectFile(folder)).toEqual({ found: null, passedOver: [] });
  expect(statSync).toHaveBeenCalledWith(join(folder, "mlbench-hpo.config.json"), expect.anything());
});
