/** Who gets in: hosts, origins, tokens, scopes, sessions, and what is refused whoever asks. */
import { appendFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SESSION_S } from "../../../src/service/security/sessions.js";
import { FailedLogins } from "../../../src/service/security/failed-logins.js";
import { aService, closeService, startService } from "./a-service.js";
import type { TestService } from "./a-service.js";

const API = "/api/v1";
const SERVER = `${API}/server`;

interface ProblemBody {
  readonly code: string;
  readonly detail: string;
}

/** One service for the tests that change nothing of it. */
let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => closeService(service));

/** The status and code of a request. */
async function asked(
  headers: Record<string, string>,
  url = SERVER,
  more: { method?: "GET" | "POST" | "DELETE" | "OPTIONS" | "PATCH"; payload?: string } = {},
): Promise<readonly [status: number, code: string | null]> {
  const answer = await service.app.inject({ url, headers, ...more });
  const isProblem = String(answer.headers["content-type"]).startsWith("application/problem+json");
  return [answer.statusCode, isProblem ? answer.json<ProblemBody>().code : null];
}

describe("tokens", () => {
  test("without one there is nothing, with one there is the service", async () => {
    const refused = await service.app.inject({ url: SERVER });
    expect([refused.statusCode, refused.json<ProblemBody>().code]).toEqual([401, "unauthorized"]);
    expect(refused.headers["www-authenticate"]).toMatch(/^Bearer/);
    const taken = await service.app.inject({ url: SERVER, headers: service.bearer });
    expect(taken.json()).toMatchObject({ scopes: ["read", "run", "worker", "admin"], studies: null });
  });

  test("a wrong one, half of one and other schemes are refused alike", async () => {
    const { token } = service;
    const wrong = [`Bearer ${token.slice(0, -1)}`, `Bearer ${token}x`, "Bearer ", `Basic ${btoa(`x:${token}`)}`, token];
    for (const authorization of wrong) expect(await asked({ authorization })).toEqual([401, "unauthorized"]);
  });

  test("wrong ones are limited by address, and a right one is taken all the same", async () => {
    const limited = await aService({ limits: { wrongTokensPerMinute: 3 } });
    const codes: number[] = [];
    for (let i = 0; i < 5; i++) {
      const answer = await limited.app.inject({ url: SERVER, headers: { authorization: "Bearer guess" } });
      codes.push(answer.statusCode);
      if (answer.statusCode === 429) expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    }
    expect(codes).toEqual([401, 401, 401, 429, 429]);
    const session = await limited.app.inject({
      method: "POST",
      url: `${API}/session`,
      headers: own,
      payload: { token: "x" },
    });
    expect(session.statusCode).toBe(429);
    expect((await limited.app.inject({ url: SERVER, headers: limited.bearer })).statusCode).toBe(200);
  });

  test("counts of wrong ones end with their minute, and a /64 of IPv6 is one address", () => {
    let now = 0;
    const failures = new FailedLogins(1, () => now);
    failures.add("2001:db8:1:2::1");
    expect(() => failures.add("2001:db8:1:2:ffff::9")).toThrow("too many wrong tokens");
    now = 60_001;
    expect(() => failures.add("2001:db8:1:2::1")).not.toThrow();
    expect(() => failures.add("2001:db8:1:3::1")).not.toThrow();
  });

  test("one in a URL is refused, so that nobody gets used to it", async () => {
    expect(await asked(service.bearer, `${SERVER}?token=${service.token}`)).toEqual([400, "token-in-url"]);
    expect(await asked({}, `${SERVER}?access_token=${service.token}`)).toEqual([400, "token-in-url"]);
  });

  test("their files are their owner's alone", async () => {
    if (process.platform === "win32") return;
    const modes = await Promise.all(
      ["", "token", "session-key"].map(
        async (name) => (await stat(join(service.folder, ".service", name))).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });
});

describe("scopes", () => {
  const headersOf = async (scopes: readonly string[], studies: readonly string[] | null = null) => {
    const name = `t${Math.random().toString(36).slice(2, 8)}`;
    const answer = await service.app.inject({
      ...{ method: "POST", url: `${API}/tokens`, headers: service.bearer, payload: { name, scopes, studies } },
    });
    expect(answer.statusCode).toBe(201);
    const { token, id } = answer.json<{ token: string; id: string }>();
    return { id, headers: { authorization: `Bearer ${token}` } };
  };

  test("each includes reading, admin all, and no more", async () => {
    const of = async (scope: string): Promise<unknown> => {
      const { headers } = await headersOf([scope]);
      return (await service.app.inject({ url: SERVER, headers })).json<{ scopes: unknown }>().scopes;
    };
    expect(await of("read")).toEqual(["read"]);
    expect(await of("run")).toEqual(["read", "run"]);
    expect(await of("worker")).toEqual(["read", "worker"]);
    expect(await of("admin")).toEqual(["read", "run", "worker", "admin"]);
  });

  test("what a token is not for is refused: tokens by a reader, runs by a worker", async () => {
    const [reader, worker] = [await headersOf(["read"]), await headersOf(["worker"])];
    expect(await asked(reader.headers, `${API}/tokens`)).toEqual([403, "forbidden"]);
    const json = { ...worker.headers, "content-type": "application/json" };
    expect(await asked(json, `${API}/studies/a/run`, { method: "POST", payload: "{}" })).toEqual([403, "forbidden"]);
  });

  test("a study's token sees that study, and of others not even whether they are there", async () => {
    const { headers } = await headersOf(["admin"], ["a"]);
    expect(await asked(headers, `${API}/studies/b`)).toEqual([403, "forbidden"]);
    expect(await asked(headers, `${API}/studies/nowhere/trials/0`)).toEqual([403, "forbidden"]);
    expect(await asked(headers, `${API}/studies/a`)).toEqual([404, "unknown-study"]);
  });

  test("a study's token makes no tokens for others, nor sees what belongs to all", async () => {
    const { headers } = await headersOf(["admin"], ["a"]);
    const payload = JSON.stringify({ name: "wider", scopes: ["admin"] });
    const json = { ...headers, "content-type": "application/json" };
    expect(await asked(json, `${API}/tokens`, { method: "POST", payload })).toEqual([403, "forbidden"]);
    expect(await asked(headers, `${API}/tokens`)).toEqual([403, "forbidden"]);
  });

  test("a revoked one is refused at once, an expired one too", async () => {
    const { id, headers } = await headersOf(["read"]);
    expect(await asked(headers)).toEqual([200, null]);
    const gone = await service.app.inject({ method: "DELETE", url: `${API}/tokens/${id}`, headers: service.bearer });
    expect([gone.statusCode, await asked(headers)]).toEqual([204, [401, "unauthorized"]]);
    const { text } = await service.context.tokens.create({
      ...{ name: "past", scopes: ["read"], studies: null, expiresAt: new Date(Date.now() - 1) },
    });
    expect(await asked({ authorization: `Bearer ${text}` })).toEqual([401, "unauthorized"]);
  });

  test("a damaged file of tokens lets nobody in with one of them, and names no file", async () => {
    const damaged = await aService();
    await damaged.context.tokens.create({ name: "x", scopes: ["read"], studies: null, expiresAt: null });
    await appendFile(join(damaged.folder, ".service", "tokens.json"), "}");
    damaged.context.tokens.lookAgain();
    const answer = await damaged.app.inject({ url: SERVER, headers: { authorization: "Bearer hpo_x" } });
    expect([answer.statusCode, answer.body.includes(damaged.folder)]).toEqual([503, false]);
  });
});

describe("hosts", () => {
  const host = async (name: string): Promise<number> =>
    (await service.app.inject({ url: SERVER, headers: { ...service.bearer, host: name } })).statusCode;

  test("loopback's names are taken with any port, others never", async () => {
    for (const name of ["localhost", "localhost:7070", "127.0.0.1:1", "[::1]:80", "[0:0:0:0:0:0:0:1]", "LOCALHOST."])
      expect([name, await host(name)]).toEqual([name, 200]);
    const others = ["evil.example", "evil.example:7070", "localhost.evil.example", "127.0.0.1.evil.example"];
    const odd = ["0.0.0.0", "localhost:7070:1", "user@localhost", "localhost/x", "[::1", "::1", "localhost,evil"];
    for (const name of [...others, ...odd]) expect([name, await host(name)]).toEqual([name, 421]);
  });

  test("before anything else: no route, no token, no method is told", async () => {
    const headers = { ...service.bearer, host: "evil.example" };
    expect(await asked(headers, "/nowhere")).toEqual([421, "unknown-host"]);
    expect(await asked(headers, "/")).toEqual([421, "unknown-host"]);
    expect(await asked(headers, "/health")).toEqual([421, "unknown-host"]);
    expect(await asked(headers, "/%zz")).toEqual([421, "unknown-host"]);
    expect(await asked(headers, SERVER, { method: "OPTIONS" })).toEqual([421, "unknown-host"]);
  });

  test("--allowed-host adds a name, --host its own", async () => {
    const named = await aService({ allowedHosts: ["hpo.example.org"], hostName: "10.0.0.5", tls: undefined });
    const of = async (name: string) =>
      (await named.app.inject({ url: SERVER, headers: { ...named.bearer, host: name } })).statusCode;
    expect([await of("hpo.example.org"), await of("10.0.0.5:7070"), await of("other.example.org")]).toEqual([
      200, 200, 421,
    ]);
  });

  test("DNS rebinding's shape: a page's own name, its origin, even with a cookie", async () => {
    const rebound = {
      ...{ host: "evil.example:7070", origin: "http://evil.example:7070", "sec-fetch-site": "same-origin" },
      ...{ cookie: await cookie(), "x-forwarded-host": "localhost" },
    };
    expect(await asked(rebound)).toEqual([421, "unknown-host"]);
    expect(await asked({ ...rebound, ...service.bearer })).toEqual([421, "unknown-host"]);
  });
});

const own = { host: "localhost:7070", origin: "http://localhost:7070", "content-type": "application/json" };

async function cookie(): Promise<string> {
  const answer = await service.app.inject({
    ...{ method: "POST", url: `${API}/session`, headers: own, payload: { token: service.token } },
  });
  expect(answer.statusCode).toBe(204);
  return String(answer.headers["set-cookie"]).split(";")[0] ?? "";
}

describe("origins", () => {
  test("another site's is refused, whatever else is right", async () => {
    const foreign = [
      "http://evil.example",
      "http://localhost:3000",
      "https://localhost:7070",
      "null",
      "file://",
      "junk",
    ];
    for (const origin of foreign) {
      const headers = { ...service.bearer, host: "localhost:7070", origin };
      expect([origin, ...(await asked(headers))]).toEqual([origin, 403, "foreign-origin"]);
    }
    expect(await asked({ ...service.bearer, ...own })).toEqual([200, null]);
  });

  test("another port of the same machine is another site: its pages get nothing with the cookie", async () => {
    const headers = { host: "localhost:7070", cookie: await cookie(), "sec-fetch-site": "same-site" };
    expect(await asked(headers)).toEqual([403, "foreign-origin"]);
    expect(await asked({ ...headers, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toEqual([
      403,
      "foreign-origin",
    ]);
  });

  test("the page may be linked to from elsewhere, and no more than that", async () => {
    const linked = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect(await asked(linked, "/studies/demo")).toEqual([200, null]);
    expect(await asked({ ...linked, "sec-fetch-mode": "no-cors" }, "/")).toEqual([403, "foreign-origin"]);
  });

  test("nothing is ever shared with other origins", async () => {
    const answers = await Promise.all(
      [SERVER, "/", "/health", "/nowhere"].map((url) =>
        service.app.inject({ url, headers: { ...service.bearer, ...own } }),
      ),
    );
    const shared = answers.flatMap(({ headers }) =>
      Object.keys(headers).filter((name) => /^access-control/i.test(name)),
    );
    expect(shared).toEqual([]);
    const preflight = {
      ...own,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    };
    expect(await asked(preflight, SERVER, { method: "OPTIONS" })).toEqual([405, "method-not-allowed"]);
  });

  test("every answer says how a browser is to treat it", async () => {
    for (const url of ["/", SERVER, "/nowhere", "/%zz", "/health"]) {
      const { headers } = await service.app.inject({ url, headers: service.bearer });
      const policy = String(headers["content-security-policy"]);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      });
    }
  });
});

describe("sessions", () => {
  const payload = JSON.stringify({ name: "by-page", scopes: ["read"] });
  const post = { method: "POST", payload } as const;

  test("the cookie is the page's alone, and is as good as the token", async () => {
    const answer = await service.app.inject({
      ...{ method: "POST", url: `${API}/session`, headers: own, payload: { token: service.token } },
    });
    const text = String(answer.headers["set-cookie"]);
    expect(text).toMatch(/; HttpOnly/);
    expect(text).toMatch(/; SameSite=Strict/);
    expect(text).toMatch(/; Path=\//);
    expect(text).not.toContain(service.token);
    expect(text).not.toMatch(/; Secure|; Domain/);
    expect(await asked({ cookie: text.split(";")[0] ?? "" })).toEqual([200, null]);
  });

  test("a write by form is refused: no origin, another's, or no JSON", async () => {
    const mine = { host: "localhost:7070", cookie: await cookie() };
    const form = { ...mine, "content-type": "application/x-www-form-urlencoded" };
    expect(await asked({ ...form, origin: "http://evil.example" }, `${API}/tokens`, post)).toEqual([
      403,
      "foreign-origin",
    ]);
    expect(await asked(form, `${API}/tokens`, post)).toEqual([403, "foreign-origin"]);
    expect(await asked({ ...form, origin: own.origin }, `${API}/tokens`, post)).toEqual([415, "invalid-content-type"]);
    const plain = { ...mine, origin: own.origin, "content-type": "text/plain" };
    expect(await asked(plain, `${API}/tokens`, post)).toEqual([415, "invalid-content-type"]);
    expect(await asked({ ...mine, ...own }, `${API}/tokens`, post)).toEqual([201, null]);
    expect(await asked({ ...mine, "content-type": "application/json" }, `${API}/tokens`, post)).toEqual([
      403,
      "foreign-origin",
    ]);
  });

  test("logging somebody in from another site is refused as well", async () => {
    const login = { method: "POST", payload: JSON.stringify({ token: service.token }) } as const;
    const json = { host: "localhost:7070", "content-type": "application/json" };
    expect(await asked({ ...json, origin: "http://evil.example" }, `${API}/session`, login)).toEqual([
      403,
      "foreign-origin",
    ]);
    expect(await asked(json, `${API}/session`, login)).toEqual([403, "foreign-origin"]);
  });

  test("a changed one is none, and an ended one stays ended", async () => {
    const good = await cookie();
    const [name = "", value = ""] = good.split("=");
    const parts = value.split(".");
    const later = [parts[0], String(Number(parts[1]) + SESSION_S), parts[2], parts[3]].join(".");
    for (const wrong of [later, value.slice(0, -1), "", "a.b.c.d", `${value}x`])
      expect(await asked({ cookie: `${name}=${wrong}` })).toEqual([401, "unauthorized"]);
    const ended = await service.app.inject({
      ...{ method: "DELETE", url: `${API}/session`, headers: { host: own.host, origin: own.origin, cookie: good } },
    });
    expect([ended.statusCode, String(ended.headers["set-cookie"])]).toEqual([
      204,
      expect.stringContaining("Max-Age=0"),
    ]);
    expect(await asked({ cookie: good })).toEqual([401, "unauthorized"]);
  });

  test("it ends with the token that it was traded for", async () => {
    const { text, token } = await service.context.tokens.create({
      ...{ name: "traded", scopes: ["read"], studies: null, expiresAt: null },
    });
    const answer = await service.app.inject({
      ...{ method: "POST", url: `${API}/session`, headers: own, payload: { token: text } },
    });
    const headers = { cookie: String(answer.headers["set-cookie"]).split(";")[0] ?? "" };
    expect(await asked(headers)).toEqual([200, null]);
    await service.context.tokens.revoke(token.id);
    expect(await asked(headers)).toEqual([401, "unauthorized"]);
  });

  test("it is made anew once a day, and lasts two weeks from then", async () => {
    const now = Date.now();
    const at = (days: number) => vi.spyOn(Date, "now").mockReturnValue(now + days * 86_400_000);
    try {
      const good = await cookie();
      const answer = async () => service.app.inject({ url: SERVER, headers: { cookie: good } });
      at(0.9);
      expect((await answer()).headers["set-cookie"]).toBeUndefined();
      at(1.1);
      const renewed = String((await answer()).headers["set-cookie"]).split(";")[0] ?? "";
      expect(renewed).not.toBe(good);
      at(14.1);
      expect([(await answer()).statusCode, await asked({ cookie: renewed })]).toEqual([401, [200, null]]);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test("it outlives a restart", async () => {
    const good = await cookie();
    const again = await aService({}, undefined, service.folder);
    expect((await again.app.inject({ url: SERVER, headers: { cookie: good } })).statusCode).toBe(200);
  });
});

describe("behind a proxy", () => {
  const forwarded = {
    ...{ host: "127.0.0.1:7070", "x-forwarded-host": "hpo.example.org", "x-forwarded-proto": "https" },
    ...{ "x-forwarded-for": "6.6.6.6, 203.0.113.7", "x-forwarded-prefix": "/hpo" },
  };
  const json = { ...forwarded, origin: "https://hpo.example.org", "content-type": "application/json" };

  test("what it forwards is believed: host, protocol, prefix", async () => {
    const proxied = await aService({ behindProxy: true, allowedHosts: ["hpo.example.org"] });
    const login = { method: "POST", url: `${API}/session`, payload: { token: proxied.token } } as const;
    const answer = await proxied.app.inject({ ...login, headers: json });
    expect([answer.statusCode, String(answer.headers["set-cookie"])]).toEqual([
      204,
      expect.stringMatching(/; Path=\/hpo\/;.*; Secure$/),
    ]);
    expect(answer.headers["strict-transport-security"]).toBeDefined();
    const of = async (headers: Record<string, string>) =>
      (await proxied.app.inject({ ...login, headers: { ...json, ...headers } })).statusCode;
    expect(await of({ origin: "http://hpo.example.org" })).toBe(403);
    expect(await of({ "x-forwarded-host": "evil.example", origin: "https://evil.example" })).toBe(421);
    expect(await of({ host: "evil.example" })).toBe(421);
  });

  test("a prefix is plain segments or none: nothing of it becomes part of a header or page", async () => {
    const proxied = await aService({ behindProxy: true, allowedHosts: ["hpo.example.org"] });
    for (const prefix of ['/"><script>', "//evil.example", "/a; Domain=x", "/../..", "x", `/${"a".repeat(300)}`]) {
      const headers = { ...json, "x-forwarded-prefix": prefix };
      const login = { method: "POST", url: `${API}/session`, payload: { token: proxied.token } } as const;
      const answer = await proxied.app.inject({ ...login, headers });
      const path = /Path=([^;]*)/.exec(String(answer.headers["set-cookie"]))?.[1];
      expect([prefix, path === "/" || path === "/../../"]).toEqual([prefix, true]);
    }
  });

  test("failed logins are counted by the address that the proxy saw, not by what its client says", async () => {
    const proxied = await aService({
      ...{ behindProxy: true, allowedHosts: ["hpo.example.org"], limits: { wrongTokensPerMinute: 1 } },
    });
    const of = async (chain: string) => {
      const headers = { ...forwarded, "x-forwarded-for": chain, authorization: "Bearer x" };
      return (await proxied.app.inject({ url: SERVER, headers })).statusCode;
    };
    expect([await of("1.1.1.1, 203.0.113.7"), await of("2.2.2.2, 203.0.113.7")]).toEqual([401, 429]);
    expect(await of("1.1.1.1, 203.0.113.8")).toBe(401);
  });

  test("without --behind-proxy it is all passed over", async () => {
    const headers = { ...service.bearer, ...forwarded };
    const answer = await service.app.inject({ url: SERVER, headers });
    expect([answer.statusCode, answer.headers["strict-transport-security"]]).toEqual([200, undefined]);
    expect(await asked({ ...headers, host: "hpo.example.org" })).toEqual([421, "unknown-host"]);
  });

  test("a path prefix may be there or have been taken off", async () => {
    const prefixed = await aService({ pathPrefix: "/hpo" });
    for (const url of [SERVER, `/hpo${SERVER}`])
      expect((await prefixed.app.inject({ url, headers: prefixed.bearer })).statusCode).toBe(200);
    expect((await prefixed.app.inject({ url: `/hpox${SERVER}`, headers: prefixed.bearer })).statusCode).toBe(404);
  });
});
