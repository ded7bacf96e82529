import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ObjectiveTrial, StudyRun, TrialCounts } from "../../../src/core/index.js";
import { MlbenchError } from "../../../src/core/index.js";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { openStudyHost } from "../../../src/host/index.js";
import type { Run, StudyHost, StudyHostOptions, ViewChange } from "../../../src/host/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { StudyLockedError } from "../../../src/storage/study-errors.js";
import type { StudyWriter, WriterOptions } from "../../../src/storage/storage.js";
import { created, header } from "../../../src/testing/study-records.js";
import { waitingTrial } from "../../../src/testing/trials.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";

const MODULE = `export const space = { x: { type: "float", low: 0, high: 1 } };
export default async (trial) => trial.params.x;
`;

let folder: string;
const hosts: StudyHost[] = [];

/** A gate that trials wait at, so that a test decides when they end. */
class Gate {
  #open: () => void = () => undefined;
  #passed: Promise<void>;
  constructor() {
    this.#passed = new Promise((resolve) => (this.#open = resolve));
  }
  open(): void {
    this.#open();
  }
  get passed(): Promise<void> {
    return this.#passed;
  }
}

interface Made extends Partial<StudyHostOptions> {
  readonly objective?: (trial: ObjectiveTrial) => number | Promise<number>;
  readonly places?: number;
}

async function makeHost({ objective = (trial) => trial.params["x"] as number, places = 2, ...more }: Made = {}) {
  const executor = new InlineExecutor({ objective, slots: places });
  const host = await openStudyHost({
    storage: join(folder, "studies"),
    executor,
    graceMs: 100,
    allow: [folder],
    ...more,
  });
  hosts.push(host);
  return host;
}

async function withStudy(host: StudyHost, name: string): Promise<void> {
  await host.create({ name, objective: join(folder, "objective.mjs"), seed: 1 });
}

/** Waits until the run of a study is as it should be. */
async function runBecomes(host: StudyHost, name: string, is: (run: Run) => boolean): Promise<Run> {
  const view = await host.view(name);
  try {
    return await new Promise<Run>((resolve) => {
      const look = (): void => {
        if (view.run && is(view.run)) resolve(view.run);
      };
      view.subscribe(look);
      look();
    });
  } finally {
    view.release();
  }
}

/** Waits until a study's trials are as they should be. */
async function trialsAre(host: StudyHost, name: string, are: (counts: TrialCounts) => boolean): Promise<void> {
  await expect.poll(async () => are((await host.get(name)).summary.counts)).toBe(true);
}

const ended = (run: Run): boolean => run.ended_at !== null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "host-"));
  await writeFile(join(folder, "objective.mjs"), MODULE);
});

/** One host for all cases: what they share (a thread) stays as long as it. */
let lasting: StudyHost;
beforeAll(async () => {
  lasting = await openStudyHost({ storage: "memory" });
});
afterAll(() => lasting.close());

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close({ graceMs: 0 })));
});

