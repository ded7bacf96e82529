import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/require-build.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // Not the default second: a busy machine is no failure.
    expect: { poll: { timeout: 20_000 } },
    reporters: ["default"],
  },
});
