/** What every executor promises. */
import { hostname } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { Executor, Place } from "../../src/executors/executor.js";
import { hooks, job, runIn } from "../fixtures/executors/jobs.js";

/** What every executor promises, whatever it runs trials in. `make` gives one with two slots. */
export function executorConformance(name: string, make: () => Executor): void {
  describe(`${name} executor`, () => {
    const executor = make();
    afterAll(() => executor.close());

    it("runs an objective to its value", async () => {
      const done = await runIn(executor, job("square", { x: -1.5 }), hooks());
      expect(done).toMatchObject({ state: "complete", values: [2.25] });
    });

    it("hands on every report in order, before the outcome", async () => {
      const heard = hooks();
      const done = await runIn(executor, job("reports"), heard);
      expect(done).toMatchObject({ state: "complete", values: [0.1] });
      expect(heard.reports).toEqual(Array.from({ length: 10 }, (_, i) => [i + 1, 1 / (i + 1)]));
    });

    it("ends a trial as pruned at the report that is answered so", async () => {
      const heard = hooks((step) => step === 4);
      const done = await runIn(executor, job("reports"), heard);
      expect(done.state).toBe("pruned");
      expect(heard.reports.map(([step]) => step)).toEqual([1, 2, 3, 4]);
    });

    it("hands on user attributes", async () => {
      const heard = hooks();
      await runIn(executor, job("attributes", { number: 2 }), heard);
      expect(heard.attrs).toEqual({ note: { seed: 42, number: 2 } });
    });

    it("runs a trial a place at the same time", async () => {
      const first = hooks();
      const second = hooks(undefined, () => {
        if (first.reports.length > 0) second.stop("cancel");
      });
      const running = runIn(executor, job("waits"), first);
      expect(await runIn(executor, job("waits", { number: 1 }), second)).toMatchObject({ state: "cancelled" });
      first.stop("cancel");
      expect(await running).toMatchObject({ state: "cancelled" });
    });

    it("hands out its places, lowest first, and no more", async () => {
      expect(executor.capacity()).toBe(2);
      const held = [await executor.acquire(), await executor.acquire()];
      expect(held.map((place) => place.slot)).toEqual([0, 1]);
      expect(new Set(held.map((place) => place.owner))).toEqual(new Set([`${process.pid}@${hostname()}`]));
      const granted: string[] = [];
      const waiting = ["a", "b"].map(async (who) => {
        const place = await executor.acquire();
        granted.push(who);
        return place;
      });
      await turn();
      expect(granted).toEqual([]);
      held[1]?.release();
      const a = await (waiting[0] as Promise<Place>);
      expect([granted, a.slot]).toEqual([["a"], 1]);
      held[0]?.release();
      const b = await (waiting[1] as Promise<Place>);
      expect([granted, b.slot]).toEqual([["a", "b"], 0]);
      a.release();
      b.release();
    });

    it("takes a place back once, however often it is given", async () => {
      const held = [await executor.acquire(), await executor.acquire()];
      held[0]?.release();
      held[0]?.release();
      const again = await executor.acquire();
      const third = executor.acquire(AbortSignal.abort(new Error("nothing free")));
      await expect(third).rejects.toThrow("nothing free");
      // Given back a second time by its former holder, the place stays with its new one.
      held[0]?.release();
      const late = new AbortController();
      const more = executor.acquire(late.signal);
      await turn();
      late.abort(new Error("still nothing"));
      await expect(more).rejects.toThrow("still nothing");
      again.release();
      held[1]?.release();
    });

    it("runs one trial at a time in a place, and none in one that was given back", async () => {
      const place = await executor.acquire();
      const heard = hooks();
      const running = place.run(job("waits"), heard);
      await expect(place.run(job("square"), hooks())).rejects.toThrow(/runs a trial already/);
      heard.stop("cancel");
      await running;
      expect(await place.run(job("square", { x: 2 }), hooks())).toMatchObject({ values: [4] });
      place.release();
      await expect(place.run(job("square"), hooks())).rejects.toThrow(/given back/);
    });

    it("goes on when whoever waited for a place has lost interest", async () => {
      const held = [await executor.acquire(), await executor.acquire()];
      const gone = new AbortController();
      const lost = executor.acquire(gone.signal);
      const next = executor.acquire();
      gone.abort(new Error("not wanted"));
      await expect(lost).rejects.toThrow("not wanted");
      held[0]?.release();
      (await next).release();
      held[1]?.release();
    });

    it("tells the caller what a hook threw, and its place runs the next", async () => {
      const heard = hooks(undefined, () => {
        throw new Error("the listener broke");
      });
      await expect(runIn(executor, job("reports"), heard)).rejects.toThrow("the listener broke");
      expect(await runIn(executor, job("square", { x: 2 }), hooks())).toMatchObject({ values: [4] });
    });

    it("ends a trial for good as pruned", async () => {
      const heard = hooks(undefined, (step) => {
        if (step === 2) heard.stop("stop");
      });
      expect(await runIn(executor, job("waits"), heard)).toMatchObject({ state: "pruned" });
    });

    it("hands on constraints and further metrics of a report", async () => {
      const heard = hooks();
      await runIn(executor, job("constraints"), heard);
      expect(heard.constraints).toEqual({ size: -1 });
      expect(heard.metrics).toEqual([{ loss: 0.5, note: Number.NaN }]);
    });

    it("gives a stopped trial back as cancelled, and its slot runs the next", async () => {
      const heard = hooks(undefined, (step) => {
        if (step === 3) heard.stop("cancel");
      });
      expect((await runIn(executor, job("waits"), heard)).state).toBe("cancelled");
      expect(await runIn(executor, job("square", { x: 2 }), hooks())).toMatchObject({ state: "complete", values: [4] });
    });

    it("fails a trial past its time as timeout", async () => {
      const heard = hooks(undefined, (step) => {
        if (step === 2) heard.stop("timeout");
      });
      const done = await runIn(executor, job("waits"), heard);
      expect(done).toMatchObject({ state: "failed", failure: { class: "timeout" } });
    });

    it("does not begin a trial whose signal is aborted", async () => {
      const heard = hooks();
      heard.stop("cancel");
      expect(await runIn(executor, job("reports"), heard)).toMatchObject({ state: "cancelled" });
      expect(heard.reports).toEqual([]);
    });

    it("fails a trial that throws, with message and place", async () => {
      const done = await runIn(executor, job("throws"), hooks());
      expect(done).toMatchObject({
        state: "failed",
        failure: {
          class: "exception",
          message: "wrong shape",
          where: expect.stringMatching(/^objective\.mjs:\d+$/) as unknown,
        },
      });
    });

    it("keeps the class that an error brings", async () => {
      const done = await runIn(executor, job("diverges"), hooks());
      expect(done).toMatchObject({ state: "failed", failure: { class: "diverged", message: "loss is NaN" } });
    });

    it("hands on NaN as the value it is", async () => {
      expect(await runIn(executor, job("nan"), hooks())).toMatchObject({ state: "complete", values: [Number.NaN] });
    });

    it("fails a trial that returns no number, or asks for what is not declared", async () => {
      const nothing = await runIn(executor, job("nothing"), hooks());
      expect(nothing).toMatchObject({ state: "failed", failure: { class: "exception" } });
      const undeclared = await runIn(executor, job("undeclared"), hooks());
      expect(undeclared).toMatchObject({
        state: "failed",
        failure: { class: "exception", message: expect.stringContaining('"other"') as unknown },
      });
    });

    it("refuses whoever waits, and whoever comes, once it is closed", async () => {
      const closing = make();
      const held = [await closing.acquire(), await closing.acquire()];
      const waiting = closing.acquire();
      const refused = expect(waiting).rejects.toMatchObject({ code: "executor-closed" });
      await closing.close();
      await refused;
      await expect(closing.acquire()).rejects.toMatchObject({ code: "executor-closed" });
      for (const place of held) place.release();
      await closing.close();
    });
  });
}
