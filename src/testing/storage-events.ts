/** The storage suite's cases about events and records: what was appended is what is read. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { assertMatches, assertRejects, assertSameData } from "./assertions.js";
import { annotated, appendLife, plain, twoObjectives } from "./storage-under-test.js";
import type { StorageIt } from "./storage-under-test.js";
import { created, finished, header, report, started } from "./study-records.js";
import { runningTrial, waitingTrial } from "./trials.js";

const oddNumbers = [
  ...[Number.NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1e-17, 123456789012345.67],
];
const oddTexts = ["", "ä€😀", "\u0000\u001f\u2028\u2029", '"\\/\b\n\r\t', "\ud800", "{}", "x".repeat(100_000)];

export function casesOfEvents(it: StorageIt): void {
  it("come back after reopening as they were before, through several sessions", async ({ storage, other }) => {
    let writer = await storage.create(header("a"));
    for (let session = 0; session < 4; session++) {
      for (let i = 0; i < 5; i++) await appendLife(writer, session * 5 + i);
      await writer.append({ type: "study-attr", key: `session-${session}`, value: { note: ["x", session] } });
      const before = plain(writer.state);
      await writer.close();
      assertSameData(plain(await other.read("a")), before);
      writer = await storage.openWriter("a");
      assertSameData(plain(writer.state), before);
    }
    await writer.close();
  });
  it("keep NaN, infinities, tiny and huge numbers", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await writer.append(created(runningTrial(0, { params: { odd: Infinity, word: "NaN", slash: "\\Infinity" } })));
    for (const [i, value] of oddNumbers.entries()) await writer.append(report(0, i + 1, value, i));
    const metrics = { best: { nan: Number.NaN, inf: Infinity }, last: { x: -Infinity } };
    await writer.append(finished(0, Infinity, { metrics }));
    const attr = { a: Number.NaN, b: ["NaN", "-Infinity", "\\NaN", Infinity], c: { d: -Infinity } };
    await writer.append({ type: "study-attr", key: "odd", value: attr });
    await writer.close();
    const { trials, header: read } = await other.read("a");
    const reported = trials[0]?.intermediate.map(([, value]) => value);
    assert.deepEqual(reported, oddNumbers);
    assert.equal(trials[0]?.value, Infinity);
    assertSameData(trials[0]?.metrics, metrics);
    assertSameData(trials[0]?.params, { odd: Infinity, word: "NaN", slash: "\\Infinity" });
    assertSameData(read.user_attrs["odd"], attr);
  });
  it("keep every kind of text", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await writer.append(created(runningTrial(0, { user_attrs: { __proto__: null, constructor: "c" } })));
    for (const text of oddTexts) await writer.append({ type: "study-attr", key: text, value: text });
    await writer.append({ type: "trial-attr", number: 0, key: "__proto__", value: { a: 1 } });
    await writer.close();
    const read = await other.read("a");
    const expected = oddTexts.map((text) => [text, text]).sort();
    assert.deepEqual(Object.entries(read.header.user_attrs).sort(), expected);
    assert.ok(Object.keys(read.trials[0]?.user_attrs ?? {}).includes("__proto__"));
    assert.equal(({} as { a?: number }).a, undefined);
  });
  casesOfAppending(it);
  it("bring requeued, repeated and external trials back as they were", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await writer.append(created(waitingTrial(0)), started(0), report(0, 1, 0.3));
    const at = "2026-01-02T04:00:00.000Z";
    await writer.append({ type: "trial-requeued", number: 0, at, reason: "owner died" });
    await writer.append(started(0), report(0, 1, 0.2));
    const failure = { class: "exception", message: "boom", where: "epoch 2" } as const;
    await writer.append(finished(0, null, { state: "failed", failure }));
    await writer.append(created(runningTrial(1, { retry_of: 0, owner: "external", slot: null })));
    const before = plain(writer.state);
    await writer.close();
    const state = await other.read("a");
    assertSameData(plain(state), before);
    assertMatches(state.trials[0], { attempt: 2, intermediate: [[1, 0.2]] });
    assertMatches(state.trials[0]?.attempts[0], { attempt: 1, reason: "owner died", intermediate: [[1, 0.3]] });
    assertMatches(state.trials[1], { owner: "external", retry_of: 0 });
    assert.equal(state.counted, 1);
  });
}

function casesOfAppending(it: StorageIt): void {
  it("keep the order of many appends that nobody waited for one by one", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    const pending: Promise<void>[] = [];
    for (let n = 0; n < 200; n++) pending.push(writer.append(created(runningTrial(n)), report(n, 1, n)));
    for (let n = 199; n >= 0; n--) pending.push(writer.append(report(n, 2, -n), finished(n, n)));
    assert.equal(writer.state.finished, 200);
    await Promise.all(pending);
    await writer.close();
    const { trials } = await other.read("a");
    const [numbers, ends] = [trials.map((trial) => trial.number), trials.map((trial) => trial.finish_index)];
    const rising = Array.from({ length: 200 }, (_, n) => n);
    assert.deepEqual([numbers, ends], [rising, rising.toReversed()]);
    const two = [
      [1, 7],
      [2, -7],
    ];
    assertSameData(trials[7]?.intermediate, two);
  });
  it("are applied all together or not at all", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await appendLife(writer, 0);
    const before = writer.state;
    const ended = writer.append(created(runningTrial(1)), report(1, 1, 0.5), finished(0, 0.1));
    await assertRejects(ended, { code: "invalid-transition" });
    await assertRejects(writer.append(created(runningTrial(5))), { code: "invalid-event" });
    const noData = writer.append({ type: "study-attr", key: "f", value: () => 1 });
    await assertRejects(noData, { code: "invalid-value" });
    assert.equal(writer.state, before);
    await appendLife(writer, 1);
    await writer.close();
    assert.equal((await other.read("a")).size, 2);
  });
}

export function casesOfRecords(it: StorageIt): void {
  it("of two objectives come back with their values, and no value", async ({ storage, other }) => {
    const writer = await storage.create(header("a", twoObjectives));
    const constraints = { "parameters<=50000": -1200.5 };
    await writer.append(created(runningTrial(0)), report(0, 1, 0.5));
    await writer.append({ type: "trial-constraint", number: 0, name: "c", value: Number.NaN });
    await writer.append(finished(0, null, { values: [0.25, Infinity], constraints, spread: 0.5 }));
    await writer.append(created(runningTrial(1)), finished(1, null, { values: [0.5, 2] }));
    await writer.append(created(waitingTrial(2)));
    const before = plain(writer.state);
    assertMatches(writer.state.trials[0], { values: [0.25, Infinity], constraints });
    await assertRejects(writer.append(started(2), finished(2, 0.5)), { code: "invalid-event" });
    await writer.close();
    const state = await other.read("a");
    assertSameData(plain(state), before);
    for (const trial of state.trials) assert.ok(!Object.keys(trial).includes("value"));
  });
  it("of one objective have both", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await appendLife(writer, 0);
    await writer.append(created(waitingTrial(1)));
    await writer.close();
    const [first, second] = (await other.read("a")).trials;
    assertSameData([first?.value, first?.values, second?.value, second?.values], [0.5, [0.5], null, null]);
  });
  it("stand beside annotations: the last one counts, and an empty one is none", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    for (let n = 0; n < 3; n++) await appendLife(writer, n);
    const [record] = writer.state.trials;
    await writer.append(annotated(0, "odd", true), annotated(1, "first"), annotated(2, "later gone"));
    const emptied = { type: "trial-annotated", number: 2, note: "", tags: [], banned: false } as const;
    await writer.append(annotated(1, "second ü"), emptied);
    assert.equal(writer.state.trials[0], record);
    await writer.close();
    for (const state of [writer.state, await other.read("a")])
      assertSameData(
        [...state.annotations],
        [
          [0, { note: "odd", tags: ["seen"], banned: true }],
          [1, { note: "second ü", tags: ["seen"], banned: false }],
        ],
      );
  });
}

export function casesOfWhatIsHandedOut(it: StorageIt): void {
  it("does not change under later writes", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    await writer.append(created(runningTrial(0)), report(0, 1, 0.5));
    const state = writer.state;
    const trials = state.trials;
    const copy = structuredClone(trials);
    const read = await other.read("a");
    await writer.append(report(0, 2, 0.4), finished(0, 0.4), created(runningTrial(1)));
    assert.equal(state.size, 1);
    assertSameData(trials, copy);
    assert.equal(read.trials.length, 1);
    assert.equal(state.trials, trials);
    await writer.close();
  });
  it("is frozen throughout, and does not share what was handed in", async ({ storage, other }) => {
    const params = { "train.lr": 0.1 };
    const value = { list: [1, 2] };
    const writer = await storage.create(header("a"));
    await writer.append(created(runningTrial(0, { params })), { type: "study-attr", key: "k", value });
    await writer.append(report(0, 1, 0.5), finished(0, 0.5));
    params["train.lr"] = 9;
    value.list.push(3);
    for (const state of [writer.state, await other.read("a")]) {
      const [trial] = state.trials;
      assertSameData(trial?.params, { "train.lr": 0.1 });
      assertSameData(state.header.user_attrs["k"], { list: [1, 2] });
      for (const change of [
        () => Object.assign(trial as object, { state: "waiting" }),
        () => Object.assign(trial?.params as object, { x: 1 }),
        () => (state.trials as unknown[]).push(1),
        () => (trial?.intermediate as unknown[]).push(1),
        () => Object.assign(trial?.intermediate[0] as object, { 1: 9 }),
        () => (state.header.user_attrs["k"] as { list: number[] }).list.push(3),
      ])
        assert.throws(change, TypeError);
    }
    await writer.close();
  });
  it("keeps finished records as the same objects in every later state", async ({ storage }) => {
    const writer = await storage.create(header("a"));
    await appendLife(writer, 0);
    const first = writer.state.trials[0];
    for (let n = 1; n < 70; n++) await appendLife(writer, n);
    assert.equal(writer.state.trials[0], first);
    assert.equal(writer.state.trial(0), first);
    await writer.close();
  });
  it("is whole beside a busy writer, and never older after newer", async ({ storage, other }) => {
    const writer = await storage.create(header("a"));
    let done = false;
    const writing = (async () => {
      for (let n = 0; n < 60; n++) {
        await appendLife(writer, n, 5);
        await turn();
      }
      done = true;
    })();
    let [last, reads] = [-1, 0];
    while (!done) {
      const state = await other.read("a");
      const events = state.trials.reduce((sum, trial) => sum + 1 + trial.intermediate.length, state.finished);
      assert.ok(events >= last, `${events} events after ${last}`);
      const numbers = state.trials.map(({ number }) => number);
      assert.deepEqual(
        numbers,
        Array.from({ length: state.size }, (_, n) => n),
      );
      const complete = state.trials.filter((trial) => trial.state === "complete");
      assert.ok(complete.every((trial) => trial.intermediate.length === 5));
      last = events;
      reads += 1;
      await turn();
    }
    await writing;
    assert.ok(reads > 3, `${reads} reads`);
    assert.equal((await other.read("a")).finished, 60);
    await writer.close();
  });
}
