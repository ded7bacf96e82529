import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { StudyList } from "../../../src/host/study-list.js";
import type { ListChange } from "../../../src/host/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { created, header } from "../../../src/testing/study-records.js";
import { waitingTrial } from "../../../src/testing/trials.js";

let storage: JsonFileStorage;
/** As another process has them. */
let elsewhere: JsonFileStorage;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "study-list-"));
  [storage, elsewhere] = [new JsonFileStorage({ directory }), new JsonFileStorage({ directory })];
  await (await elsewhere.create(header("a"))).close();
});

/** What is told of a list, put together. */
async function listen(pollMs: number): Promise<{ list: StudyList; changed: Set<string>; removed: Set<string> }> {
  const list = new StudyList({ storage, known: () => undefined, restMs: 10, pollMs });
  const [changed, removed] = [new Set<string>(), new Set<string>()];
  const take = (change: ListChange): void => {
    for (const name of change.changed) changed.add(name);
    for (const name of change.removed) removed.add(name);
  };
  await new Promise<void>((resolve) => {
    list.subscribe(take);
    void list.begun.then(resolve);
  });
  return { list, changed, removed };
}

describe("the list of studies", () => {
  for (const [what, pollMs] of [
    ["by the folder", 600_000],
    ["by a look at everything now and then", 20],
  ] as const)
    it(`hears of studies that others make, change and delete, ${what}`, async () => {
      const { list, changed, removed } = await listen(pollMs);
      await (await elsewhere.create(header("b.c"))).close();
      await expect.poll(() => [...changed]).toContain("b.c");
      expect(changed.has("a")).toBe(false);
      const writer = await elsewhere.openWriter("a");
      await writer.append(created(waitingTrial(0)));
      await expect.poll(() => [...changed]).toContain("a");
      await writer.close();
      await elsewhere.delete("b.c");
      await expect.poll(() => [...removed]).toEqual(["b.c"]);
      list.close();
    });

  it("tells what a listener throws to nobody, and nothing to who has left", async () => {
    const { list, changed } = await listen(600_000);
    const leave = list.subscribe(() => {
      throw new Error("mine");
    });
    list.touch("a");
    await expect.poll(() => [...changed]).toContain("a");
    leave();
    list.close();
  });
});
