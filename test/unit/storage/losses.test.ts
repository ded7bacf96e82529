/** What damage has cost for good is marked, said and counted; what can be told from elsewhere is put right. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { StudyState } from "../../../src/core/index.js";
import type { RepairReport, StudyChange } from "../../../src/storage/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { checksumOf } from "../../../src/storage/json-file/journal-line.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { createOn, openOn, paths, plain } from "../../fixtures/storage/small-study.js";
import { created, finished, report, started } from "../../fixtures/storage/records.js";
import { runningTrial, waitingTrial } from "../../fixtures/trials.js";

let directory: string;
let storage: JsonFileStorage;
/** A study with trials 0-4 complete in its snapshot, and of its journal's lines these. */
let snapshot: string;
let journal: string[];
let whole: StudyState;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-losses-"));
  storage = new JsonFileStorage({ directory });
  const disk = new SimulatedDisk();
  await createOn(disk);
  const first = await openOn(disk);
  for (let number = 0; number < 5; number++) {
    await first.writer.append(
      created(runningTrial(number, { params: { x: number } })),
      report(number, 1, number + 0.5),
    );
    await first.writer.append(finished(number, number + 0.25));
  }
  await first.writer.close();
  const { writer } = await openOn(disk);
  // 5 is the best of all; 6 runs beside it.
  await writer.append(created(runningTrial(5, { params: { x: 5 } })));
  await writer.append(created(runningTrial(6, { params: { x: 6 } })));
  await writer.append(report(5, 1, -0.5), report(6, 1, 8));
  await writer.append(finished(5, -1));
  await writer.append(finished(6, 7));
  await writer.append(created(waitingTrial(7)));
  await writer.append(started(7));
  whole = writer.state;
  snapshot = (disk.bytesOf(paths.snapshot) as Buffer).toString("utf8");
  journal = (disk.bytesOf(paths.journal) as Buffer).toString("utf8").split(/(?<=\n)/);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function place(text: string | Buffer, lines: readonly string[] = journal): Promise<void> {
  for (const file of await readdir(directory)) await rm(join(directory, file), { recursive: true });
  await writeFile(join(directory, "small.json"), text);
  if (lines.length > 0) await writeFile(join(directory, "small.journal.jsonl"), lines.join(""));
}

async function repaired(): Promise<{ state: StudyState; told: RepairReport }> {
  const told = await storage.repair("small");
  expect(await storage.diagnose("small")).toEqual([]);
  return { state: await storage.read("small"), told };
}

function edited(change: (lines: string[]) => string[]): string {
  return change(snapshot.split("\n")).join("\n");
}

const lineOf = (start: string): number => snapshot.split("\n").findIndex((line) => line.startsWith(start));

/** A journal line with another content under a checksum that fits. */
function resealed(line: string, change: (event: Record<string, unknown>) => unknown, later = 0): string {
  const { seq, event } = JSON.parse(line) as { seq: number; event: Record<string, unknown> };
  const body = `{"seq":${seq + later},"event":${JSON.stringify(change(event))}`;
  return `${body},"crc":"${checksumOf(body)}"}\n`;
}

