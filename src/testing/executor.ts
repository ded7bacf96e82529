/** The conformance suite of executors. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { requireKnownKeys } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import type { Executor, Place } from "../executors/executor.js";
import { assertMatches, assertRejects } from "./assertions.js";
import type { TestRunner } from "./runner.js";
import { jobOf, recordedHooks, runIn } from "./trial-jobs.js";

/** An executor to be tried. */
export interface ExecutorCase {
  readonly name: string;
  /**
   * Makes one with two places. One for functions of its own process runs `conformanceObjective`; others are handed a
   * module.
   */
  readonly make: () => Executor | Promise<Executor>;
  /** What its places say of who runs a trial. @default any text */
  readonly owner?: string;
  /**
   * How often a trial follows a cancelled one in its place, where a message that comes late would end it. A few do for an
   * executor that gives every trial a process of its own. At least 1.
   * @default 30
   */
  readonly rounds?: number;
}

type Use = () => Promise<Executor>;

/** Registers what every executor must do, whatever it runs trials in. */
export function executorConformance(runner: TestRunner, of: ExecutorCase): void {
  requireKnownKeys("executorConformance", of, {
    name: true,
    make: true,
    owner: true,
    rounds: true,
  } satisfies KnownKeys<ExecutorCase>);
  let made: Promise<Executor> | undefined;
  // One for all cases, so that each runs trials where the ones before left something; the last case closes it.
  const use: Use = () => (made ??= Promise.resolve(of.make()));
  runner.describe(`executor ${of.name}`, () => {
    casesOfOutcomes(runner, use);
    casesOfReports(runner, use);
    casesOfStops(runner, use, of);
    casesOfPlaces(runner, use, of);
    casesOfClosing(runner, use, of);
  });
}

function casesOfOutcomes({ it }: TestRunner, use: Use): void {
  it("runs an objective to its value", async () => {
    const done = await runIn(await use(), jobOf("square", { x: -1.5 }), recordedHooks());
    assertMatches(done, { state: "complete", values: [2.25] });
  });
  it("fails a trial that throws, with message and place", async () => {
    const done = await runIn(await use(), jobOf("throws"), recordedHooks());
    const where = /^executor-objective\.[jt]s:\d+$/;
    assertMatches(done, { state: "failed", failure: { class: "exception", message: "wrong shape", where } });
  });
  it("keeps the class that an error brings", async () => {
    const done = await runIn(await use(), jobOf("diverges"), recordedHooks());
    assertMatches(done, { state: "failed", failure: { class: "diverged", message: "loss is NaN" } });
  });
  it("hands on NaN as the value it is", async () => {
    assertMatches(await runIn(await use(), jobOf("nan"), recordedHooks()), { state: "complete", values: [Number.NaN] });
  });
  it("fails a trial that returns no number, or asks for what is not declared", async () => {
    const nothing = await runIn(await use(), jobOf("nothing"), recordedHooks());
    assertMatches(nothing, { state: "failed", failure: { class: "exception" } });
    const undeclared = await runIn(await use(), jobOf("undeclared"), recordedHooks());
    assertMatches(undeclared, { state: "failed", failure: { class: "exception", message: /"other"/ } });
  });
}

function casesOfReports({ it }: TestRunner, use: Use): void {
  it("hands on every report in order, before the outcome", async () => {
    const heard = recordedHooks();
    const done = await runIn(await use(), jobOf("reports"), heard);
    assertMatches(done, { state: "complete", values: [0.1] });
    const expected = Array.from({ length: 10 }, (_, i) => [i + 1, 1 / (i + 1)]);
    assert.deepEqual(heard.reports, expected);
  });
  it("ends a trial as pruned at the report that is answered so", async () => {
    const heard = recordedHooks((step) => step === 4);
    const done = await runIn(await use(), jobOf("reports"), heard);
    assert.equal(done.state, "pruned");
    const steps = heard.reports.map(([step]) => step);
    assert.deepEqual(steps, [1, 2, 3, 4]);
  });
  it("hands on user attributes", async () => {
    const heard = recordedHooks();
    await runIn(await use(), jobOf("attributes", { number: 2 }), heard);
    assert.deepEqual(heard.attrs, { note: { seed: 42, number: 2 } });
  });
  it("hands on constraints and further metrics of a report", async () => {
    const heard = recordedHooks();
    await runIn(await use(), jobOf("constraints"), heard);
    assert.deepEqual(heard.constraints, { size: -1 });
    assert.deepEqual(heard.metrics, [{ loss: 0.5, note: Number.NaN }]);
  });
  it("tells the caller what a hook threw, and its place runs the next", async () => {
    const heard = recordedHooks(undefined, () => {
      throw new Error("the listener broke");
    });
    await assertRejects(runIn(await use(), jobOf("reports"), heard), { message: "the listener broke" });
    assertMatches(await runIn(await use(), jobOf("square", { x: 2 }), recordedHooks()), { values: [4] });
  });
}

