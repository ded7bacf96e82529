/** Runs of a host whose disk is full for a while: they wait, say why, lose nothing, and go on by themselves. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { ObjectiveTrial } from "../../../src/core/index.js";
import { MlbenchError } from "../../../src/core/index.js";
import type { Executor } from "../../../src/executors/executor.js";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { GrowingPause } from "../../../src/host/growing-pause.js";
import { openStudyHost } from "../../../src/host/index.js";
import type { Run, StudyHost } from "../../../src/host/index.js";
import { realFileSystem } from "../../../src/storage/json-file/file-system.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import type { StudyWriter, WriterOptions } from "../../../src/storage/storage.js";
import { ManualExecutor } from "../../fixtures/study/studies.js";

/** Real files, of which those of one study may find no room. */
class SmallDisk extends JsonFileStorage {
  /** Whether the files of study `full` cannot grow. */
  full = false;
  /** Whether it cannot even be opened: its lock finds no room. */
  locks = true;

  constructor(directory: string) {
    const paths = new Map<number, string>();
    super({
      directory,
      fileSystem: {
        ...realFileSystem,
        open: async (path, flags) => {
          const fd = await realFileSystem.open(path, flags);
          paths.set(fd, path);
          return fd;
        },
        write: async (fd, bytes, position) => {
          if (this.full && basename(paths.get(fd) ?? "").startsWith("full."))
            throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
          return realFileSystem.write(fd, bytes, position);
        },
      },
    });
  }

  override async openWriter(name: string, options?: WriterOptions): Promise<StudyWriter> {
    if (!this.locks) throw new MlbenchError("storage-full", "no room for its lock");
    return super.openWriter(name, options);
  }
}

interface Made {
  readonly host: StudyHost;
  readonly disk: SmallDisk;
  readonly problems: { study: string; code: string }[];
  /** The same files for another process. */
  readonly onDisk: () => JsonFileStorage;
}

type Objective = (trial: ObjectiveTrial, disk: SmallDisk) => number;

async function made(objective: Objective | Executor, studies = ["full"]): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), "full-disk-"));
  const problems: Made["problems"] = [];
  const disk = new SmallDisk(join(folder, "studies"));
  const host = await hostOf(disk, folder, executorOf(objective, disk), problems);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const module = join(folder, "objective.mjs");
  await writeFile(
    module,
    `export const space = { x: { type: "float", low: 0, high: 1 } };\nexport default (trial) => trial.params.x;\n`,
  );
  for (const name of studies) await host.create({ name, objective: module, seed: 1, sampler: "random" });
  return { host, disk, problems, onDisk: () => new JsonFileStorage({ directory: join(folder, "studies") }) };
}

function executorOf(objective: Objective | Executor, disk: SmallDisk): Executor {
  if (typeof objective !== "function") return objective;
  return new InlineExecutor({ objective: (trial: ObjectiveTrial) => objective(trial, disk), slots: 2 });
}

async function hostOf(
  storage: SmallDisk,
  folder: string,
  executor: Executor,
  problems: Made["problems"],
): Promise<StudyHost> {
  const host = await openStudyHost({
    ...{ storage, executor, graceMs: 0, allow: [folder], againMs: 2 },
    onProblem: (study, error) => problems.push({ study, code: (error as MlbenchError).code }),
  });
  onTestFinished(() => host.close({ graceMs: 0 }));
  return host;
}

