/** A service as a storage: the same state as its folder's, and every event once, whatever becomes of the connection. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { applyEvent, createStudyState } from "../../../src/core/index.js";
import type { StudyState } from "../../../src/core/index.js";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { openStudyHost } from "../../../src/host/index.js";
import { RemoteStorage } from "../../../src/remote/index.js";
import { createService } from "../../../src/service/server.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { created, finished, header, report } from "../../../src/testing/study-records.js";
import { runningTrial } from "../../../src/testing/trials.js";
import { manyTrials } from "../service/a-hosted-service.js";

async function aFolder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "remote-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return join(root, "studies");
}

/** A service over a folder, which can be ended and begun again. */
async function aService(folder: string, port = 0) {
  const host = await openStudyHost({ storage: folder, executor: new InlineExecutor({ objective: () => 0 }) });
  const options = { version: "0.0.0-test", port, checkAnswers: true };
  const service = await createService({ host, storageDir: folder, options });
  const url = await service.listen();
  let ended = false;
  const end = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    await service.close();
    await host.close({ graceMs: 0 });
  };
  onTestFinished(end);
  return { url, token: service.context.tokens.first ?? "", end };
}

const plain = ({ header: head, trials, annotations, revision, counts, counted, unfinished }: StudyState) => ({
  ...{ head, trials, annotations: [...annotations], revision, counts, counted, unfinished },
});

test("a state comes as it is: numbers that JSON has not, texts that read like them, annotations", async () => {
  const folder = await aFolder();
  const files = new JsonFileStorage({ directory: folder });
  const trials = manyTrials(50).map((trial) =>
    trial.number === 4
      ? {
          ...trial,
          intermediate: [
            [1, NaN],
            [2, Infinity],
          ] as const,
          seen: [0, 0],
          user_attrs: { text: "NaN", more: "\\Infinity" },
        }
      : trial,
  );
  const annotations = new Map([[3, { note: "good\u2028\n", tags: ["a"], banned: true }]]);
  await files.createFrom(createStudyState(header("odd"), trials, { revision: 77, annotations }), null);
  const { url, token } = await aService(folder);
  const there = new RemoteStorage({ url, token });
  const read = await there.read("odd");
  expect(plain(read)).toEqual(plain(await files.read("odd")));
  expect(read.trial(4)?.intermediate).toEqual([
    [1, NaN],
    [2, Infinity],
  ]);
  expect(read.trial(4)?.user_attrs).toEqual({ text: "NaN", more: "\\Infinity" });
  expect(await there.exists("odd")).toBe(true);
  expect(await there.exists("even")).toBe(false);
  expect(await there.exists("..")).toBe(false);
  expect(await there.list()).toEqual(["odd"]);
  expect(await there.summaries()).toMatchObject([
    { name: "odd", error: null, summary: { counts: read.counts, location: `${url}/studies/odd` } },
  ]);
  await expect(there.openWriter("odd")).rejects.toMatchObject({ code: "not-remote", exitCode: 2 });
});

test(
  "following goes on over a restart of the service, each event once, and ends with the study",
  { timeout: 30_000 },
  async () => {
    const folder = await aFolder();
    const files = new JsonFileStorage({ directory: folder });
    const writer = await files.create(header("lab"));
    const first = await aService(folder);
    const there = new RemoteStorage(first);
    let state = await there.read("lab");
    const revisions: number[] = [];
    let wake = (): void => undefined;
    const following = (async () => {
      for await (const change of there.follow("lab", state.revision)) {
        expect(change.reset).toBeUndefined();
        if (change.event) state = applyEvent(state, change.event);
        revisions.push(change.revision);
        wake();
      }
    })();
    const until = async (revision: number): Promise<void> => {
      while (state.revision < revision) await new Promise<void>((resolve) => (wake = resolve));
    };
    await writer.append(created(runningTrial(0)));
    await writer.append(report(0, 1, 0.5));
    await until(2);
    await first.end();
    await writer.append(report(0, 2, NaN), finished(0, 0.25));
    await aService(folder, Number(new URL(first.url).port));
    await until(4);
    expect(revisions).toEqual([1, 2, 3, 4]);
    expect(plain(state)).toEqual(plain(await files.read("lab")));
    await writer.close();
    // It may hear of that before the deleting has returned.
    const gone = expect(following).rejects.toMatchObject({ code: "study-deleted" });
    await files.delete("lab");
    await gone;
  },
);

test("where events are no longer held singly, the state comes instead", async () => {
  const folder = await aFolder();
  const files = new JsonFileStorage({ directory: folder });
  await files.createFrom(createStudyState(header("old"), manyTrials(5), { revision: 40 }), null);
  const there = new RemoteStorage(await aService(folder));
  const ending = new AbortController();
  for await (const change of there.follow("old", 3, { signal: ending.signal })) {
    expect(change).toMatchObject({ reset: true, revision: 40, state: { size: 5 } });
    ending.abort();
  }
});