describe("a study host", () => {
  it("makes a study, runs it to its goal, and shows it", async () => {
    const host = await makeHost();
    await withStudy(host, "a");
    expect(await host.create({ name: "a", objective: join(folder, "objective.mjs"), seed: 1 })).toEqual({
      created: false,
      name: "a",
    });
    const run = await host.startRun("a", { total_trials: 5 });
    expect(run).toMatchObject({ state: "running", total_trials: 5, weight: 1, workers: null, ended_at: null });
    const over = await runBecomes(host, "a", ended);
    expect(over).toMatchObject({ state: "finished", stopped_by: "total-trials", places: 0, error: null });
    const { studies } = await host.list();
    expect(studies).toMatchObject([{ here: true, run: { state: "finished" }, summary: { name: "a", counted: 5 } }]);
    await host.close();
    const { header } = await new JsonFileStorage({ directory: join(folder, "studies") }).read("a");
    expect(header.run).toMatchObject({ state: "finished", total_trials: 5, stopped_by: "total-trials" });
  });

  it("pauses and resumes, and what is wanted is in the file when it is answered", async () => {
    const gate = new Gate();
    const host = await makeHost({ objective: async () => (await gate.passed, 1), places: 1 });
    await withStudy(host, "a");
    await host.startRun("a", { trials: 3 });
    expect(await host.changeRun("a", { state: "paused" })).toMatchObject({ state: "paused", total_trials: 3 });
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    expect((await storage.read("a")).header.run).toMatchObject({ state: "paused" });
    gate.open();
    await host.changeRun("a", { state: "running" });
    expect(await runBecomes(host, "a", ended)).toMatchObject({ state: "finished", stopped_by: "trials" });
  });

  it("goes on with what was wanted when it is opened again: running, paused, stopped and cancelled runs", async () => {
    const never = new Gate();
    const first = await makeHost({ objective: async () => (await never.passed, 1), places: 4 });
    for (const name of ["runs", "pauses", "stops", "goes"]) {
      await withStudy(first, name);
      await first.startRun(name, { trials: 3, weight: 2, workers: 1, patience: 50 });
      await trialsAre(first, name, ({ running }) => running === 1);
    }
    await first.changeRun("pauses", { state: "paused" });
    await first.close({ graceMs: 0 });
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    // As a kill leaves them: wanted, and nobody at work on it.
    for (const [name, state] of [
      ["stops", "stopping"],
      ["goes", "cancelled"],
    ] as const) {
      const writer = await storage.openWriter(name);
      await writer.append({ type: "run-changed", run: { ...(writer.state.header.run as StudyRun), state } });
      await writer.close();
    }
    const { header, counts } = await storage.read("runs");
    expect(header.run).toMatchObject({ state: "running", ended_at: null, total_trials: 3, options: { patience: 50 } });
    expect(counts).toMatchObject({ running: 0, waiting: 1 });

    const second = await makeHost();
    await second.resume();
    expect(await runBecomes(second, "runs", ended)).toMatchObject({
      ...{ state: "finished", weight: 2, workers: 1, stopped_by: "trials" },
    });
    expect((await second.get("runs")).summary.counted).toBe(3);
    expect(await runBecomes(second, "stops", ended)).toMatchObject({ state: "finished", stopped_by: "stop" });
    expect(await runBecomes(second, "goes", ended)).toMatchObject({ state: "cancelled", stopped_by: "interrupt" });
    const paused = await second.get("pauses");
    expect(paused).toMatchObject({ here: true, run: { state: "paused", places: 0 }, summary: { counted: 0 } });
    await second.changeRun("pauses", { state: "running" });
    expect(await runBecomes(second, "pauses", ended)).toMatchObject({ state: "finished" });
    expect((await second.get("pauses")).summary.counted).toBe(3);
    await expect.poll(() => second.workers()[0]?.shares).toEqual([]);
  });

  it("cancels at once: trials under way wait again, and nothing further starts", async () => {
    const never = new Gate();
    const host = await makeHost({ objective: async () => (await never.passed, 1), places: 2 });
    await withStudy(host, "a");
    await host.startRun("a", { trials: 5 });
    await trialsAre(host, "a", ({ running }) => running === 2);
    // A trial's record says so before its start is durable, and its place has it after that.
    await expect.poll(() => host.workers()).toMatchObject([{ places: 2, running: [{ study: "a" }, { study: "a" }] }]);
    await expect(host.startRun("a", { trials: 1 })).rejects.toMatchObject({ code: "run-exists", exitCode: 2 });
    await host.changeRun("a", { state: "cancelled" });
    expect(await runBecomes(host, "a", ended)).toMatchObject({
      state: "cancelled",
      stopped_by: "interrupt",
      places: 0,
    });
    expect((await host.get("a")).summary.counts).toMatchObject({ waiting: 2, running: 0 });
    await expect(host.changeRun("a", { state: "running" })).rejects.toMatchObject({ code: "no-run", exitCode: 2 });
  });

  it("stops with grace: a trial that ends in time counts, others wait again", async () => {
    const gate = new Gate();
    const never = new Gate();
    const host = await makeHost({
      objective: async (trial) => (await (trial.number === 0 ? gate : never).passed, 1),
      places: 2,
      graceMs: 300,
    });
    await withStudy(host, "a");
    await host.startRun("a", { trials: 5 });
    await trialsAre(host, "a", ({ running }) => running === 2);
    expect(await host.changeRun("a", { state: "stopping" })).toMatchObject({ state: "stopping", ended_at: null });
    gate.open();
    expect(await runBecomes(host, "a", ended)).toMatchObject({ state: "finished", stopped_by: "stop" });
    expect((await host.get("a")).summary.counts).toMatchObject({ complete: 1, waiting: 1, running: 0 });
  });

  it("takes pause, resume and stop from a command line by the study's inbox, and keeps them as wishes", async () => {
    const never = new Gate();
    const host = await makeHost({
      objective: async () => (await never.passed, 1),
      places: 1,
      url: () => "http://h:7070",
    });
    await withStudy(host, "a");
    await host.startRun("a", { trials: 5 });
    await trialsAre(host, "a", ({ running }) => running === 1);
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    expect(await storage.ownerOf("a")).toMatchObject({ pid: process.pid, work: "serve", url: "http://h:7070" });
    await expect(storage.openWriter("a")).rejects.toThrow(
      /being written by the service at http:\/\/h:7070 .*use it there/,
    );
    await storage.send("a", { type: "pause" });
    expect((await host.get("a")).run).toMatchObject({ state: "paused" });
    await storage.send("a", { type: "resume" });
    expect((await host.get("a")).run).toMatchObject({ state: "running" });
    await storage.send("a", { type: "stop" });
    expect(await runBecomes(host, "a", ended)).toMatchObject({ state: "finished", stopped_by: "stop" });
    expect((await storage.read("a")).header.run).toMatchObject({ state: "finished", stopped_by: "stop" });
  });

  it("ends the run of a study that fails, with code and message, and harms no other", async () => {
    const host = await makeHost({ places: 2 });
    await withStudy(host, "bad");
    await withStudy(host, "good");
    await writeFile(join(folder, "objective.mjs"), `${MODULE}// changed\n`);
    await host.startRun("bad", { trials: 2 });
    expect(await runBecomes(host, "bad", ended)).toMatchObject({ state: "failed", error: { code: "files-changed" } });
    await writeFile(join(folder, "objective.mjs"), MODULE);
    await host.startRun("good", { trials: 2 });
    expect(await runBecomes(host, "good", ended)).toMatchObject({ state: "finished" });
    await host.startRun("bad", { trials: 2 });
    expect(await runBecomes(host, "bad", (run) => run.state === "finished")).toMatchObject({ error: null });
  });

  it("gives a study up a while after its last write, and takes commands for it all the same", async () => {
    const host = await makeHost({ idleMs: 40 });
    await withStudy(host, "a");
    const queued = await host.command("a", { type: "enqueue", params: { x: 0.5 } });
    expect(queued).toMatchObject({ number: 0, state: "waiting" });
    expect((await host.get("a")).here).toBe(true);
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    await expect.poll(() => storage.ownerOf("a")).toBeNull();
    expect((await host.get("a")).here).toBe(false);
    expect(await host.command("a", { type: "annotate", number: 0, change: { note: "mine" } })).toMatchObject({
      note: "mine",
    });
    expect((await storage.read("a")).annotations.get(0)).toMatchObject({ note: "mine" });
  });

  it("follows what another process has open, sends it commands, and runs nothing there until it is free", async () => {
    const host = await makeHost();
    await withStudy(host, "a");
    const elsewhere = new JsonFileStorage({ directory: join(folder, "studies") });
    // As another process has it: no object of this one that would make room.
    const writer = await elsewhere.openWriter("a", { work: "optimize" });
    const took: unknown[] = [];
    writer.receive(async (command) => {
      took.push(command);
      await writer.append(created(waitingTrial(0, { params: { x: 0.5 } })));
      return writer.state.trial(0);
    });
    const view = await host.view("a");
    expect(view).toMatchObject({ here: false, owner: { pid: process.pid, work: "optimize" } });
    await expect(host.startRun("a", { trials: 1 })).rejects.toMatchObject({
      ...{ code: "study-locked", exitCode: 1 },
      owner: { pid: process.pid },
    });
    const { revision } = view.state;
    const command = { type: "enqueue", params: { x: 0.5 } } as const;
    expect(await host.command("a", command)).toMatchObject({ number: 0, state: "waiting" });
    expect(took).toEqual([command]);
    await expect.poll(() => view.state.trial(0)?.state).toBe("waiting");
    expect(view.changedSince(revision)).toEqual([0]);
    expect(view.changedSince(view.state.revision)).toEqual([]);
    expect(view.changedSince(revision - 1)).toBeNull();
    await writer.close();
    view.release();
    await host.startRun("a", { trials: 1 });
    expect(await runBecomes(host, "a", ended)).toMatchObject({ state: "finished" });
  });

  it("says what is not so in what it is asked, in a line", async () => {
    const host = await makeHost();
    await withStudy(host, "a");
    const refused = async (code: string, work: Promise<unknown>): Promise<void> => {
      await expect(work).rejects.toMatchObject({ code, exitCode: 2 });
    };
    await refused("unknown-study", host.startRun("b", {}));
    await refused("unknown-study", host.get("b"));
    await refused("unknown-study", host.view("b"));
    await refused("unknown-option", host.startRun("a", { trails: 3 } as never));
    for (const request of [
      { trials: -1 },
      { workers: 0 },
      { weight: 0 },
      { timeout_s: 0 },
      { keep_checkpoints: "best" },
    ])
      await refused("invalid-option", host.startRun("a", request));
    await refused("conflicting-options", host.startRun("a", { trials: 1, total_trials: 2 }));
    await refused("no-run", host.changeRun("a", { state: "paused" }));
    await refused("invalid-option", host.changeRun("a", { state: "finished" as never }));
    await refused("unknown-option", host.create({ name: "c", storage: "/tmp" }));
    await host.command("a", { type: "annotate-study", change: { archived: true } });
    await refused("study-archived", host.startRun("a", { trials: 1 }));
    expect((await host.get("a")).run).toBeNull();
  });

  it("is a goal and a gate for trials that are run elsewhere", async () => {
    const host = await makeHost();
    await host.create({ name: "a", space: { x: { type: "float", low: 0, high: 1 } }, seed: 1 });
    const ask = () => host.ask("a", { lease_seconds: 60, wait_seconds: 0 });
    await host.startRun("a", { trials: 1 });
    const handed = await ask();
    if (typeof handed === "string") throw new Error(handed);
    expect(host.outside()).toMatchObject([{ study: "a", number: 0, lease_seconds: 60 }]);
    expect(await ask()).toBe("nothing");
    await host.changeRun("a", { state: "paused" });
    expect(await ask()).toBe("nothing");
    await host.changeRun("a", { state: "running" });
    await host.command("a", {
      type: "tell",
      number: 0,
      result: { value: 3, lease: handed.lease?.token },
    });
    expect(await runBecomes(host, "a", ended)).toMatchObject({ state: "finished", stopped_by: "trials" });
    expect(await ask()).toBe("over");
  });

  it("takes what is run elsewhere back when it is cancelled, and refuses whoever had it", async () => {
    const host = await makeHost();
    await host.create({ name: "a", space: { x: { type: "float", low: 0, high: 1 } }, seed: 1 });
    const ask = () => host.ask("a", { lease_seconds: 60, wait_seconds: 0 });
    await host.startRun("a", { trials: 3 });
    const handed = await ask();
    if (typeof handed === "string") throw new Error(handed);
    const lease = handed.lease?.token ?? "";
    await host.command("a", { type: "report", number: 0, lease, step: 1, value: 2 });
    await host.changeRun("a", { state: "cancelled" });
    expect(host.outside()).toEqual([]);
    await expect(host.command("a", { type: "heartbeat", number: 0, lease })).rejects.toMatchObject({
      code: "lease-lost",
    });
    const view = await host.view("a");
    await expect
      .poll(() => view.state.trial(0))
      .toMatchObject({
        ...{ state: "waiting", attempt: 2, intermediate: [] },
        attempts: [{ attempt: 1, reason: "stopped before its end", intermediate: [[1, 2]] }],
      });
    view.release();
    expect(await ask()).toBe("over");
    await host.startRun("a", { trials: 3 });
    expect(await ask()).toMatchObject({ number: 0, attempt: 2 });
  });

  it("takes what is run elsewhere back when its time is over", async () => {
    const first = await makeHost();
    await first.create({ name: "a", space: { x: { type: "float", low: 0, high: 1 } }, seed: 1 });
    await first.startRun("a", { trials: 3, timeout_s: 3600 });
    const handed = await first.ask("a", { lease_seconds: 60, wait_seconds: 0 });
    if (typeof handed === "string") throw new Error(handed);
    const lease = handed.lease?.token ?? "";
    await first.close();
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    const writer = await storage.openWriter("a");
    const run = writer.state.header.run as StudyRun;
    expect(writer.state.trial(0)?.state).toBe("running");
    await writer.append({ type: "run-changed", run: { ...run, started_at: "2026-01-02T03:04:05.000Z" } });
    await writer.close();

    const second = await makeHost();
    await second.resume();
    expect(await runBecomes(second, "a", ended)).toMatchObject({ state: "finished", stopped_by: "timeout" });
    const view = await second.view("a");
    await expect.poll(() => view.state.trial(0)?.state).toBe("waiting");
    expect(view.state.trial(0)?.attempts).toMatchObject([{ attempt: 1, reason: "stopped before its end" }]);
    view.release();
    const late = second.command("a", { type: "tell", number: 0, result: { value: 1, lease } });
    await expect(late).rejects.toMatchObject({ code: "lease-lost" });
    expect(await second.ask("a", { lease_seconds: 60, wait_seconds: 0 })).toBe("over");
  });

  it("goes on with a retry that was to come when it is opened again, though its goal is met", async () => {
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    const waits = new Gate();
    const first = await makeHost({
      objective: async ({ number }) => {
        if (number === 0) throw new Error("once");
        return (await waits.passed, 1);
      },
    });
    for (const [name, max_retries] of [
      ["repeats", 1],
      ["asked", 0],
    ] as const) {
      await withStudy(first, name);
      await first.startRun(name, { trials: 1, max_retries });
      if (max_retries > 0) await trialsAre(first, name, ({ running }) => running === 1);
      else await runBecomes(first, name, ended);
    }
    // Somebody's own, of a run that repeats none.
    await first.command("asked", { type: "retry", number: 0 });
    await first.close({ graceMs: 0 });
    expect((await storage.read("repeats")).trial(1)).toMatchObject({ state: "waiting", retry_of: 0 });
    const second = await makeHost();
    await second.resume();
    expect(await runBecomes(second, "repeats", ended)).toMatchObject({ state: "finished", stopped_by: "trials" });
    await second.startRun("asked", { total_trials: 1 });
    expect(await runBecomes(second, "asked", ended)).toMatchObject({ stopped_by: "total-trials" });
    await second.close();
    expect((await storage.read("repeats")).trial(1)).toMatchObject({ state: "complete", retry_of: 0 });
    expect((await storage.read("asked")).trial(1)).toMatchObject({ state: "waiting", retry_of: 0 });
  });

  it("removes a study that nothing is at work on, and says so to who looks at it", async () => {
    const never = new Gate();
    const host = await makeHost({ objective: async () => (await never.passed, 1), places: 1 });
    await withStudy(host, "a");
    await host.startRun("a", { trials: 1 });
    await expect(host.remove("a")).rejects.toMatchObject({ code: "study-locked", exitCode: 1 });
    await host.changeRun("a", { state: "cancelled" });
    await runBecomes(host, "a", ended);
    const view = await host.view("a");
    const gone = new Promise((resolve) =>
      view.subscribe((change) => {
        if (change.kind === "gone") resolve(change.code);
      }),
    );
    await host.remove("a");
    expect(await gone).toBe("study-deleted");
    view.release();
    await expect(host.view("a")).rejects.toMatchObject({ code: "unknown-study" });
    expect((await host.list()).studies).toEqual([]);
  });

  it("drains: what ends in time counts, the rest waits again, and what is wanted stays wanted", async () => {
    const [gate, never] = [new Gate(), new Gate()];
    const host = await makeHost({
      objective: async (trial) => (await (trial.number === 0 ? gate : never).passed, 1),
      places: 2,
      graceMs: 10_000,
    });
    await withStudy(host, "a");
    await host.startRun("a", { trials: 5 });
    await trialsAre(host, "a", ({ running }) => running === 2);
    const force = new AbortController();
    const closing = host.close({ force: force.signal });
    await expect(host.startRun("a", {})).rejects.toMatchObject({ code: "host-closing" });
    gate.open();
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    await expect.poll(async () => (await storage.read("a")).counts.complete).toBe(1);
    // The second signal.
    force.abort();
    await closing;
    await host.close();
    const { counts, header } = await storage.read("a");
    expect(counts).toMatchObject({ complete: 1, waiting: 1, running: 0 });
    expect(header.run).toMatchObject({ state: "running", ended_at: null });
    expect(await storage.ownerOf("a")).toBeNull();
  });

  it("shares one view among all who look, and forgets it a while after the last has left", async () => {
    const host = await makeHost({ viewIdleMs: 30 });
    await withStudy(host, "a");
    const [one, two] = [await host.view("a"), await host.view("a")];
    expect(two.state).toBe(one.state);
    const revision = one.state.revision;
    one.release();
    one.release();
    const heard: ViewChange[] = [];
    two.subscribe(() => {
      throw new Error("mine");
    });
    two.subscribe((change) => heard.push(change));
    await host.command("a", { type: "enqueue", params: { x: 0.25 } });
    await expect.poll(() => two.changedSince(revision)).toEqual([0]);
    expect(heard.find(({ kind }) => kind === "event")).toMatchObject({
      ...{ kind: "event", revision: revision + 1 },
      event: { type: "trial-created" },
    });
    await expect.poll(() => heard.some(({ kind }) => kind === "status")).toBe(true);
    expect(two.here).toBe(true);
    two.release();
    const before = two.state;
    await expect
      .poll(
        async () => {
          const again = await host.view("a");
          again.release();
          return again.state === before;
        },
        { interval: 60 },
      )
      .toBe(false);
  });

  it("stops and cancels what is still being prepared, without waiting for it", async () => {
    const host = await makeHost({ graceMs: 60_000 });
    for (const [name, state, end] of [
      ["a", "cancelled", { state: "cancelled", stopped_by: "interrupt" }],
      ["b", "stopping", { state: "finished", stopped_by: "stop" }],
    ] as const) {
      await withStudy(host, name);
      await host.startRun(name, { trials: 1_000_000 });
      await host.changeRun(name, { state });
      expect(await runBecomes(host, name, ended)).toMatchObject(end);
    }
  });

  it("tells once of a run that it waited for and cannot go on with", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const owner = { since: "2026-01-02T03:04:05.000Z", pid: 4711, host: "lab3" };
      const refusals: MlbenchError[] = [];
      class Refusing extends MemoryStorage {
        override async openWriter(name: string, options?: WriterOptions): Promise<StudyWriter> {
          const [refusal] = refusals;
          if (refusals.length > 1) refusals.shift();
          if (refusal) throw refusal;
          return super.openWriter(name, options);
        }
      }
      const storage = new Refusing();
      const writer = await storage.create(header("a"));
      const wanted = { state: "running", total_trials: 1, timeout_s: null, workers: null, weight: 1 } as const;
      const run = { ...wanted, options: {}, started_at: "2026-01-02T03:04:05.000Z", ended_at: null };
      await writer.append({ type: "run-changed", run: { ...run, stopped_by: null, error: null } });
      await writer.close();
      refusals.push(new StudyLockedError("locked", owner), new MlbenchError("study-damaged", "a line is damaged"));
      const problems: unknown[] = [];
      const host = await makeHost({ storage, onProblem: (_, error) => problems.push(error) });
      await host.resume();
      for (let i = 0; i < 3; i++) await vi.advanceTimersByTimeAsync(5_000);
      expect(problems).toMatchObject([{ code: "study-damaged" }]);
    } finally {
      vi.useRealTimers();
    }
  });
});
