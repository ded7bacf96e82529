/** The storage suite's cases about the files of trials, for storages that keep them. */
import assert from "node:assert/strict";
import { assertRejects } from "./assertions.js";
import type { StorageIt } from "./storage-under-test.js";
import { header } from "./study-records.js";

async function textOf(source: AsyncIterable<Buffer> | null): Promise<string | null> {
  if (source === null) return null;
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

const badNames = ["", ".", "..", "../log.txt", "a/b", "a\\b", ".hidden", "a\0", "x".repeat(121)];
/** Names that Windows takes for devices, or changes. */
const notPortable = ["CON", "nul.txt", "Aux.tar.gz", "prn", "com1", "LPT9.log", "a.", "a..", "CON ", "a "];

export function casesOfArtifacts(it: StorageIt): void {
  it("where they are kept, are listed, read whole or in part, replaced and removed", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const [files, same] = [storage.artifacts("a"), other.artifacts("a")];
    if (files === null || same === null) {
      assert.deepEqual([files, same], [null, null]);
      return writer.close();
    }
    assert.deepEqual(await files.list(3), []);
    assert.equal(await files.read(3, "log.txt"), null);
    await files.write(3, "log.txt", [Buffer.from("first\n"), Buffer.from("größe\n")]);
    await files.write(3, "checkpoint.safetensors", [new Uint8Array([0, 255])]);
    await files.write(12345678, "log.txt", []);
    assert.deepEqual(await same.list(3), ["checkpoint.safetensors", "log.txt"]);
    assert.equal(await textOf(await same.read(3, "log.txt")), "first\ngröße\n");
    // Bytes 6 to 8: the first half of the ö is the last of them.
    assert.equal(await textOf(await same.read(3, "log.txt", { start: 6, end: 8 })), "gr\ufffd");
    assert.equal(await textOf(await same.read(12345678, "log.txt")), "");
    await files.write(3, "log.txt", [Buffer.from("new")]);
    assert.equal(await textOf(await same.read(3, "log.txt")), "new");
    assert.equal(files.directory(3), same.directory(3));
    assert.notEqual(files.directory(4), files.directory(3));
    await files.remove(3, "log.txt");
    await files.remove(3, "log.txt");
    assert.deepEqual(await same.list(3), ["checkpoint.safetensors"]);
    await files.remove(3);
    assert.deepEqual(await same.list(3), []);
    await writer.close();
    await storage.delete("a");
    assert.deepEqual(await files.list(12345678), []);
  });
  it("where they are kept, appear whole, and have plain names", async ({ storage }) => {
    const writer = await storage.create(header("a"));
    const files = storage.artifacts("a");
    if (files) {
      await files.write(0, "log.txt", [Buffer.from("old")]);
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("half");
        throw new Error("the line went dead");
      }
      await assertRejects(files.write(0, "log.txt", failing()), { message: /the line went dead/ });
      assert.equal(await textOf(await files.read(0, "log.txt")), "old");
      assert.deepEqual(await files.list(0), ["log.txt"]);
      const refused = { code: "invalid-artifact-name", exitCode: 2 };
      for (const bad of badNames) {
        await assertRejects(files.read(0, bad), refused);
        await assertRejects(files.write(0, bad, []), refused);
        await assertRejects(files.remove(0, bad), refused);
      }
      for (const bad of notPortable) await assertRejects(files.write(0, bad, []), refused);
      for (const good of ["console", "nullable.txt", "com10", "lpt", "a.con"]) await files.write(0, good, []);
    }
    await writer.close();
  });
}
