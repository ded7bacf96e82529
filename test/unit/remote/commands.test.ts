/** Commands of studies at a service: what they say is what they say of its folder. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { float } from "../../../src/core/index.js";
import type { ObjectiveTrial, StudyHeader } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { aBowl, aHostedService } from "../service/a-hosted-service.js";
import type { HostedService } from "../service/a-hosted-service.js";
import { Sink, typed } from "../../fixtures/cli/typed.js";

const MODULE = `export const space = { x: { type: "float", low: 0, high: 1 } };
export default async (trial) => trial.params.x;
`;

/** Written as it would be made: loading what makes studies takes longer than all that is tested here. */
const header: StudyHeader = {
  ...{ name: "line", objectives: [{ metric: "value", direction: "minimize" }], created_at: "2026-01-02T03:04:05.000Z" },
  ...{ seed: 1, task: {}, space: { x: float(0, 1) }, user_attrs: {} },
  ...{ sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} } },
  settings: {
    ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false, plugins: [], data_files: [] },
    ...{ objective: { path: "objective.mjs", sha256: createHash("sha256").update(MODULE).digest("hex") } },
    accepted_changes: [],
  },
};

/** A service with the study `line`, whose trials run an objective of the test's. */
async function aLine(
  objective: (trial: ObjectiveTrial) => number | Promise<number> = (trial) => trial.params["x"] as number,
  places = 2,
): Promise<HostedService & { there: string[]; here: string[] }> {
  const service = await aHostedService({ objective, places });
  const { folder, url, token, host } = service;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "objective.mjs"), MODULE);
  await (await host.storage.create(header)).close();
  return { ...service, there: ["--server", `${url}#token=${token}`], here: ["--storage", folder] };
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("what is read as JSON equals what is read of the folder", async () => {
  const { there, here, folder, url } = await aLine();
  await aBowl(folder, 8);
  const inFolder = (text: string): string => text.replaceAll(join(folder, "bowl.json"), `${url}/studies/bowl`);
  for (const line of [
    ["show", "bowl"],
    ["trials", "bowl", "--filter", "x<1", "--sort", "-value"],
    ["best-trial", "bowl"],
    ["importance", "bowl"],
    ["compare", "bowl"],
    ["trials", "bowl", "--state", "pruned", "--format", "value"],
    ["export", "bowl", "--to", "json"],
    ["export", "bowl", "--to", "optuna-journal"],
  ]) {
    const format = line.includes("--format") || line[0] === "export" ? [] : ["--format", "json"];
    const far = await typed([...line, ...format, ...there]);
    const near = await typed([...line, ...format, ...here]);
    expect(far, line.join(" ")).toEqual({ ...near, out: inFolder(near.out) });
    expect(far.code).toBe(0);
  }
  const [listed] = JSON.parse((await typed(["studies", "--format", "json", ...there])).out) as { file: string }[];
  expect(listed).toMatchObject({ name: "bowl", trials: 8, file: `${url}/studies/bowl`, owner: null });
});

test("a study over a program is shown as in the folder, and how its best trial is run", async () => {
  const { there, here, folder, url } = await aLine();
  const study = await createStudy({
    ...{ name: "tool", storage: folder, command: "sh -c 'echo {x}'", cwd: folder, search: { x: "0..1" }, seed: 1 },
  });
  await study.tell(await study.ask(), { value: 0.5 });
  const command = `sh -c 'echo ${String(study.trials[0]?.params["x"])}'`;
  await study.close();
  for (const name of ["show", "best-trial"]) {
    const near = await typed([name, "tool", "--format", "json", ...here]);
    const far = await typed([name, "tool", "--format", "json", ...there]);
    expect(far).toEqual({ ...near, out: near.out.replaceAll(join(folder, "tool.json"), `${url}/studies/tool`) });
  }
  expect((await typed(["best-trial", "tool", ...there])).out).toContain(`command: ${command}\n`);
});

