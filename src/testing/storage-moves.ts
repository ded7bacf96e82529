/** The storage suite's cases about studies that are copied into a storage, or renamed in it. */
import assert from "node:assert/strict";
import { createStudyState } from "../core/index.js";
import type { StudyRun } from "../core/index.js";
import type { StudyStorage } from "../storage/storage.js";
import { assertMatches, assertRejects, assertSameData } from "./assertions.js";
import { annotated, appendLife, Follower, plain } from "./storage-under-test.js";
import type { StorageIt } from "./storage-under-test.js";
import { created, header, started } from "./study-records.js";
import { runningTrial, waitingTrial } from "./trials.js";

/** A study in every state, closed. */
async function filled(storage: StudyStorage, name: string): Promise<void> {
  const writer = await storage.create(header(name, { user_attrs: { odd: [Number.NaN, "ü"] } }));
  await appendLife(writer, 0);
  await writer.append(annotated(0, "looks right"), created(runningTrial(1)), created(waitingTrial(2)));
  await writer.append({ type: "study-annotated", note: "cell 3", archived_at: "2026-01-02T03:04:05.000Z" });
  const files = storage.artifacts(name);
  await files?.write(0, "log.txt", [Buffer.from("first\n")]);
  await files?.write(12345, "checkpoint.safetensors", [new Uint8Array([0, 255])]);
  await writer.close();
}

async function filesOf(storage: StudyStorage, name: string): Promise<unknown> {
  const files = storage.artifacts(name);
  if (!files) return null;
  const content = await files.read(0, "log.txt");
  const pieces: Buffer[] = [];
  if (content) for await (const piece of content as AsyncIterable<Buffer>) pieces.push(piece);
  return [await files.list(0), await files.list(12345), Buffer.concat(pieces).toString()];
}

/** Cases of `rename`; a storage without it passes. */
export function casesOfRenaming(it: StorageIt): void {
  it("where they can be, are renamed with their records, notes, files and revision", async ({ storage, other }) => {
    if (!storage.rename) return;
    await filled(storage, "a");
    const [before, files] = [await other.read("a"), await filesOf(other, "a")];
    await storage.rename("a", "b");
    const after = await other.read("b");
    assertSameData(plain(after), plain(createStudyState({ ...before.header, name: "b" }, before.trials, before)));
    assertSameData(await filesOf(other, "b"), files);
    assert.deepEqual(await other.list(), ["b"]);
    await assertRejects(other.read("a"), { code: "unknown-study", exitCode: 2 });
    assertMatches(await other.summary("b"), { name: "b", note: "cell 3", owner: null, revision: before.revision });
    const writer = await other.openWriter("b");
    await writer.append(started(2));
    assert.equal(writer.revision, before.revision + 1);
    await writer.close();
    // The old name is free, and nothing of the renamed study is found under it.
    await (await storage.create(header("a"))).close();
    const fresh = storage.artifacts("a");
    assert.deepEqual(await fresh?.list(0), fresh ? [] : undefined);
  });
  it("are renamed over none, from none, and to no name that cannot be", async ({ storage, other }) => {
    if (!storage.rename) return;
    await filled(storage, "a");
    await (await storage.create(header("b"))).close();
    const before = plain(await other.read("a"));
    for (const to of ["b", "a"]) await assertRejects(storage.rename("a", to), { code: "study-exists", exitCode: 2 });
    await assertRejects(storage.rename("nobody", "c"), { code: "unknown-study", exitCode: 2 });
    await assertRejects(storage.rename("a", "../c"), { code: "invalid-study-name", exitCode: 2 });
    assertSameData(plain(await other.read("a")), before);
    assert.equal((await other.read("b")).size, 0);
  });
  it("are not renamed while somebody writes them", async ({ storage, other }) => {
    if (!storage.rename || !other.rename) return;
    const writer = await storage.create(header("a"));
    await assertRejects(other.rename("a", "b"), { code: "study-locked", exitCode: 1 });
    assert.deepEqual(await other.list(), ["a"]);
    await appendLife(writer, 0);
    await writer.close();
    await other.rename("a", "b");
    assert.equal((await storage.read("b")).size, 1);
  });
  it("are gone for those who follow them under the old name", async ({ storage, other }) => {
    if (!storage.rename) return;
    await filled(storage, "a");
    const state = await other.read("a");
    const follower = new Follower(other.follow("a", state.revision), state);
    const gone = assertRejects(follower.next(), { code: "study-deleted" });
    await storage.rename("a", "b");
    await gone;
  });
}