describe("a lost line of the journal", () => {
  it.each(["is gone", "cannot be read"])(
    "that made a trial and %s leaves it failed, whatever its end says",
    async (how) => {
      const lines = how === "is gone" ? journal.slice(1) : ["junk\n", ...journal.slice(1)];
      await place(snapshot, lines);
      const before = await storage.read("small");
      const { state, told } = await repaired();
      for (const read of [before, state]) {
        expect(read.trial(5)).toMatchObject({ state: "failed", values: null, value: null, intermediate: [[1, -0.5]] });
        expect(read.trial(5)?.failure).toMatchObject({ class: "interrupted", where: "storage" });
        expect(read.trial(5)?.failure?.message).toContain("it had ended as complete with -1");
        expect(read.trials.filter((trial) => trial.state === "complete").map(({ number }) => number)).toEqual([
          0, 1, 2, 3, 4, 6,
        ]);
        expect(read.trial(6)).toEqual(whole.trial(6));
      }
      expect((await storage.summary("small")).best).toMatchObject({ number: 0, value: 0.25 });
      expect(told.lost).toEqual({ lines: 1, trials: [5], unsure: [] });
      expect(told.actions).toContain("1 line of the journal is lost");
      expect(told.actions).toContain("trial 5: its record is lost; it stands as failed");
    },
  );

  it("between others names the trials that were under way", async () => {
    // The report of trial 5.
    await place(snapshot, journal.toSpliced(2, 1));
    const { state, told } = await repaired();
    expect(told.lost).toEqual({ lines: 1, trials: [], unsure: [5, 6] });
    expect(told.actions).toContain("trial 5: lines about it may be lost; it is kept as it reads");
    expect(state.trial(5)).toMatchObject({ state: "complete", values: [-1], intermediate: [] });
    expect(state.trial(6)).toEqual(whole.trial(6));
  });

  it("at the end is counted, and names the trial that may have lacked it", async () => {
    await place(snapshot, [...journal.slice(0, -1), "junk\n"]);
    const { told } = await repaired();
    expect(told.lost).toEqual({ lines: 1, trials: [], unsure: [7] });
    await place(snapshot, [...journal.slice(0, 2), "junk\n"]);
    expect((await repaired()).told.lost).toEqual({ lines: 1, trials: [], unsure: [5, 6] });
  });

  it("that is there after all costs nothing, and nothing is said to be lost", async () => {
    await place(snapshot, [journal[1], journal[0], ...journal.slice(2)] as string[]);
    const { state, told } = await repaired();
    expect(plain(state)).toEqual(plain(whole));
    expect(told).not.toHaveProperty("lost");
  });
});

describe("a journal line whose checksum fits and whose content cannot be", () => {
  const cases: [string, number, (event: Record<string, unknown>) => unknown, RegExp][] = [
    ["a complete trial without values", 4, (event) => ({ ...event, values: null }), /values null/],
    ["values that are no numbers", 4, (event) => ({ ...event, values: ["good"] }), /"values" is/],
    ["an end that is none", 4, (event) => ({ ...event, state: "running" }), /cannot end as "running"/],
    ["a number that is none", 4, (event) => ({ ...event, number: "5" }), /"number" is "5"/],
    ["a report without a value", 2, (event) => ({ ...event, value: undefined }), /"value" is nothing/],
    ["a report of no step", 2, (event) => ({ ...event, step: null }), /"step" is null/],
    [
      "a record without parameters",
      0,
      (event) => ({ ...event, trial: { number: 5, state: "running" } }),
      /of trial 5 is/,
    ],
    [
      "a record of no state",
      0,
      (event) => ({ ...event, trial: { ...(event["trial"] as object), state: "x" } }),
      /state "x"/,
    ],
    ["no record", 0, (event) => ({ ...event, trial: null }), /"trial" is null/],
    ["a name of Object.prototype", 0, (event) => ({ ...event, type: "toString" }), /unknown event type "toString"/],
    ["no event", 0, () => [], /unknown event type nothing/],
    ["failure that is a text", 4, (event) => ({ ...event, failure: "x" }), /"failure" is "x"/],
    ["more values than objectives", 4, (event) => ({ ...event, values: [1, 2] }), /2 values; the study has 1/],
  ];
  it.each(cases)(
    "(%s) stops commands that write, with its place, and costs nothing else",
    async (_what, at, change, message) => {
      await place(snapshot, journal.with(at, resealed(journal[at] as string, change)));
      const [found] = await storage.diagnose("small");
      expect(found).toMatchObject({ code: "event", severity: "damage", line: at + 1, blocksWriting: true });
      expect(found?.offset).toBe(Buffer.byteLength(journal.slice(0, at).join("")));
      expect(found?.message).toMatch(message);
      await expect(storage.openWriter("small")).rejects.toMatchObject({
        code: "study-damaged",
        message: expect.stringContaining(`small.journal.jsonl, line ${at + 1}`) as string,
      });
      const { state, told } = await repaired();
      expect(told.lost?.lines).toBe(1);
      expect(state.trials.slice(0, 5)).toEqual(whole.trials.slice(0, 5));
      // Where the end of trial 5 is lost, 6 is the first to end after the snapshot's.
      expect({ ...state.trial(6), finish_index: 6 }).toEqual(whole.trial(6));
    },
  );

  it.each([100_000, 4e9, Number.MAX_SAFE_INTEGER])(
    "(a trial of the number %d) is damage itself: nothing is filled up to it",
    async (number) => {
      const far = (event: Record<string, unknown>): unknown => ({
        ...event,
        trial: { ...(event["trial"] as object), number },
      });
      await place(snapshot, journal.with(0, resealed(journal[0] as string, far)));
      expect((await storage.read("small")).size).toBeLessThanOrEqual(8);
      await place(snapshot, [
        ...journal,
        resealed(journal[2] as string, (event) => ({ ...event, number }), journal.length - 2),
      ]);
      const { state, told } = await repaired();
      expect(state.size).toBe(8);
      expect(told.lost?.lines).toBeGreaterThan(0);
    },
  );

  it("is not given to who follows the study: the study is read whole instead", async () => {
    await place(
      snapshot,
      journal.with(
        4,
        resealed(journal[4] as string, (event) => ({ ...event, values: ["x"] })),
      ),
    );
    const [changes, end] = [[] as StudyChange[], new AbortController()];
    for await (const change of storage.follow("small", 15, { signal: end.signal })) {
      changes.push(change);
      if (change.revision >= whole.revision) end.abort();
    }
    expect(changes.some(({ event }) => event?.type === "trial-finished" && event.number === 5)).toBe(false);
    expect(changes.filter(({ reset }) => reset)).toHaveLength(1);
  });

  it("is not written in the first place", async () => {
    await place(snapshot, []);
    const writer = await storage.openWriter("small");
    for (const event of [report(4, 1, "x" as never), finished(4, null), { type: "constructor" } as never])
      await expect(writer.append(event)).rejects.toMatchObject({ code: expect.stringMatching(/^invalid-/) as string });
    await writer.close();
    expect(plain(await storage.read("small"))).toEqual(plain({ ...whole, trials: whole.trials.slice(0, 5) }));
  });
});

