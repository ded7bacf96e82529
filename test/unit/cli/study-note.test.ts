import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { readStudy } from "../../../src/app/read-study.js";
import { main } from "../../../src/cli/program.js";
import { float } from "../../../src/core/index.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-note-"));
  const made = await createStudy({ name: "lab", storage, space: { x: float(0, 1) }, seed: 1, sampler: "random" });
  await made.close();
});
afterEach(() => rm(storage, { recursive: true }));

async function noted(...words: string[]): Promise<{ code: number; text: string; note: string | undefined }> {
  let text = "";
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const code = await main(["study", "note", ...words, "--storage", storage], { stdout: stream, stderr: stream });
  return { code, text, note: (await readStudy({ name: "lab", storage })).header.note };
}

test("a study's name alone is no note: the one that is kept stays", async () => {
  await noted("cell 3 was unplugged");
  const message =
    'error: study note lab: expected the note: study note lab "…"; show lab prints the one that is kept\n';
  expect(await noted("lab")).toEqual({ code: 2, text: message, note: "cell 3 was unplugged" });
  expect((await noted(join(storage, "lab.json"))).note).toBe("cell 3 was unplugged");
  expect(await noted("lab", "--study-name", "lab")).toMatchObject({ code: 0, note: "lab" });
  expect(await noted("lab", "lab 2")).toMatchObject({ code: 0, note: "lab 2" });
});
