/** Every route of the API under attack: names that lead elsewhere, no token, tokens of others, odd bodies. */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { openStudyHost } from "../../../src/host/index.js";
import { emptyFolder } from "../../integration/cli.js";
import { aBowl } from "./a-hosted-service.js";
import { startService } from "./a-service.js";
import type { TestService } from "./a-service.js";

const SECRET = "the-content-of-another-file";
const methods = ["GET", "POST", "PATCH", "PUT", "DELETE"] as const;

interface Route {
  readonly method: (typeof methods)[number];
  readonly url: string;
  readonly scope: string;
}

/** A service over a folder with a study `bowl`, another file beside the studies, and the routes that it has. */
async function attacked(): Promise<{ service: TestService; routes: readonly Route[]; root: string }> {
  const root = await emptyFolder();
  const folder = join(root, "studies");
  await writeFile(join(root, "secret.txt"), SECRET);
  await writeFile(join(root, "secret.json"), JSON.stringify({ secret: SECRET }));
  await mkdir(join(root, "0"));
  await writeFile(join(root, "0", "log.txt"), SECRET);
  await aBowl(folder, 3);
  await writeFile(join(folder, "secret.txt"), SECRET);
  const host = await openStudyHost({
    ...{ storage: folder, graceMs: 50 },
    executor: new InlineExecutor({ objective: () => 0, slots: 1 }),
  });
  const service = await startService({}, host, folder);
  onTestFinished(async () => {
    await service.close();
    await host.close({ graceMs: 0 });
  });
  return { service, routes: routesOf(service), root };
}

/** Read from the server itself: a route that is new is attacked as well. */
function routesOf({ app }: TestService): readonly Route[] {
  const paths = new Set<string>();
  let parts: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split("\n")) {
    const [, indent = "", text = ""] = /^([│ ]*)(?:[├└]── )(.*)$/.exec(line) ?? [];
    if (text === "") continue;
    const [, path = "", listed] = /^(.*?)(?: \(([A-Z, ]+)\))?$/.exec(text) ?? [];
    parts = [...parts.slice(0, indent.length / 4), path];
    if (listed !== undefined) paths.add(parts.join(""));
  }
  return [...paths].flatMap((url) =>
    methods.flatMap((method) => {
      const found = url.includes("/api/") && app.hasRoute({ method, url });
      return found ? [{ method, url, scope: "" }] : [];
    }),
  );
}

const filled = (url: string, value: string): string => url.replaceAll(/:[a-z]+/gi, value);

const traversals = [
  "..",
  "../secret.txt",
  "..%2fsecret",
  "%2e%2e%2fsecret",
  "..%2f..%2f..%2f..%2fetc%2fpasswd",
  "..%5c..%5csecret",
  "%2fetc%2fpasswd",
  "bowl%00",
  "bowl.json",
  "bowl.files",
  "bowl.lock",
  ".service",
  ".service%2ftoken",
  "..%c0%afsecret",
  "CON",
  "__proto__",
  "constructor",
  "bowl%0d%0aX-Injected:%201",
  "a".repeat(400),
  "-1",
  "0x0",
  "99999999999999999999",
];

test("no name of any route leads to another file, and none breaks anything", async () => {
  const { service, routes, root } = await attacked();
  expect(routes.length).toBeGreaterThan(30);
  const before = await everyFile(root);
  const faults: string[] = [];
  for (const { method, url } of routes) {
    if (!url.includes(":") || /events$/.test(url)) continue;
    const known = url.replace(":study", "bowl");
    // All places at once, and what stands behind a study and a trial that are there.
    const targets = [url, known, known.replace(":number", "0")].filter((path) => path.includes(":"));
    for (const target of traversals.flatMap((value) => [...new Set(targets)].map((path) => filled(path, value)))) {
      const answer = await service.app.inject({ method, url: target, headers: service.bearer });
      const says = `${method} ${target}: ${answer.statusCode}`;
      if (answer.statusCode >= 500) faults.push(`${says} breaks`);
      if (answer.statusCode < 300 && !target.includes("/bowl")) faults.push(`${says} finds something`);
      if (answer.body.includes(SECRET) || answer.body.includes(service.token)) faults.push(`${says} leaks`);
      if (answer.headers["x-injected"] !== undefined) faults.push(`${says} injects`);
      if (/root:.*:0:0/.test(answer.body)) faults.push(`${says} reads /etc/passwd`);
    }
  }
  expect(faults).toEqual([]);
  expect(await everyFile(root)).toEqual(before);
  const study = await service.app.inject({ url: "/api/v1/studies/bowl", headers: service.bearer });
  expect(study.statusCode).toBe(200);
});

test("every route but the session wants a token", async () => {
  const { service, routes } = await attacked();
  const open: string[] = [];
  for (const { method, url } of routes) {
    const answer = await service.app.inject({ method, url: filled(url, "0") });
    if (answer.statusCode !== 401) open.push(`${method} ${url}: ${answer.statusCode}`);
  }
  expect(open.filter((line) => !/ \/api\/v1\/session: /.test(line))).toEqual([]);
});

