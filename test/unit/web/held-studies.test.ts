/** Which columns the thread holds: fetched whole where they are not there, and let go of when nobody asks any more. */
import { expect, test } from "vitest";
import { blankTrial } from "../../../src/core/index.js";
import { HeldStudies } from "../../../web/app/columns/held-studies.js";
import { StudyQueries } from "../../../web/app/columns/study-queries.js";
import { noFilter } from "../../../web/app/filter/filter.js";
import type { Columns } from "../../../web/app/api/types.js";
import { columnsOf } from "./columns-of.js";

const trials = Array.from({ length: 5 }, (_, number) => blankTrial(number, { params: { "train.lr": 0.01 } }));
const whole = columnsOf(trials, { revision: 5 });
/** The fifth trial runs. */
const { rows } = columnsOf([blankTrial(4, { state: "running" })], { revision: 6 });
const changes = { revision: 6, rows };

/** Columns over a service that answers when the test says so. */
function scene() {
  const asked: [study: string, since: number | null][] = [];
  const answers: { resolve: (columns: Columns) => void; reject: (error: Error) => void }[] = [];
  let now = 0;
  const held = new HeldStudies({
    fetch: (study, since) => {
      asked.push([study, since]);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
    now: () => now,
  });
  const answer = async (columns: Columns = whole): Promise<void> => {
    await expect.poll(() => answers.length).toBeGreaterThan(0);
    answers.shift()?.resolve(columns);
  };
  return { held, asked, answer, answers, wait: (ms: number) => (now += ms) };
}

test("changes of a study that was never fetched, as after the end of a thread, have all of it fetched", async () => {
  const { held, asked, answer } = scene();
  const applied = held.apply("a", changes);
  await answer();
  expect(await applied).toEqual({ revision: 6, size: 5 });
  const found = (await held.of("a")).select(noFilter, null);
  expect([found.total, found.states.waiting, found.states.running]).toEqual([5, 4, 1]);
  expect(asked).toEqual([["a", null]]);
  const refreshed = held.refresh("a");
  await answer({ ...columnsOf([], { reset: false, revision: 6, size: 5 }) });
  expect(await refreshed).toEqual({ revision: 6, size: 5 });
  expect(asked.at(-1)).toEqual(["a", 6]);
});

test("rows that changed are not taken for all there is", () => {
  expect(() => new StudyQueries("a").apply(changes)).toThrow('study "a" are not there');
});

test("a study with nothing in it was fetched all the same", async () => {
  const { held, asked, answer } = scene();
  const first = held.refresh("a");
  await answer(columnsOf([], { revision: 0 }));
  expect(await first).toEqual({ revision: 0, size: 0 });
  expect(await held.apply("a", { revision: 1, rows: columnsOf(trials.slice(0, 1)).rows })).toEqual({
    ...{ revision: 1, size: 1 },
  });
  expect(asked).toEqual([["a", null]]);
});

test("what fails is asked for anew by whoever comes next", async () => {
  const { held, answers, answer } = scene();
  const failed = held.of("a");
  answers.shift()?.reject(new Error("down"));
  await expect(failed).rejects.toThrow("down");
  const found = held.of("a");
  await answer();
  expect((await found).store.size).toBe(5);
});

test("a study that is closed while it is fetched is not held", async () => {
  const { held, asked, answer } = scene();
  const late = held.refresh("a");
  held.close("a");
  await answer();
  await late;
  expect(held.names).toEqual([]);
  const next = held.of("a");
  await answer();
  await next;
  expect(asked.at(-1)).toEqual(["a", null]);
});

test("studies that are only compared go a minute after they were last asked about, those that are open stay", async () => {
  const { held, asked, answer, wait } = scene();
  // One request for both who ask about the same study.
  const begun = [held.refresh("open"), held.compared("open"), held.compared("b"), held.compared("c")];
  for (let i = 0; i < 3; i++) await answer();
  await Promise.all(begun);
  expect(asked.map(([name]) => name)).toEqual(["open", "b", "c"]);
  expect(held.names).toEqual(["open", "b", "c"]);
  wait(59_000);
  const again = held.compared("c");
  await answer({ ...columnsOf([], { reset: false, revision: 5, size: 5 }) });
  await again;
  wait(2_000);
  held.sweep();
  expect(held.names).toEqual(["open", "c"]);
  wait(61_000);
  held.sweep();
  expect(held.names).toEqual(["open"]);
});

test("a study that is made anew under its name takes the place of the old one, whatever it has come to by then", async () => {
  const made = { created_at: "2026-01-03T00:00:00.000Z" };
  for (const ask of ["refresh", "compared"] as const) {
    const { held, asked, answer, wait } = scene();
    const first = held[ask]("a");
    await answer();
    await first;
    const before = (await held.of("a")).plotVersion(noFilter);
    wait(1_000);
    const again = held[ask]("a");
    // It has as many events by now as the old one had, and more: what changed since then is not all of it.
    await answer(columnsOf(trials.slice(2, 3), { ...made, reset: false, revision: 9, size: 3 }));
    await answer(columnsOf(trials.slice(0, 3), { ...made, revision: 9 }));
    await again;
    expect(asked).toEqual([
      ["a", null],
      ["a", 5],
      ["a", null],
    ]);
    const { store } = await held.of("a");
    expect([store.size, store.revision, store.created]).toEqual([3, 9, made.created_at]);
    expect((await held.of("a")).select(noFilter, null).total).toBe(3);
    expect((await held.of("a")).plotVersion(noFilter)).not.toBe(before);
  }
});

test("a plot of the old study is none of the new one, though each was fetched once", async () => {
  const { held, answer } = scene();
  const versions: string[] = [];
  for (const created_at of ["2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"]) {
    const refreshed = held.refresh("a");
    await answer(columnsOf(trials, { created_at, revision: 5 }));
    await refreshed;
    versions.push((await held.of("a")).plotVersion(noFilter));
    held.close("a");
  }
  expect(new Set(versions).size).toBe(2);
});
