import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { oneAtATime } from "../../../web/app/live/catch-up.js";
import { EventParser } from "../../../web/app/live/event-parser.js";
import { BEAT_MS } from "../../../web/app/live/protocol.js";
import type { FromHub, ToHub, Topic } from "../../../web/app/live/protocol.js";
import { StreamHub } from "../../../web/app/live/stream-hub.js";
import type { StreamListener } from "../../../web/app/live/stream.js";
import { withChanges } from "../../../web/app/store/list-changes.js";
import { withReports } from "../../../web/app/store/live-curves.js";
import type { StudyEntry } from "../../../web/app/api/types.js";

const parse = (...pieces: string[]) => {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe("server-sent events", () => {
  // The examples of the HTML standard, 9.2.6 "Interpreting an event stream".
  test("the standard's own examples", () => {
    expect(parse("data: YHOO\ndata: +2\ndata: 10\n\n").map(({ data }) => data)).toEqual(["YHOO\n+2\n10"]);
    expect(
      parse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
    ).toEqual([
      { event: "message", data: "first event", id: "1" },
      { event: "message", data: "second event", id: "" },
      { event: "message", data: " third event", id: "" },
    ]);
    expect(parse("data\n\ndata\ndata\n\ndata:").map(({ data }) => data)).toEqual(["", "\n"]);
    expect(parse("data:test\n\ndata: test\n\n").map(({ data }) => data)).toEqual(["test", "test"]);
  });

  test("names of events hold for one event, and ids with a NUL for none", () => {
    expect(parse("event: hello\nid: 7\ndata: {}\n\ndata: x\nid: a\0b\n\n")).toEqual([
      { event: "hello", data: "{}", id: "7" },
      { event: "message", data: "x", id: "7" },
    ]);
  });

  test("wherever the pieces are cut, and however lines end, the events are the same", () => {
    const text = 'event: changes\nid: 12\ndata: {"a":1}\ndata: b\n\n: beat\n\nid: 13\ndata: ä\n\n';
    const whole = parse(text);
    expect(whole).toHaveLength(2);
    fc.assert(
      fc.property(fc.constantFrom("\n", "\r\n", "\r"), fc.array(fc.nat(text.length * 2)), (end, cuts) => {
        // What ends in CR may go on with LF: a line more tells that it does not.
        const sent = `${text.replaceAll("\n", end)}: end${end}`;
        const places = [0, ...cuts.map((cut) => Math.min(cut, sent.length)).sort((a, b) => a - b), sent.length];
        expect(parse(...places.slice(1).map((to, at) => sent.slice(places[at], to)))).toEqual(whole);
      }),
    );
  });
});

/** A keeper over streams that the test speaks for. */
function keeper() {
  const open = new Map<string, StreamListener>();
  const opened: string[] = [];
  let now = 0;
  const hub = new StreamHub({
    openStream: (path, listener) => {
      open.set(path, listener);
      opened.push(path);
      return {
        close: () => {
          if (open.get(path) === listener) open.delete(path);
        },
      };
    },
    now: () => now,
  });
  const tab = (...topics: Topic[]) => {
    const heard: FromHub[] = [];
    const send = hub.connect((message) => heard.push(message));
    const tell = (message: ToHub): void => send(message);
    for (const topic of topics) tell({ type: "watch", topic });
    return { heard, tell };
  };
  const say = (path: string, event: string, data: unknown = {}, id = "1") =>
    open.get(path)?.event({ event, data: JSON.stringify(data), id });
  return { hub, open, opened, tab, say, wait: (ms: number) => (now += ms) };
}

describe("the streams of one browser", () => {
  test("seven tabs on one page hold one stream, and all of them hear", () => {
    const { open, tab, say } = keeper();
    const tabs = Array.from({ length: 7 }, () => tab("studies"));
    expect([...open.keys()]).toEqual(["/events"]);
    say("/events", "hello");
    say("/events", "studies", { entries: [], removed: ["a"] });
    for (const { heard } of tabs) expect(heard.map(({ type }) => type)).toEqual(["hello", "studies"]);
  });

  test("who joins a stream that stands is greeted at once", () => {
    const { tab, say } = keeper();
    tab("study:a b");
    say("/studies/a%20b/events", "hello");
    expect(tab("study:a b").heard).toEqual([{ type: "hello", topic: "study:a b" }]);
  });

  test("seven studies leave connections for requests: those without a stream are told to ask", () => {
    const { hub, open, tab } = keeper();
    const tabs = ["a", "b", "c", "d", "e", "f", "g"].map((name) => tab(`study:${name}`));
    expect(open.size).toBe(3);
    hub.tick();
    const asked = tabs.filter(({ heard }) => heard.some(({ type }) => type === "reset"));
    expect(asked).toHaveLength(4);
    // A stream that is free goes to one of them.
    tabs[0]?.tell({ type: "bye" });
    expect([...open.keys()]).toHaveLength(3);
    expect(open.has("/studies/a/events")).toBe(false);
  });

  test("a hidden tab holds none, and one that is gone without a word is forgotten", () => {
    const { hub, open, tab, wait } = keeper();
    const one = tab("study:a");
    one.tell({ type: "visible", visible: false });
    expect(open.size).toBe(0);
    one.tell({ type: "visible", visible: true });
    expect(open.size).toBe(1);
    wait(2 * BEAT_MS);
    hub.tick();
    expect(open.size).toBe(1);
    wait(2 * BEAT_MS);
    hub.tick();
    expect(open.size).toBe(0);
  });

  test("tabs that crashed are forgotten, and one that only slept is told that it missed something", () => {
    const { hub, tab, say, wait } = keeper();
    const [watching, asleep] = [tab("study:a"), tab("study:a")];
    tab("study:b").tell({ type: "visible", visible: false });
    say("/studies/a/events", "hello");
    expect(hub.clients).toBe(3);
    const beats = (count: number): void => {
      for (let i = 0; i < count; i++) {
        wait(BEAT_MS);
        watching.tell({ type: "visible", visible: true });
        hub.tick();
      }
    };
    beats(4);
    // The hidden one says nothing anyway.
    expect(hub.clients).toBe(2);
    asleep.heard.length = 0;
    say("/studies/a/events", "reset");
    expect(asleep.heard).toEqual([]);
    asleep.tell({ type: "visible", visible: true });
    expect(asleep.heard).toEqual([{ type: "hello", topic: "study:a" }]);
    asleep.tell({ type: "visible", visible: true });
    expect(asleep.heard).toHaveLength(1);
    beats((60 * 60_000) / BEAT_MS);
    expect(hub.clients).toBe(1);
  });

  test("a stream that is refused is not asked for again until somebody watches anew", () => {
    const { hub, open, opened, tab } = keeper();
    const one = tab("study:a");
    open.get("/studies/a/events")?.refused(404);
    hub.tick();
    expect(one.heard).toEqual([{ type: "gone", topic: "study:a", code: "http-404" }]);
    expect(opened).toHaveLength(1);
    one.tell({ type: "watch", topic: "study:a" });
    open.get("/studies/a/events")?.refused(401);
    expect(one.heard.at(-1)).toEqual({ type: "denied", topic: "study:a" });
    expect(opened).toHaveLength(2);
  });

  test("a study that is deleted ends its stream", () => {
    const { open, tab, say } = keeper();
    const one = tab("study:a");
    say("/studies/a/events", "hello");
    say("/studies/a/events", "gone", { code: "unknown-study", message: "" });
    expect(one.heard.at(-1)).toEqual({ type: "gone", topic: "study:a", code: "unknown-study" });
    expect(open.size).toBe(0);
  });
});

test("requests never pile up: what is announced while one is under way is one more", async () => {
  let [underWay, most, calls] = [0, 0, 0];
  const waiting: (() => void)[] = [];
  const ask = oneAtATime(async () => {
    calls++;
    most = Math.max(most, ++underWay);
    await new Promise<void>((resolve) => waiting.push(resolve));
    underWay--;
  });
  const all = Array.from({ length: 100 }, () => ask());
  waiting.shift()?.();
  await expect.poll(() => waiting.length).toBe(1);
  waiting.shift()?.();
  await Promise.all(all);
  expect({ most, calls }).toEqual({ most: 1, calls: 2 });
});

test("a request that fails does not end the next ones", async () => {
  let calls = 0;
  const ask = oneAtATime(async () => {
    if (++calls === 1) throw new Error("down");
  });
  await expect(ask()).rejects.toThrow("down");
  await ask();
  expect(calls).toBe(2);
});

test("what is announced while a request fails is asked for all the same", async () => {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let calls = 0;
  const ask = oneAtATime(() => {
    calls++;
    return new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
  });
  const both = [ask(), ask()];
  waiting.shift()?.reject(new Error("down"));
  await expect.poll(() => calls).toBe(2);
  waiting.shift()?.resolve();
  await Promise.all(both);
  expect(calls).toBe(2);
});

describe("what a page holds, behind a frame", () => {
  const entry = (name: string, revision: number, created_at = "2026-01-01"): StudyEntry =>
    ({ name, revision, created_at }) as StudyEntry;

  test("newer entries come, older ones do not, and a study made anew under its name is new", () => {
    const before = new Map([
      ["a", entry("a", 5)],
      ["b", entry("b", 5)],
      ["c", entry("c", 5)],
    ]);
    const frame = { entries: [entry("a", 6), entry("b", 4), entry("d", 0), entry("c", 1, "2026-02-02")], removed: [] };
    const after = withChanges(before, frame);
    expect([...after.values()].map(({ name, revision }) => `${name}${revision}`)).toEqual(["a6", "b5", "c1", "d0"]);
    expect([...withChanges(after, { entries: [], removed: ["a", "d"] }).keys()]).toEqual(["b", "c"]);
    expect(before.get("a")?.revision).toBe(5);
  });

  test("curves grow in order; a new attempt begins anew, reports of an old one are late", () => {
    const first = withReports(new Map(), [
      [3, 1, 1, 0.5, 0],
      [3, 1, 2, 0.4, 0],
      [4, 1, 1, "NaN", 0],
    ]);
    expect(first.get(3)?.points).toEqual([
      [1, 0.5, 0],
      [2, 0.4, 0],
    ]);
    const second = withReports(first, [
      [3, 1, 2, 0.4, 0],
      [3, 2, 1, 0.9, 5],
      [3, 1, 3, 0.3, 0],
    ]);
    expect(second.get(3)).toEqual({ number: 3, attempt: 2, points: [[1, 0.9, 5]] });
    expect(second.get(4)?.points).toEqual([[1, "NaN", 0]]);
    // The map before is what a page shows: it stays as it was.
    expect(first.get(3)?.points).toHaveLength(2);
  });

  test("a curve is copied once for all reports of a frame", () => {
    const long = withReports(
      new Map(),
      Array.from({ length: 1000 }, (_, step) => [0, 1, step, 0.5, 0] as const),
    );
    const more = Array.from({ length: 500 }, (_, i) => [0, 1, 1000 + i, 0.25, 0] as const);
    let copies = 0;
    const iterate = Object.getOwnPropertyDescriptor(Array.prototype, Symbol.iterator) as PropertyDescriptor;
    const counted = function (this: unknown[]) {
      if (this.length >= 1000) copies++;
      return this.values();
    };
    Object.defineProperty(Array.prototype, Symbol.iterator, { ...iterate, value: counted });
    let grown;
    try {
      grown = withReports(long, more);
    } finally {
      Object.defineProperty(Array.prototype, Symbol.iterator, iterate);
    }
    expect([copies, grown.get(0)?.points.length, long.get(0)?.points.length]).toEqual([1, 1500, 1000]);
  });
});