test("a dry run says what one in its folder says, to programs and to people", async () => {
  const { url, token, folder } = await aHostedService({ mayRun: true });
  const [there, here] = [
    ["--server", `${url}#token=${token}`],
    ["--storage", folder],
  ];
  const table = join(dirname(folder), "cells.csv");
  const cycles = Array.from({ length: 60 }, (_, i) => i + 1).filter((cycle) => cycle !== 30);
  const rows = ["A", "B", "C"].flatMap((cell, i) => cycles.map((n) => `${cell},${n},${1 - n * 0.002 - i * 0.01}`));
  await writeFile(table, `cell,cycle,soh\n${rows.join("\n")}\n`);
  for (const line of [
    ["--model", "lstm,mlp", "--seed", "3"],
    [
      "--model",
      "mlp",
      "--search",
      "train.lr=log:1e-5..1e-1",
      "--fix",
      "train.epochs=5",
      "--constraint",
      "parameters<=900",
    ],
    ["--model", "mlp", "--metric", "val_rmse,parameters", "--set", "data.noise=0.02"],
    // Data about which there is something to say.
    [
      ...["--model", "mlp", "--dataset", "csv", "--set", `data.path=${table}`],
      "--set",
      "data.window=10",
      "--fix",
      "data.horizon=5",
    ],
    [],
  ])
    for (const format of [["--format", "json"], []]) {
      const far = await typed(["create-study", ...line, "--dry-run", ...format, ...there]);
      expect(far, line.join(" ")).toEqual(await typed(["create-study", ...line, "--dry-run", ...format, ...here]));
      expect(far.code).toBe(0);
      if (line.includes("csv")) expect(far.err + far.out).toContain("3 cycles between a cell's first and last one");
    }
});

test("a study's space is changed there as in its folder, and not while it is run", async () => {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const { there, here, host, folder, url } = await aLine(async (trial) => {
    if (trial.number === 2) await ended;
    return trial.params["x"] as number;
  });
  await host.command("line", { type: "enqueue", params: { x: 0.9 } });
  await host.command("line", { type: "enqueue", params: { x: 0.1 } });
  await typed(["optimize", "line", "--trials", "2", ...there]);
  const change = ["create-study", "--study-name", "line", "--space-change", "--search", "x=0..0.5"];
  const plan = await typed([...change, "--dry-run", "--format", "json", ...there]);
  expect(plan).toEqual(await typed([...change, "--dry-run", "--format", "json", ...here]));
  expect(JSON.parse(plan.out)).toMatchObject({ space_change: { earlier: { fit: 1, left_out: 1 } } });
  expect((await host.get("line")).summary.revision).toBe((await host.storage.read("line")).revision);
  await host.startRun("line", { trials: 1 });
  expect(await typed([...change, ...there])).toEqual({
    ...{ code: 1, out: "" },
    err: 'error: study "line" is being optimized: its space is changed when that has ended\n',
  });
  end();
  await expect.poll(async () => (await host.get("line")).run?.state).toBe("finished");
  const done = await typed([...change, ...there]);
  expect([done.code, done.err]).toEqual([0, ""]);
  expect(done.out).toMatch(/^changed the space of line: /);
  expect(done.out).toContain(`${url}/studies/line (1 searched)\n  x: float:0..1 -> float:0..0.5\n`);
  expect((await typed([...change, ...here])).out).toBe("the study searches this already: nothing changed\n");
  expect((await typed([...change, ...there])).out).toBe("the study searches this already: nothing changed\n");
  const { header: now } = await new JsonFileStorage({ directory: folder }).read("line");
  expect(now.space).toMatchObject({ x: { high: 0.5 } });
  // It goes on there, in its new space.
  await typed(["optimize", "line", "--trials", "3", ...there]);
  const { trials } = await host.storage.read("line");
  expect(trials.slice(3).every(({ params }) => (params["x"] as number) <= 0.5)).toBe(true);
  expect(
    await typed(["create-study", "--study-name", "none", "--space-change", "--search", "x=0..1", ...there]),
  ).toMatchObject({ code: 2, err: expect.stringMatching(/^error: no study "none"[^\n]*\n$/) as string });
});

test("a shell's line is taken by a service whose operator allowed it, and by no other", async () => {
  const words = (cwd: string, to: readonly string[]): string[] => [
    ...[
      "create-study",
      "--name",
      "sh",
      "--shell",
      "--command",
      "echo {x} | cat",
      "--cwd",
      cwd,
      "--search",
      "x=0..1",
      ...to,
    ],
  ];
  for (const [mayRun, allowShell, refusal] of [
    [
      true,
      false,
      /^error: [^\n]*shell: echo \{x\} \| cat would be run by a shell: the service was started without --allow-shell\n$/,
    ],
    [false, true, /^error: [^\n]*cwd: [^\n]*the service was started without --allow[^\n]*\n$/],
    [true, true, null],
  ] as const) {
    const { url, token, folder } = await aHostedService({ mayRun, allowShell });
    const { code, err } = await typed(words(dirname(folder), ["--server", `${url}#token=${token}`]));
    if (refusal) expect([code, err]).toEqual([2, expect.stringMatching(refusal)]);
    else expect([code, err]).toEqual([0, ""]);
  }
});

