import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { StudyEvent, StudyState } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { checksumOf } from "../../../src/storage/json-file/journal-line.js";
import { withOneByteCorrected } from "../../../src/storage/json-file/one-byte.js";
import { created, finished, started } from "../../fixtures/storage/records.js";
import { runningTrial, waitingTrial } from "../../fixtures/trials.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { createOn, openOn, paths, plain, smallStudy } from "../../fixtures/storage/small-study.js";
import { places } from "../../cases.js";

let directory: string;
let storage: JsonFileStorage;
let snapshot: Buffer;
let journal: Buffer;
let states: StudyState[];
const snapshotFile = (): string => join(directory, "small.json");
const journalFile = (): string => join(directory, "small.journal.jsonl");

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-repair-"));
  storage = new JsonFileStorage({ directory });
  const disk = new SimulatedDisk();
  states = await smallStudy(disk);
  snapshot = disk.bytesOf(paths.snapshot) as Buffer;
  journal = disk.bytesOf(paths.journal) as Buffer;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function place(snapshotBytes: Buffer, journalBytes: Buffer): Promise<void> {
  for (const file of await readdir(directory)) await rm(join(directory, file), { recursive: true });
  await writeFile(snapshotFile(), snapshotBytes);
  await writeFile(journalFile(), journalBytes);
}

