/** The conformance suite of storages: studies by name, one writer, commands; the other cases stand in files beside. */
import assert from "node:assert/strict";
import { isAbsolute } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { requireKnownKeys } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import { assertMatches, assertRejects, assertSameData } from "./assertions.js";
import type { TestRunner } from "./runner.js";
import { casesOfArtifacts } from "./storage-artifacts.js";
import { casesOfEvents, casesOfRecords, casesOfWhatIsHandedOut } from "./storage-events.js";
import { casesOfFollowing } from "./storage-following.js";
import { casesOfCopying, casesOfRenaming, casesOfStudyAnnotations } from "./storage-moves.js";
import { casesOfRevision, casesOfSummaries } from "./storage-summaries.js";
import { appendLife, withStorage } from "./storage-under-test.js";
import type { StorageCase, StorageIt } from "./storage-under-test.js";
import { created, header } from "./study-records.js";
import { waitingTrial } from "./trials.js";

export type { StorageCase, StorageUnderTest } from "./storage-under-test.js";

/** Registers what every storage must do, wherever it keeps studies. */
export function storageConformance(runner: TestRunner, of: StorageCase): void {
  requireKnownKeys("storageConformance", of, { name: true, make: true, owner: true } satisfies KnownKeys<StorageCase>);
  const it = withStorage(runner, of);
  const { describe } = runner;
  describe(`storage ${of.name}`, () => {
    describe("studies by name", () => {
      casesOfCreation(it);
      casesOfNames(it);
      casesOfPlaces(it, of);
    });
    describe("one writer", () => {
      casesOfWriting(it, of);
    });
    describe("events", () => {
      casesOfEvents(it);
    });
    describe("records and annotations", () => {
      casesOfRecords(it);
    });
    describe("annotated studies", () => {
      casesOfStudyAnnotations(it);
    });
    describe("renamed studies", () => {
      casesOfRenaming(it);
    });
    describe("copied studies", () => {
      casesOfCopying(it);
    });
    describe("the revision", () => {
      casesOfRevision(it);
    });
    describe("summaries", () => {
      casesOfSummaries(it, of);
    });
    describe("following", () => {
      casesOfFollowing(it);
    });
    describe("trials' files", () => {
      casesOfArtifacts(it);
    });
    describe("what was handed out", () => {
      casesOfWhatIsHandedOut(it);
    });
    describe("commands to the writer", () => {
      casesOfCommands(it);
    });
  });
}

function casesOfCreation(it: StorageIt): void {
  it("creates a study that others can read at once", async ({ storage, other }) => {
    const writer = await storage.create(header("lstm-dummy"));
    const read = await other.read("lstm-dummy");
    assertSameData(read.header, header("lstm-dummy"));
    assert.equal(read.size, 0);
    await writer.close();
  });
  it("refuses an existing name with study-exists, open or closed", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await assertRejects(other.create(header("a")), { code: "study-exists", exitCode: 2 });
    await writer.close();
    await assertRejects(other.create(header("a", { seed: 8 })), { code: "study-exists" });
  });
  it("names what there is when a study is unknown", async ({ storage }) => {
    await (await storage.create(header("known"))).close();
    const asked: readonly (() => Promise<unknown>)[] = [
      () => storage.read("unknown"),
      () => storage.openWriter("unknown"),
      () => storage.delete("unknown"),
      () => storage.inspect("unknown"),
      () => storage.diagnose("unknown"),
      () => storage.summary("unknown"),
      () => storage.follow("unknown", 0)[Symbol.asyncIterator]().next(),
      () => storage.send("unknown", {}),
    ];
    for (const ask of asked) await assertRejects(ask(), { code: "unknown-study", exitCode: 2, message: /\bknown\b/ });
  });
  it("deletes a study, after which its name is free", async ({ storage }) => {
    const writer = await storage.create(header("a"));
    await appendLife(writer, 0);
    await writer.close();
    await storage.delete("a");
    assert.deepEqual(await storage.list(), []);
    const again = await storage.create(header("a"));
    assert.equal(again.state.size, 0);
    await again.close();
  });
}

const badNames = [
  ...[
    "",
    "../a",
    "a/b",
    "a\\b",
    ".hidden",
    "-option",
    "presets",
    "a b",
    "con",
    "aux.v2",
    "COM¹",
    "x.json",
    "x.journal",
    "a\n",
    "a.",
  ],
];
const goodNames = ["a", "lstm-dummy", "B0005_h10", "v1.2", "größe", "電池", "2026"];

