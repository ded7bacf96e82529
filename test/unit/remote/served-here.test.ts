/** Commands on a folder whose studies a service has open: where they are, and that they reach its runs. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { commandStudy } from "../../../src/app/command-study.js";
import { loadStudy } from "../../../src/app/study.js";
import { createStudyState, float } from "../../../src/core/index.js";
import type { StudyHeader } from "../../../src/core/index.js";
import { storages } from "../../../src/storage/index.js";
import type { LockOwner, StorageFactory } from "../../../src/storage/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { StudyLockedError } from "../../../src/storage/study-errors.js";
import type { StudyHost, StudyView } from "../../../src/host/index.js";
import { aHostedService } from "../service/a-hosted-service.js";
import { typed } from "../../fixtures/cli/typed.js";

const MODULE = `export default async (trial) => trial.params.x;`;

const header = (name: string): StudyHeader => ({
  ...{ name, objectives: [{ metric: "value", direction: "minimize" }], created_at: "2026-01-02T03:04:05.000Z" },
  ...{ seed: 1, task: {}, space: { x: float(0, 1) }, user_attrs: {} },
  ...{ sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} } },
  settings: {
    ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false, plugins: [], data_files: [] },
    ...{ objective: { path: "objective.mjs", sha256: createHash("sha256").update(MODULE).digest("hex") } },
    accepted_changes: [],
  },
});

/** A storage whose studies a service has open. */
class Served extends MemoryStorage {
  owner: LockOwner = {
    pid: 7,
    host: "lab3",
    since: "2026-01-02T03:04:05.000Z",
    url: "http://lab3:7070",
    work: "serve",
  };
  override ownerOf() {
    return Promise.resolve(this.owner);
  }
  override async inspect(name: string) {
    return { ...(await super.inspect(name)), owner: this.owner };
  }
  override async summaries() {
    return (await super.summaries()).map((entry) =>
      entry.summary ? { ...entry, summary: { ...entry.summary, owner: this.owner } } : entry,
    );
  }
  override openWriter(): Promise<never> {
    return Promise.reject(new StudyLockedError("locked", this.owner));
  }
}

test("commands say where a study is that a service has open", async () => {
  const served = new Served();
  storages.register("served", { summary: "for this test", parameters: z.strictObject({}) })<StorageFactory>(
    () => served,
  );
  await served.createFrom(createStudyState(header("lab")));
  const here = ["--storage", "served:"];
  const page = "http://lab3:7070/studies/lab";
  expect(await typed(["optimize", "lab", ...here])).toEqual({
    code: 1,
    out: "",
    err:
      `error: study "lab" is open in the service at http://lab3:7070 (process 7 on lab3): run it on its page, ${page}, or by ` +
      "`mlbench-hpo optimize lab --server http://lab3:7070 --token-file served:/.service/token`\n",
  });
  expect((await typed(["show", "lab", ...here])).out).toContain(`\nopen in the service: ${page}`);
  expect((await typed(["trials", "lab", ...here])).err).toBe(`open in the service: ${page}\n`);
  expect((await typed(["studies", ...here])).err).toBe("open in the service at http://lab3:7070: lab\n");
  const [listed] = JSON.parse((await typed(["studies", "--format", "json", ...here])).out) as { owner: unknown }[];
  expect(listed?.owner).toEqual(served.owner);
});

/** Waits until the study is as it should be. */
async function becomes(host: StudyHost, is: (view: StudyView) => boolean): Promise<void> {
  const view = await host.view("line");
  await new Promise<void>((resolve) => {
    const look = (): void => (is(view) ? resolve() : undefined);
    view.subscribe(look);
    look();
  });
  view.release();
}

const runBecomes = (host: StudyHost, state: string): Promise<void> => becomes(host, ({ run }) => run?.state === state);

test("what is typed on the folder reaches the service's run", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { host, folder } = await aHostedService({
    objective: async (trial) => {
      await held;
      return trial.params["x"] as number;
    },
    places: 1,
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "objective.mjs"), MODULE);
  await (await host.storage.create(header("line"))).close();
  await host.startRun("line", { total_trials: 50 });
  const here = ["--storage", folder];
  await becomes(host, ({ state }) => state.counts.running === 1);
  expect(await typed(["pause", "line", ...here])).toMatchObject({ code: 0 });
  await runBecomes(host, "paused");
  expect(await typed(["resume", "line", ...here])).toMatchObject({ code: 0 });
  await runBecomes(host, "running");
  expect(await typed(["enqueue-trial", "line", "--set", "x=0.25", ...here])).toMatchObject({
    code: 0,
    out: "enqueued trial 1\n",
  });
  const asked = await typed(["ask", "line", "--format", "json", ...here]);
  const { number } = JSON.parse(asked.out) as { number: number };
  expect(await typed(["tell", "line", "--trial-number", String(number), "--value", "0.5", ...here])).toMatchObject({
    code: 0,
  });
  expect(await typed(["trial", "note", "0", "slow", "--study-name", "line", ...here])).toMatchObject({ code: 0 });
  expect(await typed(["stop", "line", ...here])).toMatchObject({ code: 0 });
  release();
  await runBecomes(host, "finished");
  const state = await host.storage.read("line");
  expect(state.trial(number)).toMatchObject({ state: "complete", value: 0.5, params: { x: 0.25 } });
  expect(state.annotations.get(0)).toMatchObject({ note: "slow" });
  expect(state.header.run).toMatchObject({ state: "finished", stopped_by: "stop", total_trials: 50 });
});