/** Cases of `createFrom`; a storage without it passes. */
export function casesOfCopying(it: StorageIt): void {
  it("where they can be, are made of records and files that there are", async ({ storage, other }) => {
    if (!storage.createFrom) return;
    await filled(storage, "a");
    const before = await storage.read("a");
    const copied_from = { name: "a", created_at: before.header.created_at, revision: before.revision };
    const copy = createStudyState({ ...before.header, name: "b", copied_from }, before.trials, before);
    await storage.createFrom(copy, storage.artifacts("a"));
    assertSameData(plain(await other.read("b")), plain(copy));
    assertSameData(await filesOf(other, "b"), await filesOf(other, "a"));
    // From here on they go on apart.
    const writer = await other.openWriter("b");
    await writer.append(started(2));
    await other.artifacts("b")?.write(0, "log.txt", [Buffer.from("second\n")]);
    await writer.close();
    await storage.delete("b");
    assertSameData(plain(await other.read("a")), plain(before));
    assert.deepEqual(await other.artifacts("a")?.list(0), other.artifacts("a") ? ["log.txt"] : undefined);
  });
  it("are made of no files, over none, and under no name that cannot be", async ({ storage, other }) => {
    if (!storage.createFrom) return;
    await storage.createFrom(createStudyState(header("a")), null);
    assert.equal((await other.read("a")).size, 0);
    await assertRejects(storage.createFrom(createStudyState(header("a", { seed: 9 })), null), { code: "study-exists" });
    await assertRejects(storage.createFrom(createStudyState(header("..")), null), { code: "invalid-study-name" });
    assert.equal((await other.read("a")).header.seed, header("a").seed);
    const writer = await storage.create(header("b"));
    await assertRejects(other.createFrom?.(createStudyState(header("b")), null) ?? Promise.resolve(), {
      code: "study-exists",
    });
    await writer.close();
  });
}

const run: StudyRun = {
  ...{ state: "running", total_trials: 40, timeout_s: 0.5, workers: null, weight: 2.5 },
  options: { target: Number.NaN, keep_checkpoints: "best:2" },
  started_at: "2026-01-02T03:04:05.000Z",
  ...{ ended_at: null, stopped_by: null, error: null },
};

/** Cases of what is said about a study as a whole. */
export function casesOfStudyAnnotations(it: StorageIt): void {
  it("keep what a service is to run of a study, and how that ended", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    assertMatches(await other.summary("a"), { run: null });
    await writer.append({ type: "run-changed", run });
    for (const place of [storage, other]) assertSameData((await place.read("a")).header.run, run);
    assertSameData((await other.summary("a")).run, run);
    await writer.close();
    assertSameData((await other.read("a")).header.run, run);
    assertSameData((await other.summary("a")).run, run);
    const again = await storage.openWriter("a");
    const failed: StudyRun = {
      ...{ ...run, state: "failed", ended_at: "2026-01-02T03:04:06.000Z", stopped_by: null },
      error: { code: "storage-full", message: "no space\nü" },
    };
    await again.append({ type: "run-changed", run: failed });
    await again.close();
    assertSameData((await other.read("a")).header, { ...header("a"), run: failed });
  });
  it("keep a study's note and since when it is archived, until they are taken back", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    assertMatches(await other.summary("a"), { note: "", archived_at: null });
    const archived_at = "2026-01-02T03:04:05.000Z";
    await writer.append({ type: "study-annotated", note: "cell 3\nü", archived_at });
    for (const place of [storage, other]) {
      assertMatches((await place.read("a")).header, { note: "cell 3\nü", archived_at });
      assertMatches(await place.summary("a"), { note: "cell 3\nü", archived_at });
    }
    await writer.close();
    assertMatches(await other.summary("a"), { note: "cell 3\nü", archived_at });
    const again = await storage.openWriter("a");
    await again.append({ type: "study-annotated", note: "", archived_at: null });
    await again.close();
    assertSameData((await other.read("a")).header, header("a"));
  });
}
