import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createStudy } from "../../../../src/app/create-study.js";
import { MlflowTracker, syncMlflow } from "../../../../src/app/mlflow.js";
import type { MlflowOptions } from "../../../../src/app/mlflow.js";
import { copyStudy, renameStudy } from "../../../../src/app/move-study.js";
import { loadStudy } from "../../../../src/app/study.js";
import { blankTrial, createStudyState, float, TrialPruned } from "../../../../src/core/index.js";
import type { ObjectiveTrial, OptimizeResult, TrackedStudy, Trial } from "../../../../src/core/index.js";
import { trackerConformance } from "../../../../src/testing/tracker.js";
import type { Study } from "../../../../src/study/study.js";
import { differences, pointsOf } from "../../../fixtures/mlflow/compare.js";
import { FakeMlflow } from "../../../fixtures/mlflow/fake-server.js";

let fake: FakeMlflow;
let storage: string;
let warnings: string[];

beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlflow-studies-"));
});
afterAll(() => rm(storage, { recursive: true }));
beforeEach(async () => {
  vi.stubEnv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
  fake = await FakeMlflow.start();
  warnings = [];
});
afterEach(async () => {
  await fake.stop();
  vi.unstubAllEnvs();
});

/** Three reports with metrics; every fourth trial fails, every fifth is pruned at its second. */
async function objective(trial: ObjectiveTrial): Promise<number> {
  const x = Number(trial.params["x"]);
  for (let step = 1; step <= 3; step++) {
    trial.report(x ** 2 + 1 / step, step, { loss: x / step });
    if (trial.number % 5 === 4 && step === 2) throw new TrialPruned();
  }
  if (trial.number % 4 === 3) throw new Error("no luck");
  return x ** 2;
}

function made(name: string): Promise<Study> {
  return createStudy({ name, storage, seed: 7, sampler: "random", pruner: "nop", space: { x: float(-5, 5) } });
}

/** Drawing pictures takes longer than all the rest. */
const artifacts = (): { path: string; body: string }[] => [{ path: "study.json", body: "{}" }];

const tracker = (options: MlflowOptions = {}): MlflowTracker =>
  new MlflowTracker({
    ...{ uri: fake.url, experiment: "cells", artifacts },
    onWarning: (line) => warnings.push(line),
    ...options,
  });

function optimized(study: Study, trials: number, options: MlflowOptions = {}): Promise<OptimizeResult> {
  return study.optimize(objective, { trials, concurrency: 2, trackers: [tracker(options)] });
}

const sync = (name: string, options: MlflowOptions = {}) =>
  syncMlflow({ name, storage }, { uri: fake.url, experiment: "cells", artifacts, ...options });

/** The folder in which ledger and spool of a study's only target lie. */
async function folderOf(name: string): Promise<string> {
  const folder = join(storage, `${name}.files`, "mlflow");
  return join(folder, (await readdir(folder))[0] as string);
}

const waiting = async (name: string): Promise<string[]> =>
  (await readdir(await folderOf(name))).filter((file) => file.startsWith("spool-"));

