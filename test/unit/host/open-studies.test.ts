import { expect, it } from "vitest";
import { OpenStudies } from "../../../src/host/open-studies.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { header } from "../../../src/testing/study-records.js";

it("opens nothing once it has given all up: nobody would give that up", async () => {
  const storage = new MemoryStorage();
  await (await storage.create(header("a"))).close();
  const nothing = (): void => undefined;
  const studies = new OpenStudies({
    ...{ storage, url: () => undefined, idleMs: 60_000, onChange: nothing, onProblem: nothing },
  });
  expect(await studies.use("a", async ({ name }) => name)).toBe("a");
  await studies.closeAll();
  await expect(studies.use("a", async () => 1)).rejects.toMatchObject({ code: "host-closing", exitCode: 1 });
  expect(await storage.ownerOf("a")).toBeNull();
});
