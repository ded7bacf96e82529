/** The contract of a storage as a suite. */
import { isAbsolute } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { applyEvent, createStudyState } from "../../src/core/index.js";
import type { StudyEvent, StudyState } from "../../src/core/index.js";
import type { StudyChange, StudyStorage, StudyWriter } from "../../src/storage/storage.js";
import { created, finished, header, life, report, started } from "../../src/testing/study-records.js";
import { runningTrial, waitingTrial } from "../../src/testing/trials.js";

/** What a suite needs of an implementation. */
export interface StorageUnderTest {
  readonly storage: StudyStorage;
  /** The same studies as another user of the storage sees them; memory has only the one. */
  readonly other: StudyStorage;
  dispose(): Promise<void>;
}

async function appendLife(writer: StudyWriter, number: number, reports = 3): Promise<void> {
  for (const events of life(number, reports)) await writer.append(...events);
}

/** A state as plain data, with NaN told from null. */
function plain(state: StudyState): unknown {
  const { header: head, trials, counts, unfinished, revision, annotations } = state;
  return { header: head, trials, counts, unfinished, revision, annotations: [...annotations] };
}

const annotated = (number: number, note: string, banned = false): StudyEvent => {
  return { type: "trial-annotated", number, note, tags: ["seen"], banned };
};

/** Two objectives, as an Optuna study with `directions=["minimize", "maximize"]` has them. */
const twoObjectives = {
  objectives: [
    { metric: "value_0", direction: "minimize" },
    { metric: "value_1", direction: "maximize" },
  ],
} as const;

/** Puts together what a follower was given; each event has to be the next one. */
class Follower {
  readonly #changes: AsyncIterator<StudyChange>;
  state: StudyState;
  readonly events: StudyEvent[] = [];
  resets = 0;

  constructor(changes: AsyncIterable<StudyChange>, from: StudyState) {
    this.#changes = changes[Symbol.asyncIterator]();
    this.state = from;
  }

  /** Follows until a revision; gives the state there. */
  async until(revision: number): Promise<StudyState> {
    while (this.state.revision < revision) await this.next();
    return this.state;
  }

  /** One more change; false at the end. */
  async next(): Promise<boolean> {
    const step = await this.#changes.next();
    if (step.done) return false;
    const change = step.value;
    if (change.reset) {
      this.resets += 1;
      this.state = change.state;
      expect(change.state.revision).toBe(change.revision);
    } else {
      expect(change.revision).toBe(this.state.revision + 1);
      this.events.push(change.event);
      this.state = applyEvent(this.state, change.event);
    }
    return true;
  }
}