describe("a study of 20 trials, complete, pruned and failed ones", () => {
  it("is what its records say, value by value", async () => {
    const study = await made("whole");
    await optimized(study, 20, { artifacts: undefined });
    const counts = study.state.counts;
    expect([counts.complete, counts.pruned, counts.failed]).toEqual([12, 4, 4]);
    expect(differences(fake, study.state)).toEqual([]);
    expect(warnings).toEqual([]);
    expect(await waiting("whole")).toEqual([]);
    const parent = fake.run("whole");
    expect(parent.status).toBe("FINISHED");
    expect(parent.tags.get("mlbench_hpo.best_trial")).toBe(String(study.bestTrial?.number));
    expect(pointsOf(parent, "best/value").at(-1)?.[1]).toBe(study.bestTrial?.value);
    const exported = JSON.parse(String(parent.files.get("study.json"))) as { trials: unknown[] };
    expect(exported.trials).toHaveLength(20);
    expect(String(parent.files.get("plots/history.svg"))).toMatch(/^<svg /);
    const failed = fake.run("trial-3");
    expect(failed.tags.get("mlbench_hpo.failure")).toMatch(/^exception: no luck/);
    expect(pointsOf(failed, "loss")).toHaveLength(3);
  });
  it("goes on in the same runs, none of them twice", async () => {
    const study = await made("resumed");
    await optimized(study, 4);
    const before = [...fake.runs.keys()];
    await optimized(await loadStudy({ name: "resumed", storage }), 4);
    const now = await loadStudy({ name: "resumed", storage });
    expect(differences(fake, now.state)).toEqual([]);
    expect([...fake.runs.keys()].slice(0, before.length)).toEqual(before);
    expect(fake.runs.size).toBe(1 + 8);
  });
  it("goes on in the experiment where it was, where none is named; one that is named counts", async () => {
    await optimized(await made("unnamed"), 2);
    await optimized(await loadStudy({ name: "unnamed", storage }), 1, { experiment: undefined });
    expect([...fake.experiments.values()].map(({ name }) => name)).toEqual(["Default", "cells"]);
    expect(fake.runs.size).toBe(1 + 3);
    await optimized(await loadStudy({ name: "unnamed", storage }), 1, { experiment: "other" });
    expect(fake.runs.size).toBe(1 + 3 + 2);
  });
  it("has tags by which it is found: user, source, parent, number", async () => {
    await optimized(await made("tagged"), 1);
    const { tags } = fake.run("trial-0");
    expect(
      Object.fromEntries([...tags].filter(([key]) => /study$|number|Type|type|parent|attempt$/.test(key))),
    ).toEqual({
      "mlbench_hpo.study": "tagged",
      "mlbench_hpo.trial_number": "0",
      "mlbench_hpo.attempt": "1",
      "mlflow.source.type": "LOCAL",
      "mlflow.parentRunId": fake.run("tagged").id,
    });
    expect(tags.get("mlflow.source.git.commit")).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe("a server that does not do what it should", () => {
  const broken: [string, () => void][] = [
    ["is down", () => void fake.stop()],
    ["answers 500", () => void (fake.fault = () => ({ status: 500 }))],
    ["hangs up", () => void (fake.fault = () => "hang-up")],
    ["is too slow", () => void (fake.delayMs = 60_000)],
    ["asks for a password", () => void (fake.fault = () => ({ status: 401 }))],
    ["is another program", () => void (fake.fault = () => ({ status: 200, body: "<html>" }))],
  ];
  it.each(broken)("%s: the study is the same, and sent later", async (what, breakIt) => {
    const name = what.replaceAll(/\W/g, "-");
    const [undisturbed, study] = [await made(`${name}-alone`), await made(name)];
    await undisturbed.optimize(objective, { trials: 6, concurrency: 2 });
    breakIt();
    const result = await optimized(study, 6);
    expect(study.trials.map(({ values }) => values)).toEqual(undisturbed.trials.map(({ values }) => values));
    expect(result.subscriberFailures).toEqual([]);
    expect(warnings.at(-1)).toMatch(
      /^not everything was sent .*: the rest is kept beside the study; `mlbench-hpo mlflow sync/,
    );
    expect(fake.runs.size).toBe(0);
    await fake.stop();
    [fake.fault, fake.delayMs] = [null, 0];
    await fake.listen();
    await sync(name);
    expect(differences(fake, study.state)).toEqual([]);
    expect(await waiting(name)).toEqual([]);
    const writes = (): string[] => fake.requests.filter((request) => /create|log-batch|update|PUT/.test(request));
    const before = writes().length;
    expect((await sync(name)).requests).toBe(0);
    expect(writes()).toHaveLength(before);
  });
  it("is killed in the middle and comes back: nothing is missing, nothing there twice", async () => {
    const study = await made("killed");
    let seen = 0;
    await study.optimize(
      async (trial) => {
        if (trial.number === 4) await fake.until(() => fake.requests.includes("POST runs/log-batch"));
        if (trial.number === 4) await fake.stop();
        if (trial.number === 9) await fake.listen();
        seen++;
        return objective(trial);
      },
      { trials: 12, trackers: [tracker()] },
    );
    expect(seen).toBe(12);
    await sync("killed");
    expect(differences(fake, study.state)).toEqual([]);
  });
  it("is another program that speaks JSON: one line says so", async () => {
    await (await made("not-mlflow")).close();
    const run = '{"experiment":{"experiment_id":"1"},"run":{},"runs":[{}]}';
    for (const body of ["null", "[]", "7", "{}", '{"experiment":null}', run]) {
      fake.fault = () => ({ status: 200, body });
      await expect(sync("not-mlflow")).rejects.toMatchObject({
        code: "mlflow-refused",
        message: `${fake.url}: what answers there is no MLflow server`,
      });
    }
  });
  it("asks for hours: whoever sends is told, and does not wait", async () => {
    vi.stubEnv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3");
    await made("hours");
    fake.fault = () => ({ status: 429, headers: { "retry-after": "7200" } });
    await expect(sync("hours")).rejects.toThrow(/answered 429; it asks to come back in 7200 s$/);
    expect(fake.requests).toHaveLength(1);
  });
  it("points elsewhere, with a password in it: that is not shown", async () => {
    await made("moved");
    fake.fault = () => ({ status: 302, headers: { location: "https://me:hunter2@else.where/login?token=hunter2" } });
    await expect(sync("moved")).rejects.toThrow(
      /points to https:\/\/\*\*\*@else.where\/login\?token=\*\*\*: give that URL/,
    );
  });
  it("loses the answer to what it has done: no run is made twice", async () => {
    const study = await made("lost-answers");
    let lost = 0;
    fake.loseAnswer = (path) => path === "runs/create" && lost++ < 1;
    await optimized(study, 3);
    expect(lost).toBeGreaterThan(0);
    await sync("lost-answers");
    expect(differences(fake, study.state)).toEqual([]);
    expect(fake.runs.size).toBe(1 + 3);
  });
  it("refuses a param that was another before: all else is logged", async () => {
    const study = await made("refusing");
    await optimized(study, 1);
    const run = fake.run("trial-0");
    run.params.set("x", "17");
    for (const folder of [await folderOf("refusing")]) await rm(folder, { recursive: true });
    run.tags.delete("mlbench_hpo.ended");
    run.tags.delete("mlbench_hpo.state");
    run.metrics.clear();
    run.status = "SCHEDULED";
    const { refused } = await sync("refusing");
    expect(refused).toEqual([expect.stringMatching(/Changing param values is not allowed: x/)]);
    expect(run.tags.get("mlbench_hpo.state")).toBe("complete");
    expect([pointsOf(run, "value").length, pointsOf(run, "objective/value").length]).toEqual([3, 1]);
  });
  it("keeps files elsewhere: said once in plain words, everything else is logged", async () => {
    fake.artifactRoot = "s3://bucket";
    const study = await made("elsewhere");
    await optimized(study, 2);
    expect(warnings).toEqual([expect.stringMatching(/keeps artifacts in s3:.*no files are uploaded/)]);
    expect(differences(fake, study.state)).toEqual([]);
  });
});

describe("what is kept beside a study", () => {
  it("is found on the server where it was lost", async () => {
    const study = await made("forgotten");
    await optimized(study, 5);
    const ids = [...fake.runs.keys()];
    await rm(await folderOf("forgotten"), { recursive: true });
    await sync("forgotten");
    expect([...fake.runs.keys()]).toEqual(ids);
    expect(differences(fake, study.state)).toEqual([]);
  });
  it("counts for nothing in a copy, and goes with a study that is renamed", async () => {
    const study = await made("original");
    await optimized(study, 2);
    await copyStudy({ name: "original", storage, to: "copied" });
    await sync("copied");
    const copy = await loadStudy({ name: "copied", storage });
    expect(fake.runs.size).toBe(2 * 3);
    expect(fake.run("copied").tags.get("mlbench_hpo.study_id")).not.toBe(
      fake.run("original").tags.get("mlbench_hpo.study_id"),
    );
    expect(copy.trials).toHaveLength(2);
    await renameStudy({ name: "original", storage, to: "renamed" });
    await optimized(await loadStudy({ name: "renamed", storage }), 1);
    expect(fake.runs.size).toBe(2 * 3 + 1);
    expect(fake.run("renamed").tags.get("mlbench_hpo.study")).toBe("renamed");
  });
  it("is void where the server has lost or deleted the study's run", async () => {
    const study = await made("wiped");
    await optimized(study, 2);
    fake.run("wiped").deleted = true;
    for (const number of [0, 1]) fake.run(`trial-${number}`).deleted = true;
    await sync("wiped");
    expect(differences(fake, study.state)).toEqual([]);
    fake.runs.clear();
    await sync("wiped");
    expect(differences(fake, study.state)).toEqual([]);
  });
  it("has no secret in it", async () => {
    const study = await made("secret");
    await optimized(study, 2, { uri: fake.url.replace("//", "//me:hunter2@"), token: "tokentoken" });
    expect(fake.headers.every(({ authorization }) => authorization === "Bearer tokentoken")).toBe(true);
    fake.fault = () => ({ status: 403, body: "no" });
    await optimized(study, 2, { username: "me", password: "hunter2" });
    const folder = await folderOf("secret");
    const texts = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")));
    expect([...texts, ...warnings].join("\n")).not.toMatch(/hunter2|tokentoken|Basic|Bearer/);
    expect(warnings[0]).toMatch(/answered 403/);
  });
  it("may say no longer where it was sent: the server is then to be named", async () => {
    const study = await made("nowhere");
    await optimized(study, 1);
    for (const text of ["", "null", '{"uri":', '{"uri":5}']) {
      await writeFile(join(await folderOf("nowhere"), "target.json"), text);
      await expect(syncMlflow({ name: "nowhere", storage })).rejects.toMatchObject({ code: "mlflow-uri", exitCode: 2 });
    }
    await writeFile(join(await folderOf("nowhere"), "ledger.jsonl"), "null\n5\n", { flag: "a" });
    expect((await sync("nowhere")).requests).toBe(0);
  });
  it("takes a line that was cut off, and one that says nothing", async () => {
    const study = await made("torn");
    await fake.stop();
    await optimized(study, 3);
    const [file] = await waiting("torn");
    const path = join(await folderOf("torn"), file as string);
    const lines = (await readFile(path, "utf8")).split("\n");
    // What the last operations say is lost: the records have it.
    await writeFile(path, `${lines.slice(0, -6).join("\n")}\nnull?\n{"run":"trial-2","att`);
    await fake.listen();
    await sync("torn");
    expect(differences(fake, study.state)).toEqual([]);
  });
});

describe("trials", () => {
  it("of a process that died, with reports, go on in a run of their own; the one before is put away", async () => {
    const study = await made("died");
    const shown = (trials: readonly Trial[]): TrackedStudy => ({
      ...{ name: "died", directory: study.directory, directoryOf: (number) => study.directoryOf(number) },
      state: createStudyState(study.header, trials),
    });
    const started_at = "2026-01-01T00:00:00.000Z";
    const running = blankTrial(0, { state: "running", params: { x: 1 }, started_at });
    const start = { event: "start", study: "died", finished: 0, more: 1, slots: 1, recovered: [] } as const;
    const begin = { event: "trial-start", number: 0, slot: 0, params: { x: 1 } } as const;
    const report = { event: "report", number: 0, step: 1, prune: false, reason: "" } as const;
    const first = tracker();
    first.open(shown([running]));
    first.onEvent(start);
    first.onEvent({ ...begin, attempt: 1 });
    first.onEvent({ ...report, value: 99, metrics: { loss: 98 } });
    // What it has sent is there; that it has ended nobody has heard.
    await first.close();
    const cut = fake.run("trial-0");
    expect([cut.status, pointsOf(cut, "value")]).toEqual(["RUNNING", [[1, 99]]]);
    const ended: Trial = {
      ...{ ...running, state: "complete", attempt: 2, values: [2], finish_index: 0, intermediate: [[1, 2]], seen: [0] },
      finished_at: "2026-01-01T00:00:05.000Z",
    };
    const second = tracker();
    second.open(shown([ended]));
    second.onEvent(start);
    second.onEvent({ ...begin, attempt: 2 });
    second.onEvent({ ...report, value: 2, metrics: {} });
    second.onEvent({ event: "trial", trial: ended });
    await second.close();
    expect([cut.deleted, cut.status, cut.tags.get("mlbench_hpo.superseded_by_attempt")]).toEqual([true, "KILLED", "2"]);
    expect(differences(fake, shown([ended]).state)).toEqual([]);
    expect(fake.run("trial-0").tags.get("mlbench_hpo.attempt")).toBe("2");
  });
  it("that are not finite have a tag instead of the metric, or the metric where that is wanted", async () => {
    const odd = (trial: ObjectiveTrial): number => {
      trial.report(1, 1, { ratio: Infinity });
      trial.report(NaN, 2, { ratio: 1 });
      return trial.number === 0 ? NaN : 1;
    };
    const study = await made("odd");
    await study.optimize(odd, { trials: 2, trackers: [tracker()] });
    const [diverged, other] = [fake.run("trial-0"), fake.run("trial-1")];
    expect(diverged.tags.get("diverged")).toBe("1");
    expect(other.tags.get("mlbench_hpo.not_finite")).toBe("ratio is Infinity at step 1; value is NaN at step 2");
    expect([pointsOf(other, "ratio"), pointsOf(other, "value")]).toEqual([[[2, 1]], [[1, 1]]]);
    const second = await made("odd-metrics");
    await second.optimize(odd, { trials: 1, trackers: [tracker({ nonFinite: "metric" })] });
    const run = [...fake.runs.values()].find(
      ({ tags }) => tags.get("mlbench_hpo.study") === "odd-metrics" && tags.has("diverged"),
    );
    expect(pointsOf(run as never, "ratio")).toEqual([
      [1, Infinity],
      [2, 1],
    ]);
  });
  it("that wait are scheduled, and noted, tagged and banned ones say so", async () => {
    const study = await made("noted");
    await optimized(study, 2);
    await study.enqueueTrial({ x: 1 });
    await study.annotate(1, { note: "odd cell", tags: ["look"], banned: true });
    await study.close();
    await sync("noted");
    expect(differences(fake, study.state)).toEqual([]);
    expect(fake.run("trial-2").status).toBe("SCHEDULED");
    const { tags } = fake.run("trial-1");
    const said = ["mlflow.note.content", "mlbench_hpo.tags", "mlbench_hpo.banned"].map((key) => tags.get(key));
    expect(said).toEqual(["odd cell", "look", "true"]);
    expect(fake.run("noted").status).toBe("KILLED");
    const { id } = fake.run("trial-2");
    await optimized(await loadStudy({ name: "noted", storage }), 1);
    expect(fake.run("trial-2").id).toBe(id);
    expect(differences(fake, (await loadStudy({ name: "noted", storage })).state)).toEqual([]);
  });
  it("that were banned between two calls say so after the second", async () => {
    const study = await made("between");
    await optimized(study, 2);
    await study.annotate(0, { banned: true });
    await optimized(study, 1);
    expect([0, 1].map((number) => fake.run(`trial-${number}`).tags.get("mlbench_hpo.banned"))).toEqual([
      "true",
      undefined,
    ]);
  });
  it("of several objectives with constraints have each of them", async () => {
    const directions = ["minimize", "maximize"] as const;
    const study = await createStudy({ name: "several", storage, seed: 1, directions, space: { x: float(0, 1) } });
    await study.optimize(
      (trial) => {
        trial.setConstraint("x<=0.5", trial.params.x - 0.5);
        return [trial.params.x, 1 - trial.params.x];
      },
      { trials: 3, trackers: [tracker()] },
    );
    for (const { number, values, constraints } of study.trials) {
      const run = fake.run(`trial-${number}`);
      const logged = ["objective/value_0", "objective/value_1", "constraint/x le 0.5"].map(
        (key) => pointsOf(run, key)[0]?.[1],
      );
      expect(logged).toEqual([...(values ?? []), constraints["x<=0.5"]]);
    }
    const front = study.bestTrials.map(({ number }) => number).join(",");
    expect(fake.run("several").tags.get("mlbench_hpo.front")).toBe(front);
  });
});

describe("a study that ran without a server", () => {
  it("is sent whole from its records and the metrics of its epochs", async () => {
    const study = await made("offline");
    await study.optimize(objective, { trials: 8 });
    await sync("offline");
    expect(differences(fake, study.state)).toEqual([]);
    for (const { number, params, intermediate } of study.trials) {
      const losses = intermediate.map(([step]) => [step, Number(params["x"]) / step]);
      expect(pointsOf(fake.run(`trial-${number}`), "loss")).toEqual(losses);
    }
  });
  it("goes on under a tracker, which leaves the earlier trials to sync", async () => {
    const study = await made("half-offline");
    await study.optimize(objective, { trials: 3 });
    await optimized(await loadStudy({ name: "half-offline", storage }), 2);
    await sync("half-offline");
    expect(differences(fake, (await loadStudy({ name: "half-offline", storage })).state)).toEqual([]);
  });
  it("needs no server to be named again", async () => {
    const study = await made("named-before");
    await optimized(study, 1);
    expect((await syncMlflow({ name: "named-before", storage })).uri).toBe(fake.url);
    await optimized(study, 1, { experiment: "another" });
    await expect(syncMlflow({ name: "named-before", storage })).rejects.toThrow(
      /logged to several places: .*another.*cells/,
    );
  });
});

describe("MLFLOW_RUN_ID and experiments", () => {
  it("goes on with the run that is named, in its experiment", async () => {
    await optimized(await made("first"), 1);
    const { id } = fake.run("first");
    vi.stubEnv("MLFLOW_RUN_ID", id);
    const study = await made("second");
    await optimized(study, 1, { experiment: "elsewhere" });
    expect(fake.runs.get(id)?.tags.get("mlbench_hpo.study")).toBe("second");
    expect(fake.named("trial-0").every((run) => run.tags.get("mlflow.parentRunId") === id)).toBe(true);
    vi.stubEnv("MLFLOW_RUN_ID", "f".repeat(32));
    await expect(sync("second")).rejects.toThrow(/MLflow run f+ \(MLFLOW_RUN_ID\): there is none of that id/);
  });
  it("are said to be wrong where name and id differ, the id is unknown, or it was deleted", async () => {
    await optimized(await made("experiments"), 1);
    vi.stubEnv("MLFLOW_EXPERIMENT_ID", "77");
    const target = { name: "experiments", storage };
    await expect(syncMlflow(target, { uri: fake.url })).rejects.toThrow(/no MLflow experiment has the id 77/);
    vi.stubEnv("MLFLOW_EXPERIMENT_NAME", "cells");
    await expect(syncMlflow(target, { uri: fake.url })).rejects.toThrow(/"cells" has the id 1, not 77/);
    fake.experiments.set("1", { name: "cells", deleted: true });
    await expect(sync("experiments")).rejects.toThrow(/"cells" was deleted: restore it/);
  });
});

trackerConformance({ describe, it }, { name: "mlflow", make: () => ({ tracker: tracker() }) });
