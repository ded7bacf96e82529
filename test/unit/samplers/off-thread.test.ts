import { execFileSync } from "node:child_process";
import type { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { offThread } from "../../../src/samplers/off-thread.js";
import type { GpProblem } from "../../../src/samplers/gp/propose.js";

it("brings errors back, and serves those after them", async () => {
  const asks = [offThread("gp", {} as GpProblem), offThread("none" as "gp", {} as GpProblem)];
  for (const ask of await Promise.allSettled(asks)) expect(ask).toMatchObject({ reason: { name: "TypeError" } });
  await expect(offThread("gp", (() => undefined) as never)).rejects.toThrow(/could not be cloned/);
  await expect(offThread("gp", null as never)).rejects.toThrow(TypeError);
});

it("keeps a process alive while it is asked, and no longer", () => {
  const module = new URL("../../../dist/samplers/off-thread.js", import.meta.url).href;
  const script = `
    const { offThread } = await import(${JSON.stringify(module)});
    for (let i = 0; i < 2; i++) await offThread("gp", null).catch((error) => console.log(error.name));`;
  // A top-level await whose promise nothing keeps alive ends with exit code 13.
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" })).toBe(
    "TypeError\nTypeError\n",
  );
});

it("starts anew after a thread that died, and tells those who waited for it", async () => {
  // a door of its own, whose thread nobody has opened yet
  const path = "../../../src/samplers/off-thread.ts?died";
  const door = (await import(path)) as { readonly offThread: typeof offThread };
  const started: Worker[] = [];
  // the first dies before it can answer
  const note = (worker: Worker): void => {
    if (started.push(worker) === 1) void worker.terminate();
  };
  process.on("worker", note);
  try {
    const asks = [door.offThread("gp", null as never), door.offThread("gp", null as never)];
    for (const ask of await Promise.allSettled(asks))
      expect(ask).toMatchObject({ status: "rejected", reason: { code: "sampler-thread-ended" } });
    // what the next thread answers: that there is no problem to work on
    await expect(door.offThread("gp", null as never)).rejects.toThrow(TypeError);
    expect(started).toHaveLength(2);
  } finally {
    process.off("worker", note);
  }
});
