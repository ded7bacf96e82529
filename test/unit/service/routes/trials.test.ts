/** Trials, their columns and curves over the network. */
import { Writable } from "node:stream";
import { gunzipSync } from "node:zlib";
import http from "node:http";
import { expect, test } from "vitest";
import { main } from "../../../../src/cli/program.js";
import { blankTrial, createStudyState } from "../../../../src/core/index.js";
import type { StudyHost } from "../../../../src/host/index.js";
import { columns } from "../../../../src/service/schemas/columns.js";
import { marginList, reportList } from "../../../../src/service/schemas/reports.js";
import { trial, trialDetail, trialPage } from "../../../../src/service/schemas/trials.js";
import { aBowl, aHostedService, aLargeStudy, manyTrials } from "../a-hosted-service.js";

test("records are those that the command line prints", async () => {
  const { folder, get } = await aHostedService();
  await aBowl(folder);
  const { trials, next } = await get("/studies/bowl/trials", trialPage);
  expect(next).toBeNull();
  expect(trials).toEqual(JSON.parse(await printed("trials", "bowl", "--storage", folder, "--format", "json")));
  const { files, duplicates, verdict, against_defaults, ...record } = await get("/studies/bowl/trials/2", trialDetail);
  expect([files, duplicates, verdict, against_defaults]).toEqual([[], [], null, null]);
  expect(record).toEqual({ ...trials[2], annotation: { note: "", tags: [], banned: false } });
});

test("pages follow one another, in the order of numbers and in any other", async () => {
  const { get, host, refused } = await aHostedService();
  await aLargeStudy(host, 250);
  const all = manyTrials(250);
  const walk = async (query: string): Promise<number[]> => {
    const seen: number[] = [];
    let cursor = "";
    do {
      const page = await get(`/studies/large/trials?limit=40${query}${cursor}`, trialPage);
      seen.push(...page.trials.map(({ number }) => number));
      cursor = page.next === null ? "" : `&cursor=${page.next}`;
    } while (cursor !== "");
    return seen;
  };
  expect(await walk("")).toEqual(all.map(({ number }) => number));
  const complete = all.filter(({ state }) => state === "complete");
  const byValue = [...complete].sort((a, b) => (b.values?.[0] ?? 0) - (a.values?.[0] ?? 0)).map(({ number }) => number);
  expect(await walk("&state=complete&sort=-value")).toEqual(byValue);
  const chosen = all.filter(({ state, params }) => ["pruned", "failed"].includes(state) && params["kind"] === "a");
  expect(await walk("&state=pruned,failed&where=kind%3Da")).toEqual(chosen.map(({ number }) => number));
  expect(await walk("&where=number%3C100&where=number%3E%3D98")).toEqual([98, 99]);
  for (const [query, code] of [
    ["where=lrr%3D1", "unknown-field"],
    ["where=lr", "invalid-filter"],
    ["state=complet", "invalid-state"],
    ["sort=nothing", "unknown-field"],
    ["cursor=xyz", "invalid-cursor"],
    ["limit=0", "invalid-request"],
    ["limits=3", "invalid-request"],
  ] as const)
    expect((await refused(`/studies/large/trials?${query}`)).slice(0, 2)).toEqual([400, code]);
});

test("a study of many trials is queried beside the event loop, with the same answer", async () => {
  const { get, host, refused } = await aHostedService();
  await aLargeStudy(host, 2500);
  const wanted = manyTrials(2500).filter(
    ({ state, params }) => state === "complete" && (params["model.units"] as number) > 30,
  );
  const path = "/studies/large/trials?state=complete&where=units%3E30&sort=value&limit=1000";
  const { trials } = await get(path, trialPage);
  expect(trials.map(({ number }) => number).sort((a, b) => a - b)).toEqual(wanted.map(({ number }) => number));
  const values = trials.map(({ value }) => value as number);
  expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(await refused("/studies/large/trials?where=valeu%3E30")).toEqual([
    400,
    "unknown-field",
    expect.stringMatching(/^where: .* "valeu": did you mean "value"/) as unknown,
  ]);
});

