import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.js";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/require-build.ts", "test/memory-folder.ts"],
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // Not the default second: a busy machine is no failure.
    expect: { poll: { timeout: 20_000 } },
    reporters: ["default"],
  },
});