describe("a snapshot whose checksum fits and whose content cannot be", () => {
  it.each([
    [
      "a space with a parameter __proto__",
      (raw: object) => ({ ...raw, space: JSON.parse('{"__proto__":{}}') as object }),
    ],
    ["a space of no distributions", (raw: object) => ({ ...raw, space: { x: { type: "float", low: 1 } } })],
    ["a complete trial without values", withTrial({ values: null })],
    ["values that are no numbers", withTrial({ values: ["x"] })],
    ["a finished trial without its place", withTrial({ finish_index: null })],
  ])("(%s) is refused as damage", async (_what, change) => {
    const { createHash } = await import("node:crypto");
    const raw = { ...change(JSON.parse(snapshot) as object), checksum: "0".repeat(64) };
    const text = JSON.stringify(raw);
    await place(text.replace("0".repeat(64), createHash("sha256").update(text).digest("hex")), []);
    await expect(storage.read("small")).rejects.toMatchObject({ code: "study-damaged" });
    await expect(storage.openWriter("small")).rejects.toMatchObject({ code: "study-damaged" });
  });

  function withTrial(changes: object): (raw: object) => object {
    return (raw) => {
      const { trials } = raw as { trials: object[] };
      return { ...raw, trials: trials.with(1, { ...trials[1], ...changes }) };
    };
  }
});

