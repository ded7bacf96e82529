import { afterAll, describe, expect, it } from "vitest";
import type { Executor } from "../../src/executors/executor.js";
import { hooks, job } from "../fixtures/executors/jobs.js";

/** What every executor promises, whatever it runs trials in. `make` gives one with two slots. */
export function executorConformance(name: string, make: () => Executor): void {
  describe(`${name} executor`, () => {
    const executor = make();
    afterAll(() => executor.close());

    it("runs an objective to its value", async () => {
      const done = await executor.run(job("square", { x: -1.5 }), hooks());
      expect(done).toMatchObject({ state: "complete", values: [2.25], slot: 0 });
    });

    it("hands on every report in order, before the outcome", async () => {
      const heard = hooks();
      const done = await executor.run(job("reports"), heard);
      expect(done).toMatchObject({ state: "complete", values: [0.1] });
      expect(heard.reports).toEqual(Array.from({ length: 10 }, (_, i) => [i + 1, 1 / (i + 1)]));
    });

    it("ends a trial as pruned at the report that is answered so", async () => {
      const heard = hooks((step) => step === 4);
      const done = await executor.run(job("reports"), heard);
      expect(done.state).toBe("pruned");
      expect(heard.reports.map(([step]) => step)).toEqual([1, 2, 3, 4]);
    });

    it("hands on user attributes", async () => {
      const heard = hooks();
      await executor.run(job("attributes", { number: 2 }), heard);
      expect(heard.attrs).toEqual({ note: { seed: 42, number: 2 } });
    });

    it("runs a trial a slot at the same time", async () => {
      const first = hooks();
      const second = hooks(undefined, () => {
        if (first.reports.length > 0) second.stop("cancel");
      });
      const running = executor.run(job("waits", { slot: 0 }), first);
      const done = await executor.run(job("waits", { number: 1, slot: 1 }), second);
      expect(done).toMatchObject({ state: "cancelled", slot: 1 });
      first.stop("cancel");
      expect(await running).toMatchObject({ state: "cancelled", slot: 0 });
    });

    it("gives a stopped trial back as cancelled, and its slot runs the next", async () => {
      const heard = hooks(undefined, (step) => {
        if (step === 3) heard.stop("cancel");
      });
      expect((await executor.run(job("waits"), heard)).state).toBe("cancelled");
      expect(await executor.run(job("square", { x: 2 }), hooks())).toMatchObject({ state: "complete", values: [4] });
    });

    it("fails a trial past its time as timeout", async () => {
      const heard = hooks(undefined, (step) => {
        if (step === 2) heard.stop("timeout");
      });
      const done = await executor.run(job("waits"), heard);
      expect(done).toMatchObject({ state: "failed", failure: { class: "timeout" } });
    });

    it("does not begin a trial whose signal is aborted", async () => {
      const heard = hooks();
      heard.stop("cancel");
      expect(await executor.run(job("reports"), heard)).toMatchObject({ state: "cancelled" });
      expect(heard.reports).toEqual([]);
    });

    it("fails a trial that throws, with message and place", async () => {
      const done = await executor.run(job("throws"), hooks());
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
      const done = await executor.run(job("diverges"), hooks());
      expect(done).toMatchObject({ state: "failed", failure: { class: "diverged", message: "loss is NaN" } });
    });

    it("hands on NaN as the value it is", async () => {
      expect(await executor.run(job("nan"), hooks())).toMatchObject({ state: "complete", values: [Number.NaN] });
    });

    it("fails a trial that returns no number, or asks for what is not declared", async () => {
      const nothing = await executor.run(job("nothing"), hooks());
      expect(nothing).toMatchObject({ state: "failed", failure: { class: "exception" } });
      const undeclared = await executor.run(job("undeclared"), hooks());
      expect(undeclared).toMatchObject({
        state: "failed",
        failure: { class: "exception", message: expect.stringContaining('"other"') as unknown },
      });
    });
  });
}