function casesOfStops({ it }: TestRunner, use: Use, { rounds = 30 }: ExecutorCase): void {
  assert.ok(
    Number.isInteger(rounds) && rounds >= 1,
    `executorConformance: rounds is ${rounds}: a whole number, at least 1`,
  );
  it("ends a trial for good as pruned", async () => {
    const heard = recordedHooks(undefined, (step) => {
      if (step === 2) heard.stop("stop");
    });
    assertMatches(await runIn(await use(), jobOf("waits"), heard), { state: "pruned" });
  });
  it("gives a stopped trial back as cancelled, and its place runs the next", async () => {
    const heard = recordedHooks(undefined, (step) => {
      if (step === 3) heard.stop("cancel");
    });
    assertMatches(await runIn(await use(), jobOf("waits"), heard), { state: "cancelled" });
    const next = await runIn(await use(), jobOf("square", { x: 2 }), recordedHooks());
    assertMatches(next, { state: "complete", values: [4] });
  });
  it("never ends a trial by what was meant for the one before it in its place", async () => {
    for (let number = 0; number < 2 * rounds; number += 2) {
      const heard = recordedHooks(undefined, () => {
        heard.stop("cancel");
      });
      assertMatches(await runIn(await use(), jobOf("waits", { number }), heard), { state: "cancelled" });
      const next = await runIn(await use(), jobOf("reports", { number: number + 1 }), recordedHooks());
      assertMatches(next, { state: "complete" });
    }
  });
  it("fails a trial past its time as timeout", async () => {
    const heard = recordedHooks(undefined, (step) => {
      if (step === 2) heard.stop("timeout");
    });
    const done = await runIn(await use(), jobOf("waits"), heard);
    assertMatches(done, { state: "failed", failure: { class: "timeout" } });
  });
  it("does not begin a trial whose signal is aborted", async () => {
    const heard = recordedHooks();
    heard.stop("cancel");
    assertMatches(await runIn(await use(), jobOf("reports"), heard), { state: "cancelled" });
    assert.deepEqual(heard.reports, []);
  });
}

function casesOfPlaces({ it }: TestRunner, use: Use, { owner }: ExecutorCase): void {
  it("runs a trial a place at the same time", async () => {
    const first = recordedHooks();
    const second = recordedHooks(undefined, () => {
      if (first.reports.length > 0) second.stop("cancel");
    });
    const executor = await use();
    const running = runIn(executor, jobOf("waits"), first);
    assertMatches(await runIn(executor, jobOf("waits", { number: 1 }), second), { state: "cancelled" });
    first.stop("cancel");
    assertMatches(await running, { state: "cancelled" });
  });
  it("hands out its places, lowest first, and no more", async () => {
    const executor = await use();
    assert.equal(executor.capacity(), 2);
    const [first, second] = [await executor.acquire(), await executor.acquire()];
    assert.deepEqual([first.slot, second.slot], [0, 1]);
    for (const place of [first, second])
      if (owner === undefined) assert.ok(place.owner.length > 0);
      else assert.equal(place.owner, owner);
    const granted: string[] = [];
    const ask = async (who: string): Promise<Place> => {
      const place = await executor.acquire();
      granted.push(who);
      return place;
    };
    const [a, b] = [ask("a"), ask("b")];
    await turn();
    assert.deepEqual(granted, []);
    second.release();
    const given = await a;
    assert.deepEqual([granted, given.slot], [["a"], 1]);
    first.release();
    const next = await b;
    assert.deepEqual([granted, next.slot], [["a", "b"], 0]);
    for (const place of [given, next]) place.release();
  });
  it("takes a place back once, however often it is given", async () => {
    const executor = await use();
    const [first, second] = [await executor.acquire(), await executor.acquire()];
    first.release();
    first.release();
    const again = await executor.acquire();
    const aborted = AbortSignal.abort(new Error("nothing free"));
    await assertRejects(executor.acquire(aborted), { message: "nothing free" });
    // Given back a second time by its former holder, the place stays with its new one.
    first.release();
    const late = new AbortController();
    const more = assertRejects(executor.acquire(late.signal), { message: "still nothing" });
    await turn();
    late.abort(new Error("still nothing"));
    await more;
    for (const place of [again, second]) place.release();
  });
  it("runs one trial at a time in a place, and none in one that was given back", async () => {
    const place = await (await use()).acquire();
    const heard = recordedHooks();
    const running = place.run(jobOf("waits"), heard);
    await assertRejects(place.run(jobOf("square"), recordedHooks()), { message: /runs a trial already/ });
    heard.stop("cancel");
    await running;
    assertMatches(await place.run(jobOf("square", { x: 2 }), recordedHooks()), { values: [4] });
    place.release();
    await assertRejects(place.run(jobOf("square"), recordedHooks()), { message: /given back/ });
  });
  it("goes on when whoever waited for a place has lost interest", async () => {
    const executor = await use();
    const held = [await executor.acquire(), await executor.acquire()];
    const gone = new AbortController();
    const lost = assertRejects(executor.acquire(gone.signal), { message: "not wanted" });
    const next = executor.acquire();
    gone.abort(new Error("not wanted"));
    await lost;
    held[0]?.release();
    (await next).release();
    held[1]?.release();
  });
}

function casesOfClosing({ it }: TestRunner, use: Use, { make }: ExecutorCase): void {
  it("refuses whoever waits, and whoever comes, once it is closed", async () => {
    const closing = await make();
    const held = [await closing.acquire(), await closing.acquire()];
    const refused = assertRejects(closing.acquire(), { code: "executor-closed" });
    await closing.close();
    await refused;
    await assertRejects(closing.acquire(), { code: "executor-closed" });
    for (const place of held) place.release();
    await closing.close();
  });
  it("closes after all that it has run", async () => {
    const executor = await use();
    await executor.close();
    await executor.close();
    await assertRejects(executor.acquire(), { code: "executor-closed" });
  });
}