test("trials are enqueued, annotated, retried and refused as on the command line", async () => {
  const { folder, get, refused, host } = await aHostedService();
  await aBowl(folder, 3);
  const enqueued = await get("/studies/bowl/trials", trial, {
    body: { params: { x: 1.5 }, user_attrs: { by: "me" } },
    status: 201,
  });
  expect(enqueued).toMatchObject({ number: 3, state: "waiting", params: { x: 1.5 }, user_attrs: { by: "me" } });
  expect((await refused("/studies/bowl/trials", { body: { params: { x: [1] } } }))[0]).toBe(400);
  expect(await refused("/studies/bowl/trials", { body: { params: { x: 1 }, prams: 1 } })).toEqual([
    400,
    "invalid-request",
    expect.stringContaining('"prams"') as unknown,
  ]);
  const patch = (body: object) => get("/studies/bowl/trials/1", trialDetail, { method: "PATCH", body });
  expect((await patch({ note: "odd", tags: ["b", "a"] })).annotation).toMatchObject({ note: "odd", banned: false });
  expect((await patch({ banned: true })).annotation).toMatchObject({ note: "odd", banned: true });
  expect((await get("/studies/bowl/trials", trialPage)).trials[1]?.annotation).toMatchObject({
    note: "odd",
    banned: true,
  });
  expect((await refused("/studies/bowl/trials/1/retry", { method: "POST" })).slice(0, 2)).toEqual([409, "not-failed"]);
  expect((await refused("/studies/bowl/trials/1/stop", { method: "POST" }))[0]).toBe(409);
  expect((await refused("/studies/bowl/trials/77")).slice(0, 2)).toEqual([404, "unknown-trial"]);
  for (const number of ["-1", "1.5", "01", "abc", "1e3", "..%2f1"])
    expect((await refused(`/studies/bowl/trials/${number}`))[0]).toBe(400);
  await host.storage.createFrom?.(await failedStudy(host), null);
  const again = await get("/studies/broken/trials/0/retry", trial, { method: "POST", status: 201 });
  expect(again).toMatchObject({ number: 1, state: "waiting", retry_of: 0, params: { x: 2 } });
});

/** What the command line prints. */
async function printed(...words: string[]): Promise<string> {
  let text = "";
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  expect(await main(words, { stdout, stderr: stdout })).toBe(0);
  return text;
}

async function failedStudy(host: StudyHost) {
  const { header } = await host.storage.read("bowl");
  const failure = { class: "exception", message: "broke", where: "objective" } as const;
  const record = blankTrial(0, { state: "failed", params: { x: 2 }, finish_index: 0, failure });
  return createStudyState({ ...header, name: "broken" }, [record], { revision: 1 });
}