async function runBecomes(host: StudyHost, name: string, is: (run: Run) => boolean): Promise<Run> {
  let run: Run | null = null;
  await expect
    .poll(
      async () => {
        ({ run } = await host.get(name));
        return run !== null && is(run);
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  return run as unknown as Run;
}

const waiting = ({ state }: Run): boolean => state === "waiting";
const ended = ({ ended_at }: Run): boolean => ended_at !== null;
const value = (trial: ObjectiveTrial): number => trial.params["x"] as number;

/** An objective under which the disk is full from some trial's end on, once. */
function fullAt(number: number) {
  let before = true;
  return (trial: ObjectiveTrial, disk: SmallDisk): number => {
    if (before && trial.number === number) {
      before = false;
      disk.full = true;
    }
    return value(trial);
  };
}

test("a run waits, says why, and goes on by itself once there is room; other studies go on meanwhile", async () => {
  const { host, disk, problems, onDisk } = await made(fullAt(4), ["full", "good"]);
  await host.startRun("full", { trials: 12 });
  const held = await runBecomes(host, "full", waiting);
  expect(held).toMatchObject({ total_trials: 12, ended_at: null, error: { code: "storage-full" } });
  expect(held.error?.message).toMatch(/^the disk is full: [^\n]+$/);
  await host.startRun("good", { trials: 5 });
  expect(await runBecomes(host, "good", ended)).toMatchObject({ state: "finished" });
  // What another process finds meanwhile is wanted still, and whole.
  const meanwhile = await onDisk().read("full");
  expect(meanwhile.header.run).toMatchObject({ state: "running", ended_at: null });
  const acknowledged = meanwhile.trials.filter(({ state }) => state === "complete");
  expect(acknowledged.length).toBeGreaterThanOrEqual(2);
  expect(problems).toEqual([{ study: "full", code: "storage-full" }]);
  disk.full = false;
  expect(await runBecomes(host, "full", ended)).toMatchObject({ state: "finished", error: null });
  await host.close();
  const { trials, header } = await onDisk().read("full");
  expect(header.run).toMatchObject({ state: "finished", stopped_by: "trials" });
  expect(trials.map(({ number, state }) => [number, state])).toEqual(
    Array.from({ length: 12 }, (_, number) => [number, "complete"]),
  );
  for (const trial of acknowledged) expect(trials[trial.number]).toEqual(trial);
  for (const { values, params } of trials) expect(values).toEqual([params["x"]]);
  expect(new Set(trials.map(({ finish_index }) => finish_index)).size).toBe(12);
  expect(problems).toEqual([{ study: "full", code: "storage-full" }]);
});

test("a disk that is full again and again costs a long trial nothing: that is no death of its process", async () => {
  const executor = new ManualExecutor(2);
  const { host, disk, onDisk } = await made(executor);
  await host.startRun("full", { trials: 6, max_attempts: 2 });
  for (let short = 1; short <= 4; short++) {
    // Trial 0 is under way each time.
    await executor.started(0, short);
    disk.full = true;
    executor.complete(short, short);
    await runBecomes(host, "full", waiting);
    disk.full = false;
    await runBecomes(host, "full", ({ state }) => state === "running");
  }
  await executor.started(0, 5);
  for (const number of [0, 5]) executor.complete(number, number);
  expect(await runBecomes(host, "full", ended)).toMatchObject({ state: "finished" });
  await host.close();
  const { trials } = await onDisk().read("full");
  expect(trials.map(({ state, values }) => [state, values])).toEqual([0, 1, 2, 3, 4, 5].map((n) => ["complete", [n]]));
  expect(trials[0]?.attempts.map(({ reason }) => reason)).toEqual(Array<string>(4).fill("the disk was full"));
});

test("a run that waits can be stopped: at once here, and in its file as soon as there is room", async () => {
  const { host, disk, onDisk } = await made(fullAt(2));
  await host.startRun("full", { trials: 50 });
  await runBecomes(host, "full", waiting);
  // It is not acknowledged as kept, as it is not.
  await expect(host.changeRun("full", { state: "stopping" })).rejects.toMatchObject({
    code: "storage-full",
    message: expect.stringMatching(/^the run of study "full" is ended; that could not be kept[^\n]+$/) as string,
  });
  expect(await runBecomes(host, "full", ended)).toMatchObject({ state: "finished", stopped_by: "stop" });
  expect((await onDisk().read("full")).header.run).toMatchObject({ state: "running", ended_at: null });
  expect(host.workers()[0]?.shares).toEqual([]);
  await expect(host.startRun("full", { trials: 1 })).rejects.toMatchObject({ code: "storage-full" });
  expect((await host.get("full")).run).toMatchObject({ state: "finished", stopped_by: "stop" });
  disk.full = false;
  await expect.poll(async () => (await onDisk().read("full")).header.run?.state).toBe("finished");
  const { counted } = await onDisk().read("full");
  await host.startRun("full", { trials: 2 });
  await runBecomes(host, "full", ({ state, ended_at }) => state === "finished" && ended_at !== null);
  await expect.poll(async () => (await onDisk().read("full")).counted).toBe(counted + 2);
});

test("a run that is paused while it waits is paused when there is room, and can be resumed", async () => {
  const { host, disk } = await made(fullAt(2));
  await host.startRun("full", { trials: 6 });
  await runBecomes(host, "full", waiting);
  await expect(host.changeRun("full", { state: "paused" })).rejects.toMatchObject({ code: "storage-full" });
  expect((await host.get("full")).run).toMatchObject({ state: "waiting" });
  disk.full = false;
  await runBecomes(host, "full", ({ state }) => state === "paused");
  await host.changeRun("full", { state: "running" });
  expect(await runBecomes(host, "full", ended)).toMatchObject({ state: "finished" });
});

test("a service that starts on a full disk goes on with its runs once there is room", async () => {
  const { host, disk, onDisk } = await made(fullAt(2));
  await host.startRun("full", { trials: 6 });
  await runBecomes(host, "full", waiting);
  await host.close({ graceMs: 0 });
  disk.locks = false;
  const problems: Made["problems"] = [];
  const next = await hostOf(disk, tmpdir(), executorOf(value, disk), problems);
  await next.resume();
  expect((await next.get("full")).run).toMatchObject({ state: "waiting", error: { code: "storage-full" } });
  [disk.locks, disk.full] = [true, false];
  expect(await runBecomes(next, "full", ended)).toMatchObject({ state: "finished" });
  expect(problems).toEqual([{ study: "full", code: "storage-full" }]);
  await next.close();
  expect((await onDisk().read("full")).counts).toMatchObject({ complete: 6, running: 0, waiting: 0 });
});

test("pauses double up to 32 times the first, and are short again after it has worked for longer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const pauses = new GrowingPause(10);
    const { signal } = new AbortController();
    const next = async (): Promise<number> => {
      const before = performance.now();
      pauses.begin();
      const over = pauses.wait(signal);
      await vi.runAllTimersAsync();
      await over;
      return performance.now() - before;
    };
    const seen: number[] = [];
    for (let i = 0; i < 7; i++) seen.push(await next());
    expect(seen).toEqual([10, 20, 40, 80, 160, 320, 320]);
    vi.advanceTimersByTime(321);
    expect(await next()).toBe(10);
    const gone = new AbortController();
    gone.abort();
    await pauses.wait(gone.signal);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
