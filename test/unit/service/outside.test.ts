/** Trials from outside over HTTP: asked for, reported on, told, with files; by a host over real files. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import type { CreateStudyOptions } from "../../../src/app/create-study.js";
import { loadStudy } from "../../../src/app/study.js";
import { float } from "../../../src/core/index.js";
import { openStudyHost } from "../../../src/host/index.js";
import type { StudyHost } from "../../../src/host/index.js";
import type { ServiceApp } from "../../../src/service/routes.js";
import { keepFile } from "../../../src/service/trial-upload.js";
import { ManualExecutor } from "../../fixtures/study/studies.js";
import { aService } from "./a-service.js";

interface Handed {
  readonly number: number;
  readonly attempt: number;
  readonly params: Readonly<Record<string, number>>;
  readonly lease: { readonly token: string; readonly seconds: number };
}

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A host over a folder with the study `s` in it, its service, and how that is spoken to. */
async function served(options: Partial<CreateStudyOptions> = {}) {
  const storage = await mkdtemp(join(tmpdir(), "outside-"));
  const study = { name: "s", storage, space: { x: float(0, 1) }, sampler: "random", pruner: "nop", ...options };
  await (await createStudy(study as CreateStudyOptions)).close();
  const host = await openStudyHost({ storage, executor: new ManualExecutor(1) });
  onTestFinished(async () => {
    await host.close({ graceMs: 0 });
    await rm(storage, { recursive: true });
  });
  const { app, bearer, context } = await aService({}, host);
  const post = async <T = Record<string, unknown>>(path: string, body: unknown, headers = {}): Promise<Answer<T>> => {
    const answered = await app.inject({
      method: "POST",
      url: `/api/v1/studies/s/${path}`,
      headers: { ...bearer, ...headers },
      payload: body as object,
    });
    return { status: answered.statusCode, body: (answered.body === "" ? null : answered.json()) as T };
  };
  const ask = async (body: object = {}, key?: string): Promise<Answer<Handed>> =>
    post<Handed>("ask", body, key === undefined ? {} : { "idempotency-key": key });
  return { storage, host, app, bearer, post, ask, tokens: context.tokens };
}

const problem = (status: number, code: string): unknown => ({
  status,
  body: expect.objectContaining({ code, status }) as unknown,
});

