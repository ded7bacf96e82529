import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "../../../src/cli/program.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-doctor-"));
});
afterEach(() => rm(storage, { recursive: true }));

async function diagnosed(content: string): Promise<string> {
  await writeFile(join(storage, "lab.json"), content);
  let text = "";
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  expect(await main(["doctor", "--storage", storage], { stdout: stream, stderr: stream })).toBe(1);
  return text;
}

test("a repair is advised where it can be one: not for a study of a newer version", async () => {
  const newer = await diagnosed('{"format":"mlbench-hpo-study","schema_version":99}');
  expect(newer).toContain("written by a newer mlbench-hpo");
  expect(newer).not.toContain("--repair");
  expect(await diagnosed('{"format":"mlbench-hpo-study","schema_version":"x"}')).toContain("doctor lab --repair");
});