function casesOfNames(it: StorageIt): void {
  for (const bad of badNames)
    it(`refuses the name ${JSON.stringify(bad)}`, async ({ storage }) => {
      await assertRejects(storage.create(header(bad)), { code: "invalid-study-name", exitCode: 2 });
    });
  for (const good of goodNames)
    it(`takes the name ${JSON.stringify(good)}`, async ({ storage, other }) => {
      await (await storage.create(header(good))).close();
      assert.deepEqual(await other.list(), [good]);
      assert.equal((await other.read(good)).header.name, good);
    });
  it("tells whether a name is taken", async ({ storage, other }) => {
    await (await storage.create(header("a"))).close();
    assert.equal(await other.exists("a"), true);
    assert.equal(await storage.exists("b"), false);
    assert.equal(await storage.exists("../a"), false);
    await storage.delete("a");
    assert.equal(await other.exists("a"), false);
  });
  it("lists names in sorted order, and none when there is nothing", async ({ storage }) => {
    assert.deepEqual(await storage.list(), []);
    for (const each of ["b", "a", "C"]) await (await storage.create(header(each))).close();
    assert.deepEqual(await storage.list(), ["C", "a", "b"]);
  });
}

function casesOfPlaces(it: StorageIt, { make }: StorageCase): void {
  it("has one identity for a study, whoever opened the storage, and another for every other", async (under) => {
    const { storage, other } = under;
    const before = storage.identity("a");
    await (await storage.create(header("a"))).close();
    assert.equal(storage.identity("a"), before);
    assert.equal(other.identity("a"), before);
    assert.notEqual(storage.identity("b"), before);
    const elsewhere = await make();
    assert.notEqual(elsewhere.storage.identity("a"), before);
    await elsewhere.dispose?.();
  });
  it("says where a study is, and from where its paths start", async ({ storage, other }) => {
    await (await storage.create(header("größe"))).close();
    assert.ok(storage.location("größe").includes("größe"));
    const base = storage.baseDirectory("größe");
    assert.ok(base === null || isAbsolute(base));
    assert.equal(other.baseDirectory("größe"), base);
  });
}

function casesOfWriting(it: StorageIt, { owner = {} }: StorageCase): void {
  it("refuses a second one, and deletion, while the first is open", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const message = /^study "a" is being written by .* since /;
    const locked = { code: "study-locked", exitCode: 1, owner, message };
    await assertRejects(other.openWriter("a"), locked);
    await assertRejects(other.delete("a"), locked);
    assertMatches(await other.ownerOf("a"), owner);
    await writer.close();
    assert.equal(await other.ownerOf("a"), null);
    await (await other.openWriter("a")).close();
  });
  it("closes twice without harm and takes nothing afterwards", async ({ storage }) => {
    const writer = await storage.create(header("a"));
    await Promise.all([writer.close(), writer.close()]);
    await writer.close();
    await assertRejects(writer.append(created(waitingTrial(0))), { code: "writer-closed" });
  });
  it("has nothing to diagnose or repair in an undamaged study", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await appendLife(writer, 0);
    await writer.close();
    assert.deepEqual(await storage.diagnose("a"), []);
    assertMatches(await storage.inspect("a"), { findings: [], owner: null });
    assert.deepEqual(await storage.repair("a"), { findings: [], actions: [], backups: [] });
    assert.equal((await other.read("a")).finished, 1);
  });
}

function casesOfCommands(it: StorageIt): void {
  it("are answered in order, with plain data or the handler's error", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const seen: unknown[] = [];
    writer.receive(async (command) => {
      seen.push(command);
      const { n } = command as { n: number };
      if (n === 1) throw new Error("no");
      await writer.append({ type: "study-attr", key: `n${n}`, value: n });
      return { n, odd: Number.NaN };
    });
    assertSameData(await other.send("a", { n: 0 }), { n: 0, odd: Number.NaN });
    await assertRejects(other.send("a", { n: 1 }), { message: /no/ });
    assertSameData(await other.send("a", { n: 2, text: "NaN", value: Infinity }), { n: 2, odd: Number.NaN });
    assertSameData(seen, [{ n: 0 }, { n: 1 }, { n: 2, text: "NaN", value: Infinity }]);
    assertSameData((await other.read("a")).header.user_attrs, { n0: 0, n2: 2 });
    await writer.close();
  });
  it("are refused with no-owner when nobody writes, or the writer closes first", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const refused = assertRejects(other.send("a", { n: 0 }), { code: "no-owner" });
    await turn();
    await writer.close();
    await refused;
    await assertRejects(other.send("a", { n: 0 }), { code: "no-owner" });
  });
}
