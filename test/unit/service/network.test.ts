/** What the service takes on from the network: sizes, times, numbers, and what is no HTTP. */
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { aService } from "./a-service.js";
import type { TestService } from "./a-service.js";

const API = "/api/v1";

async function listening(limits: NonNullable<Parameters<typeof aService>[0]>["limits"] = {}): Promise<TestService> {
  const service = await aService({ limits });
  await service.listen();
  return service;
}

function portOf({ url }: TestService): number {
  return Number(new URL(url ?? "").port);
}

/** A connection that is closed when the test ends. */
async function connected(service: TestService): Promise<Socket> {
  const socket = connect(portOf(service), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** All that comes back for a text until the connection ends. */
async function answerTo(service: TestService, text: string): Promise<string> {
  const socket = await connected(service);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.write(text);
  await once(socket, "close");
  return answer;
}

const statusIn = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

async function isUp(service: TestService): Promise<boolean> {
  const answer = await fetch(`${service.url}${API}/server`, { headers: service.bearer });
  await answer.arrayBuffer();
  return answer.status === 200;
}

/** An answer that goes on. */
async function stream(service: TestService, token = service.token): Promise<IncomingMessage> {
  const request = httpRequest(`${service.url}${API}/events`, { headers: { authorization: `Bearer ${token}` } });
  onTestFinished(() => void request.destroy());
  request.on("error", () => undefined).end();
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  answer.on("error", () => undefined).resume();
  return answer;
}

test("a body of 10 MB is refused, whether it says how long it is or not, and the service goes on", async () => {
  const service = await listening();
  const post = { method: "POST", headers: { ...service.bearer, "content-type": "application/json" } };
  const told = await fetch(`${service.url}${API}/tokens`, { ...post, body: "x".repeat(10_000_000) }).then(
    (answer) => answer.status,
    // The connection may be closed before all of it was sent.
    () => 413,
  );
  expect(told).toBe(413);
  const socket = await connected(service);
  let answer = "";
  let ended = false;
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString())).on("close", () => (ended = true));
  socket.write(
    `POST ${API}/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${service.bearer.authorization}\r\n` +
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const piece = `${(16_384).toString(16)}\r\n${"x".repeat(16_384)}\r\n`;
  for (let i = 0; i < 610 && answer === "" && !ended; i++) {
    socket.write(piece);
    if (i % 8 === 0) await new Promise(setImmediate);
  }
  // The answer may be lost when the connection is closed on what was still being sent.
  await expect.poll(() => ended || statusIn(answer) === 413).toBe(true);
  expect(answer === "" || statusIn(answer) === 413).toBe(true);
  expect(await isUp(service)).toBe(true);
});

test("a small body is taken, one just beyond 64 KiB is not", async () => {
  const { app, bearer } = await aService();
  const of = async (length: number) => {
    const headers = { ...bearer, "content-type": "application/json" };
    const payload = JSON.stringify({ name: "x".repeat(length) });
    return (await app.inject({ method: "POST", url: `${API}/tokens`, headers, payload })).statusCode;
  };
  expect([await of(65_000), await of(65_537)]).toEqual([400, 413]);
});

test("JSON that would reach into prototypes is refused, deep JSON harms nothing", async () => {
  const { app, bearer } = await aService();
  const post = async (payload: string) => {
    const headers = { ...bearer, "content-type": "application/json" };
    const answer = await app.inject({ method: "POST", url: `${API}/tokens`, headers, payload });
    return [answer.statusCode, answer.json<{ code: string }>().code];
  };
  expect(await post('{"name":"a","scopes":["read"],"__proto__":{"scopes":["admin"]}}')).toEqual([400, "invalid-json"]);
  expect(await post('{"name":"a","constructor":{"prototype":{"x":1}}}')).toEqual([400, "invalid-json"]);
  expect(await post('{"name":"a","scopes":["read"],"\\u005f_proto__":{}}')).toEqual([400, "invalid-json"]);
  expect(await post("[".repeat(30_000))).toEqual([400, "invalid-json"]);
  expect((await post("[".repeat(30_000) + "]".repeat(30_000)))[0]).toBe(400);
  expect(await post('{"name":"a","scopes":["read"],"surprise":1,"other":2}')).toEqual([400, "invalid-request"]);
  expect(({} as { scopes?: unknown }).scopes).toBeUndefined();
});

test("unknown keys are named", async () => {
  const { app, bearer } = await aService();
  const answer = await app.inject({
    ...{ method: "POST", url: `${API}/tokens`, headers: bearer },
    payload: { name: "a", scopes: ["read"], surprise: 1, other: 2 },
  });
  expect(answer.json()).toMatchObject({ status: 400, detail: 'body: unknown keys "surprise", "other"' });
});

test("a path that is there says which methods it takes, another is nothing", async () => {
  const { app, bearer } = await aService();
  const of = async (method: "PUT" | "POST" | "GET", url: string) => {
    const answer = await app.inject({ method, url, headers: bearer });
    return [answer.statusCode, answer.headers.allow];
  };
  expect(await of("PUT", `${API}/tokens`)).toEqual([405, "GET, HEAD, POST"]);
  expect(await of("POST", `${API}/studies/a/columns`)).toEqual([405, "GET, HEAD"]);
  expect(await of("GET", `${API}/tokens/0123456789ab`)).toEqual([405, "DELETE"]);
  expect(await of("POST", `${API}/nowhere`)).toEqual([404, undefined]);
  expect(await of("POST", "/")).toEqual([404, undefined]);
});

test("what is no HTTP, or too much of it, is answered in a line and closed", async () => {
  const service = await listening();
  expect(statusIn(await answerTo(service, "junk\r\n\r\n"))).toBe(400);
  expect(
    statusIn(await answerTo(service, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(40_000)}\r\n\r\n`)),
  ).toBe(431);
  const cookies = `Cookie: ${"a=b; ".repeat(5000)}`;
  expect(statusIn(await answerTo(service, `GET / HTTP/1.1\r\nHost: localhost\r\n${cookies}\r\n\r\n`))).toBe(431);
  for (const hosts of [
    "Host: localhost\r\nHost: a",
    "Host: a\r\nHost: localhost",
    "Host: localhost\r\nHost: localhost",
  ])
    expect(statusIn(await answerTo(service, `GET / HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`))).toBe(421);
  const smuggled =
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health";
  expect(statusIn(await answerTo(service, smuggled))).toBe(400);
  expect(await isUp(service)).toBe(true);
});

test("without a Host there is nothing", async () => {
  const service = await listening();
  expect(statusIn(await answerTo(service, "GET /health HTTP/1.0\r\n\r\n"))).toBe(421);
  expect(statusIn(await answerTo(service, "GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"))).toBe(421);
  expect(statusIn(await answerTo(service, "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"))).toBe(400);
});

test("line ends in a path or a header become no header of the answer", async () => {
  const service = await listening();
  const broken = encodeURIComponent("a\r\nX-Injected: 1\r\n\r\n<script>");
  for (const path of [`/studies/${broken}`, `/studies/a/trials/0/files/${broken}`, `/tokens/${broken}`, `/${broken}`]) {
    const answer = await fetch(`${service.url}${API}${path}`, { headers: service.bearer });
    expect([path, answer.headers.get("x-injected"), answer.status >= 400]).toEqual([path, null, true]);
    expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  }
});

test("connections without a whole request give way to those with one", async () => {
  const service = await listening({ connections: 16 });
  const slow = await Promise.all(Array.from({ length: 60 }, () => connected(service)));
  const head = `Host: localhost\r\nAuthorization: ${service.bearer.authorization}\r\nContent-Type: application/json`;
  for (const [i, socket] of slow.entries())
    socket.write(
      i % 2
        ? "GET /health HTTP/1.1\r\nHost: local"
        : `POST ${API}/tokens HTTP/1.1\r\n${head}\r\nContent-Length: 100\r\n\r\n{`,
    );
  expect(await isUp(service)).toBe(true);
  await expect.poll(() => slow.filter((socket) => !socket.destroyed && !socket.closed).length).toBeLessThanOrEqual(16);
  expect(await isUp(service)).toBe(true);
});

test("headers that dribble in are not waited for", async () => {
  const service = await listening({ headersMs: 100 });
  const answer = await answerTo(service, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
  expect(answer === "" || statusIn(answer) === 408).toBe(true);
});

test("a body that dribbles in is not waited for", async () => {
  const service = await listening({ requestMs: 100 });
  const socket = await connected(service);
  socket.write(
    `POST ${API}/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${service.bearer.authorization}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"name":',
  );
  await once(socket, "close");
  expect(await isUp(service)).toBe(true);
});

test("requests of a token are limited by the second, with when to come again; other tokens are not touched", async () => {
  const service = await aService({ limits: { requestsPerSecond: 5 } });
  const { text } = await service.context.tokens.create({
    ...{ name: "other", scopes: ["read"], studies: null, expiresAt: null },
  });
  const ask = async (authorization: string) => service.app.inject({ url: `${API}/server`, headers: { authorization } });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(service.bearer.authorization)));
  const refused = answers.filter(({ statusCode }) => statusCode === 429);
  expect(refused.length).toBeGreaterThanOrEqual(10);
  expect(refused[0]?.json()).toMatchObject({ code: "too-many-requests" });
  expect(Number(refused[0]?.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect((await ask(`Bearer ${text}`)).statusCode).toBe(200);
});

test("streams are limited, in all and of a token, and a place is free again when one ends", async () => {
  const service = await listening({ streams: 3, streamsPerToken: 2 });
  const { text } = await service.context.tokens.create({
    ...{ name: "other", scopes: ["read"], studies: null, expiresAt: null },
  });
  const [first, second] = [await stream(service), await stream(service)];
  expect([first.statusCode, second.statusCode, (await stream(service)).statusCode]).toEqual([200, 200, 429]);
  expect([(await stream(service, text)).statusCode, (await stream(service, text)).statusCode]).toEqual([200, 429]);
  first.destroy();
  await expect.poll(() => service.context.streams.size).toBe(2);
  expect((await stream(service)).statusCode).toBe(200);
});

test("a stream is told and counted when it has ended, without its time", async () => {
  const lines: string[] = [];
  const service = await aService({ log: (line) => void lines.push(line()) });
  await service.listen();
  (await stream(service)).destroy();
  await expect.poll(() => lines.join("\n")).toMatch(/ first GET \/api\/v1\/events 200 /);
  const { body } = await service.app.inject({ url: "/metrics", headers: service.bearer });
  expect(body).toContain('mlbench_hpo_http_requests_total{method="GET",route="/api/v1/events",status="200"} 1');
  expect(body).not.toContain('mlbench_hpo_http_request_duration_seconds_count{route="/api/v1/events"}');
});

test("a stream ends when its token is revoked, and when the service closes", async () => {
  const service = await listening();
  const { text, token } = await service.context.tokens.create({
    ...{ name: "other", scopes: ["read"], studies: null, expiresAt: null },
  });
  const [kept, revoked] = [await stream(service), await stream(service, text)];
  const [keptEnds, revokedEnds] = [once(kept, "close"), once(revoked, "close")];
  await service.context.tokens.revoke(token.id);
  await revokedEnds;
  expect(kept.closed).toBe(false);
  await service.close();
  await keptEnds;
});

test("a port that is taken is said in a line", async () => {
  const first = await listening();
  const second = await aService({ port: portOf(first) });
  await expect(second.listen()).rejects.toMatchObject({
    ...{ code: "port-in-use", exitCode: 2 },
    message: `--port ${portOf(first)}: in use at 127.0.0.1; --port 0 takes a free one`,
  });
});

test("what goes wrong inside is told in the log, and to nobody else", async () => {
  const lines: string[] = [];
  const { fakeHost } = await import("./fake-host.js");
  const secret = "postgres://user:hunter2@inside";
  const service = await aService(
    { log: (line) => void lines.push(line()) },
    fakeHost({
      workers: () => {
        throw Object.assign(new TypeError(`cannot read ${secret}`), { stack: `TypeError: cannot read ${secret}` });
      },
    }),
  );
  const answer = await service.app.inject({ url: `${API}/workers`, headers: service.bearer });
  expect(answer.json()).toMatchObject({ status: 500, code: "internal" });
  expect(answer.body).not.toContain("hunter2");
  expect(lines.join("\n")).toContain("TypeError");
});

test("the log has no token, query or cookie in it", async () => {
  const lines: string[] = [];
  const service = await aService({ log: (line) => void lines.push(line()) });
  const headers = { ...service.bearer, cookie: "mlbench-hpo-x=secret" };
  await service.app.inject({ url: `${API}/server?since=secret`, headers });
  await service.app.inject({ url: `${API}/server?token=${service.token}` });
  await service.app.inject({ url: `${API}/server`, headers: { authorization: "Bearer secret" } });
  expect(lines).toHaveLength(3);
  expect(lines.join("\n")).not.toMatch(/secret|hpo_/);
  expect(lines[0]).toMatch(
    /^127\.0\.0\.1 first GET \/api\/v1\/server 400 \d+\.\d ms$|^127\.0\.0\.1 first GET \/api\/v1\/server 200 \d+\.\d ms$/,
  );
});