describe("a snapshot of which the checksums of its lines are damaged too", () => {
  const record = '{"number":1,';
  /** Two bytes of trial 1's record are changed: its value is another, and no single byte explains it. */
  const changed = (lines: string[]): string[] => {
    const at = lineOf(record);
    return lines.with(at, (lines[at] as string).replace('"values":[1.25]', '"values":[-9.5]'));
  };

  it.each([
    ["a digit that is none", (line: string) => line.replace(/"line_checksums": "./, '"line_checksums": "~')],
    [
      "another digit of a whole record's",
      (line: string) => {
        const at = '"line_checksums": "'.length + 8 * lineOf('{"number":3,');
        return line.slice(0, at) + (line[at] === "0" ? "1" : "0") + line.slice(at + 1);
      },
    ],
    ["a digit missing", (line: string) => line.replace(/"line_checksums": "./, '"line_checksums": "')],
    ["a digit too many", (line: string) => line.replace(/"line_checksums": "/, '"line_checksums": "0')],
  ])("(%s) keeps what still fits; a changed record is not taken for whole", async (_what, damage) => {
    const at = lineOf('"line_checksums"');
    await place(edited((lines) => changed(lines).with(at, damage(lines[at] as string))));
    const { state, told } = await repaired();
    expect(told.lost).toMatchObject({ trials: [1], unsure: [] });
    expect(state.trial(1)).toMatchObject({ state: "failed", values: null, finish_index: 1 });
    expect(state.trials.toSpliced(1, 1)).toEqual(whole.trials.toSpliced(1, 1));
  });

  it("or cut off: a record that nothing tells of is kept, and named", async () => {
    const at = lineOf('"line_checksums"');
    const sums = snapshot.split("\n")[at] as string;
    // The checksums of the lines up to trial 2 are left.
    const left = sums.slice(0, '"line_checksums": "'.length + 8 * (lineOf('{"number":2,') + 1));
    // The checksum over all of it says that the rest is whole.
    await place(
      edited((lines) => [...lines.slice(0, at), left]),
      [],
    );
    const first = await repaired();
    expect(first.state.trials).toEqual(whole.trials.slice(0, 5));
    expect(first.told).not.toHaveProperty("lost");
    await place(
      edited((lines) => [...changed(lines).slice(0, at), left]),
      [],
    );
    const { state, told } = await repaired();
    expect(told.lost).toEqual({ lines: 0, trials: [1], unsure: [3, 4] });
    expect(told.actions).toContain(
      "trial 3: no checksum tells whether it is as it was written; it is kept as it reads",
    );
    expect(state.trials.toSpliced(1, 1)).toEqual(whole.trials.slice(0, 5).toSpliced(1, 1));
  });
});

describe("what other programs do to a whole snapshot", () => {
  it.each([
    ["line ends of Windows", (text: string) => text.replaceAll("\n", "\r\n")],
    ["a byte order mark", (text: string) => `\uFEFF${text}`],
    ["a blank line before it", (text: string) => `\n${text}`],
    ["text before it", (text: string) => `junk and {junk}\n${text}`],
    ["all of these", (text: string) => `\uFEFF\r\n${text.replaceAll("\n", "\r\n")}`],
  ])("(%s) is put right, and nothing is lost", async (_what, change) => {
    await place(change(snapshot), journal);
    expect(await storage.diagnose("small")).not.toEqual([]);
    const { state, told } = await repaired();
    expect(plain(state)).toEqual(plain(whole));
    expect(told).not.toHaveProperty("lost");
  });

  it("(line ends of Windows, in the journal) is one finding, and put right", async () => {
    await place(
      snapshot,
      journal.map((line) => line.replace("\n", "\r\n")),
    );
    expect(await storage.diagnose("small")).toMatchObject([{ code: "line-ends", line: 1, blocksWriting: true }]);
    const { state, told } = await repaired();
    expect(plain(state)).toEqual(plain(whole));
    expect(told).not.toHaveProperty("lost");
  });

  const count = (): number => snapshot.split("\n").length - 1;
  it("a line that stands twice costs nothing", async () => {
    for (let at = 0; at < count(); at++) {
      await place(edited((lines) => lines.toSpliced(at, 0, lines[at] as string)));
      expect(plain((await repaired()).state), `line ${at + 1}`).toEqual(plain(whole));
    }
  });

  it("lines that are swapped cost nothing", async () => {
    for (let at = 0; at < count() - 1; at++) {
      await place(edited((lines) => lines.toSpliced(at, 2, lines[at + 1] as string, lines[at] as string)));
      expect(plain((await repaired()).state), `line ${at + 1}`).toEqual(plain(whole));
    }
  });

  it("the first line in the last one's place, and the like, cost nothing", async () => {
    for (const [a, b] of [
      [0, count() - 1],
      [0, count() - 2],
      [2, count() - 2],
      [1, 12],
      [0, lineOf('"objectives"')],
    ] as const) {
      const swap = (lines: string[]): string[] => lines.with(a, lines[b] as string).with(b, lines[a] as string);
      await place(edited(swap));
      expect(plain((await repaired()).state), `${a} and ${b}`).toEqual(plain(whole));
    }
  });

  it("a line of the head that is gone is put back where it can be known", async () => {
    for (const start of [
      "{",
      '"format"',
      '"schema_version"',
      '"checksum"',
      '"revision"',
      '"summary"',
      '"name"',
      '"trials": [',
    ])
      for (const lines of [journal, []]) {
        await place(
          edited((all) => all.toSpliced(lineOf(start), 1)),
          lines,
        );
        const expected = lines.length > 0 ? whole.trials : whole.trials.slice(0, 5);
        expect((await repaired()).state.trials, start).toEqual(expected);
      }
    await place(edited((all) => all.toSpliced(lineOf('"objectives"'), 1)));
    await expect(storage.repair("small")).rejects.toMatchObject({ code: "study-damaged" });
    expect(await readFile(join(directory, "small.json"), "utf8")).not.toContain('"objectives"');
  });
});