describe("optimize", () => {
  test("starts a run there and tells it as a call of its own", async () => {
    const { there, here, url, host } = await aLine(async (trial) => {
      trial.report(trial.params["x"] as number, 1);
      return trial.params["x"] as number;
    });
    const words = await typed(["optimize", "line", "--trials", "3", ...there]);
    expect(words).toMatchObject({ code: 0, err: "" });
    expect(words.out).toMatch(
      /^line: 0 of 3 trials done, 2 in parallel\nvalues: minimize value; \* marks a new best\n(trial +\d +complete.*\n){3}done: 3 trials run \(3 in the study\)\nbest: trial /,
    );
    expect(words.out).toContain(`\nstudy: ${url}/studies/line\n`);
    const json = await typed([
      "optimize",
      "line",
      "--total-trials",
      "5",
      "--workers",
      "1",
      "--format",
      "json",
      ...there,
    ]);
    const events = lines(json.out);
    expect(events.map(({ event, number }) => [event, number])).toEqual([
      ...[3, 4].flatMap((number) => [
        ["report", number],
        ["trial", number],
      ]),
      ["finish", undefined],
    ]);
    const records = JSON.parse((await typed(["trials", "line", "--format", "json", ...here])).out) as {
      number: number;
      value: number;
      params: object;
    }[];
    for (const { number, value, params } of records.slice(3)) {
      expect(events).toContainEqual({ event: "trial", number, state: "complete", value, values: [value], params });
      expect(events).toContainEqual({ event: "report", number, step: 1, value });
    }
    const best = records.reduce((a, b) => (b.value < a.value ? b : a));
    expect(events.at(-1)).toEqual({
      ...{ event: "finish", study: "line", file: `${url}/studies/line`, finished: 5, stopped_by: "total-trials" },
      best: { number: best.number, value: best.value, params: best.params },
    });
    expect((await host.get("line")).run).toMatchObject({ state: "finished", total_trials: 5, workers: 1 });
  });

  test("one interrupt leaves the run going; stop, pause and resume end and change it", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { there, host } = await aLine(async (trial) => {
      await held;
      return trial.params["x"] as number;
    }, 1);
    const [stdout, stderr] = [new Sink(), new Sink()];
    const call = typed(["optimize", "line", "--trials", "50", ...there], { stdout, stderr });
    await stdout.until("values:");
    expect(await typed(["pause", "line", ...there])).toMatchObject({ code: 0 });
    await stdout.until("paused: no further trial starts");
    expect(await typed(["resume", "line", ...there])).toMatchObject({ code: 0, out: 'resumed "line"\n' });
    await stdout.until("\nresumed\n");
    const signal = process.listeners("SIGINT").at(-1) as (name: "SIGINT") => void;
    signal("SIGINT");
    const left = await call;
    expect(left.code).toBe(130);
    expect(left.out).toMatch(
      /left running: http.*\/studies\/line\nto watch it: .* --watch\nto end it: .* stop line --server http.*\n$/,
    );
    expect((await host.get("line")).run).toMatchObject({ state: "running", ended_at: null });
    expect(await typed(["optimize", "line", ...there])).toMatchObject({
      code: 2,
      err: expect.stringContaining("has a run at the service already: watch it with") as string,
    });
    expect(await typed(["stop", "line", ...there])).toMatchObject({ code: 0 });
    release();
    const view = await host.view("line");
    await new Promise<void>((resolve) => {
      const look = (): void => (view.run?.ended_at ? resolve() : undefined);
      view.subscribe(look);
      look();
    });
    expect(view.run).toMatchObject({ state: "finished", stopped_by: "stop" });
    view.release();
    expect(await typed(["stop", "line", ...there])).toMatchObject({
      code: 1,
      err: 'error: study "line" is not being optimized\n',
    });
  });

  test("--detach returns at once, and goes with a service", async () => {
    const { there, url } = await aLine(() => 1);
    const { code, out } = await typed(["optimize", "line", "--trials", "2", "--detach", "--format", "json", ...there]);
    expect([code, lines(out)]).toEqual([
      0,
      [
        {
          ...{ event: "started", study: "line", file: `${url}/studies/line` },
          run: expect.objectContaining({ state: "running", total_trials: 2 }) as unknown,
        },
      ],
    ]);
    expect(await typed(["optimize", "line", "--detach", "--storage", "nowhere"])).toMatchObject({ code: 2 });
  });

  test("--weight is a service's run's, of a study whose trials other programs run as well", async () => {
    const { there, here, folder, host } = await aLine(() => 1);
    await (await createStudy({ name: "far", space: { x: float(0, 1) }, storage: folder, seed: 1 })).close();
    const far = ["optimize", "far", "--trials", "2", "--weight", "0.25", "--detach"];
    expect(await typed([...far, ...there])).toMatchObject({ code: 0, err: "" });
    expect((await host.get("far")).run).toMatchObject({ state: "running", total_trials: 2, weight: 0.25 });
    expect(await typed(["optimize", "line", "--weight", "2", ...here])).toEqual({
      ...{ code: 2, out: "" },
      err: "error: --weight: goes with --server URL; a run of this process shares its places with none\n",
    });
    expect(await typed(["optimize", "line", "--weight", "0", ...there])).toEqual({
      ...{ code: 2, out: "", err: "error: --weight 0: expected a number from 0.001 to 1000\n" },
    });
  });
});