function flipped(bytes: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

const whole = (): unknown => plain(states.at(-1) as StudyState);

/** Repairs, and expects a study that is whole, writable, and has a copy of each damaged file beside it. */
async function repaired(): Promise<StudyState> {
  expect((await storage.diagnose("small")).length).toBeGreaterThan(0);
  const report = await storage.repair("small");
  expect(report.findings.length).toBeGreaterThan(0);
  expect(report.backups.length).toBeGreaterThan(0);
  expect(await storage.diagnose("small")).toEqual([]);
  const state = await storage.read("small");
  const writer = await storage.openWriter("small");
  expect(plain(writer.state)).toEqual(plain(state));
  await writer.append(created(runningTrial(state.size)));
  await writer.close();
  expect((await storage.read("small")).size).toBe(state.size + 1);
  expect(await storage.list()).toEqual(["small"]);
  return state;
}

describe("one changed byte", () => {
  it("is found from the checksum alone", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 2000 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, mask) => {
          const changed = flipped(Buffer.from(bytes), at % bytes.length, mask);
          expect(withOneByteCorrected(changed, checksumOf(bytes))).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it("in the journal is put right: nothing is lost", async () => {
    for (const at of places(0, journal.length - 1, 61)) {
      await place(snapshot, flipped(journal, at, 0x01));
      expect(plain(await repaired()), `byte ${at}`).toEqual(whole());
    }
  });

  it("at a line's end in the journal loses neither line", async () => {
    for (let at = journal.indexOf(10); at !== -1; at = journal.indexOf(10, at + 1)) {
      await place(snapshot, flipped(journal, at, 0x20));
      expect(plain(await repaired()), `byte ${at}`).toEqual(whole());
    }
  });

  it("in the snapshot is put right: nothing is lost", async () => {
    for (const at of places(0, snapshot.length - 1, 97)) {
      await place(flipped(snapshot, at, 0x01), journal);
      expect(plain(await repaired()), `byte ${at}`).toEqual(whole());
    }
  });

  it("at a line's end in the snapshot, or making one, loses nothing", async () => {
    for (let at = snapshot.indexOf(10); at !== -1 && at < snapshot.length - 1; at = snapshot.indexOf(10, at + 1)) {
      await place(flipped(snapshot, at, 0x20), journal);
      expect(plain(await repaired()), `byte ${at}`).toEqual(whole());
    }
    for (const at of places(0, snapshot.length - 2, 211)) {
      const cut = Buffer.from(snapshot);
      cut[at] = 10;
      if (cut.equals(snapshot)) continue;
      await place(cut, journal);
      expect(plain(await repaired()), `newline at byte ${at}`).toEqual(whole());
    }
  });
});

describe("worse damage", () => {
  const lines = (): Buffer[] =>
    journal
      .toString("latin1")
      .split(/(?<=\n)/)
      .map((line) => Buffer.from(line, "latin1"));

  it("a journal line of junk costs that line alone", async () => {
    for (const lost of [1, 2, 4, 6]) {
      const broken = lines();
      broken[lost] = Buffer.from("junk that was a line\n");
      await place(snapshot, Buffer.concat(broken));
      if (lost < 6)
        await expect(storage.openWriter("small")).rejects.toMatchObject({ code: "study-damaged", exitCode: 1 });
      const state = await repaired();
      const last = states.at(-1) as StudyState;
      const kept = (trial: number): boolean => state.trials[trial]?.state === last.trials[trial]?.state;
      expect([kept(0), kept(1), kept(2)]).toEqual([true, true, true]);
      expect(state.trials[1]?.intermediate).toHaveLength(lost === 1 || lost === 2 ? 1 : 2);
      expect(Object.keys(state.header.user_attrs)).toHaveLength(lost === 4 ? 0 : 1);
    }
  });

  it("missing, repeated and swapped lines are put in order", async () => {
    const order = lines();
    await place(snapshot, Buffer.concat([2, 0, 0, 1, 5, 3, 4, 6, 6, 1].map((i) => order[i] as Buffer)));
    expect(plain(await repaired())).toEqual(whole());
  });

  it("a snapshot record of junk leaves a failed trial in its place; the copy beside has the bytes", async () => {
    const text = snapshot.toString("utf8").split("\n");
    const at = text.findIndex((line) => line.startsWith('{"number":0,'));
    text[at] = '{"number":0,"junk":';
    const damaged = Buffer.from(text.join("\n"));
    await place(damaged, journal);
    await expect(storage.read("small")).rejects.toMatchObject({ code: "study-damaged" });
    const state = await repaired();
    expect(state.trials[0]).toMatchObject({
      state: "failed",
      value: null,
      finish_index: 0,
      failure: { class: "interrupted" },
    });
    expect(state.trials.slice(1)).toEqual((states.at(-1) as StudyState).trials.slice(1));
    const copy = (await readdir(directory)).find((file) => file.startsWith("small.json.damaged-"));
    expect(await readFile(join(directory, copy as string))).toEqual(damaged);
  });

  it("a snapshot cut in half keeps the records before the cut", async () => {
    await place(snapshot.subarray(0, snapshot.indexOf('{"number":1,') + 20), Buffer.alloc(0));
    const state = await repaired();
    expect(state.size).toBe(1);
    expect(state.trials[0]).toEqual(states[0]?.trials[0]);
  });

  it("a head that cannot be read is said to be beyond repair, and nothing is touched", async () => {
    const text = snapshot.toString("utf8").replace('"seed": 7,', '"seed": junk and more junk');
    await place(Buffer.from(text), journal);
    await expect(storage.repair("small")).rejects.toMatchObject({ code: "study-damaged" });
    expect(await readFile(snapshotFile(), "utf8")).toBe(text);
    expect(await readFile(journalFile())).toEqual(journal);
  });

  it("the digests of a head whose own checksum is gone stay as they were", async () => {
    const settings = { ...states[0]?.header.settings, objective: { path: "a.mjs", sha256: "ab".repeat(32) } };
    const own = new JsonFileStorage({ directory: join(directory, "digests") });
    const head = { ...(states[0] as StudyState).header, settings: settings as StudyState["header"]["settings"] };
    await (await own.create(head)).close();
    const file = join(directory, "digests", `${head.name}.json`);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(/"checksum": "[0-9a-f]+",\n/, ""));
    await own.repair(head.name);
    expect((await own.read(head.name)).header).toEqual(head);
  });

  it("a torn last line, a stale lock and leftovers are named, and cleared away", async () => {
    await place(snapshot, journal.subarray(0, journal.length - 9));
    await writeFile(join(directory, "small.json.tmp"), "half a snapshot");
    await writeFile(join(directory, "small.lock"), "");
    const codes = (await storage.diagnose("small")).map(({ code }) => code);
    expect(codes.sort()).toEqual(["leftover", "stale-lock", "torn-tail"]);
    const { backups, findings } = await storage.repair("small");
    expect(findings).toHaveLength(2);
    expect(backups).toHaveLength(1);
    expect(plain(await storage.read("small"))).toEqual(plain(states.at(-2) as StudyState));
    expect(await storage.diagnose("small")).toEqual([]);
  });
});

describe("annotations, constraints and several objectives", () => {
  const told: StudyEvent[] = [
    created(runningTrial(0)),
    { type: "trial-constraint", number: 0, name: "parameters<=50000", value: -12 },
    finished(0, null, { values: [0.5, Infinity], metrics: {} }),
    { type: "trial-annotated", number: 0, note: "odd ü", tags: ["lab 3"], banned: true },
    created(waitingTrial(1)),
  ];
  const more: StudyEvent[] = [
    started(1),
    { type: "trial-constraint", number: 1, name: "seconds<=60", value: -3 },
    finished(1, null, { values: [0.25, 2], metrics: {} }),
    { type: "trial-annotated", number: 1, note: "", tags: ["seen"], banned: false },
  ];
  const objectives = [
    { metric: "value_0", direction: "minimize" },
    { metric: "value_1", direction: "maximize" },
  ] as const;
  let files: { snapshot: Buffer; journal: Buffer; state: StudyState };

  beforeAll(async () => {
    const disk = new SimulatedDisk();
    await createOn(disk, { objectives });
    const first = await openOn(disk);
    for (const event of told) await first.writer.append(event);
    await first.writer.close();
    const { writer } = await openOn(disk);
    for (const event of more) await writer.append(event);
    const [head, lines] = [disk.bytesOf(paths.snapshot), disk.bytesOf(paths.journal)] as [Buffer, Buffer];
    files = { snapshot: head, journal: lines, state: writer.state };
  });

  it("are put right wherever one byte changed", async () => {
    expect(files.state.annotations.size).toBe(2);
    for (const at of places(0, files.snapshot.length - 1, 37)) {
      await place(flipped(files.snapshot, at, 0x01), files.journal);
      expect(plain(await repaired()), `byte ${at} of the snapshot`).toEqual(plain(files.state));
    }
    for (const at of places(0, files.journal.length - 1, 41)) {
      await place(files.snapshot, flipped(files.journal, at, 0x01));
      expect(plain(await repaired()), `byte ${at} of the journal`).toEqual(plain(files.state));
    }
  });

  it("stay with a trial whose start is lost: it counts as started", async () => {
    const lines = files.journal.toString("latin1").split(/(?<=\n)/);
    await place(files.snapshot, Buffer.from(lines.slice(1).join(""), "latin1"));
    const { trials, annotations } = await repaired();
    expect(trials[1]).toMatchObject({ state: "complete", values: [0.25, 2], constraints: { "seconds<=60": -3 } });
    expect([...annotations.keys()]).toEqual([0, 1]);
  });

  it.each([
    ["annotations", '"annotations": {"0":', "all else is kept", false],
    ["annotations", '"annotations": ["0"', "all else is kept", true],
    ["summary", '"summary": {"counts', "it is made anew", false],
  ])("a line of %s that cannot be put right costs no trial: %s…, %s", async (key, rest, _what, whole) => {
    const text = files.snapshot.toString("utf8").split("\n");
    const at = text.findIndex((line) => line.startsWith(`"${key}": `));
    text[at] = whole ? `${rest}],` : rest;
    await place(Buffer.from(text.join("\n")), files.journal);
    await expect(storage.read("small")).rejects.toMatchObject({ code: "study-damaged" });
    const state = await repaired();
    expect(state.trials).toEqual(files.state.trials);
    // What the journal says about annotations is kept; trial 0 was banned.
    expect([...state.annotations.keys()]).toEqual(key === "summary" ? [0, 1] : [1]);
    expect(state.header.objectives).toEqual(objectives);
    expect((await storage.summary("small")).front_size).toBe(key === "summary" ? 1 : 2);
  });
});

it("a whole study laid out anew by another program, with further keys, is read and its keys kept", async () => {
  const { createHash } = await import("node:crypto");
  const raw = JSON.parse(snapshot.toString("utf8")) as Record<string, unknown>;
  delete raw["line_checksums"];
  const text = JSON.stringify({ ...raw, checksum: "0".repeat(64), x_note: { by: "hand" } }, null, 2);
  const sum = createHash("sha256").update(text).digest("hex");
  await place(Buffer.from(text.replace("0".repeat(64), sum)), journal);
  expect(await storage.diagnose("small")).toEqual([]);
  const writer = await storage.openWriter("small");
  expect(plain(writer.state)).toEqual(whole());
  await writer.close();
  expect(JSON.parse(await readFile(snapshotFile(), "utf8"))).toMatchObject({ x_note: { by: "hand" }, revision: 11 });
});
