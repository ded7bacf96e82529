import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EpochLog, readEpochs } from "../../../src/app/epoch-log.js";
import { createStudy } from "../../../src/app/create-study.js";
import type { Metrics, ObjectiveTrial } from "../../../src/core/index.js";
import { float } from "../../../src/core/index.js";
import type { KeptReport } from "../../../src/study/report-keeper.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mlbench-hpo-epochs-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true });
});

const directoryOf = (number: number): string => join(root, String(number));
const file = (number: number): string => join(directoryOf(number), "epochs.jsonl");
const lines = (number: number): string[] => readFileSync(file(number), "utf8").trimEnd().split("\n");

/** A report of an attempt: `of(2, 1, 0.5, { lr: 0.1 })`. */
const of = (attempt: number, step: number, value: number, metrics: Metrics): KeptReport => ({
  ...{ attempt, step, value, metrics },
});

test("the metrics of a report are known for a while, also of trials without files; those of very many are not", () => {
  const log = new EpochLog(() => null);
  log.record(4, of(1, 1, 0.5, { lr: 0.1 }));
  log.record(4, of(2, 1, 0.5, { lr: 0.2 }));
  log.record(4, of(2, 2, 0.5, {}));
  expect([log.metricsOf(4, 1, 1), log.metricsOf(4, 2, 1), log.metricsOf(4, 2, 2)]).toEqual([
    ...[{ lr: 0.1 }, { lr: 0.2 }, undefined],
  ]);
  for (let step = 1; step <= 4_999; step++) log.record(5, of(1, step, 0.5, { step }));
  expect([log.metricsOf(4, 1, 1), log.metricsOf(4, 2, 1), log.metricsOf(5, 1, 4_999)]).toEqual([
    ...[undefined, { lr: 0.2 }, { step: 4_999 }],
  ]);
});

describe("epochs.jsonl", () => {
  test("has a line for each report that has more than its value, with its attempt", async () => {
    const log = new EpochLog(directoryOf);
    log.record(4, of(1, 1, 0.5, { val_rmse: 0.5, lr: 0.1 }));
    log.record(4, of(1, 2, 0.25, {}));
    log.record(5, of(1, 1, 7, {}));
    log.record(4, of(1, 3, NaN, { val_rmse: NaN, worst: -Infinity }));
    await log.close();
    expect(readFileSync(file(4), "utf8")).toBe(
      '{"attempt":1,"step":1,"value":0.5,"metrics":{"val_rmse":0.5,"lr":0.1}}\n' +
        '{"attempt":1,"step":3,"value":"NaN","metrics":{"val_rmse":"NaN","worst":"-Infinity"}}\n',
    );
    expect(existsSync(directoryOf(5))).toBe(false);
    expect(await readEpochs(directoryOf(4))).toEqual([
      { attempt: 1, step: 1, value: 0.5, metrics: { val_rmse: 0.5, lr: 0.1 } },
      { attempt: 1, step: 3, value: NaN, metrics: { val_rmse: NaN, worst: -Infinity } },
    ]);
    expect(await readEpochs(directoryOf(5))).toEqual([]);
  });

  test("a new attempt's lines follow, also after a line that was cut off; the last attempt's are read", async () => {
    const first = new EpochLog(directoryOf);
    first.record(0, of(1, 1, 1, { a: 1 }));
    await first.close();
    writeFileSync(file(0), '{"attempt":1,"step":2,"val', { flag: "a" });
    const second = new EpochLog(directoryOf);
    second.record(0, of(2, 1, 3, { a: 3 }));
    await second.end(0);
    second.record(0, of(3, 1, 4, { a: 4 }));
    await second.close();
    expect(lines(0)).toHaveLength(4);
    const last = { attempt: 3, step: 1, value: 4, metrics: { a: 4 } };
    expect(await readEpochs(directoryOf(0))).toEqual([last]);
    expect(await readEpochs(directoryOf(0), 1)).toEqual([{ attempt: 1, step: 1, value: 1, metrics: { a: 1 } }]);
    expect(await readEpochs(directoryOf(0), 2)).toEqual([{ attempt: 2, step: 1, value: 3, metrics: { a: 3 } }]);
    expect(await readEpochs(directoryOf(0), 4)).toEqual([]);
  });

  test("is written within 200 ms, or when much has gathered", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const log = new EpochLog(directoryOf);
    log.record(0, of(1, 1, 1, { a: 1 }));
    vi.advanceTimersByTime(199);
    expect(existsSync(directoryOf(0))).toBe(false);
    vi.advanceTimersByTime(1);
    for (let step = 1; step <= 2000; step++) log.record(1, of(1, step, 1, { a: step }));
    vi.useRealTimers();
    await vi.waitFor(() => {
      expect(lines(0)).toHaveLength(1);
      expect(lines(1).length).toBeGreaterThan(1000);
    });
    await log.close();
    expect((await readEpochs(directoryOf(1))).map(({ step }) => step)).toEqual(
      Array.from({ length: 2000 }, (_, i) => i + 1),
    );
  });

  test("a disk that takes nothing harms nobody, and later lines are kept", async () => {
    writeFileSync(directoryOf(0), "a file where the folder would be");
    const log = new EpochLog(directoryOf);
    log.record(0, of(1, 1, 1, { a: 1 }));
    await log.end(0);
    rmSync(directoryOf(0));
    log.record(0, of(2, 1, 2, { a: 2 }));
    await log.close();
    expect(await readEpochs(directoryOf(0))).toEqual([{ attempt: 2, step: 1, value: 2, metrics: { a: 2 } }]);
    mkdirSync(file(1), { recursive: true });
    await expect(readEpochs(directoryOf(1))).rejects.toMatchObject({ code: "EISDIR" });
  });
});

test("a study's trials have theirs when they are told of; one in memory has none", async () => {
  const objective = (trial: ObjectiveTrial): number => {
    trial.report(2, 1, { loss: 2, extra: trial.number });
    trial.report(1, 2);
    return 1;
  };
  const space = { x: float(0, 1) };
  const seen: unknown[] = [];
  const s = await createStudy({ name: "s", storage: root, space, seed: 1 });
  await s.optimize(objective, {
    trials: 2,
    callbacks: [async (study, { number }) => void seen.push(await readEpochs(study.directoryOf(number) as string))],
  });
  const expected = (extra: number) => [{ attempt: 1, step: 1, value: 2, metrics: { loss: 2, extra } }];
  expect(seen).toEqual([expected(0), expected(1)]);
  expect(JSON.stringify(JSON.parse(readFileSync(join(root, "s.json"), "utf8")))).not.toContain("extra");

  const asked = await s.ask();
  asked.report(3, 1, { loss: 3 });
  await s.report(asked.number, { step: 2, value: 2, metrics: { loss: 2 } });
  await s.tell(asked, { value: 1 });
  const told = (await readEpochs(s.directoryOf(asked.number) as string)).map(({ step, metrics }) => [step, metrics]);
  expect(told).toEqual([
    [1, { loss: 3 }],
    [2, { loss: 2 }],
  ]);
  await s.close();
  const inMemory = await createStudy({ storage: "memory", space, seed: 1 });
  expect(await inMemory.optimize(objective, { trials: 1 })).toMatchObject({ finished: 1 });
});