test("trials are annotated, enqueued, asked for, told; studies made, noted, deleted", async () => {
  const { there, folder, url } = await aLine();
  await aBowl(folder, 2);
  const done = async (...line: string[]): Promise<string> => {
    const { code, out, err } = await typed([...line, ...there]);
    expect([code, err], line.join(" ")).toEqual([0, ""]);
    return out;
  };
  await done("trial", "note", "1", "good", "--study-name", "bowl");
  await done("trial", "tag", "1", "a", "--study-name", "bowl");
  await done("trial", "ban", "0", "--study-name", "bowl");
  await done("study", "note", "bowl", "of the lab");
  await done("study", "set-user-attr", "bowl", "--key", "rig", "--value", "7");
  expect(await done("enqueue-trial", "bowl", "--set", "x=0.25")).toBe("enqueued trial 2\n");
  const { number, params, lease } = JSON.parse(await done("ask", "bowl", "--format", "json")) as {
    number: number;
    params: object;
    lease: { token: string; seconds: number };
  };
  expect([number, params, lease.seconds]).toEqual([2, { x: 0.25 }, 300]);
  const under = ["--study-name", "bowl", "--lease", lease.token];
  expect(await done("report", "2", "--step", "1", "--value", "0.5", ...under)).toBe("continue\n");
  expect(await done("heartbeat", "2", ...under)).toBe("continue\n");
  expect(await done("tell", "--trial-number", "2", "--value", "nan", ...under)).toBe("trial 2 is failed\n");
  const storage = new JsonFileStorage({ directory: folder });
  const state = await storage.read("bowl");
  expect(Object.fromEntries(state.annotations)).toEqual({
    0: { note: "", tags: [], banned: true },
    1: { note: "good", tags: ["a"], banned: false },
  });
  expect(state.header).toMatchObject({ note: "of the lab", user_attrs: { rig: 7 } });
  expect(state.trial(2)).toMatchObject({ state: "failed", intermediate: [[1, 0.5]] });
  const retried = await done("trial", "retry", "2", "--study-name", "bowl");
  expect(retried).toContain("3");

  expect(await done("create-study", "--config", "dummy-lstm", "--seed", "3")).toMatch(
    new RegExp(`^created study lstm-dummy: ${url}/studies/lstm-dummy \\(seed 3, 7 searched\\)\nnext: `),
  );
  expect(await done("create-study", "--config", "dummy-lstm", "--seed", "3")).toMatch(
    /^study lstm-dummy is already there/,
  );
  expect(await typed(["create-study", "--config", "dummy-lstm", "--seed", "4", ...there])).toMatchObject({
    code: 2,
    err: expect.stringContaining("seed: 3 -> 4") as string,
  });
  expect(await done("delete-study", "lstm-dummy", "--yes")).toBe("deleted lstm-dummy\n");
  expect(await storage.list()).toEqual(["bowl", "line"]);
});
