import { afterEach, expect, it, vi } from "vitest";
import { storageArgument } from "../../../src/cli/study-ref.js";
import { typedProgram } from "../../../src/cli/typed-program.js";

afterEach(() => vi.unstubAllEnvs());

it("names the storage only where the next command would not look there by itself", () => {
  vi.stubEnv("MLBENCH_HPO_STORAGE", undefined);
  expect(storageArgument("studies")).toBe("");
  expect(storageArgument("elsewhere")).toBe(" --storage elsewhere");
  expect(storageArgument("my studies")).toBe(" --storage 'my studies'");
  vi.stubEnv("MLBENCH_HPO_STORAGE", "elsewhere");
  expect(storageArgument("elsewhere")).toBe("");
  expect(storageArgument("studies")).toBe(" --storage studies");
});

it.each([
  ["installed", {}, "/usr/local/bin/mlbench-hpo", "mlbench-hpo"],
  [
    "npm start",
    { npm_lifecycle_script: "npm run build && node bin/mlbench-hpo.js optimize" },
    "/repo/bin/mlbench-hpo.js",
    "npx mlbench-hpo",
  ],
  ["npx", { npm_lifecycle_script: 'mlbench-hpo "optimize"' }, "/repo/bin/mlbench-hpo.js", "npx mlbench-hpo"],
  [
    "npm test",
    { npm_lifecycle_script: "npm run build && vitest run" },
    "/repo/node_modules/.bin/vitest",
    "mlbench-hpo",
  ],
  ["node in the checkout", {}, "/repo/bin/mlbench-hpo.js", "node bin/mlbench-hpo.js"],
  ["node from elsewhere", {}, "/other/bin/mlbench-hpo.js", "mlbench-hpo"],
  ["a program of its own", {}, undefined, "mlbench-hpo"],
] as const)("names the program as it was started: %s", (_how, env, script, typed) => {
  expect(typedProgram({ env, script, cwd: "/repo" })).toBe(typed);
});
