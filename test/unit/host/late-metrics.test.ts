/** Metrics of reports that another process writes: found a little later, in whatever pieces its files grow. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { EpochLog } from "../../../src/app/epoch-log.js";
import { createStudy } from "../../../src/app/create-study.js";
import { float } from "../../../src/core/index.js";
import { LateMetrics } from "../../../src/host/late-metrics.js";
import type { ReportOf } from "../../../src/host/late-metrics.js";
import { StudyViews } from "../../../src/host/study-view.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";

async function aFolder() {
  const root = await mkdtemp(join(tmpdir(), "late-"));
  const found: ReportOf[] = [];
  const directoryOf = (number: number): string => join(root, String(number));
  const late = new LateMetrics({ directoryOf, onFound: (reports) => found.push(...reports), lookMs: 5 });
  onTestFinished(async () => {
    late.close();
    await rm(root, { recursive: true });
  });
  return { late, found, directoryOf, file: (number: number) => join(root, String(number), "epochs.jsonl") };
}

test("what is asked for is looked for, found once it is written, and known from then on", async () => {
  const { late, found, directoryOf } = await aFolder();
  expect([late.of(3, 1, 1), late.of(3, 1, 2), late.of(4, 2, 1)]).toEqual([undefined, undefined, undefined]);
  const writer = new EpochLog(directoryOf);
  writer.record(3, { attempt: 1, step: 1, value: 0.5, metrics: { loss: NaN } });
  writer.record(3, { attempt: 1, step: 2, value: 0.5, metrics: { loss: 2 } });
  // Of an earlier attempt than the one that is asked for.
  writer.record(4, { attempt: 1, step: 1, value: 0.5, metrics: { loss: 3 } });
  await writer.close();
  await expect
    .poll(() => found)
    .toEqual([
      [3, 1, 1],
      [3, 1, 2],
    ]);
  expect([late.of(3, 1, 1), late.of(3, 1, 2), late.of(4, 2, 1)]).toEqual([{ loss: NaN }, { loss: 2 }, undefined]);
});

test("a line is taken when it is whole, and those of a file that was made anew as well", async () => {
  const { late, found, directoryOf, file } = await aFolder();
  const line = (step: number): string => `${JSON.stringify({ attempt: 1, step, value: 0, metrics: { step } })}\n`;
  await mkdir(directoryOf(0));
  await writeFile(file(0), line(1) + line(2).slice(0, 9));
  for (const step of [1, 2]) late.of(0, 1, step);
  await expect.poll(() => found).toEqual([[0, 1, 1]]);
  await appendFile(file(0), line(2).slice(9));
  late.of(0, 1, 2);
  await expect.poll(() => late.of(0, 1, 2)).toEqual({ step: 2 });
  await writeFile(file(0), line(7));
  await expect.poll(() => late.of(0, 1, 7)).toEqual({ step: 7 });
});

test("a view tells the metrics of a study that it only follows, and reads none of one that is open here", async () => {
  const directory = await mkdtemp(join(tmpdir(), "late-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const study = await createStudy({ name: "lab", storage: directory, space: { x: float(0, 1) }, seed: 1 });
  const trial = await study.ask();
  let here = false;
  const views = new StudyViews({
    ...{ storage: new JsonFileStorage({ directory }), idleMs: 1_000, ownerMs: 2 ** 30, here: () => here },
    ...{ run: () => null, written: () => 0, metricsOf: () => undefined, opened: () => Promise.resolve(null) },
  });
  const view = await views.view("lab");
  const found: unknown[] = [];
  view.subscribe((change) => {
    if (change.kind === "event" && change.event.type === "trial-report") view.metricsOf(0, 1, change.event.step);
    if (change.kind === "metrics") found.push(change.reports, view.metricsOf(0, 1, 1));
  });
  await study.report(trial.number, { step: 1, value: 1, metrics: { loss: 0.5 } });
  await expect.poll(() => found).toEqual([[[0, 1, 1]], { loss: 0.5 }]);
  here = true;
  expect(view.metricsOf(0, 1, 1)).toBeUndefined();
  view.release();
  views.close();
  await study.close();
});