describe("a trial from outside", () => {
  test("is asked for, reported on and told, and the record has it all", async () => {
    const { host, post, ask } = await served();
    const followed = await host.view("s");
    onTestFinished(() => followed.release());
    const { status, body: trial } = await ask({ worker: "py-1", lease_seconds: 60 });
    expect([status, trial]).toEqual([
      200,
      expect.objectContaining({ number: 0, attempt: 1, lease: { token: expect.any(String) as unknown, seconds: 60 } }),
    ]);
    const me = { lease: trial.lease.token };
    const answers = [
      await post("trials/0/reports", { ...me, step: 1, value: 0.5, metrics: { loss: "NaN" } }),
      await post("trials/0/reports", { ...me, reports: [2, 3].map((step) => ({ step, value: 1 / step })) }),
      await post("trials/0/heartbeat", me),
    ];
    expect(answers).toEqual(Array(3).fill({ status: 200, body: { answer: "continue" } }));
    // Whoever follows the study is told a report's metrics, too.
    expect([1, 2].map((step) => followed.metricsOf(0, 1, step))).toEqual([{ loss: NaN }, undefined]);
    const result = {
      ...me,
      value: 0.25,
      constraints: { size: -1 },
      user_attrs: { commit: "abc" },
      metrics: { mae: 2 },
    };
    const told = await post("trials/0/tell", result);
    expect(told).toMatchObject({ status: 200, body: { number: 0, state: "complete", value: 0.25, values: [0.25] } });
    expect(await post("trials/0/tell", result)).toEqual(told);
    // Who follows it hears of it in a moment.
    await expect.poll(() => followed.state.trial(0)?.state).toBe("complete");
    expect(followed.state.trials).toMatchObject([
      {
        ...{ state: "complete", owner: "external", worker: "py-1", constraints: { size: -1 } },
        intermediate: [1, 2, 3].map((step) => [step, 1 / step === 1 ? 0.5 : 1 / step]),
        metrics: { best: { mae: 2 } },
        user_attrs: { commit: "abc" },
      },
    ]);
  });

  test("that is worth no more is answered prune, and may be told with its value all the same", async () => {
    const pruner = { name: "threshold", options: { upper: 1 } } as const;
    const { post, ask } = await served({ pruner: pruner as never });
    const me = { lease: (await ask()).body.lease.token };
    const batch = [0.5, 2, 0.5].map((value, i) => ({ step: i + 10, value }));
    expect(await post("trials/0/reports", { ...me, reports: batch })).toEqual({
      status: 200,
      body: { answer: "prune" },
    });
    // Sent again, with one more: what was answered stays answered.
    const more = [...batch, { step: 13, value: 0.1 }];
    expect(await post("trials/0/reports", { ...me, reports: more })).toEqual({
      status: 200,
      body: { answer: "prune" },
    });
    expect(await post("trials/0/tell", { ...me, value: 3 })).toMatchObject({ body: { state: "complete", value: 3 } });
  });

  test.each([
    ["a step that falls", [2, 1]],
    ["a step twice", [1, 1]],
  ])("takes none of a batch with %s", async (_what, steps) => {
    const { host, post, ask } = await served();
    const lease = (await ask()).body.lease.token;
    const reports = steps.map((step) => ({ step, value: 1 }));
    expect(await post("trials/0/reports", { lease, reports })).toEqual(problem(400, "invalid-report"));
    expect((await host.view("s")).state.trials[0]?.intermediate).toEqual([]);
  });

  test("is asked for without a body as well, whatever type that is said to have", async () => {
    const { app, bearer } = await served();
    const ask = async (headers: object) => {
      const url = "/api/v1/studies/s/ask";
      const answered = await app.inject({ method: "POST", url, headers: { ...bearer, ...headers } });
      return [answered.statusCode, answered.json<Handed>().number, answered.json<Handed>().lease.seconds];
    };
    expect(await ask({})).toEqual([200, 0, 300]);
    expect(await ask({ "content-type": "application/json" })).toEqual([200, 1, 300]);
  });

  test("is told a value or a state without one: never both, of which one would be lost", async () => {
    const { post, ask } = await served();
    const lease = (await ask()).body.lease.token;
    for (const state of ["pruned", "failed"])
      for (const given of [{ value: 1 }, { values: [1] }])
        expect(await post("trials/0/tell", { lease, state, ...given })).toEqual(problem(400, "invalid-value"));
    expect(await post("trials/0/tell", { lease, state: "complete", value: 1 })).toMatchObject({ status: 200 });
  });

  test("is refused to whoever has not its lease, and after a result that was another", async () => {
    const { post, ask } = await served();
    const lease = (await ask()).body.lease.token;
    for (const [what, body] of [
      ["reports", { step: 1, value: 1 }],
      ["heartbeat", {}],
      ["tell", { value: 1 }],
    ] as const)
      expect(await post(`trials/0/${what}`, { lease: "made-up", ...body })).toEqual(problem(409, "lease-lost"));
    await post("trials/0/tell", { lease, value: 1 });
    expect(await post("trials/0/tell", { lease, value: 2 })).toEqual(problem(409, "lease-lost"));
    expect(await post("trials/7/tell", { lease, value: 2 })).toEqual(problem(404, "unknown-trial"));
  });

  test.each([
    ["fail", "failed", null],
    ["prune", "pruned", null],
    ["worst", "complete", "NaN"],
  ] as const)("told as NaN ends as the study's on_nan says: %s", async (onNan, state, value) => {
    const { post, ask } = await served({ onNan });
    const lease = (await ask()).body.lease.token;
    expect(await post("trials/0/tell", { lease, value: "NaN" })).toMatchObject({ body: { state, value } });
  });

  test.each([
    ["ask", { lease_second: 3 }, "lease_second"],
    ["ask", { wait_seconds: 31 }, "wait_seconds"],
    ["trials/0/tell", { lease: "x", value: 1, valeu: 2 }, "valeu"],
    ["trials/0/reports", { lease: "x", step: 0.5, value: 1 }, "step"],
    ["trials/0/reports", { lease: "x", step: 1 }, "give step and value, or reports"],
    ["trials/0/reports", { lease: "x", reports: [{ step: 1, value: "much" }] }, "reports.0.value"],
    ["trials/x/heartbeat", { lease: "x" }, "number"],
  ])("is asked for and told in known words only: %s %j", async (path, body, named) => {
    const { post } = await served();
    const refused = await post<{ detail: string }>(path, body);
    expect(refused).toEqual(problem(400, "invalid-request"));
    expect(refused.body.detail).toContain(named);
  });

  test("is not handed out to a token that may only read", async () => {
    const { app, tokens } = await served();
    const { text } = await tokens.create({ name: "reader", scopes: ["read"], studies: null, expiresAt: null });
    const headers = { authorization: `Bearer ${text}` };
    const refused = await app.inject({ method: "POST", url: "/api/v1/studies/s/ask", headers, payload: {} });
    expect(refused.statusCode).toBe(403);
  });
});

