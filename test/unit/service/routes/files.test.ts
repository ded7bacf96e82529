/** What trials have left, over the network: ranges, names, growing logs. */
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askedBytes } from "../../../../src/service/byte-range.js";
import { trialDetail } from "../../../../src/service/schemas/trials.js";
import { aBowl, aHostedService } from "../a-hosted-service.js";

// RFC 9110, 14.1.2: the first and last 500 bytes of 10,000, and what is no range.
test.each([
  ["bytes=0-499", 10_000, { start: 0, end: 499 }],
  ["bytes=500-999", 10_000, { start: 500, end: 999 }],
  ["bytes=-500", 10_000, { start: 9500, end: 9999 }],
  ["bytes=9500-", 10_000, { start: 9500, end: 9999 }],
  ["bytes=0-0", 10_000, { start: 0, end: 0 }],
  ["bytes=-20000", 10_000, { start: 0, end: 9999 }],
  ["bytes=9999-20000", 10_000, { start: 9999, end: 9999 }],
  ["bytes=10000-", 10_000, "none"],
  ["bytes=-0", 10_000, "none"],
  ["bytes=0-", 0, "none"],
  ["bytes=5-4", 10_000, "whole"],
  ["bytes=0-1,5-6", 10_000, "whole"],
  ["lines=0-1", 10_000, "whole"],
  ["bytes=-", 10_000, "whole"],
  [undefined, 10_000, "whole"],
] as const)("%s of %d bytes", (header, size, wanted) => {
  expect(askedBytes(header, size)).toEqual(wanted);
});

async function withFiles(log = "epoch 1\nepoch 2 \u{1F50B}\n<script>alert(1)</script>\n") {
  const service = await aHostedService();
  await aBowl(service.folder, 2);
  const folder = join(service.folder, "bowl.files", "00001");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "log.txt"), log);
  await writeFile(join(folder, "checkpoint.safetensors"), Buffer.from([0, 1, 2, 255]));
  await writeFile(join(folder, "checkpoint.B0005.safetensors"), Buffer.from([9]));
  await writeFile(join(service.folder, "secret.txt"), "secret");
  return { ...service, trialFolder: folder, log };
}

test("a log is text to whoever looks at it, whole or in parts", async () => {
  const { ask, log, get } = await withFiles();
  const bytes = Buffer.from(log);
  const whole = await ask("/studies/bowl/trials/1/log");
  expect([whole.status, await whole.text()]).toEqual([200, log]);
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    ...{ "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", "accept-ranges": "bytes" },
    ...{ "content-length": String(bytes.length), "content-disposition": 'inline; filename="bowl-1-log.txt"' },
  });
  const part = await ask("/studies/bowl/trials/1/log", { headers: { range: "bytes=-9" } });
  expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([
    ...[206, bytes.subarray(-9).toString(), `bytes ${bytes.length - 9}-${bytes.length - 1}/${bytes.length}`],
  ]);
  const beyond = await ask("/studies/bowl/trials/1/log", { headers: { range: "bytes=9999-" } });
  expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${bytes.length}`]);
  expect(await beyond.json()).toMatchObject({ code: "invalid-range" });
  const head = await ask("/studies/bowl/trials/1/log", { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, String(bytes.length), ""]);
  expect((await get("/studies/bowl/trials/1", trialDetail)).files).toEqual([
    { name: "checkpoint.B0005.safetensors", size: 1 },
    { name: "checkpoint.safetensors", size: 4 },
    { name: "log.txt", size: bytes.length },
  ]);
});

test("weights are saved, those of a part by its name", async () => {
  const { ask, refused } = await withFiles();
  const whole = await ask("/studies/bowl/trials/1/checkpoint");
  expect([...new Uint8Array(await whole.arrayBuffer())]).toEqual([0, 1, 2, 255]);
  expect(whole.headers.get("content-disposition")).toBe('attachment; filename="bowl-1-checkpoint.safetensors"');
  const part = await ask("/studies/bowl/trials/1/checkpoint?part=B0005");
  expect([...new Uint8Array(await part.arrayBuffer())]).toEqual([9]);
  expect((await refused("/studies/bowl/trials/1/epochs")).slice(0, 2)).toEqual([404, "no-file"]);
  expect((await refused("/studies/bowl/trials/0/log")).slice(0, 2)).toEqual([404, "no-file"]);
  expect((await refused("/studies/bowl/trials/7/log")).slice(0, 2)).toEqual([404, "unknown-trial"]);
});

test.each([
  "../../secret.txt",
  "..%2f..%2fsecret.txt",
  "%2e%2e%2f%2e%2e%2fsecret.txt",
  "..\\secret.txt",
  ".hidden",
  "a%00b",
  "%2fetc%2fpasswd",
])("no path reaches a file: %s", async (name) => {
  const { ask } = await withFiles();
  for (const path of [`/studies/bowl/trials/1/files/${name}`, `/studies/bowl/trials/1/checkpoint?part=${name}`]) {
    const answer = await ask(path);
    expect([400, 404]).toContain(answer.status);
    expect(await answer.text()).not.toContain("secret\n");
  }
});

test("a log that cannot be read any more ends its stream, and nothing else", async () => {
  const { ask, host } = await withFiles();
  const storage = host.storage as { artifacts: typeof host.storage.artifacts };
  const artifacts = storage.artifacts.bind(host.storage);
  storage.artifacts = (name) => {
    const store = artifacts(name);
    const read = (): Promise<never> => Promise.reject(new Error("EIO: /secret/place"));
    if (!store) return null;
    return { ...store, read, list: (number) => store.list(number), directory: (number) => store.directory(number) };
  };
  const text = await (await ask("/studies/bowl/trials/1/log?follow=1")).text();
  expect(text).toBe('event: gone\ndata: {"code":"no-file","message":"the log cannot be read any more"}\n\n');
});

test("a log is followed while it grows, letters never cut, and the stream ends with the trial", async () => {
  const { ask, trialFolder, log } = await withFiles("");
  expect(log).toBe("");
  // The trial has ended: what is there is sent, and the stream is over.
  await appendFile(join(trialFolder, "log.txt"), "a\u{1F50B}b\n".repeat(20_000));
  const answer = await ask("/studies/bowl/trials/1/log?follow=1");
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const frames = (await answer.text()).split("\n\n");
  const pieces = frames.flatMap((frame) => /^event: log\ndata: (.*)$/m.exec(frame)?.[1] ?? []);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.map((piece) => (JSON.parse(piece) as { text: string }).text).join("")).toBe(
    "a\u{1F50B}b\n".repeat(20_000),
  );
  expect(frames.at(-2)).toMatch(/event: end/);
});
