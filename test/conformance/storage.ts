import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { StudyState } from "../../src/core/index.js";
import type { StudyStorage, StudyWriter } from "../../src/storage/storage.js";
import { created, finished, header, life, report, started } from "../fixtures/storage/records.js";
import { runningTrial, waitingTrial } from "../fixtures/trials.js";

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
  return { header: state.header, trials: state.trials, counts: state.counts, unfinished: state.unfinished };
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
        const locked = { code: "study-locked", exitCode: 1, owner: { pid: process.pid } };
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
