/** The storage suite's cases about following a study. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { applyEvent } from "../core/index.js";
import type { StudyEvent } from "../core/index.js";
import { assertRejects, assertSameData } from "./assertions.js";
import { annotated, appendLife, beginning, Follower, plain } from "./storage-under-test.js";
import type { StorageIt } from "./storage-under-test.js";
import { created, finished, header, life, report } from "./study-records.js";
import { runningTrial } from "./trials.js";

export function casesOfFollowing(it: StorageIt): void {
  casesOfChanges(it);
  casesOfBeginning(it);
  casesOfEnds(it);
}

function casesOfChanges(it: StorageIt): void {
  it("gives every event after a revision, once and in order, as it comes", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const sent: StudyEvent[] = [];
    const follower = new Follower(other.follow("a", 0), beginning("a"));
    for (let n = 0; n < 30; n++)
      // Some trials' events one by one, others' in one append.
      for (const events of n % 2 === 0 ? life(n) : [life(n).flat()]) {
        await writer.append(...events);
        sent.push(...events);
        // Sometimes at once, sometimes many later.
        if (n % 7 === 3) await follower.until(writer.revision);
      }
    assertSameData(plain(await follower.until(writer.revision)), plain(writer.state));
    if (follower.resets === 0) assert.equal(follower.events.length, sent.length);
    await writer.close();
    const again = await storage.openWriter("a");
    await appendLife(again, 30);
    assertSameData(plain(await follower.until(again.revision)), plain(again.state));
    await again.close();
  });
  it("gives nothing but events to one that keeps up, as they were appended", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const follower = new Follower(other.follow("a", 0), beginning("a"));
    const attr = { odd: [Number.NaN, "NaN", { deep: -Infinity }] };
    const events: readonly StudyEvent[] = [
      created(runningTrial(0, { params: { x: Infinity } })),
      { type: "study-attr", key: "k", value: attr },
      report(0, 1, Number.NaN, 0),
      annotated(0, "well"),
      finished(0, 0.5),
    ];
    for (const event of events) {
      await writer.append(event);
      await follower.until(writer.revision);
    }
    assert.equal(follower.resets, 0);
    const types = follower.events.map(({ type }) => type);
    assert.deepEqual(
      types,
      events.map(({ type }) => type),
    );
    assertSameData(follower.events.slice(1), events.slice(1));
    // `value` is derived, and stands in no record that is kept.
    const [first] = follower.events;
    assert.ok(first?.type === "trial-created" && !("value" in first.trial));
    await writer.close();
  });
}

function casesOfBeginning(it: StorageIt): void {
  it("leaves out what was before, or begins with the whole where that is not kept", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    for (let n = 0; n < 5; n++) await appendLife(writer, n);
    await writer.close();
    const again = await storage.openWriter("a");
    const before = again.state;
    const late = new Follower(other.follow("a", before.revision), before);
    const third = life(0).flat().slice(0, 3).reduce(applyEvent, beginning("a"));
    const early = new Follower(other.follow("a", 3), third);
    await appendLife(again, 5);
    assertSameData(plain(await late.until(again.revision)), plain(again.state));
    assert.deepEqual([late.resets, late.events.length], [0, 5]);
    assertSameData(plain(await early.until(again.revision)), plain(again.state));
    await again.close();
  });
  it("begins with the whole from a revision that the study has not reached", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await appendLife(writer, 0);
    const follower = new Follower(other.follow("a", 99), beginning("a"));
    await follower.next();
    assert.equal(follower.resets, 1);
    assertSameData(plain(follower.state), plain(writer.state));
    await appendLife(writer, 1);
    assertSameData(plain(await follower.until(writer.revision)), plain(writer.state));
    await writer.close();
  });
}

const done = { done: true, value: undefined };

function casesOfEnds(it: StorageIt): void {
  it("is ended by its signal, before, while and after it waits", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await appendLife(writer, 0);
    const never = other.follow("a", 0, { signal: AbortSignal.abort() })[Symbol.asyncIterator]();
    assertSameData(await never.next(), done);
    const ended = new AbortController();
    const changes = other.follow("a", writer.revision, { signal: ended.signal })[Symbol.asyncIterator]();
    const waiting = changes.next();
    await turn();
    ended.abort();
    assertSameData(await waiting, done);
    assertSameData(await changes.next(), done);
    const between = new AbortController();
    const seen: number[] = [];
    for await (const { revision } of other.follow("a", writer.revision - 2, { signal: between.signal })) {
      seen.push(revision);
      between.abort();
    }
    assert.equal(seen.length, 1);
    await writer.close();
  });
  it("can be given up by whoever follows, and by several at once", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const following = Array.from({ length: 5 }, async (_, n) => {
      let seen = 0;
      for await (const { revision } of other.follow("a", 0)) {
        assert.ok(revision > seen, `${revision} after ${seen}`);
        seen = revision;
        if (seen >= 5 * (n + 1)) break;
      }
    });
    for (let n = 0; n < 5; n++) await appendLife(writer, n);
    await Promise.all(following);
    await writer.close();
  });
  it("ends with study-deleted when the study goes, or another one takes its name", async ({ storage, other }) => {
    for (const anew of [false, true]) {
      const writer = await storage.create(header("a"));
      const follower = new Follower(other.follow("a", 0), beginning("a"));
      await appendLife(writer, 0);
      await follower.until(writer.revision);
      await writer.close();
      await storage.delete("a");
      if (anew) await (await storage.create(header("a", { created_at: "2026-02-03T04:05:06.789Z" }))).close();
      await assertRejects(follower.next(), { code: "study-deleted", message: /"a"/ });
      if (anew) await storage.delete("a");
    }
  });
}
