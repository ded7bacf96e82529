import { expect, it } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { float, MlbenchError } from "../../../src/core/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { StudyWriter } from "../../../src/storage/index.js";

const noRoom = () => new MlbenchError("storage-full", "no space left");

/** A storage that may have no room: what it refused it keeps, and it takes nothing further before `retry`. */
class Limited extends MemoryStorage {
  full = false;
  refused = false;
  retries = 0;

  override async openWriter(name: string): Promise<StudyWriter> {
    const writer = await super.openWriter(name);
    const append = writer.append.bind(writer);
    writer.append = async (...events) => {
      if (this.refused) throw noRoom();
      await append(...events);
      this.refused = this.full;
      if (this.full) throw noRoom();
    };
    writer.retry = async () => {
      this.retries++;
      if (this.full) throw noRoom();
      this.refused = false;
    };
    return writer;
  }
}

it("a study that is open goes on once the disk has room again, with what was refused before", async () => {
  const storage = new Limited();
  const study = await createStudy({ name: "s", storage, space: { x: float(0, 1) }, seed: 1 });
  await study.enqueueTrial({ x: 0.1 });
  storage.full = true;
  await expect(study.enqueueTrial({ x: 0.2 })).rejects.toMatchObject({ code: "storage-full" });
  await expect(study.enqueueTrial({ x: 0.3 })).rejects.toMatchObject({ code: "storage-full" });
  expect(storage.retries).toBe(1);
  storage.full = false;
  const { number } = await study.enqueueTrial({ x: 0.4 });
  expect(study.trials.map(({ params }) => params["x"])).toEqual([0.1, 0.2, 0.4]);
  expect((await study.ask()).number).toBe(0);
  expect([number, storage.retries]).toEqual([2, 2]);
});
