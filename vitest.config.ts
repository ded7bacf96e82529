import { configDefaults, defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.js";

/**
 * Rooms whose tests leave their process as they found it (mocks and timers are put back), so that one process runs all of
 * them: half of a short file's time is its process and imports. A room that registers something is none of them: modules
 * are loaded anew for each file, but the registries are the process's.
 */
const SHARED = ["core", "io", "docs"].map((room) => `test/unit/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    globalSetup: ["test/require-build.ts", "test/memory-folder.ts"],
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // Not the default second: a busy machine is no failure.
    expect: { poll: { timeout: 20_000 } },
    reporters: ["default"],
    // Bundles run as they are, as for users: taken through the transformer, the command line alone took three seconds a file.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      { extends: true, test: { name: "shared", include: SHARED, isolate: false } },
      {
        extends: true,
        test: { name: "own", include: ["test/**/*.test.ts"], exclude: [...configDefaults.exclude, ...SHARED] },
      },
    ],
  },
});