describe("asked again with the same key", () => {
  test("the same trial is handed out, also at the same time, and to nobody else", async () => {
    const { ask } = await served();
    const [first, ...same] = await Promise.all([ask({}, "a"), ask({}, "a"), ask({}, "a")]);
    expect(same).toEqual([first, first]);
    expect((await ask({}, "b")).body.number).toBe(1);
    expect(await ask({}, "a")).toEqual(first);
  });

  test("a key must be one line of ASCII", async () => {
    const { ask } = await served();
    expect(await ask({}, "a b")).toEqual(problem(400, "invalid-request"));
    expect(await ask({}, "x".repeat(256))).toEqual(problem(400, "invalid-request"));
  });
});

describe("a run of a study for others", () => {
  test("hands out as many trials as its goal has, counting those under way, and then says that it is over", async () => {
    const { host, post, ask } = await served();
    await host.startRun("s", { trials: 5 });
    const asked = await Promise.all(Array.from({ length: 20 }, () => ask()));
    const handed = asked.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(asked.map(({ status }) => status).sort()).toEqual([
      ...Array<number>(5).fill(200),
      ...Array<number>(15).fill(204),
    ]);
    expect(handed.map(({ number }) => number).sort()).toEqual([0, 1, 2, 3, 4]);
    const waits = ask({ wait_seconds: 30 });
    for (const { number, lease } of handed) await post(`trials/${number}/tell`, { lease: lease.token, value: number });
    expect(await waits).toEqual(problem(410, "run-finished"));
    expect(await ask()).toEqual(problem(410, "run-finished"));
    expect((await host.get("s")).run).toMatchObject({ state: "finished", stopped_by: "trials" });
  });

  test("that is paused hands out nothing until it goes on", async () => {
    const { host, ask } = await served();
    await host.startRun("s", { trials: 5 });
    await host.changeRun("s", { state: "paused" });
    expect((await ask()).status).toBe(204);
    const waits = ask({ wait_seconds: 30 });
    for (let i = 0; i < 5; i++) await turn();
    await host.changeRun("s", { state: "running" });
    expect((await waits).status).toBe(200);
    // What was acknowledged is answered whatever the run is now.
    const first = await ask({}, "k");
    await host.changeRun("s", { state: "paused" });
    expect(await ask({}, "k")).toEqual(first);
  });

  test("has no more of them under way than it may, and each that ends makes room for one who waits", async () => {
    const { host, post, ask } = await served();
    await host.startRun("s", { trials: 5, workers: 2 });
    const [first] = await Promise.all([ask(), ask()]);
    expect((await ask()).status).toBe(204);
    const waits = ask({ wait_seconds: 30 });
    const { number, lease } = first.body;
    expect((await post(`trials/${number}/tell`, { lease: lease.token, value: 1 })).status).toBe(200);
    expect(await waits).toMatchObject({ status: 200, body: { number: 2 } });
    expect((await ask()).status).toBe(204);
  });

  test("that is stopped is over", async () => {
    const { host, ask } = await served();
    await host.startRun("s", { trials: 5 });
    await ask();
    const waits = Promise.all([ask({ wait_seconds: 30 }), host.changeRun("s", { state: "paused" })]);
    void waits;
    await host.changeRun("s", { state: "stopping" });
    expect(await ask({ wait_seconds: 30 })).toEqual(problem(410, "run-finished"));
  });

  test("hands on a trial that comes back, to whoever waits for one", async () => {
    const { host, ask } = await served();
    await host.startRun("s", { trials: 1 });
    const first = await ask({ lease_seconds: 1 });
    const second = await ask({ wait_seconds: 30 });
    expect(second.body).toMatchObject({ number: 0, attempt: 2, params: first.body.params });
    expect(second.body.lease.token).not.toBe(first.body.lease.token);
  });
});

