import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { z } from "zod";
import { main } from "../../../src/cli/program.js";
import type { CliIo } from "../../../src/cli/io.js";
import { float } from "../../../src/core/index.js";
import { createStudy } from "../../../src/app/create-study.js";
import { storages } from "../../../src/storage/index.js";
import type { LockOwner, StorageFactory } from "../../../src/storage/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

/** A storage whose studies all have one owner. */
class Owned extends MemoryStorage {
  owner: LockOwner | null = null;
  override async inspect(name: string) {
    return { ...(await super.inspect(name)), owner: this.owner };
  }
}

const owned = new Owned();
storages.register("owned", { summary: "for this test", parameters: z.strictObject({}) })<StorageFactory>(() => owned);

/** What a command prints. */
async function printed(...argv: string[]): Promise<string> {
  let text = "";
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  expect(await main(argv, { stdout: sink, stderr: sink } as unknown as CliIo)).toBe(0);
  return text;
}

test("who optimizes a study is named whether or not it is a process here", async () => {
  await createStudy({ name: "bowl", storage: owned, space: { x: float(0, 1) }, seed: 1 });
  const since = "2026-01-02T03:04:05.000Z";
  const shown = async (owner: LockOwner | null) => {
    owned.owner = owner;
    return (await printed("show", "bowl", "--storage", "owned:")).match(/^optimized now by .*$/m)?.[0];
  };
  expect(await shown(null)).toBeUndefined();
  expect(await shown({ since })).toBe("optimized now by another process");
  expect(await shown({ since, pid: 4711, host: "lab3" })).toBe("optimized now by process 4711 on lab3");
  expect(await shown({ since, url: "http://lab3:7070" })).toBe("optimized now by the service at http://lab3:7070");
});
