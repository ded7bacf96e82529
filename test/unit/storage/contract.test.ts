import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";

import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { storageConformance } from "../../../src/testing/storage.js";

const runner = { describe, it };
const owner = { pid: process.pid };

storageConformance(runner, {
  name: "memory",
  owner,
  make: () => {
    const storage = new MemoryStorage();
    return { storage, other: storage };
  },
});

for (const [label, foldAboveBytes] of [
  ["json-file", 1 << 18],
  ["json-file that folds all the time", 2_000],
] as const)
  storageConformance(runner, {
    name: label,
    owner,
    make: async () => {
      const directory = await mkdtemp(join(tmpdir(), "mlbench-storage-"));
      return {
        storage: new JsonFileStorage({ directory, foldAboveBytes }),
        // A follower that is ahead of its study is one that has looked eight times.
        other: new JsonFileStorage({ directory, lookMs: 20 }),
        dispose: () => rm(directory, { recursive: true, force: true }),
      };
    },
  });
