import { afterEach, expect, it, vi } from "vitest";
import { storageArgument } from "../../../src/cli/study-ref.js";

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
