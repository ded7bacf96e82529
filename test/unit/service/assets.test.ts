/** The dashboard's files: what is served, how it is packed and kept, and that nothing else is. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pageOf } from "../../../web/app/places.js";
import { aService, closeService, startService } from "./a-service.js";
import type { TestService } from "./a-service.js";

const html =
  '<!doctype html><link rel="icon" href="/assets/icon-1.svg"><script type="module" src="/assets/main-1.js"></script>' +
  '<a href="https://example.org/">x</a>';
const script = "export const x = 1;".repeat(100);
let service: TestService;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "assets-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "secret.txt"), "not in the map");
  await writeFile(join(folder, "index.html"), html);
  await writeFile(join(folder, "assets", "main-1.js"), script);
  await writeFile(join(folder, "assets", "main-1.js.br"), brotliCompressSync(script));
  await writeFile(join(folder, "assets", "main-1.js.gz"), gzipSync(script));
  const files = {
    "/": { file: "index.html", type: "text/html; charset=utf-8", immutable: false },
    "/assets/main-1.js": { file: "assets/main-1.js", type: "text/javascript; charset=utf-8", immutable: true },
  };
  await writeFile(join(folder, "assets.json"), JSON.stringify({ files }));
  service = await startService({ assetsFolder: folder });
});
afterAll(async () => {
  await closeService(service);
  await rm(folder, { recursive: true });
});

const get = (url: string, headers: Record<string, string> = {}) => service.app.inject({ url, headers });

test("the page stands at the dashboard's own places, and nowhere else", async () => {
  for (const url of [
    "/",
    "/studies/demo",
    "/studies/a.b/trials/3",
    "/studies/d%C3%A9mo?where=x",
    "/compare?study=a",
    "/workers",
    "/new",
  ])
    expect([url, (await get(url)).body]).toEqual([url, html]);
  for (const url of ["/nowhere", "/assets/other.js", "/assets/", "/studiesx", "/api/v1", "/api/", "/index.html"])
    expect([url, (await get(url)).statusCode]).toEqual([url, 404]);
});

test("a browser that goes where nothing is gets the page, which says so; whatever else asks gets a problem", async () => {
  const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  const wrong = [
    "/nonsense",
    "/studies",
    "/studies/x/nonsense",
    "/studies/x/trials/y",
    "/studies/x/trials/1/2",
    "/new/x",
  ];
  for (const url of wrong) {
    const answer = await get(url, { accept });
    expect([url, answer.statusCode, answer.body]).toEqual([url, 404, html]);
    expect(answer.headers["content-type"]).toContain("text/html");
    expect(answer.headers["cache-control"]).toBe("no-store");
    const problem = await get(url, { accept: "*/*" });
    expect([url, problem.statusCode, problem.json()]).toMatchObject([url, 404, { code: "unknown-route" }]);
  }
  for (const url of ["/api/nonsense", "/api/v1/nonsense", "/api"])
    expect([url, (await get(url, { accept })).headers["content-type"]]).toEqual([url, "application/problem+json"]);
});

test("the page finds itself wherever the service sends it, and nowhere else", async () => {
  const names = fc.constantFrom(
    "studies",
    "trials",
    "analysis",
    "compare",
    "workers",
    "new",
    "a b",
    "3",
    "1234567890",
    "",
  );
  const paths = fc.array(names, { maxLength: 5 }).map((parts) => `/${parts.map(encodeURIComponent).join("/")}`);
  await fc.assert(
    fc.asyncProperty(paths, async (path) => {
      // An empty part is none to the page, and none of its links has one.
      fc.pre(!/\/\/|.\/$/.test(path));
      const { statusCode } = await get(path, { accept: "text/html" });
      expect([path, statusCode]).toEqual([path, pageOf(path).page === "nowhere" ? 404 : 200]);
    }),
    { numRuns: 300 },
  );
});

test("only what is in the map is served: no path reaches the disk", async () => {
  const paths = [
    "/secret.txt",
    "/assets/../secret.txt",
    "/assets/%2e%2e/secret.txt",
    "/assets/..%2fsecret.txt",
    "/assets.json",
  ];
  const more = [
    "//etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/main-1.js%00",
    "/assets/main-1.js/",
    "/assets%5cmain-1.js",
  ];
  for (const url of [...paths, ...more]) {
    const answer = await get(url);
    expect([url, answer.statusCode >= 400, answer.body.includes("not in the map")]).toEqual([url, true, false]);
  }
  expect((await get("/__proto__")).statusCode).toBe(404);
  expect((await get("/constructor")).statusCode).toBe(404);
});

test("the best packing that the browser takes is sent", async () => {
  const of = async (accepted: string | undefined) => {
    const answer = await get("/assets/main-1.js", accepted === undefined ? {} : { "accept-encoding": accepted });
    const coding = answer.headers["content-encoding"];
    const bytes = answer.rawPayload;
    const text = coding === "br" ? brotliDecompressSync(bytes) : coding === "gzip" ? gunzipSync(bytes) : bytes;
    expect(text.toString()).toBe(script);
    expect(answer.headers["vary"]).toBe("accept-encoding");
    return coding;
  };
  expect(await of("gzip, deflate, br, zstd")).toBe("br");
  expect(await of("gzip;q=1.0, br;q=0")).toBe("gzip");
  expect(await of("*")).toBe("br");
  expect(await of("deflate")).toBeUndefined();
  expect(await of("gzip;q=0, *;q=0")).toBeUndefined();
  expect(await of(undefined)).toBeUndefined();
});

test("hashed names are kept for good, the page is asked for each time and is not sent twice", async () => {
  expect((await get("/assets/main-1.js")).headers["cache-control"]).toContain("immutable");
  const page = await get("/");
  expect(page.headers["cache-control"]).toBe("no-cache");
  const again = await get("/", { "if-none-match": `W/"x", ${String(page.headers.etag)}` });
  expect([again.statusCode, again.body]).toEqual([304, ""]);
});

test("behind a path prefix the page names its files there", async () => {
  const prefixed = await aService({ assetsFolder: folder, pathPrefix: "/hpo" });
  const { body } = await prefixed.app.inject({ url: "/hpo/studies/demo" });
  expect(body).toContain('src="/hpo/assets/main-1.js"');
  expect(body).toContain('href="/hpo/assets/icon-1.svg"');
  expect(body).toContain('href="https://example.org/"');
  expect((await prefixed.app.inject({ url: "/hpo/assets/main-1.js" })).body).toBe(script);
});

test("without a dashboard there is a page that says so", async () => {
  const bare = await aService({ assetsFolder: join(folder, "nowhere") });
  const answer = await bare.app.inject({ url: "/" });
  expect([answer.statusCode, answer.body]).toEqual([200, expect.stringContaining("no dashboard")]);
  expect(answer.body).not.toMatch(/<script|style=/);
});
