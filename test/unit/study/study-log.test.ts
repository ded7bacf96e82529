import { describe, expect, it } from "vitest";
import type { History, Trial } from "../../../src/core/index.js";
import { blankTrial, onlyGrows } from "../../../src/core/index.js";
import type { ExecutedTrial, RunHooks, TrialJob } from "../../../src/executors/executor.js";
import { Places } from "../../../src/executors/places.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { StudyLog } from "../../../src/study/study-log.js";
import { header, report, started } from "../../fixtures/storage/records.js";
import { ManualExecutor, square, study } from "../../fixtures/study/studies.js";

async function openLog(): Promise<StudyLog> {
  const writer = await new MemoryStorage().create(header("log"));
  const log = new StudyLog(new MemoryStorage(), { state: writer.state, writer });
  await log.append({ type: "trial-created", trial: blankTrial(0) });
  return log;
}

describe("an event that nobody waits for and that cannot have happened", () => {
  it("hinders no other event, waited for or not, and is told by the next flush, once", async () => {
    const log = await openLog();
    log.post(report(7, 1, 0.5));
    await log.append(started(0));
    log.post(report(0, 1, 0.5));
    log.post(report(8, 1, 0.5));
    log.post(report(0, 2, 0.25));
    await log.append({ type: "trial-attr", number: 0, key: "k", value: 1 });
    expect(log.state.trial(0)).toMatchObject({
      ...{ state: "running", user_attrs: { k: 1 } },
      intermediate: [
        [1, 0.5],
        [2, 0.25],
      ],
    });
    await expect(log.flush()).rejects.toMatchObject({ code: "invalid-event", message: "there is no trial 7" });
    await log.flush();
    await log.close();
  });

  it("is told when the study is closed, at the latest; closed it is all the same", async () => {
    const log = await openLog();
    log.post(report(7, 1, 0.5));
    await expect(log.close()).rejects.toMatchObject({ code: "invalid-event" });
    expect(log.isOpen).toBe(false);
    await log.close();
  });
});

it("an attribute that is no data is refused where it is given, and harms no other trial", async () => {
  const s = await study();
  const out = await s.ask({ lease: 60 });
  const executor = new ManualExecutor(1);
  const places = new Places(1, async (_slot: number, _job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial> => {
    expect(await s.report(out.number, { lease: out.lease?.token, step: 1, value: 1 })).toBe("continue");
    expect(() => {
      hooks.onUserAttr("k", () => 1);
    }).toThrow(expect.objectContaining({ code: "invalid-value", exitCode: 2 }));
    return { state: "complete", values: [1], metrics: {}, backend: null };
  });
  executor.acquire = (signal) => places.acquire(signal);
  const call = s.optimizeWith(async () => executor.runner(), { trials: 1 });
  expect(await call).toMatchObject({ finished: 1 });
  expect(await s.tell(out, { lease: out.lease?.token, value: 2 })).toMatchObject({
    ...{ state: "complete", value: 2, intermediate: [[1, 1]] },
  });
});

it("whatever an executor rejects with ends the call as an error", async () => {
  const s = await study();
  const executor = new ManualExecutor(1);
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  executor.acquire = () => Promise.reject(Object.create(null) as object);
  const call = s.optimizeWith(async () => executor.runner(), { trials: 1 });
  await expect(call).rejects.toThrow("{}");
});

describe("the history that a pruner is given", () => {
  it.each([
    ["the first objective", {}, "minimize"],
    ["the metric that is pruned by", { pruneBy: "value_1:maximize" }, "maximize"],
  ] as const)("has every direction, that of %s, and the running trials", async (_what, options, direction) => {
    const seen: unknown[] = [];
    const numbers = (trials: readonly Trial[] = []): number[] => trials.map(({ number }) => number);
    const pruner = {
      name: "spy",
      decide: (_trial: Trial, history: History) => {
        const { direction, directions, trials, running } = history;
        seen.push({ direction, directions, trials: numbers(trials), running: numbers(running) });
        return { prune: false, reason: "" };
      },
    };
    const s = await study({ directions: ["minimize", "maximize"], pruner, ...options });
    await s.optimize((trial) => [square(trial), 1], { trials: 1 });
    await s.ask();
    await s.optimize(
      (trial) => {
        trial.report(1, 1);
        return [1, 2];
      },
      { trials: 1 },
    );
    expect(seen).toEqual([{ direction, directions: ["minimize", "maximize"], trials: [0], running: [1, 2] }]);
  });
});

it("finished records are a list that only grows, and another one once they were read again", async () => {
  const storage = new MemoryStorage();
  const writer = await storage.create(header("log"));
  const log = new StudyLog(storage, { state: writer.state, writer });
  const { trials } = log.finishedHistory;
  await log.append({ type: "trial-created", trial: blankTrial(0, { state: "complete", values: [1] }) });
  expect(log.finishedHistory.trials).toBe(trials);
  expect(onlyGrows(trials)).toBe(true);
  await log.close();
  await log.refresh();
  expect(log.finishedHistory.trials).not.toBe(trials);
  expect(log.finishedHistory.trials).toEqual(trials);
});