test("columns say what the records say, compressed, and once only", async () => {
  const { host, get, ask, url, token } = await aHostedService();
  await aLargeStudy(host, 1200);
  const all = manyTrials(1200);
  const { rows, ...head } = await get("/studies/large/columns", columns);
  expect(head).toMatchObject({ revision: 1200, reset: true, size: 1200, objectives: [{ metric: "value" }] });
  expect(Object.keys(head.parameters)).toEqual(["train.lr", "model.units", "kind"]);
  const states = ["waiting", "running", "complete", "pruned", "failed"];
  const at = (time: string | null) => time && Date.parse(time);
  expect(rows).toEqual({
    number: all.map(({ number }) => number),
    state: all.map(({ state }) => states.indexOf(state)),
    values: [all.map(({ values }) => values?.[0] ?? null)],
    params: Object.fromEntries(
      Object.keys(all[0]?.params ?? {}).map((name) => [name, all.map(({ params }) => params[name])]),
    ),
    started: all.map(({ started_at }) => at(started_at)),
    finished: all.map(({ finished_at }) => at(finished_at)),
    seconds: all.map(({ seconds }) => seconds),
    finish_index: all.map(({ finish_index }) => finish_index),
    attempt: all.map(() => 1),
    steps: all.map(() => 10),
    last_step: all.map(() => 10),
    last_value: all.map(({ intermediate }) => intermediate.at(-1)?.[1]),
    spread: all.map(() => null),
    feasible: all.map(({ constraints: { "parameters<=100": by } }) => (by === undefined ? null : by <= 0)),
    violation: all.map(({ constraints: { "parameters<=100": by } }) => (by === undefined ? null : Math.max(0, by))),
    banned: all.map(() => false),
    slot: all.map(({ slot }) => slot),
    owner: { dict: ["100@boot", "101@boot", "102@boot"], index: all.map(({ number }) => number % 3) },
    retry_of: all.map(() => null),
    failure: { dict: ["exception"], index: all.map(({ failure }) => (failure ? 0 : -1)) },
    metrics: {
      val_rmse: all.map(({ metrics }) => metrics.best?.["val_rmse"] ?? null),
      seconds: all.map(({ metrics }) => metrics.best?.["seconds"] ?? null),
    },
    tags: {},
    notes: [],
  });
  const [plain, packed] = await Promise.all(
    ["identity", "gzip"].map((encoding) => raw(`${url}/api/v1/studies/large/columns`, token, encoding)),
  );
  expect([plain?.encoding, packed?.encoding]).toEqual([undefined, "gzip"]);
  expect(gunzipSync(packed?.body as Buffer).equals(plain?.body as Buffer)).toBe(true);
  const etag = (await ask("/studies/large/columns")).headers.get("etag") as string;
  const same = await ask("/studies/large/columns", { headers: { "if-none-match": etag } });
  expect([same.status, await same.text()]).toEqual([304, ""]);
});

test("columns since a revision are what happened since, and everything where that is not known", async () => {
  const { folder, get, host, refused } = await aHostedService();
  await aBowl(folder, 4);
  const first = await get("/studies/bowl/columns", columns);
  const nothing = await get(`/studies/bowl/columns?since=${first.revision}`, columns);
  expect([nothing.reset, nothing.rows.number, nothing.size]).toEqual([false, [], 4]);
  await host.command("bowl", { type: "annotate", number: 2, change: { note: "n", tags: ["t"], banned: true } });
  await host.command("bowl", { type: "enqueue", params: { x: 0.5 } });
  await expect.poll(async () => (await get(`/studies/bowl/columns?since=${first.revision}`, columns)).size).toBe(5);
  const { rows, reset, revision } = await get(`/studies/bowl/columns?since=${first.revision}`, columns);
  expect([reset, revision]).toEqual([false, first.revision + 2]);
  expect(rows).toMatchObject({ number: [2, 4], state: [2, 0], banned: [true, false], tags: { 2: ["t"] }, notes: [2] });
  expect(rows.params).toEqual({ x: [first.rows.params["x"]?.[2], 0.5] });
  for (const since of [1, 10 ** 9])
    expect((await get(`/studies/bowl/columns?since=${since}`, columns)).reset).toBe(true);
  for (const query of ["since=-1", "since=x", "snice=1"])
    expect((await refused(`/studies/bowl/columns?${query}`)).slice(0, 2)).toEqual([400, "invalid-request"]);
});

