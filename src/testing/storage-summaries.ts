/** The storage suite's cases about revisions and summaries. */
import assert from "node:assert/strict";
import { assertMatches, assertRejects, assertSameData } from "./assertions.js";
import { annotated, appendLife, twoObjectives } from "./storage-under-test.js";
import type { StorageCase, StorageIt } from "./storage-under-test.js";
import { created, finished, header, started } from "./study-records.js";
import { runningTrial, waitingTrial } from "./trials.js";

export function casesOfRevision(it: StorageIt): void {
  it("counts every event from the study's creation, through sessions", async ({ storage, other }) => {
    let writer = await storage.create(header("a"));
    assert.deepEqual([writer.revision, writer.state.revision], [0, 0]);
    let events = 0;
    for (let session = 0; session < 3; session++) {
      for (const n of [0, 1]) {
        await appendLife(writer, session * 2 + n, 4);
        events += 6;
      }
      await assertRejects(writer.append(finished(0, 1)), { code: "invalid-transition" });
      assert.deepEqual([writer.revision, writer.state.revision], [events, events]);
      assert.equal((await other.read("a")).revision, events);
      await writer.close();
      assert.equal((await other.read("a")).revision, events);
      assert.equal((await other.summary("a")).revision, events);
      writer = await storage.openWriter("a");
    }
    assert.equal(writer.revision, 36);
    await writer.close();
  });
}

const task = { model: ["lstm", "gru"], dataset: "dummy", params: { "data.horizon": 10 } };

export function casesOfSummaries(it: StorageIt, { owner = {} }: StorageCase): void {
  it("say what the records say, open and closed", async ({ storage, other }) => {
    const writer = await storage.create(header("a", { task, user_attrs: { note: [1, Number.NaN] } }));
    const empty = await other.summary("a");
    assertMatches(empty, { counted: 0, best: null, front_size: null, revision: 0, counts: { complete: 0 } });
    await writer.append(created(runningTrial(0)), finished(0, 0.75));
    await writer.append(created(runningTrial(1)), finished(1, 0.25));
    await writer.append(created(runningTrial(2)), finished(2, 0.5, { state: "pruned", values: null }));
    await writer.append(created(runningTrial(3)), finished(3, 0.125), annotated(3, "leaks", true));
    const failure = { class: "exception", message: "boom", where: "epoch 2" } as const;
    await writer.append(created(runningTrial(4, { retry_of: 1 })), finished(4, null, { state: "failed", failure }));
    await writer.append(created(runningTrial(5)), created(waitingTrial(6)));
    const { objectives, created_at, sampler, pruner } = header("a");
    const expected = {
      ...{ name: "a", objectives, created_at, sampler, pruner, user_attrs: { note: [1, Number.NaN] } },
      task: { model: ["lstm", "gru"], dataset: "dummy" },
      counts: { waiting: 1, running: 1, complete: 3, pruned: 1, failed: 1 },
      ...{ counted: 4, front_size: null, revision: 13, location: storage.location("a") },
      // Trial 3 is banned.
      best: { number: 1, value: 0.25, values: [0.25] },
    };
    const open = await storage.summary("a");
    assertMatches(open, expected);
    assertMatches(open.owner, owner);
    assert.ok(Date.parse(open.last_activity_at) >= Date.parse(empty.last_activity_at));
    await writer.close();
    for (const place of [storage, other]) {
      assertMatches(await place.summary("a"), { ...expected, owner: null });
      // The second look may come from memory.
      assertSameData(await place.summary("a"), await place.summary("a"));
    }
    const again = await storage.openWriter("a");
    await again.append(started(6), finished(6, 0.0625));
    assertSameData((await other.summary("a")).best, { number: 6, value: 0.0625, values: [0.0625] });
    await again.close();
    assertSameData((await other.summary("a")).best, { number: 6, value: 0.0625, values: [0.0625] });
  });
  it("count the Pareto front where there are several objectives", async ({ storage, other }) => {
    const writer = await storage.create(header("a", twoObjectives));
    const values = [
      [1, 1],
      [2, 2],
      [1, 0.5],
      [3, 2.5],
      [4, 2.5],
    ];
    for (const [n, pair] of values.entries())
      await writer.append(created(runningTrial(n)), finished(n, null, { values: pair }));
    for (const summary of [await other.summary("a"), (await writer.close(), await other.summary("a"))])
      assertMatches(summary, { best: null, front_size: 3, counts: { complete: 5 } });
  });
  it("come for every study, in the order of the names", async ({ storage, other }) => {
    assert.deepEqual(await storage.summaries(), []);
    const names = Array.from({ length: 40 }, (_, n) => `study-${String(n).padStart(2, "0")}`);
    for (const name of names.toReversed()) {
      const writer = await storage.create(header(name));
      if (name === "study-07") await appendLife(writer, 0);
      await writer.close();
    }
    const entries = await other.summaries();
    const found = entries.map((entry) => [entry.name, entry.summary?.counted]);
    assert.deepEqual(
      found,
      names.map((name) => [name, name === "study-07" ? 1 : 0]),
    );
    const expected = { name: "study-07", location: other.location("study-07"), error: null };
    assertSameData(entries[7], { ...expected, summary: await other.summary("study-07") });
    await storage.delete("study-07");
    const left = (await other.summaries()).map((entry) => entry.name);
    assert.deepEqual(left, names.toSpliced(7, 1));
  });
}
