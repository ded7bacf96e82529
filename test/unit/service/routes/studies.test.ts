/** Studies and runs over the network. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { summarizeStudies } from "../../../../src/app/views/study-list.js";
import { run } from "../../../../src/service/schemas/runs.js";
import { studyDetail, studyList, studyPlan } from "../../../../src/service/schemas/studies.js";
import { JsonFileStorage } from "../../../../src/storage/json-file/index.js";
import { aBowl, aHostedService } from "../a-hosted-service.js";

test("the list says of each study what the command line says, and more", async () => {
  const { folder, get } = await aHostedService();
  expect(await get("/studies", studyList)).toEqual({ studies: [], unread: [] });
  await aBowl(folder);
  const [told] = (await summarizeStudies({ storage: folder })).studies;
  const { studies } = await get("/studies", studyList);
  expect(studies).toHaveLength(1);
  const [entry] = studies;
  expect(entry).toMatchObject({
    ...{ name: "bowl", objectives: told?.objectives, created_at: told?.created_at, counts: told?.counts, counted: 6 },
    ...{ kind: "outside", note: "", archived_at: null, owner: null, state: "idle", run: null, front_size: null },
    best: { value: told?.best_value, values: [told?.best_value] },
  });
});

test("a study is made once, found again, and refused where it differs", async () => {
  const { get, ask, refused, folder } = await aHostedService();
  const wanted = { name: "rig", space: { x: { type: "float", low: 0, high: 1 } }, direction: "maximize", seed: 3 };
  const made = await get("/studies", studyDetail, { body: wanted, status: 201 });
  expect(made).toMatchObject({
    ...{ name: "rig", kind: "outside", seed: 3, objectives: [{ metric: "value", direction: "maximize" }] },
    ...{ space: { x: { type: "float", low: 0, high: 1, log: false, step: null } }, state: "idle" },
  });
  expect(await readdir(folder)).toContain("rig.json");
  expect((await get("/studies", studyDetail, { body: wanted })).created_at).toBe(made.created_at);
  const other = await ask("/studies", { body: { ...wanted, direction: "minimize" } });
  expect(other.status).toBe(409);
  const problem = (await other.json()) as { code: string; differences?: { field: string }[] };
  expect(problem).toMatchObject({
    code: "study-exists",
    differences: [{ field: "objectives", requested: [{ metric: "value", direction: "minimize" }] }],
  });
  expect(await refused("/studies", { body: { ...wanted, nmae: "x" } })).toEqual([
    400,
    "invalid-request",
    expect.stringContaining('"nmae"') as unknown,
  ]);
  expect((await refused("/studies", { body: { name: "../rig", space: wanted.space } })).slice(0, 2)).toEqual([
    ...[400, "invalid-study-name"],
  ]);
  expect((await refused("/studies/nobody")).slice(0, 2)).toEqual([404, "unknown-study"]);
});

test("with dry_run nothing is stored, and what it would be is said in three ways", async () => {
  const { get, folder } = await aHostedService();
  const body = { model: "mlp", dataset: "dummy", search: { "train.lr": "log:1e-5..1e-2" }, seed: 1, dry_run: true };
  const plan = await get("/studies", studyPlan, { body });
  expect(plan).toMatchObject({ valid: true, name: "mlp-dummy", exists: false });
  expect(plan.space["train.lr"]).toMatchObject({ type: "float", low: 1e-5, high: 1e-2, log: true });
  expect(plan.command_line).toBe(
    `mlbench-hpo create-study --model mlp --dataset dummy --search train.lr=log:1e-5..1e-2 --seed 1 --storage ${folder}`,
  );
  expect(plan.python).toContain('"train.lr": "log:1e-5..1e-2"');
  const outside = { space: { x: { type: "float", low: 0, high: 1, log: false, step: null } }, dry_run: true };
  expect((await get("/studies", studyPlan, { body: outside })).command_line).toBeNull();
  expect(plan.warnings).toEqual([]);
  const nothing = await get("/studies", studyPlan, { body: { space: {}, name: "empty", dry_run: true } });
  expect(nothing.warnings).toEqual([expect.stringContaining("no parameter is searched")]);
  expect(await readdir(folder).catch(() => [])).not.toContain("mlp-dummy.json");
});

test.each([
  ["a module", { objective: "/etc/hostname" }],
  ["a program", { command: "python train.py {x}", search: { x: "0..1" } }],
  ["a plug-in", { model: "mlp", plugins: ["/etc/hostname"] }],
  ["data", { model: "mlp", dataset: "csv", params: { "data.path": "/etc/passwd" } }],
  ["data by a list", { model: "mlp", dataset: "csv", fix: ["data.path=/etc/passwd"] }],
])("a request names %s only where it is allowed", async (_what, body) => {
  const { refused } = await aHostedService();
  expect((await refused("/studies", { body: { name: "bad", ...body } })).slice(0, 2)).toEqual([403, "not-allowed"]);
});

test("a study file is no preset", async () => {
  const { refused } = await aHostedService();
  for (const preset of ["/etc/passwd", "./x.yaml", "nobody"])
    expect((await refused("/studies", { body: { name: "bad", preset } })).slice(0, 2)).toEqual([400, "unknown-preset"]);
});

test("note, archive and attributes are changed; unknown keys are named", async () => {
  const { folder, get, refused } = await aHostedService();
  await aBowl(folder);
  const change = (body: object) => get("/studies/bowl", studyDetail, { method: "PATCH", body });
  expect(await change({ note: "good <b>", user_attrs: { lab: [1, "x"] } })).toMatchObject({
    ...{ note: "good <b>", user_attrs: { lab: [1, "x"] }, archived_at: null },
  });
  const archived = await change({ archived: true });
  expect([archived.archived_at === null, archived.state, archived.note]).toEqual([false, "archived", "good <b>"]);
  expect((await get("/studies?archived=true", studyList)).studies).toHaveLength(1);
  expect((await get("/studies?archived=false", studyList)).studies).toHaveLength(0);
  expect((await change({ archived: false })).state).toBe("idle");
  expect(await refused("/studies/bowl", { method: "PATCH", body: { notes: "x" } })).toEqual([
    400,
    "invalid-request",
    expect.stringContaining('"notes"') as unknown,
  ]);
});

test("a study is deleted by whoever types its name, with all that was its", async () => {
  const { folder, ask, refused, newToken } = await aHostedService();
  await aBowl(folder);
  const remove = (confirm: string, token?: string) => ({
    method: "DELETE",
    body: { confirm },
    ...(token ? { token } : {}),
  });
  expect((await refused("/studies/bowl", remove("bow"))).slice(0, 2)).toEqual([400, "confirm-name"]);
  const run = await newToken(["run"]);
  expect((await refused("/studies/bowl", remove("bowl", run))).slice(0, 2)).toEqual([403, "forbidden"]);
  expect((await refused("/studies/nobody", remove("nobody"))).slice(0, 2)).toEqual([404, "unknown-study"]);
  expect((await ask("/studies/bowl", remove("bowl"))).status).toBe(204);
  expect((await readdir(folder)).filter((file) => file.startsWith("bowl"))).toEqual([]);
  expect((await refused("/studies/bowl")).slice(0, 2)).toEqual([404, "unknown-study"]);
});

test("a token for some studies sees no other", async () => {
  const { folder, get, refused, newToken } = await aHostedService();
  await aBowl(folder, 2, "mine");
  await aBowl(folder, 2, "theirs");
  const token = await newToken(["run"], ["mine"]);
  expect((await get("/studies", studyList, { token })).studies.map(({ name }) => name)).toEqual(["mine"]);
  for (const path of ["/studies/theirs", "/studies/theirs/columns", "/compare?study=mine&study=theirs"])
    expect((await refused(path, { token })).slice(0, 2)).toEqual([403, "forbidden"]);
  const space = { x: { type: "float", low: 0, high: 1 } };
  for (const body of [{ name: "new", space }, { name: "mine", space, from: "theirs" }, { space }])
    expect((await refused("/studies", { token, body })).slice(0, 2)).toEqual([403, "forbidden"]);
});

test("a run goes its way: none, started, refused twice, paused, cancelled", async () => {
  const { folder, get, refused, host } = await aHostedService({
    mayRun: true,
    // Ended from outside alone.
    objective: () => new Promise<number>(() => undefined),
  });
  await host.create({ name: "slow", objective: await module(folder), seed: 1 });
  expect((await refused("/studies/slow/run")).slice(0, 2)).toEqual([404, "no-run"]);
  expect((await refused("/studies/slow/run", { method: "PATCH", body: { state: "paused" } })).slice(0, 2)).toEqual([
    404,
    "no-run",
  ]);
  expect((await refused("/studies/slow/run", { body: { total_trials: 0 } })).slice(0, 2)).toEqual([
    400,
    "invalid-request",
  ]);
  const begun = await get("/studies/slow/run", run, { body: { total_trials: 9, weight: 2 }, status: 202 });
  expect(begun).toMatchObject({ state: "running", total_trials: 9, weight: 2, workers: null, ended_at: null });
  expect((await refused("/studies/slow/run", { body: {} })).slice(0, 2)).toEqual([409, "run-exists"]);
  expect(await get("/studies/slow/run", run, { method: "PATCH", body: { state: "paused", workers: 1 } })).toMatchObject(
    {
      ...{ state: "paused", workers: 1 },
    },
  );
  expect((await get("/studies/slow", studyDetail)).state).toBe("paused");
  const ended = await get("/studies/slow/run", run, { method: "PATCH", body: { state: "cancelled" } });
  expect(ended.state).toBe("cancelled");
  await expect.poll(async () => (await get("/studies/slow/run", run)).ended_at).not.toBeNull();
  expect((await get("/studies/slow", studyDetail)).counts).toMatchObject({ running: 0, complete: 0 });
});

test("a preset goes by the library's name as well; an empty request makes nothing", async () => {
  const { get, refused, folder } = await aHostedService();
  const plan = (body: object) => get("/studies", studyPlan, { body: { ...body, dry_run: true } });
  const { command_line, python: _script, ...made } = await plan({ config: "dummy-lstm", seed: 1 });
  expect(command_line).toBe(`mlbench-hpo create-study --config dummy-lstm --seed 1 --storage ${folder}`);
  const { command_line: _line, python: _python, ...wanted } = await plan({ preset: "dummy-lstm", seed: 1 });
  expect(made).toEqual(wanted);
  expect((await refused("/studies", { body: { config: "dummy-lstm", preset: "dummy-lstm" } })).slice(0, 2)).toEqual([
    ...[400, "conflicting-options"],
  ]);
  expect((await refused("/studies", { body: { config: "../x.yaml" } })).slice(0, 2)).toEqual([400, "unknown-preset"]);
  for (const asked of [{ body: {} }, { body: { dry_run: true } }, { method: "POST" }])
    expect((await refused("/studies", asked)).slice(0, 2)).toEqual([400, "invalid-request"]);
  expect(await readdir(folder)).toEqual([".service"]);
});

test("what is none of several forms is told by the nearest of them", async () => {
  const { refused, folder } = await aHostedService();
  await aBowl(folder, 1);
  const x = { type: "flot", low: 0, high: 1 };
  const told = async (path: string, body: object): Promise<string> => (await refused(path, { body }))[2];
  expect(await told("/studies", { name: "a", space: { x } })).toMatch(/^space\.x\.type: .*'?"?float"?'?.*categorical/);
  expect(await told("/studies", { name: "a", sampler: { nam: "tpe" } })).toMatch(/^sampler\.name: expected string/);
  expect(await told("/studies/bowl/trials/0/reports", { lease: "x", step: 1, value: "a lot" })).toBe(
    'value: expected number, received string, or expected one of "NaN"|"Infinity"|"-Infinity"',
  );
});

test("a run that is ending is not changed back: a conflict, and no failure of the service's", async () => {
  const { folder, get, refused, host } = await aHostedService({
    mayRun: true,
    objective: () => new Promise<number>(() => undefined),
    graceMs: 60_000,
  });
  await host.create({ name: "slow", objective: await module(folder), seed: 1 });
  await get("/studies/slow/run", run, { body: {}, status: 202 });
  await expect.poll(async () => (await get("/studies/slow", studyDetail)).counts.running).toBeGreaterThan(0);
  const become = (state: string) => ({ method: "PATCH", body: { state } });
  expect((await get("/studies/slow/run", run, become("stopping"))).state).toBe("stopping");
  const [status, code] = await refused("/studies/slow/run", become("running"));
  expect([status, code]).toEqual([409, "run-ended"]);
  expect((await get("/studies/slow/run", run, become("cancelled"))).state).toBe("cancelled");
});

test("the run of a study that another process writes is not changed here: 409 with whose it is", async () => {
  const { folder, refused } = await aHostedService();
  await aBowl(folder, 2);
  const other = new JsonFileStorage({ directory: folder });
  const writer = await other.openWriter("bowl", { work: "optimize" });
  onTestFinished(() => writer.close());
  const change = { method: "PATCH", body: { state: "paused" } };
  const [status, code, detail] = await refused("/studies/bowl/run", change);
  expect([status, code]).toEqual([409, "study-locked"]);
  expect(detail).toContain(`process ${process.pid}`);
});

async function module(folder: string): Promise<string> {
  const { mkdir, writeFile } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true });
  const file = join(folder, "objective.mjs");
  await writeFile(
    file,
    'export const space = { x: { type: "float", low: 0, high: 1 } };\nexport default (t) => t.params.x;\n',
  );
  return file;
}