describe("a trial that is told as failed", () => {
  const recordsOf = async (host: StudyHost): Promise<unknown[]> => {
    const view = await host.view("s");
    await expect.poll(() => view.run?.ended_at ?? null).not.toBeNull();
    await expect.poll(() => view.state.unfinished).toEqual([]);
    view.release();
    return view.state.trials.map(({ number, state, retry_of }) => [number, state, retry_of]);
  };
  const fails = { state: "failed", message: "out of luck" };

  test("is handed out again under a new number, as often as the run says, the last one of its goal too", async () => {
    const { host, post, ask } = await served();
    await host.startRun("s", { trials: 1, max_retries: 2 });
    const asked = [await ask()];
    const { params } = asked[0]?.body ?? {};
    for (let number = 0; number < 2; number++) {
      const lease = asked[number]?.body.lease.token;
      expect(await post(`trials/${number}/tell`, { lease, ...fails })).toMatchObject({ status: 200 });
      const next = await ask({ wait_seconds: 30 });
      expect(next).toMatchObject({ status: 200, body: { number: number + 1, attempt: 1, params } });
      expect(next.body.lease.token).not.toBe(lease);
      asked.push(next);
      // It is out: there is nothing else, and it may come back.
      expect((await ask()).status).toBe(204);
    }
    await post("trials/2/tell", { lease: asked[2]?.body.lease.token, ...fails });
    expect(await ask({ wait_seconds: 30 })).toEqual(problem(410, "run-finished"));
    expect(await recordsOf(host)).toEqual([
      [0, "failed", null],
      [1, "failed", 0],
      [2, "failed", 1],
    ]);
    expect((await host.get("s")).run).toMatchObject({ state: "finished", stopped_by: "trials" });
  });

  test("comes before new ones, and counts for nothing in the goal", async () => {
    const { host, post, ask } = await served();
    await host.startRun("s", { total_trials: 3, max_retries: 1 });
    const lease = (await ask()).body.lease.token;
    await post("trials/0/tell", { lease, ...fails });
    for (const number of [1, 2, 3]) {
      const next = await ask({ wait_seconds: 30 });
      expect(next.body).toMatchObject({ number });
      await post(`trials/${number}/tell`, { lease: next.body.lease.token, value: number });
    }
    expect(await ask({ wait_seconds: 30 })).toEqual(problem(410, "run-finished"));
    expect(await recordsOf(host)).toEqual([
      [0, "failed", null],
      [1, "complete", 0],
      [2, "complete", null],
      [3, "complete", null],
    ]);
  });

  test("is not repeated where the run says nothing of it, nor where it was given up while it waited", async () => {
    const { host, post, ask } = await served();
    await host.startRun("s", { trials: 1 });
    await post("trials/0/tell", { lease: (await ask()).body.lease.token, ...fails });
    expect(await ask({ wait_seconds: 30 })).toEqual(problem(410, "run-finished"));
    await host.startRun("s", { trials: 2, max_retries: 3 });
    await host.command("s", { type: "enqueue", params: { x: 0.5 } });
    await host.command("s", { type: "stop-trial", number: 1 });
    const next = await ask({ wait_seconds: 30 });
    expect(next.body).toMatchObject({ number: 2 });
    await post("trials/2/tell", { lease: next.body.lease.token, value: 1 });
    expect(await ask({ wait_seconds: 30 })).toEqual(problem(410, "run-finished"));
    expect(await recordsOf(host)).toEqual([
      [0, "failed", null],
      [1, "failed", null],
      [2, "complete", null],
    ]);
  });
});

