/** Text goes out at the pace of whoever reads it, and is no longer made once nobody does. */
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { inPieces, writeLines, writeOutput } from "../../../src/cli/write-text.js";

const LINE = `${"x".repeat(99)}\n`;

/** A stream that takes a piece when it is told to. */
class SlowStream extends Writable {
  taken = 0;
  #next: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken += chunk.length;
    this.#next = done;
  }

  takeOne(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }
}

/** Lines that count how many were made. */
function counted(total: number): { readonly made: () => number; readonly lines: Iterable<string> } {
  let made = 0;
  function* lines(): Generator<string> {
    for (; made < total; made++) yield LINE;
  }
  return { made: () => made, lines: lines() };
}

test("lines wait for a slow reader: no more than a piece is made ahead of it", async () => {
  const stream = new SlowStream();
  const { made, lines } = counted(10_000);
  const written = writeLines(stream, lines);
  for (let pieces = 1; pieces <= 5; pieces++) {
    await turn();
    // A piece is 64 Ki characters: 656 lines.
    expect(made()).toBeLessThanOrEqual(656 * pieces);
    expect(made() * LINE.length - stream.taken).toBeLessThan(LINE.length);
    stream.takeOne();
  }
  const done = written.then(() => true);
  for (;;) {
    if (await Promise.race([done, turn(false)])) break;
    stream.takeOne();
  }
  expect(stream.taken).toBe(10_000 * LINE.length);
});

test("a reader that goes away ends the making, also where the stream stays writable as the process's own do", async () => {
  const stream = new SlowStream({ autoDestroy: false });
  stream.on("error", () => undefined);
  const { made, lines } = counted(1_000_000);
  const written = writeLines(stream, lines);
  await turn();
  stream.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  await written;
  expect(stream.writable).toBe(true);
  expect(made()).toBeLessThanOrEqual(656);
});

test("pieces hold every line, in order, and none is empty", () => {
  const lines = Array.from({ length: 2_000 }, (_, i) => `${i} ${LINE}`);
  const pieces = [...inPieces(lines)];
  expect(pieces.join("")).toBe(lines.join(""));
  expect(pieces.length).toBeGreaterThan(1);
  expect([...inPieces([])]).toEqual([]);
});

test("a file is replaced whole or not at all, and a link is written through", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mlbench-output-"));
  const [path, link] = [join(folder, "trials.json"), join(folder, "link.json")];
  await writeFile(path, "before");
  await symlink(path, link);
  function* broken(): Generator<string> {
    yield "x".repeat(200_000);
    throw new Error("half way");
  }
  await expect(writeOutput(new SlowStream(), path, broken())).rejects.toThrow("half way");
  expect(await readFile(path, "utf8")).toBe("before");
  await writeOutput(new SlowStream(), path, ["after"]);
  expect(await readFile(path, "utf8")).toBe("after");
  await writeOutput(new SlowStream(), link, ["through"]);
  expect(await readFile(path, "utf8")).toBe("through");
  expect((await readdir(folder)).sort()).toEqual(["link.json", "trials.json"]);
  await rm(folder, { recursive: true });
});
