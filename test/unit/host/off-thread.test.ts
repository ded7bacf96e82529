import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../../../src/app/made-by.js";
import { float } from "../../../src/core/index.js";
import { StudyThread } from "../../../src/host/off-thread.js";

let folder: string;
const threads: StudyThread[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "off-thread-"));
});

afterEach(() => Promise.all(threads.splice(0).map((thread) => thread.close())));

function thread(limits?: ConstructorParameters<typeof StudyThread>[0]): StudyThread {
  const made = new StudyThread(limits);
  threads.push(made);
  return made;
}

async function module(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return pathToFileURL(file).href;
}

const GOOD = "export default (trial) => trial.params.x;";

describe("the host's thread", () => {
  it("makes studies in the name of this process's command line", async () => {
    const space = { x: float(0, 1) };
    const { header } = await thread().run("plan", { options: { name: "rig", space, storage: folder }, allow: [] });
    expect(header.made_by?.command_line).toBe(commandLine(process.argv, process.cwd()));
  });

  it("hands errors back with their code and exit code", async () => {
    const url = await module("none.mjs", "export default 3;");
    await expect(thread().run("objective", url)).rejects.toMatchObject({
      ...{ name: "UsageError", code: "invalid-objective", exitCode: 2 },
      message: expect.stringContaining("its default export must be a function") as string,
    });
  });

  it("is replaced where a module ends it, and the process goes on", async () => {
    const made = thread();
    const ends = await module("ends.mjs", `process.exit(3); ${GOOD}`);
    await expect(made.run("objective", ends)).rejects.toMatchObject({ code: "study-thread-ended", exitCode: 1 });
    const good = await module("good.mjs", GOOD);
    expect(await made.run("objective", good)).toBe(good);
    await made.close();
    await expect(made.run("objective", good)).rejects.toMatchObject({ code: "study-thread-ended" });
  });

  it("is replaced where a module never ends, and asked again what others wanted of it", async () => {
    const made = thread({ objective: 700 });
    const loops = await module("loops.mjs", `for (;;); ${GOOD}`);
    const never = expect(made.run("objective", loops)).rejects.toMatchObject({ code: "study-thread-ended" });
    const plan = made.run("plan", { options: { storage: folder, model: "mlp", dataset: "dummy", seed: 3 }, allow: [] });
    await never;
    expect(await plan).toMatchObject({ header: { name: "mlp-dummy", seed: 3 }, seed_given: true });
  });

  it("reads a dataset's tables once for a call", async () => {
    const { work } = thread();
    const [one, two] = await Promise.all([work.tables("dummy", {}, 1), work.tables("dummy", {}, 1)]);
    expect(two).toBe(one);
  });
});
