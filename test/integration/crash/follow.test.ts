/** Following a study whose writers are other processes that are killed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { createRng, createStudyState } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { Follower } from "../../../src/testing/storage-under-test.js";
import { childPath, startChild } from "./child.js";

const KILLS = 8;
const points = ["journal-write", "journal-written", "fold-write", "fold-renamed", "fold-journal-renamed"] as const;

describe("a follower in another process than the writers", () => {
  it(`sees every acknowledged event once, through ${KILLS} kills and the folds between`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "mlbench-follow-"));
    const storage = new JsonFileStorage({ directory });
    const ended = new AbortController();
    const acknowledged = new Set<string>();
    let follower: Follower | undefined;
    let following: Promise<void> = Promise.resolve();
    try {
      for (let kill = 0; kill <= KILLS; kill++) {
        const rng = createRng(kill, "follow");
        const last = kill === KILLS;
        const point = points[Math.floor(rng() * points.length)] as string;
        const times = point.startsWith("journal") ? 1 + Math.floor(rng() * 40) : 1;
        const env = last || rng() < 0.3 ? {} : { MLBENCH_FAILPOINT: `${point}:${times}` };
        const args = [childPath("writer-child.mjs"), directory, join(directory, "starts"), "12"];
        const child = startChild(process.execPath, args, env);
        await child.until("open");
        // One killed while it makes the study leaves none.
        if (!follower && (await storage.exists("crash"))) {
          const { header } = await storage.read("crash");
          const changes = storage.follow("crash", 0, { signal: ended.signal });
          follower = new Follower(changes, createStudyState(header));
          const started = follower;
          following = (async () => {
            while (await started.next());
          })();
        }
        if (!last && !env.MLBENCH_FAILPOINT) {
          await child.until("done", 3);
          child.process.kill("SIGKILL");
        }
        const how = await child.ended;
        if (last) expect(how).toBe(0);
        for (const line of child.lines) if (line.startsWith("done")) acknowledged.add(line);
      }
      const state = await storage.read("crash");
      const seen = follower as Follower;
      await expect.poll(() => seen.state.revision).toBe(state.revision);
      ended.abort();
      await following;
      expect(seen.state.trials).toEqual(state.trials);
      expect(seen.state.counts).toEqual(state.counts);
      expect(acknowledged.size).toBeGreaterThan(20);
      for (const line of acknowledged) {
        const [, number, attempt] = line.split(" ").map(Number) as [number, number, number];
        expect(seen.state.trial(number), line).toMatchObject({ state: "complete", attempt });
      }
      if (seen.resets === 0) expect(seen.events).toHaveLength(state.revision);
    } finally {
      ended.abort();
      await following.catch(() => {});
      rmSync(directory, { recursive: true, force: true });
    }
  }, 120_000);
});