test("a token of another study gets nothing of a study from any route", async () => {
  const { service, routes } = await attacked();
  const { text } = await service.context.tokens.create({
    ...{ name: "other", scopes: ["admin"], studies: ["elsewhere"], expiresAt: null },
  });
  const headers = { authorization: `Bearer ${text}` };
  const wrong: string[] = [];
  for (const { method, url } of routes) {
    const target = filled(url.replace(":study", "bowl"), "0");
    if (/\/events$/.test(url) && !url.includes(":study")) continue;
    const answer = await service.app.inject({ method, url: target, headers });
    if (url.includes(":study") && answer.statusCode !== 403) wrong.push(`${method} ${url}: ${answer.statusCode}`);
    if (answer.body.includes("bowl")) wrong.push(`${method} ${url} names it`);
  }
  const compared = await service.app.inject({ url: "/api/v1/compare?study=bowl&study=elsewhere", headers });
  expect([wrong, compared.statusCode]).toEqual([[], 403]);
});

test("a token of a study that is not there hears of no other study", async () => {
  const { service, routes } = await attacked();
  const { text } = await service.context.tokens.create({
    ...{ name: "early", scopes: ["admin"], studies: ["ghost"], expiresAt: null },
  });
  const headers = { authorization: `Bearer ${text}` };
  const told: string[] = [];
  for (const { method, url } of [...routes, { method: "GET" as const, url: "/api/v1/compare?study=ghost" }]) {
    if (/\/events$/.test(url) && !url.includes(":study")) continue;
    const answer = await service.app.inject({ method, url: filled(url.replace(":study", "ghost"), "0"), headers });
    if (answer.body.includes("bowl")) told.push(`${method} ${url}: ${answer.body}`);
  }
  const made = await service.app.inject({
    ...{ method: "POST", url: "/api/v1/studies", headers },
    payload: { name: "ghost", from: "ghost" },
  });
  expect([told, made.statusCode, made.body.includes("bowl")]).toEqual([[], 404, false]);
});

test("unknown keys are refused by routes that take none as well", async () => {
  const { service, routes } = await attacked();
  const taken: string[] = [];
  for (const { method, url } of routes) {
    const target = `${filled(url.replace(":study", "bowl"), "0")}?odd=1`;
    const answer = await service.app.inject({ method, url: target, headers: service.bearer });
    if (answer.statusCode < 400) taken.push(`${method} ${url}: ${answer.statusCode}`);
  }
  const retried = await service.app.inject({
    ...{ method: "POST", url: "/api/v1/studies/bowl/trials/0/retry", headers: service.bearer },
    payload: { times: 3 },
  });
  expect([taken, retried.statusCode, retried.json<{ detail: string }>().detail]).toEqual([
    [],
    400,
    'body: unknown key "times": nothing is taken here',
  ]);
});

test("a body that says it is text is none of JSON's", async () => {
  const { service } = await attacked();
  const headers = { ...service.bearer, "content-type": "text/plain" };
  const answer = await service.app.inject({
    ...{ method: "POST", url: "/api/v1/studies/bowl/run", headers },
    payload: '{"trials": 1}',
  });
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([415, "invalid-content-type"]);
});

test("a reader changes nothing by any route", async () => {
  const { service, routes, root } = await attacked();
  const { text } = await service.context.tokens.create({
    ...{ name: "reader", scopes: ["read"], studies: null, expiresAt: null },
  });
  const before = await everyFile(root);
  const wrong: string[] = [];
  for (const { method, url } of routes) {
    if (method === "GET" || url.endsWith("/session")) continue;
    const target = filled(url.replace(":study", "bowl"), "0");
    const headers = { authorization: `Bearer ${text}`, "content-type": "application/json" };
    const answer = await service.app.inject({ method, url: target, headers, payload: "{}" });
    if (answer.statusCode !== 403) wrong.push(`${method} ${url}: ${answer.statusCode}`);
  }
  expect(wrong).toEqual([]);
  expect(await everyFile(root)).toEqual(before);
});

test("odd bodies are refused by every route that takes one, without anything breaking", async () => {
  const { service, routes } = await attacked();
  const bodies = [
    "null",
    "[]",
    '"x"',
    "1",
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{}}}',
    '{"surprise":1}',
    '{"name":{"toString":1}}',
    '{"name":"../x"}',
    "{",
    "",
    `{"name":"${"x".repeat(70_000)}"}`,
  ];
  const faults: string[] = [];
  for (const { method, url } of routes) {
    if (method === "GET" || url.endsWith("/session")) continue;
    const target = filled(url.replace(":study", "bowl"), "0");
    for (const payload of bodies) {
      const headers = { ...service.bearer, "content-type": "application/json" };
      const answer = await service.app.inject({ method, url: target, headers, payload });
      if (answer.statusCode >= 500)
        faults.push(`${method} ${url} ${payload.slice(0, 30)}: ${answer.statusCode} ${answer.body}`);
    }
  }
  expect(faults).toEqual([]);
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

/** Paths and contents of all files, but for what a running study writes of itself. */
async function everyFile(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !/\.service$/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\.(lock|journal\.jsonl)$|\.inbox/.test(path));
  const texts = await Promise.all(files.map(async (path) => [path, await readFile(path, "utf8")] as const));
  return Object.fromEntries(texts);
}