/** The contract of `src/storage/storage.ts`, which every implementation must pass. */
export function describeStorage(name: string, make: () => Promise<StorageUnderTest>): void {
  describe(`storage contract: ${name}`, () => {
    let storage: StudyStorage;
    let other: StudyStorage;
    let under: StorageUnderTest;

    beforeEach(async () => {
      under = await make();
      ({ storage, other } = under);
    });
    afterEach(() => under.dispose());

    describe("studies by name", () => {
      it("creates a study that others can read at once", async () => {
        const writer = await storage.create(header("lstm-dummy"));
        const read = await other.read("lstm-dummy");
        expect(read.header).toEqual(header("lstm-dummy"));
        expect(read.size).toBe(0);
        await writer.close();
      });

      it("refuses an existing name with study-exists, open or closed", async () => {
        const writer = await storage.create(header("a"));
        await expect(other.create(header("a"))).rejects.toMatchObject({ code: "study-exists", exitCode: 2 });
        await writer.close();
        await expect(other.create(header("a", { seed: 8 }))).rejects.toMatchObject({ code: "study-exists" });
      });

      it("names what there is when a study is unknown", async () => {
        await (await storage.create(header("known"))).close();
        for (const asked of [
          () => storage.read("unknown"),
          () => storage.openWriter("unknown"),
          () => storage.delete("unknown"),
          () => storage.inspect("unknown"),
          () => storage.diagnose("unknown"),
          () => storage.summary("unknown"),
          () => storage.follow("unknown", 0)[Symbol.asyncIterator]().next(),
          () => storage.send("unknown", {}),
        ])
          await expect(asked()).rejects.toMatchObject({
            code: "unknown-study",
            exitCode: 2,
            message: expect.stringContaining("known") as string,
          });
      });

      it.each([
        "",
        "../a",
        "a/b",
        "a\\b",
        ".hidden",
        "-option",
        "presets",
        "a b",
        "con",
        "x.json",
        "x.journal",
        "a\n",
        "a.",
      ])("refuses the name %j", async (bad) => {
        await expect(storage.create(header(bad))).rejects.toMatchObject({ code: "invalid-study-name", exitCode: 2 });
      });

      it.each(["a", "lstm-dummy", "B0005_h10", "v1.2", "größe", "電池", "2026"])("takes the name %j", async (good) => {
        await (await storage.create(header(good))).close();
        expect(await other.list()).toEqual([good]);
        expect((await other.read(good)).header.name).toBe(good);
      });

      it("tells whether a name is taken", async () => {
        await (await storage.create(header("a"))).close();
        expect([await other.exists("a"), await storage.exists("b"), await storage.exists("../a")]).toEqual([
          true,
          false,
          false,
        ]);
        await storage.delete("a");
        expect(await other.exists("a")).toBe(false);
      });

      it("has one identity for a study, whoever opened the storage, and another for every other", async () => {
        const before = storage.identity("a");
        await (await storage.create(header("a"))).close();
        expect(storage.identity("a")).toBe(before);
        expect(other.identity("a")).toBe(before);
        expect(storage.identity("b")).not.toBe(before);
        const elsewhere = await make();
        expect(elsewhere.storage.identity("a")).not.toBe(before);
        await elsewhere.dispose();
      });

      it("says where a study is, and from where its paths start", async () => {
        await (await storage.create(header("größe"))).close();
        expect(storage.location("größe")).toContain("größe");
        const base = storage.baseDirectory("größe");
        expect(base === null || isAbsolute(base)).toBe(true);
        expect(other.baseDirectory("größe")).toBe(base);
      });

      it("lists names in sorted order, and none when there is nothing", async () => {
        expect(await storage.list()).toEqual([]);
        for (const each of ["b", "a", "C"]) await (await storage.create(header(each))).close();
        expect(await storage.list()).toEqual(["C", "a", "b"]);
      });

      it("deletes a study, after which its name is free", async () => {
        const writer = await storage.create(header("a"));
        await appendLife(writer, 0);
        await writer.close();
        await storage.delete("a");
        expect(await storage.list()).toEqual([]);
        const again = await storage.create(header("a"));
        expect(again.state.size).toBe(0);
        await again.close();
      });
    });

    describe("one writer", () => {
      it("refuses a second one, and deletion, while the first is open", async () => {
        const writer = await storage.create(header("a"));
        const message = expect.stringMatching(/^study "a" is being written by .* since /) as string;
        const locked = { code: "study-locked", exitCode: 1, owner: { pid: process.pid }, message };
        await expect(other.openWriter("a")).rejects.toMatchObject(locked);
        await expect(other.delete("a")).rejects.toMatchObject(locked);
        expect(await other.ownerOf("a")).toMatchObject({ pid: process.pid });
        await writer.close();
        expect(await other.ownerOf("a")).toBeNull();
        await (await other.openWriter("a")).close();
      });

      it("closes twice without harm and takes nothing afterwards", async () => {
        const writer = await storage.create(header("a"));
        await Promise.all([writer.close(), writer.close()]);
        await writer.close();
        await expect(writer.append(created(waitingTrial(0)))).rejects.toMatchObject({ code: "writer-closed" });
      });
    });

    describe("events", () => {
      it("gives back after reopening what was there before, through several sessions", async () => {
        let writer = await storage.create(header("a"));
        let before: unknown;
        for (let session = 0; session < 4; session++) {
          for (let i = 0; i < 5; i++) await appendLife(writer, session * 5 + i);
          await writer.append({ type: "study-attr", key: `session-${session}`, value: { note: ["x", session] } });
          before = plain(writer.state);
          await writer.close();
          expect(plain(await other.read("a"))).toEqual(before);
          writer = await storage.openWriter("a");
          expect(plain(writer.state)).toEqual(before);
        }
        await writer.close();
      });

      it("keeps NaN, infinities, tiny and huge numbers", async () => {
        const values = [
          Number.NaN,
          Infinity,
          -Infinity,
          5e-324,
          1.7976931348623157e308,
          0.1 + 0.2,
          -1e-17,
          123456789012345.67,
        ];
        const writer = await storage.create(header("a"));
        await writer.append(created(runningTrial(0, { params: { odd: Infinity, word: "NaN", slash: "\\Infinity" } })));
        for (const [i, value] of values.entries()) await writer.append(report(0, i + 1, value, i));
        const metrics = { best: { nan: Number.NaN, inf: Infinity }, last: { x: -Infinity } };
        await writer.append(finished(0, Infinity, { metrics }));
        const attr = { a: Number.NaN, b: ["NaN", "-Infinity", "\\NaN", Infinity], c: { d: -Infinity } };
        await writer.append({ type: "study-attr", key: "odd", value: attr });
        await writer.close();
        const { trials, header: read } = await other.read("a");
        expect(trials[0]?.intermediate.map(([, value]) => value)).toEqual(values);
        expect(trials[0]?.value).toBe(Infinity);
        expect(trials[0]?.metrics).toEqual(metrics);
        expect(trials[0]?.params).toEqual({ odd: Infinity, word: "NaN", slash: "\\Infinity" });
        expect(read.user_attrs["odd"]).toEqual(attr);
      });

      it("keeps every kind of text", async () => {
        const texts = ["", "ä€😀", "\u0000\u001f\u2028\u2029", '"\\/\b\n\r\t', "\ud800", "{}", "x".repeat(100_000)];
        const writer = await storage.create(header("a"));
        await writer.append(created(runningTrial(0, { user_attrs: { __proto__: null, constructor: "c" } })));
        for (const text of texts) await writer.append({ type: "study-attr", key: text, value: text });
        await writer.append({ type: "trial-attr", number: 0, key: "__proto__", value: { a: 1 } });
        await writer.close();
        const read = await other.read("a");
        expect(Object.entries(read.header.user_attrs).sort()).toEqual(texts.map((text) => [text, text]).sort());
        expect(Object.keys(read.trials[0]?.user_attrs ?? {})).toContain("__proto__");
        expect(({} as { a?: number }).a).toBeUndefined();
      });

      it("keeps the order of many appends that nobody waited for one by one", async () => {
        const writer = await storage.create(header("a"));
        const pending: Promise<void>[] = [];
        for (let n = 0; n < 200; n++) pending.push(writer.append(created(runningTrial(n)), report(n, 1, n)));
        for (let n = 199; n >= 0; n--) pending.push(writer.append(report(n, 2, -n), finished(n, n)));
        expect(writer.state.finished).toBe(200);
        await Promise.all(pending);
        await writer.close();
        const { trials } = await other.read("a");
        expect(trials.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, n) => n));
        expect(trials.map(({ finish_index }) => finish_index)).toEqual(Array.from({ length: 200 }, (_, n) => 199 - n));
        expect(trials[7]?.intermediate).toEqual([
          [1, 7],
          [2, -7],
        ]);
      });

      it("applies all events of an append or none", async () => {
        const writer = await storage.create(header("a"));
        await appendLife(writer, 0);
        const before = writer.state;
        await expect(
          writer.append(created(runningTrial(1)), report(1, 1, 0.5), finished(0, 0.1)),
        ).rejects.toMatchObject({ code: "invalid-transition" });
        await expect(writer.append(created(runningTrial(5)))).rejects.toMatchObject({ code: "invalid-event" });
        await expect(writer.append({ type: "study-attr", key: "f", value: () => 1 })).rejects.toMatchObject({
          code: "invalid-value",
        });
        expect(writer.state).toBe(before);
        await appendLife(writer, 1);
        await writer.close();
        expect((await other.read("a")).size).toBe(2);
      });

      it("requeues, retries and external trials come back as they were", async () => {
        const writer = await storage.create(header("a"));
        await writer.append(created(waitingTrial(0)), started(0), report(0, 1, 0.3));
        await writer.append({
          type: "trial-requeued",
          number: 0,
          at: "2026-01-02T04:00:00.000Z",
          reason: "owner died",
        });
        await writer.append(started(0), report(0, 1, 0.2));
        const failure = { class: "exception", message: "boom", where: "epoch 2" } as const;
        await writer.append(finished(0, null, { state: "failed", failure }));
        await writer.append(created(runningTrial(1, { retry_of: 0, owner: "external", slot: null })));
        const before = plain(writer.state);
        await writer.close();
        const state = await other.read("a");
        expect(plain(state)).toEqual(before);
        expect(state.trials[0]).toMatchObject({
          attempt: 2,
          intermediate: [[1, 0.2]],
          attempts: [{ attempt: 1, reason: "owner died", intermediate: [[1, 0.3]] }],
        });
        expect(state.trials[1]).toMatchObject({ owner: "external", retry_of: 0 });
        expect(state.counted).toBe(1);
      });
    });

    describe("records and annotations", () => {
      it("of two objectives come back with their values, and no value", async () => {
        const writer = await storage.create(header("a", twoObjectives));
        const constraints = { "parameters<=50000": -1200.5 };
        await writer.append(created(runningTrial(0)), report(0, 1, 0.5));
        await writer.append({ type: "trial-constraint", number: 0, name: "c", value: Number.NaN });
        await writer.append(finished(0, null, { values: [0.25, Infinity], constraints, spread: 0.5 }));
        await writer.append(created(runningTrial(1)), finished(1, null, { values: [0.5, 2] }));
        await writer.append(created(waitingTrial(2)));
        const before = plain(writer.state);
        expect(writer.state.trials[0]).toMatchObject({ values: [0.25, Infinity], constraints: { ...constraints } });
        await expect(writer.append(started(2), finished(2, 0.5))).rejects.toMatchObject({ code: "invalid-event" });
        await writer.close();
        const state = await other.read("a");
        expect(plain(state)).toEqual(before);
        for (const trial of state.trials) expect(Object.keys(trial)).not.toContain("value");
      });

      it("of one objective have both", async () => {
        const writer = await storage.create(header("a"));
        await appendLife(writer, 0);
        await writer.append(created(waitingTrial(1)));
        await writer.close();
        const [first, second] = (await other.read("a")).trials;
        expect([first?.value, first?.values, second?.value, second?.values]).toEqual([0.5, [0.5], null, null]);
      });

      it("annotations stand beside frozen records, the last one counts, and an empty one is none", async () => {
        const writer = await storage.create(header("a"));
        for (let n = 0; n < 3; n++) await appendLife(writer, n);
        const [record] = writer.state.trials;
        await writer.append(annotated(0, "odd", true), annotated(1, "first"), annotated(2, "later gone"));
        await writer.append(annotated(1, "second ü"), {
          type: "trial-annotated",
          number: 2,
          note: "",
          tags: [],
          banned: false,
        });
        expect(writer.state.trials[0]).toBe(record);
        await writer.close();
        for (const state of [writer.state, await other.read("a")])
          expect([...state.annotations]).toEqual([
            [0, { note: "odd", tags: ["seen"], banned: true }],
            [1, { note: "second ü", tags: ["seen"], banned: false }],
          ]);
      });
    });

    describe("the revision", () => {
      it("counts every event from the study's creation, through sessions", async () => {
        let writer = await storage.create(header("a"));
        expect([writer.revision, writer.state.revision]).toEqual([0, 0]);
        let events = 0;
        for (let session = 0; session < 3; session++) {
          for (const n of [0, 1]) {
            await appendLife(writer, session * 2 + n, 4);
            events += 6;
          }
          await expect(writer.append(finished(0, 1))).rejects.toMatchObject({ code: "invalid-transition" });
          expect([writer.revision, writer.state.revision]).toEqual([events, events]);
          expect((await other.read("a")).revision).toBe(events);
          await writer.close();
          expect((await other.read("a")).revision).toBe(events);
          expect((await other.summary("a")).revision).toBe(events);
          writer = await storage.openWriter("a");
        }
        expect(writer.revision).toBe(36);
        await writer.close();
      });
    });

    describe("summaries", () => {
      it("say what the records say, open and closed", async () => {
        const task = { model: ["lstm", "gru"], dataset: "dummy", params: { "data.horizon": 10 } };
        const writer = await storage.create(header("a", { task, user_attrs: { note: [1, Number.NaN] } }));
        const empty = await other.summary("a");
        expect(empty).toMatchObject({ counted: 0, best: null, front_size: null, revision: 0, counts: { complete: 0 } });
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
        expect(open).toMatchObject(expected);
        expect(open.owner).toMatchObject({ pid: process.pid });
        expect(Date.parse(open.last_activity_at)).toBeGreaterThanOrEqual(Date.parse(empty.last_activity_at));
        await writer.close();
        for (const place of [storage, other]) {
          expect(await place.summary("a")).toMatchObject({ ...expected, owner: null });
          // The second look may come from memory.
          expect(await place.summary("a")).toEqual(await place.summary("a"));
        }
        const again = await storage.openWriter("a");
        await again.append(started(6), finished(6, 0.0625));
        expect((await other.summary("a")).best).toEqual({ number: 6, value: 0.0625, values: [0.0625] });
        await again.close();
        expect((await other.summary("a")).best).toEqual({ number: 6, value: 0.0625, values: [0.0625] });
      });

      it("count the Pareto front where there are several objectives", async () => {
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
          expect(summary).toMatchObject({ best: null, front_size: 3, counts: { complete: 5 } });
      });

      it("come for every study, in the order of the names", async () => {
        expect(await storage.summaries()).toEqual([]);
        const names = Array.from({ length: 40 }, (_, n) => `study-${String(n).padStart(2, "0")}`);
        for (const name of [...names].reverse()) {
          const writer = await storage.create(header(name));
          if (name === "study-07") await appendLife(writer, 0);
          await writer.close();
        }
        const entries = await other.summaries();
        expect(entries.map((entry) => entry.name)).toEqual(names);
        expect(entries.map(({ summary }) => summary?.counted)).toEqual(
          names.map((name) => (name === "study-07" ? 1 : 0)),
        );
        expect(entries[7]).toEqual({
          ...{ name: "study-07", location: other.location("study-07"), error: null },
          summary: await other.summary("study-07"),
        });
        await storage.delete("study-07");
        expect((await other.summaries()).map((entry) => entry.name)).toEqual(names.toSpliced(7, 1));
      });
    });

    describe("following", () => {
      const begin = (name: string): StudyState => createStudyState(header(name));

      it("gives every event after a revision, once and in order, as it comes", async () => {
        const writer = await storage.create(header("a"));
        const sent: StudyEvent[] = [];
        const follower = new Follower(other.follow("a", 0), begin("a"));
        for (let n = 0; n < 30; n++)
          for (const events of life(n)) {
            await writer.append(...events);
            sent.push(...events);
            // Sometimes at once, sometimes many later.
            if (n % 7 === 3) await follower.until(writer.revision);
          }
        expect(plain(await follower.until(writer.revision))).toEqual(plain(writer.state));
        if (follower.resets === 0) expect(follower.events).toHaveLength(sent.length);
        await writer.close();
        const again = await storage.openWriter("a");
        await appendLife(again, 30);
        expect(plain(await follower.until(again.revision))).toEqual(plain(again.state));
        await again.close();
      });

      it("that keeps up is given nothing but events, in the journal's words", async () => {
        const writer = await storage.create(header("a"));
        const follower = new Follower(other.follow("a", 0), begin("a"));
        const attr = { odd: [Number.NaN, "NaN", { deep: -Infinity }] };
        const events: StudyEvent[] = [
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
        expect(follower.resets).toBe(0);
        expect(follower.events.map(({ type }) => type)).toEqual(events.map(({ type }) => type));
        expect(follower.events.slice(1)).toEqual(events.slice(1));
        // `value` is derived, and stands in no record that is kept.
        expect(follower.events[0]).not.toHaveProperty("trial.value");
        await writer.close();
      });

      it("from now on leaves out what was before; from further back than is kept begins with the whole", async () => {
        const writer = await storage.create(header("a"));
        for (let n = 0; n < 5; n++) await appendLife(writer, n);
        await writer.close();
        const again = await storage.openWriter("a");
        const before = again.state;
        const late = new Follower(other.follow("a", before.revision), before);
        const third = life(0).flat().slice(0, 3).reduce(applyEvent, begin("a"));
        const early = new Follower(other.follow("a", 3), third);
        await appendLife(again, 5);
        expect(plain(await late.until(again.revision))).toEqual(plain(again.state));
        expect(late.resets).toBe(0);
        expect(late.events).toHaveLength(5);
        expect(plain(await early.until(again.revision))).toEqual(plain(again.state));
        await again.close();
      });

      it("from a revision that the study has not reached begins with the whole", async () => {
        const writer = await storage.create(header("a"));
        await appendLife(writer, 0);
        const follower = new Follower(other.follow("a", 99), begin("a"));
        await follower.next();
        expect(follower.resets).toBe(1);
        expect(plain(follower.state)).toEqual(plain(writer.state));
        await appendLife(writer, 1);
        expect(plain(await follower.until(writer.revision))).toEqual(plain(writer.state));
        await writer.close();
      });

      it("is ended by its signal, before, while and after it waits", async () => {
        const writer = await storage.create(header("a"));
        await appendLife(writer, 0);
        const done = { done: true, value: undefined };
        expect(await other.follow("a", 0, { signal: AbortSignal.abort() })[Symbol.asyncIterator]().next()).toEqual(
          done,
        );
        const ended = new AbortController();
        const changes = other.follow("a", writer.revision, { signal: ended.signal })[Symbol.asyncIterator]();
        const waiting = changes.next();
        await new Promise((resolve) => setImmediate(resolve));
        ended.abort();
        expect(await waiting).toEqual(done);
        expect(await changes.next()).toEqual(done);
        const between = new AbortController();
        const seen: number[] = [];
        for await (const { revision } of other.follow("a", writer.revision - 2, { signal: between.signal })) {
          seen.push(revision);
          between.abort();
        }
        expect(seen).toHaveLength(1);
        await writer.close();
      });

      it("can be given up by whoever follows, and by several at once", async () => {
        const writer = await storage.create(header("a"));
        const following = Array.from({ length: 5 }, async (_, n) => {
          let seen = 0;
          for await (const { revision } of other.follow("a", 0)) {
            expect(revision).toBeGreaterThan(seen);
            seen = revision;
            if (seen >= 5 * (n + 1)) break;
          }
        });
        for (let n = 0; n < 5; n++) await appendLife(writer, n);
        await Promise.all(following);
        await writer.close();
      });

      it("ends with study-deleted when the study goes, or another one takes its name", async () => {
        const gone = { code: "study-deleted", message: expect.stringContaining('"a"') as string };
        for (const anew of [false, true]) {
          const writer = await storage.create(header("a"));
          const follower = new Follower(other.follow("a", 0), begin("a"));
          await appendLife(writer, 0);
          await follower.until(writer.revision);
          await writer.close();
          await storage.delete("a");
          if (anew) await (await storage.create(header("a", { created_at: "2026-02-03T04:05:06.789Z" }))).close();
          await expect(follower.next()).rejects.toMatchObject(gone);
          if (anew) await storage.delete("a");
        }
      });
    });

    describe("trials' files", () => {
      const text = async (source: AsyncIterable<Buffer> | null): Promise<string | null> => {
        if (source === null) return null;
        const pieces: Buffer[] = [];
        for await (const piece of source) pieces.push(piece);
        return Buffer.concat(pieces).toString("utf8");
      };

      it("where they are kept, are listed, read whole or in part, replaced and removed", async () => {
        const writer = await storage.create(header("a"));
        const files = storage.artifacts("a");
        const same = other.artifacts("a");
        if (files === null || same === null) {
          expect([files, same]).toEqual([null, null]);
          return writer.close();
        }
        expect(await files.list(3)).toEqual([]);
        expect(await files.read(3, "log.txt")).toBeNull();
        await files.write(3, "log.txt", [Buffer.from("first\n"), Buffer.from("größe\n")]);
        await files.write(3, "checkpoint.safetensors", [new Uint8Array([0, 255])]);
        await files.write(12345678, "log.txt", []);
        expect(await same.list(3)).toEqual(["checkpoint.safetensors", "log.txt"]);
        expect(await text(await same.read(3, "log.txt"))).toBe("first\ngröße\n");
        expect(await text(await same.read(3, "log.txt", { start: 6, end: 8 }))).toBe("gr\u00c3".slice(0, 2) + "\ufffd");
        expect(await text(await same.read(12345678, "log.txt"))).toBe("");
        await files.write(3, "log.txt", [Buffer.from("new")]);
        expect(await text(await same.read(3, "log.txt"))).toBe("new");
        expect(files.directory(3)).toBe(same.directory(3));
        expect(files.directory(4)).not.toBe(files.directory(3));
        await files.remove(3, "log.txt");
        await files.remove(3, "log.txt");
        expect(await same.list(3)).toEqual(["checkpoint.safetensors"]);
        await files.remove(3);
        expect(await same.list(3)).toEqual([]);
        await writer.close();
        await storage.delete("a");
        expect(await files.list(12345678)).toEqual([]);
      });

      it("where they are kept, appear whole, and have plain names", async () => {
        const writer = await storage.create(header("a"));
        const files = storage.artifacts("a");
        if (files) {
          await files.write(0, "log.txt", [Buffer.from("old")]);
          async function* failing(): AsyncGenerator<Uint8Array> {
            yield Buffer.from("half");
            throw new Error("the line went dead");
          }
          await expect(files.write(0, "log.txt", failing())).rejects.toThrow("the line went dead");
          expect(await text(await files.read(0, "log.txt"))).toBe("old");
          expect(await files.list(0)).toEqual(["log.txt"]);
          for (const bad of ["", ".", "..", "../log.txt", "a/b", "a\\b", ".hidden", "a\0", "x".repeat(121)]) {
            const refused = { code: "invalid-artifact-name", exitCode: 2 };
            await expect(files.read(0, bad)).rejects.toMatchObject(refused);
            await expect(files.write(0, bad, [])).rejects.toMatchObject(refused);
            await expect(files.remove(0, bad)).rejects.toMatchObject(refused);
          }
        }
        await writer.close();
      });
    });

    describe("what was handed out", () => {
      it("does not change under later writes", async () => {
        const writer = await storage.create(header("a"));
        await writer.append(created(runningTrial(0)), report(0, 1, 0.5));
        const state = writer.state;
        const trials = state.trials;
        const copy = structuredClone(trials);
        const read = await other.read("a");
        await writer.append(report(0, 2, 0.4), finished(0, 0.4), created(runningTrial(1)));
        expect(state.size).toBe(1);
        expect(trials).toEqual(copy);
        expect(read.trials).toHaveLength(1);
        expect(state.trials).toBe(trials);
        await writer.close();
      });

      it("is frozen throughout, and does not share what was handed in", async () => {
        const params = { "train.lr": 0.1 };
        const value = { list: [1, 2] };
        const writer = await storage.create(header("a"));
        await writer.append(created(runningTrial(0, { params })), { type: "study-attr", key: "k", value });
        await writer.append(report(0, 1, 0.5), finished(0, 0.5));
        params["train.lr"] = 9;
        value.list.push(3);
        for (const state of [writer.state, await other.read("a")]) {
          const trial = state.trials[0] as unknown as Record<string, Record<string, unknown>>;
          expect(trial["params"]).toEqual({ "train.lr": 0.1 });
          expect(state.header.user_attrs["k"]).toEqual({ list: [1, 2] });
          expect(() => Object.assign(trial, { state: "waiting" })).toThrow(TypeError);
          expect(() => Object.assign(trial["params"] as object, { x: 1 })).toThrow(TypeError);
          expect(() => (state.trials as unknown[]).push(1)).toThrow(TypeError);
          expect(() => (state.trials[0]?.intermediate as unknown[]).push(1)).toThrow(TypeError);
          expect(() => Object.assign(state.trials[0]?.intermediate[0] as object, { 1: 9 })).toThrow(TypeError);
          expect(() => (state.header.user_attrs["k"] as { list: number[] }).list.push(3)).toThrow(TypeError);
        }
        await writer.close();
      });

      it("finished records are the same objects in every later state", async () => {
        const writer = await storage.create(header("a"));
        await appendLife(writer, 0);
        const first = writer.state.trials[0];
        for (let n = 1; n < 70; n++) await appendLife(writer, n);
        expect(writer.state.trials[0]).toBe(first);
        expect(writer.state.trial(0)).toBe(first);
        await writer.close();
      });
    });

    it("readers beside a busy writer see every state whole, and never an older one after a newer", async () => {
      const writer = await storage.create(header("a"));
      let done = false;
      const writing = (async () => {
        for (let n = 0; n < 60; n++) {
          await appendLife(writer, n, 5);
          await new Promise((resolve) => setImmediate(resolve));
        }
        done = true;
      })();
      let last = -1;
      let reads = 0;
      while (!done) {
        const state = await other.read("a");
        const events = state.trials.reduce((sum, trial) => sum + 1 + trial.intermediate.length, state.finished);
        expect(events).toBeGreaterThanOrEqual(last);
        expect(state.trials.map(({ number }) => number)).toEqual(Array.from({ length: state.size }, (_, n) => n));
        expect(state.trials.filter(({ state: s }) => s === "complete").every((t) => t.intermediate.length === 5)).toBe(
          true,
        );
        last = events;
        reads += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writing;
      expect(reads).toBeGreaterThan(3);
      expect((await other.read("a")).finished).toBe(60);
      await writer.close();
    });

    describe("commands to the writer", () => {
      it("are answered in order, with plain data or the handler's error", async () => {
        const writer = await storage.create(header("a"));
        const seen: unknown[] = [];
        writer.receive(async (command) => {
          seen.push(command);
          const { n } = command as { n: number };
          if (n === 1) throw Object.assign(new Error("no"), {});
          await writer.append({ type: "study-attr", key: `n${n}`, value: n });
          return { n, odd: Number.NaN };
        });
        expect(await other.send("a", { n: 0 })).toEqual({ n: 0, odd: Number.NaN });
        await expect(other.send("a", { n: 1 })).rejects.toThrow("no");
        expect(await other.send("a", { n: 2, text: "NaN", value: Infinity })).toEqual({ n: 2, odd: Number.NaN });
        expect(seen).toEqual([{ n: 0 }, { n: 1 }, { n: 2, text: "NaN", value: Infinity }]);
        expect((await other.read("a")).header.user_attrs).toEqual({ n0: 0, n2: 2 });
        await writer.close();
      });

      it("are refused with no-owner when nobody writes, or the writer closes first", async () => {
        const writer = await storage.create(header("a"));
        const waiting = other.send("a", { n: 0 });
        const refused = expect(waiting).rejects.toMatchObject({ code: "no-owner" });
        await new Promise((resolve) => setImmediate(resolve));
        await writer.close();
        await refused;
        await expect(other.send("a", { n: 0 })).rejects.toMatchObject({ code: "no-owner" });
      });
    });

    it("an undamaged study has nothing to diagnose or repair", async () => {
      const writer = await storage.create(header("a"));
      await appendLife(writer, 0);
      await writer.close();
      expect(await storage.diagnose("a")).toEqual([]);
      expect(await storage.inspect("a")).toMatchObject({ findings: [], owner: null });
      expect(await storage.repair("a")).toEqual({ findings: [], actions: [], backups: [] });
      expect((await other.read("a")).finished).toBe(1);
    });
  });
}
