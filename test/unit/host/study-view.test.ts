/** Views of studies that others write: who writes is known when it is told what was written. */
import { expect, test } from "vitest";
import { blankTrial } from "../../../src/core/index.js";
import { StudyViews } from "../../../src/host/study-view.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { created, header } from "../../fixtures/storage/records.js";

test("who writes is known with the first event that is told", async () => {
  const storage = new MemoryStorage();
  const name = "lab";
  await (await storage.create(header(name))).close();
  const views = new StudyViews({
    // Between the looks at a clock's pace: there is none in this test.
    ...{ storage, idleMs: 1_000, ownerMs: 2 ** 30 },
    ...{
      here: () => false,
      run: () => null,
      written: () => 0,
      metricsOf: () => undefined,
      opened: () => Promise.resolve(null),
    },
  });
  const view = await views.view(name);
  expect(view.owner).toBeNull();
  const writers: (number | undefined)[] = [];
  view.subscribe(({ kind }) => {
    if (kind === "event") writers.push(view.owner?.pid);
  });
  const writer = await storage.openWriter(name);
  await writer.append(created(blankTrial(0)));
  await expect.poll(() => writers).toEqual([process.pid]);
  view.release();
  views.close();
  await writer.close();
});