test("numbers that JSON has not are texts, both ways", async () => {
  const { get, host } = await aHostedService();
  await aLargeStudy(host, 1);
  const { header } = await host.storage.read("large");
  const odd = blankTrial(0, {
    ...{
      state: "complete",
      values: [-Infinity],
      finish_index: 0,
      intermediate: [
        [1, NaN],
        [2, Infinity],
      ],
      seen: [0, 0],
    },
    metrics: { best: { val_rmse: NaN } },
  });
  await host.storage.createFrom?.(createStudyState({ ...header, name: "odd" }, [odd], { revision: 1 }), null);
  const { rows } = await get("/studies/odd/columns", columns);
  expect([rows.values, rows.last_value, rows.metrics]).toEqual([[["-Infinity"]], ["Infinity"], { val_rmse: ["NaN"] }]);
  expect((await get("/studies/odd/trials/0", trialDetail)).value).toBe("-Infinity");
  const { reports } = await get("/studies/odd/reports?numbers=0", reportList);
  expect(reports[0]?.points).toEqual([
    [1, "NaN", 0],
    [2, "Infinity", 0],
  ]);
});

test("curves of trials, and the quartiles of the complete ones", async () => {
  const { host, get, refused } = await aHostedService();
  await aLargeStudy(host, 20);
  const all = manyTrials(20);
  const { reports } = await get("/studies/large/reports?numbers=3,2", reportList);
  expect(reports.map(({ number, pruned_at, reason }) => ({ number, pruned_at, reason }))).toEqual([
    { number: 3, pruned_at: null, reason: null },
    { number: 2, pruned_at: 10, reason: all[2]?.prune_reason },
  ]);
  expect(reports[0]?.points[4]).toEqual([5, all[3]?.intermediate[4]?.[1], 3]);
  const { band } = await get("/studies/large/reports?last=5", reportList);
  const at3 = all.filter(({ state }) => state === "complete").map(({ intermediate }) => intermediate[2]?.[1] as number);
  at3.sort((a, b) => a - b);
  // Twelve values: the quartiles stand at places 2.75, 5.5 and 8.25 from 0.
  const between = (i: number, part: number) => (at3[i] as number) * (1 - part) + (at3[i + 1] as number) * part;
  expect(at3).toHaveLength(12);
  expect(band[2]?.[0]).toBe(3);
  for (const [i, wanted] of [between(2, 0.75), between(5, 0.5), between(8, 0.25)].entries())
    expect(band[2]?.[i + 1]).toBeCloseTo(wanted, 12);
  expect((await refused("/studies/large/reports?numbers=1&last=2")).slice(0, 2)).toEqual([400, "invalid-request"]);
  expect((await refused("/studies/large/reports?numbers=99")).slice(0, 2)).toEqual([404, "unknown-trial"]);
});

test("a running trial's margin is its distance from the median of those before", async () => {
  const { host, get } = await aHostedService();
  await aLargeStudy(host, 1);
  const { header } = await host.storage.read("large");
  const pruner = { name: "median", options: { n_startup_trials: 1, n_warmup_steps: 0, n_min_trials: 1 } };
  const records = [1, 2, 4].map((value, number) =>
    blankTrial(number, {
      state: "complete",
      values: [value],
      finish_index: number,
      intermediate: [[1, value]],
      seen: [number],
    }),
  );
  const running = blankTrial(3, { state: "running", intermediate: [[1, 1.5]], seen: [3], owner: "external" });
  const early = blankTrial(4, { state: "running", owner: "external" });
  const state = createStudyState({ ...header, name: "m", pruner }, [...records, running, early], { revision: 5 });
  await host.storage.createFrom?.(state, null);
  // The median of 1, 2, 4 is 2.
  expect((await get("/studies/m/margins", marginList)).margins).toEqual([
    {
      number: 3,
      step: 1,
      value: 1.5,
      threshold: 2,
      margin: 0.5,
      voters: 3,
      reason: expect.stringContaining("median 2.00") as unknown,
    },
    { number: 4, step: null, value: null, threshold: null, margin: null, voters: null, reason: "no report yet" },
  ]);
});

function raw(address: string, token: string, encoding: string) {
  return new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "accept-encoding": encoding };
    http
      .get(address, { headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () =>
          resolve({ encoding: response.headers["content-encoding"], body: Buffer.concat(pieces) }),
        );
      })
      .on("error", reject);
  });
}