/** A service with the study `line`, one of whose trials is under way and stays so until it is ended. */
async function aRunUnderWay(places = 1) {
  const service = await aHostedService({
    objective: () => new Promise<number>(() => undefined),
    places,
  });
  const { host, folder, url, token } = service;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "objective.mjs"), MODULE);
  await (await host.storage.create(header("line"))).close();
  await host.startRun("line", { total_trials: 50 });
  await becomes(host, ({ state }) => state.counts.running === places);
  return { host, here: ["--storage", folder], there: ["--server", `${url}#token=${token}`] };
}

for (const where of ["here", "there"] as const)
  test(`a service's run gets other places and is cancelled by commands, typed on the ${where === "here" ? "folder" : "service"}`, async () => {
    const run = await aRunUnderWay();
    const { host } = run;
    const at = run[where];
    expect(await typed(["set-share", "line", "--workers", "3", "--weight", "2.5", ...at])).toEqual({
      ...{ code: 0, err: "", out: '"line": at most 3 places, weight 2.5\n' },
    });
    expect((await host.storage.read("line")).header.run).toMatchObject({ workers: 3, weight: 2.5, state: "running" });
    expect((await typed(["set-share", "line", "--workers", "all", ...at])).out).toBe('"line": all places\n');
    expect((await host.storage.read("line")).header.run).toMatchObject({ workers: null, weight: 2.5 });
    expect(host.workers()[0]?.shares).toMatchObject([{ study: "line", weight: 2.5, places: 1 }]);
    expect(await typed(["cancel", "line", ...at])).toEqual({
      ...{ code: 0, err: "", out: 'cancelled "line"; trials that ran wait again\n' },
    });
    await runBecomes(host, "cancelled");
    await becomes(host, ({ run: ended }) => ended?.ended_at !== null);
    const state = await host.storage.read("line");
    expect(state.header.run).toMatchObject({ state: "cancelled", stopped_by: "interrupt" });
    expect(state.trial(0)).toMatchObject({ state: "waiting", attempt: 2 });
    // What is over is not changed.
    expect(await typed(["set-share", "line", "--weight", "2", ...at])).toEqual({
      ...{ code: 2, out: "" },
      err: 'error: study "line" has no run at a service: places and weight are those of one\n',
    });
    expect(await typed(["cancel", "line", ...at])).toEqual({
      ...{ code: 1, out: "", err: 'error: study "line" is not being optimized\n' },
    });
    // A study that is not there is no run either.
    for (const command of [["cancel"], ["set-share", "--weight", "2"]])
      expect(await typed([...command, "--study-name", "nobody", ...at])).toMatchObject({
        ...{ code: 2, err: expect.stringContaining("nobody") as string },
      });
  });

test("a program's own study, which a service has open, reaches the run there", async () => {
  const { host, here } = await aRunUnderWay();
  const study = await loadStudy({ name: "line", storage: here[1] as string });
  expect(await commandStudy(study, { type: "set-share", weight: 2 })).toBeNull();
  expect((await host.get("line")).run).toMatchObject({ weight: 2, workers: null });
  await commandStudy(study, { type: "cancel" });
  await runBecomes(host, "cancelled");
  await becomes(host, ({ run: ended }) => ended?.ended_at !== null);
  await expect(commandStudy(study, { type: "set-share", weight: 1 })).rejects.toMatchObject({
    ...{ code: "no-run", exitCode: 2 },
  });
});

test.each([
  [[], "set-share: give --workers N, --workers all or --weight W"],
  [["--weight", "0"], "--weight 0: expected a number from 0.001 to 1000"],
  [["--weight", "heavy"], "--weight heavy: expected a number from 0.001 to 1000"],
  [["--workers", "0"], "--workers 0: expected a whole number from 1 to 1024"],
])("set-share %j says what would be right", async (options, message) => {
  expect(await typed(["set-share", "line", ...options])).toEqual({ code: 2, out: "", err: `error: ${message}\n` });
});
