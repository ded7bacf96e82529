import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { created, header, life } from "../../fixtures/storage/records.js";
import { runningTrial } from "../../fixtures/trials.js";

const base = mkdtempSync(join(tmpdir(), "mlbench-full-"));
const mounted = join(base, "small");
mkdirSync(mounted);
const run = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const mounts = run("mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", mounted);
const why = mounts
  ? ""
  : " (skipped: mounting a tmpfs is not allowed here; test/unit/storage/durability.test.ts uses a simulated disk)";

afterAll(() => {
  if (mounts) run("umount", mounted);
  rmSync(base, { recursive: true, force: true });
});

describe.skipIf(!mounts)(`a real file system of 160 kB${why}`, () => {
  it("runs full: a clear error, nothing acknowledged lost, and it goes on when there is room", async () => {
    const storage = new JsonFileStorage({ directory: join(mounted, "studies"), foldAboveBytes: 20_000 });
    const writer = await storage.create(header("a"));
    const filler = join(mounted, "filler");
    writeFileSync(filler, Buffer.alloc(60_000));
    let acknowledged = 0;
    /** What ends the trials that are written one after the other. */
    const runFull = async (): Promise<unknown> => {
      try {
        for (let n = writer.state.size; n < 1_000; n++) {
          for (const events of life(n)) await writer.append(...events);
          acknowledged += 1;
        }
      } catch (reason) {
        return reason;
      }
      return null;
    };
    const fillUp = (): void => {
      try {
        for (;;) appendFileSync(filler, Buffer.alloc(1_024));
      } catch {
        // Not a byte more.
      }
    };
    // A fold that could not be written gives its room back, and the retry may find just that: then it goes on.
    let refusal: unknown = null;
    for (let tries = 0; refusal === null && tries < 20; tries++) {
      const error = await runFull();
      expect(error).toMatchObject({ code: "storage-full", exitCode: 1 });
      expect((error as Error).message).toMatch(/disk is full/);
      expect(acknowledged).toBeGreaterThan(5);
      expect((await storage.read("a")).finished).toBeGreaterThanOrEqual(acknowledged);
      fillUp();
      refusal = await writer.retry().catch((reason: unknown) => reason);
      refusal ??= null;
    }
    expect(refusal).toMatchObject({ code: "storage-full" });
    rmSync(filler);
    await writer.retry();
    await writer.append(created(runningTrial(writer.state.size)));
    const { state } = writer;
    await writer.close();
    expect(await storage.diagnose("a")).toEqual([]);
    expect((await storage.read("a")).trials).toEqual(state.trials);
  });

  it("that is full from the start makes no study, and leaves none", async () => {
    const storage = new JsonFileStorage({ directory: join(mounted, "studies") });
    const filler = join(mounted, "filler");
    for (let size = 160_000; size > 0; size -= 4_096)
      try {
        writeFileSync(filler, Buffer.alloc(size));
        break;
      } catch {
        // A little less, then.
      }
    await expect(storage.create(header("b"))).rejects.toMatchObject({ code: "storage-full" });
    rmSync(filler);
    expect(await storage.list()).toEqual(["a"]);
    await (await storage.create(header("b"))).close();
  });

  it("that is read-only can be read, and says why it cannot be written", async () => {
    const storage = new JsonFileStorage({ directory: join(mounted, "studies") });
    expect(run("mount", "-o", "remount,ro", mounted)).toBe(true);
    try {
      expect((await storage.read("a")).finished).toBeGreaterThan(5);
      expect(await storage.list()).toEqual(["a", "b"]);
      for (const attempt of [
        () => storage.openWriter("a"),
        () => storage.create(header("c")),
        () => storage.delete("a"),
      ])
        await expect(attempt()).rejects.toMatchObject({
          code: "storage-failed",
          exitCode: 1,
          message: expect.stringContaining("read-only") as string,
        });
    } finally {
      run("mount", "-o", "remount,rw", mounted);
    }
  });
});

describe.skipIf(process.getuid?.() === 0)(
  `a folder without write permission${process.getuid?.() === 0 ? " (skipped: root may write everywhere)" : ""}`,
  () => {
    const folder = join(base, "closed");
    beforeAll(async () => {
      await (await new JsonFileStorage({ directory: folder }).create(header("a"))).close();
      chmodSync(folder, 0o555);
    });
    afterAll(() => chmodSync(folder, 0o755));

    it("can be read, and says why it cannot be written", async () => {
      const storage = new JsonFileStorage({ directory: folder });
      expect((await storage.read("a")).size).toBe(0);
      await expect(storage.openWriter("a")).rejects.toMatchObject({ code: "storage-failed" });
    });
  },
);
