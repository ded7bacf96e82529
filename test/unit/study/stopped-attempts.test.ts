import { describe, expect, it } from "vitest";
import type { Metrics, ObjectiveTrial, OptimizeEvent } from "../../../src/core/index.js";
import { float } from "../../../src/core/index.js";
import { ManualExecutor, study } from "../../fixtures/study/studies.js";

/** A promise, and what resolves it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe("an attempt that was stopped", () => {
  it("says nothing in the next attempt, in whichever executor it goes on", async () => {
    const s = await study();
    const [first, second] = [new ManualExecutor(1), new ManualExecutor(1)];
    const stop = new AbortController();
    const stopped = s.optimizeWith(async () => first.runner(), { trials: 1, signal: stop.signal });
    await first.started(0);
    const hooks = first.running.get(0)?.hooks;
    if (!hooks) throw new Error("no hooks");
    stop.abort();
    expect(await stopped).toMatchObject({ stoppedBy: "interrupt", finished: 0 });
    const going = s.optimizeWith(async () => second.runner(), { trials: 1 });
    await second.started(0);
    hooks.onConstraint("mem", 99);
    hooks.onUserAttr("who", "the first");
    expect(hooks.onReport(1, 0.5)).toBe("stop");
    expect(() => hooks.onSuggest?.("y", float(0, 1))).toThrow(expect.objectContaining({ code: "trial-not-running" }));
    second.complete(0, 2);
    expect(await going).toMatchObject({ best: { number: 0, value: 2 } });
    const { params, ...record } = s.trials[0] as (typeof s.trials)[0];
    expect(record).toMatchObject({ attempt: 2, constraints: {}, user_attrs: {}, intermediate: [] });
    expect(Object.keys(params)).toEqual(["x"]);
  });

  it("is left at whatever it says next, where it runs in this process", async () => {
    const s = await study();
    const stop = new AbortController();
    const [stopped, over] = [gate(), gate()];
    const thrown: string[] = [];
    const talkative = async (trial: ObjectiveTrial): Promise<number> => {
      stop.abort();
      await stopped.opened;
      const says: (() => unknown)[] = [
        () => trial.report(1, 1),
        () => trial.setUserAttr("who", "the first"),
        () => trial.setConstraint("mem", 99),
        () => trial.suggestFloat("y", 0, 1),
      ];
      for (const say of says)
        try {
          say();
        } catch (error) {
          thrown.push((error as Error).name);
        }
      over.open();
      return 1;
    };
    await s.optimize(talkative, { trials: 1, signal: stop.signal });
    await s.optimize(
      async () => {
        stopped.open();
        await over.opened;
        return 2;
      },
      { trials: 1 },
    );
    expect(thrown).toHaveLength(4);
    expect(s.trials).toMatchObject([{ value: 2, attempt: 2, constraints: {}, user_attrs: {}, intermediate: [] }]);
  });
});

it("an object of metrics that is reported stays the reporter's own", async () => {
  const s = await study();
  const events: OptimizeEvent[] = [];
  const objective = (trial: ObjectiveTrial): number => {
    const metrics: Record<string, number> = {};
    for (const step of [1, 2, 3]) trial.report(step, step, Object.assign(metrics, { loss: step / 10 }));
    return 1;
  };
  await s.optimize(objective, { trials: 1, onEvent: (event) => events.push(event) });
  expect(s.trials[0]?.state).toBe("complete");
  const told = events.flatMap((event): Metrics[] => (event.event === "report" ? [event.metrics] : []));
  expect(told).toEqual([{ loss: 0.1 }, { loss: 0.2 }, { loss: 0.3 }]);
});
