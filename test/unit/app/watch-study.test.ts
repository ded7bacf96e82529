import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { followLog, watchStudy } from "../../../src/app/watch-study.js";
import type { LogPiece } from "../../../src/app/watch-study.js";
import type { InspectedStudy } from "../../../src/app/read-study.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { created, finished, header, report, started } from "../../../src/testing/study-records.js";
import { runningTrial, waitingTrial } from "../../../src/testing/trials.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-watch-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function nextOf(watch: AsyncGenerator<InspectedStudy>): Promise<InspectedStudy | null> {
  const step = await watch.next();
  return step.done === true ? null : step.value;
}

const quick = { restMs: 1, ownerMs: 20 };

test.each(["memory", "json-file"])(
  "a study in %s is told now and after changes, and its writer's coming and going",
  async (kind) => {
    const storage = kind === "memory" ? new MemoryStorage() : new JsonFileStorage({ directory });
    const reader = kind === "memory" ? storage : new JsonFileStorage({ directory });
    await (await storage.create(header("a"))).close();
    const end = new AbortController();
    const watch = watchStudy({ storage: reader, name: "a" }, { ...quick, signal: end.signal });
    const first = await nextOf(watch);
    expect(first).toMatchObject({ owner: null, state: { size: 0 }, file: reader.location("a") });
    const writer = await storage.openWriter("a");
    // Nothing has happened to the study: that somebody writes it now is a change all the same.
    expect(await nextOf(watch)).toMatchObject({ owner: { pid: process.pid }, state: { revision: 0 } });
    await writer.append(created(runningTrial(0)), report(0, 1, 0.5), finished(0, 0.25));
    let seen = await nextOf(watch);
    while (seen && seen.state.revision < 3) seen = await nextOf(watch);
    expect(seen?.state.trial(0)).toMatchObject({ state: "complete", values: [0.25] });
    await writer.close();
    expect(await nextOf(watch)).toMatchObject({ owner: null, state: { revision: 3 } });
    const last = watch.next();
    end.abort();
    expect(await last).toMatchObject({ done: true });
  },
);

test("watching ends with the error that the study is gone", async () => {
  const storage = new MemoryStorage();
  await (await storage.create(header("a"))).close();
  const watch = watchStudy({ storage, name: "a" }, { ...quick, signal: new AbortController().signal });
  await watch.next();
  const gone = expect(watch.next()).rejects.toMatchObject({ code: "study-deleted" });
  await storage.rename("a", "b");
  await gone;
});

/** What a log's followers are told, until it ends. */
class Told {
  readonly pieces: LogPiece[] = [];
  readonly ended: Promise<void>;
  #wake: () => void = () => undefined;

  constructor(log: AsyncIterable<LogPiece>) {
    this.ended = (async () => {
      for await (const piece of log) {
        this.pieces.push(piece);
        this.#wake();
      }
    })();
    this.ended.catch(() => undefined);
  }

  get text(): string {
    return this.pieces.map(({ text }) => text ?? "").join("");
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

const endless = { ...quick, signal: new AbortController().signal };

test("a waiting trial's log is waited for, told as it grows, and ends with the trial", async () => {
  const storage = new JsonFileStorage({ directory });
  const writer = await storage.create(header("a"));
  const files = storage.artifacts("a");
  await writer.append(created(waitingTrial(0)));
  const told = new Told(followLog({ storage: new JsonFileStorage({ directory }), name: "a" }, 0, endless));
  await told.until(() => told.pieces.length === 1);
  expect(told.pieces).toEqual([{ state: "waiting", abandoned: false }]);
  await writer.append(started(0));
  // The first half of an ö comes by itself.
  const [whole, cut] = [Buffer.from("größe\n"), 3];
  await files.write(0, "log.txt", [whole.subarray(0, cut)]);
  await told.until(() => told.text === "gr");
  await files.write(0, "log.txt", [whole]);
  await told.until(() => told.text === "größe\n");
  await files.write(0, "log.txt", [whole, Buffer.from("last words")]);
  await writer.append(finished(0, 0.25));
  await told.ended;
  expect(told.text).toBe("größe\nlast words");
  expect(told.pieces.filter(({ state }) => state !== undefined)).toEqual(
    ["waiting", "running", "complete"].map((state) => ({ state, abandoned: false })),
  );
  await writer.close();
});

test("the log of a trial that has ended is told at once; one without is refused, and so is an unknown number", async () => {
  const storage = new JsonFileStorage({ directory });
  const writer = await storage.create(header("a"));
  await writer.append(created(runningTrial(0)), finished(0, 0.25), created(runningTrial(1)), finished(1, 0.5));
  await storage.artifacts("a").write(0, "log.txt", [Buffer.from("done\n")]);
  const told = new Told(followLog({ storage, name: "a" }, 0, endless));
  await told.ended;
  expect(told.text).toBe("done\n");
  await expect(new Told(followLog({ storage, name: "a" }, 1, endless)).ended).rejects.toMatchObject({ code: "no-log" });
  await expect(new Told(followLog({ storage, name: "a" }, 2, endless)).ended).rejects.toMatchObject({
    ...{ code: "unknown-trial", exitCode: 2, message: 'study "a" has no trial 2: it has trials 0 to 1' },
  });
  await writer.close();
});

test("a running trial whose process has gone is said to be left", async () => {
  const storage = new JsonFileStorage({ directory });
  const writer = await storage.create(header("a"));
  await writer.append(created(runningTrial(0)));
  await writer.close();
  const end = new AbortController();
  const told = new Told(followLog({ storage, name: "a" }, 0, { ...quick, signal: end.signal }));
  await told.until(() => told.pieces.length === 1);
  expect(told.pieces).toEqual([{ state: "running", abandoned: true }]);
  end.abort();
  await told.ended;
});
