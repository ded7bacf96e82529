/** One study as pages hold it: what it does when the study, the session or the columns' thread goes away, and comes back. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiProblem } from "../../../web/app/api/client.js";
import type { LiveListener } from "../../../web/app/live/live.js";
import type { FromHub, Topic } from "../../../web/app/live/protocol.js";
import { session } from "../../../web/app/session.js";
import { openStudy, releaseStudy } from "../../../web/app/store/study-store.js";
import type { StudyChanges, StudyEntry } from "../../../web/app/api/types.js";
import { columnsOf } from "./columns-of.js";

const around = vi.hoisted(() => ({
  watched: [] as { topic: string; listener: (message: never) => void; isOver: boolean }[],
  asked: [] as string[],
  /** What the columns' thread answers. */
  answer: (ask: string): Promise<unknown> => Promise.resolve(ask === "close" ? null : { revision: 1, size: 1 }),
}));
const usual = around.answer;

vi.mock("../../../web/app/live/live.js", () => ({
  watch: (topic: Topic, listener: LiveListener) => {
    const own = { topic, listener, isOver: false };
    around.watched.push(own);
    return () => {
      own.isOver = true;
    };
  },
}));
vi.mock("../../../web/app/columns/columns-client.js", () => ({
  askColumns: (ask: string) => {
    around.asked.push(ask);
    return around.answer(ask);
  },
}));

/** What the service says of the study; null: there is none. */
let served: { created_at: string } | null;
/** Who waits for the next answer of the service. */
let gate: Promise<void>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  [around.watched.length, around.asked.length, around.answer] = [0, 0, usual];
  [served, gate, session.value] = [{ created_at: "first" }, Promise.resolve(), "in"];
  vi.stubGlobal("document", { querySelector: () => null, baseURI: "http://here/" });
  vi.stubGlobal("fetch", async (url: string) => {
    await gate;
    if (served === null) return Response.json({ code: "unknown-study", detail: "no such study" }, { status: 404 });
    return Response.json(url.includes("reports") ? { reports: [] } : { ...served, name: "s" });
  });
});
afterEach(() => {
  // As often as a test has opened it.
  close();
  close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const say = (message: FromHub): void => {
  for (const { listener, isOver } of around.watched) if (!isOver) (listener as LiveListener)(message);
};
const topic: Topic = "study:s";
const frame = (revision: number): StudyChanges => ({
  ...{ revision, size: 1, rows: columnsOf([]).rows, parameters: null, reports: [], study: null },
});
const close = (): void => {
  releaseStudy("s");
  vi.advanceTimersByTime(20_000);
};
/** Everything that was begun has come to its end. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve().then(() => new Promise(setImmediate));
};

test("a study that was deleted and made again is watched and fetched anew by the next page", async () => {
  const store = openStudy("s");
  say({ type: "hello", topic });
  await settled();
  expect([store.entry.value?.created_at, store.columns.revision.value]).toEqual(["first", 1]);
  served = null;
  say({ type: "gone", topic, code: "study-deleted" });
  expect([store.connection.value, store.problem.value?.message]).toEqual(["down", 'study "s" is not there any more']);
  releaseStudy("s");
  served = { created_at: "second" };
  around.asked.length = 0;
  expect(openStudy("s")).toBe(store);
  expect([store.connection.value, store.columns.revision.value, store.entry.value]).toEqual(["connecting", null, null]);
  // Of the old study nothing is left for the question what changed since.
  expect(around.asked.slice(0, 2)).toEqual(["close", "refresh"]);
  expect(around.watched.map(({ isOver }) => isOver)).toEqual([true, false]);
  say({ type: "hello", topic });
  await settled();
  expect([store.connection.value, store.problem.value, store.entry.value?.created_at]).toEqual([
    ...["live", null, "second"],
  ]);
});

test("a page that stays open on a study that was deleted shows the one that is made under its name", async () => {
  const store = openStudy("s");
  say({ type: "hello", topic });
  await settled();
  served = null;
  say({ type: "gone", topic, code: "study-deleted" });
  // Looked for more and more seldom, and nothing is shown of what is not there.
  for (let i = 0; i < 6; i++) {
    vi.advanceTimersByTime(8_000);
    await settled();
  }
  expect([store.connection.value, store.problem.value?.status]).toEqual(["down", 404]);
  served = { created_at: "second" };
  around.asked.length = 0;
  vi.advanceTimersByTime(8_000);
  await settled();
  expect(around.asked).toEqual(["close", "refresh"]);
  expect(around.watched.map(({ isOver }) => isOver)).toEqual([true, false]);
  say({ type: "hello", topic });
  await settled();
  expect([store.connection.value, store.problem.value, store.entry.value?.created_at]).toEqual([
    ...["live", null, "second"],
  ]);
  // Nothing is looked for any more.
  const asked = around.asked.length;
  vi.advanceTimersByTime(60_000);
  await settled();
  expect(around.asked).toHaveLength(asked);
});

test("a stream that comes back for another study of the name begins with nothing of the old one", async () => {
  const store = openStudy("s");
  await settled();
  say({ type: "gone", topic, code: "study-deleted" });
  around.asked.length = 0;
  served = { created_at: "second" };
  say({ type: "hello", topic });
  await settled();
  expect(around.asked).toEqual(["close", "refresh"]);
  expect([store.entry.value?.created_at, store.problem.value]).toEqual(["second", null]);
});

test("after a new log-in a kept study is watched again, with the trials that it has", async () => {
  const store = openStudy("s");
  await settled();
  say({ type: "denied", topic });
  expect(session.value).toBe("out");
  releaseStudy("s");
  around.asked.length = 0;
  session.value = "in";
  openStudy("s");
  expect(around.watched.map(({ isOver }) => isOver)).toEqual([true, false]);
  say({ type: "hello", topic });
  await settled();
  expect([store.connection.value, new Set(around.asked)]).toEqual(["live", new Set(["refresh"])]);
});

test("what comes in after the end asks nothing of the columns' thread", async () => {
  const store = openStudy("s");
  await settled();
  let open = (): void => {};
  gate = new Promise((resolve) => (open = resolve));
  const refreshing = store.refresh();
  say({ type: "changes", topic, changes: { ...frame(2), study: { created_at: "late" } as StudyEntry } });
  void store.refresh();
  close();
  expect(around.asked.at(-1)).toBe("close");
  open();
  await refreshing;
  await settled();
  store.columns.apply(frame(3));
  await store.columns.refresh();
  expect(store.entry.value?.created_at).toBe("first");
  expect(around.asked.at(-1)).toBe("close");
});

test("a thread that ends is no error of the page's, and what it held is fetched again", async () => {
  const store = openStudy("s");
  say({ type: "hello", topic });
  await settled();
  around.asked.length = 0;
  around.answer = (ask) =>
    ask === "refresh"
      ? Promise.resolve({ revision: 7, size: 3 })
      : Promise.reject(new ApiProblem("the thread ended", "thread-ended", 0));
  say({ type: "changes", topic, changes: frame(2) });
  await settled();
  expect(around.asked).toEqual(["apply", "refresh"]);
  expect([store.columns.revision.value, store.columns.size.value]).toEqual([7, 3]);
  // vitest fails for rejections that nobody handles.
  around.answer = () => Promise.reject(new ApiProblem("the thread ended", "thread-ended", 0));
  say({ type: "changes", topic, changes: frame(8) });
  await settled();
  close();
  await settled();
});