describe("a file of a trial", () => {
  const put = (app: ServiceApp, bearer: object, name: string, payload: Buffer | Readable, lease: string, more = {}) =>
    app.inject({
      method: "PUT",
      url: `/api/v1/studies/s/trials/0/files/${name}`,
      headers: { ...bearer, "lease-token": lease, "content-type": "application/json", ...more },
      payload,
    });

  test("is kept with the trial's others, in place of one of its name", async () => {
    const { storage, app, bearer, ask } = await served();
    const lease = (await ask()).body.lease.token;
    for (const size of [3 * 2 ** 20, 5]) {
      const bytes = Buffer.alloc(size, "weights");
      const kept = await put(app, bearer, "model.pt", bytes, lease);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      expect([kept.statusCode, kept.json()]).toEqual([200, { name: "model.pt", size, sha256 }]);
      expect((await readFile(join(storage, "s.files/00000/model.pt"))).equals(bytes)).toBe(true);
    }
  });

  test.each([
    ...["..%2Fs.json", ".hidden", "epochs.jsonl", "EPOCHS.jsonl", "a%00b", "x".repeat(121), "%2Fetc%2Fpasswd"],
    ...["CON", "con.pt", "PRN", "Aux.tar.gz", "nul", "COM1", "com9.log", "LPT1.", "model.pt.", "model.pt%20", "CON%20"],
  ])("has a plain name: not %s", async (name) => {
    const { storage, app, bearer, ask } = await served();
    const lease = (await ask()).body.lease.token;
    const before = await readdir(storage, { recursive: true });
    const refused = await put(app, bearer, name, Buffer.from("x"), lease);
    const { code, detail } = refused.json<{ code: string; detail: string }>();
    expect([refused.statusCode, code]).toEqual([400, expect.stringMatching(/^invalid-(artifact-name|request)$/)]);
    expect(detail).not.toContain("\n");
    expect(await readdir(storage, { recursive: true })).toEqual(before);
  });

  test("is not taken without the lease, nor after the trial's end, nor where that comes before the file's", async () => {
    const { storage, app, bearer, ask, post } = await served();
    const lease = (await ask()).body.lease.token;
    expect((await put(app, bearer, "a", Buffer.from("x"), "made-up")).json()).toMatchObject({ code: "lease-lost" });
    const source = new Readable({ read: () => undefined });
    source.push("half");
    const slow = put(app, bearer, "a", source, lease);
    await post("trials/0/tell", { lease, state: "failed" });
    source.push("whole");
    source.push(null);
    expect((await slow).json()).toMatchObject({ status: 409, code: "trial-finished" });
    expect((await put(app, bearer, "a", Buffer.from("x"), lease)).statusCode).toBe(409);
    expect(await readdir(join(storage, "s.files"), { recursive: true })).toEqual([]);
  });

  test("is at most 256 MiB, whether its length is told or not, and leaves nothing where it is more", async () => {
    const { storage, host, app, bearer, ask } = await served();
    const lease = (await ask()).body.lease.token;
    const told = await put(app, bearer, "a", Buffer.from("x"), lease, { "content-length": String(2 ** 28 + 1) });
    expect([told.statusCode, told.json<{ code: string }>().code]).toEqual([413, "body-too-large"]);
    // Less than that here, lest the test write so much.
    const content = Readable.from(Array(5).fill(Buffer.alloc(2 ** 20)));
    const upload = { study: "s", number: 0, name: "a", lease, length: 0, content };
    await expect(keepFile(host, upload, 2 ** 22)).rejects.toMatchObject({ code: "body-too-large", status: 413 });
    content.destroy();
    expect(await readdir(join(storage, "s.files"), { recursive: true })).toEqual([]);
  });
});

test("what was acknowledged stands in the files, and a key is known to whoever opens them next", async () => {
  const { storage, host, post, ask } = await served();
  const key = "4f7c";
  const { body: trial } = await ask({ worker: "w", lease_seconds: 60 }, key);
  await post("trials/0/reports", { lease: trial.lease.token, step: 1, value: 1 });
  const kept = await host.storage.read("s");
  expect(kept.trials).toMatchObject([{ state: "running", worker: "w", intermediate: [[1, 1]] }]);
  await host.close({ graceMs: 0 });
  const study = await loadStudy({ name: "s", storage });
  const again = await study.ask({ lease: 5, key, worker: "other" });
  expect({ number: again.number, lease: again.lease }).toEqual({ number: 0, lease: trial.lease });
  expect(study.trials).toHaveLength(1);
  await study.close();
});

test("leases are counted anew by the next service, which nobody needs to ask anything", async () => {
  const { storage, host, ask } = await served();
  await ask({ worker: "w", lease_seconds: 1 });
  expect(host.outside()).toMatchObject([{ worker: "w", study: "s", number: 0, lease_seconds: 1 }]);
  expect(host.outside()[0]?.lease_ends_in_s).toBeLessThanOrEqual(1);
  await host.close({ graceMs: 0 });
  const next = await openStudyHost({ storage, executor: new ManualExecutor(1) });
  onTestFinished(() => next.close({ graceMs: 0 }));
  const view = await next.view("s");
  expect(view.state.trials).toMatchObject([{ state: "running", attempt: 1 }]);
  const back = new Promise<void>((resolve) => {
    view.subscribe(({ kind }) => {
      if (kind !== "status" && view.state.counts.waiting === 1) resolve();
    });
  });
  await next.resume();
  expect(next.outside()).toHaveLength(1);
  await back;
  expect(view.state.trials).toMatchObject([{ state: "waiting", attempt: 2, attempts: [{ worker: "w" }] }]);
  view.release();
});
