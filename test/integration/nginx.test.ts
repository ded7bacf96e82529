/** The lines for nginx of docs/service.md, in a real nginx (Debian's `nginx-light` will do) in front of a real service. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openStudyHost } from "../../src/host/index.js";
import { ManualExecutor } from "../fixtures/study/studies.js";
import { aService } from "../unit/service/a-service.js";
import { projectRoot } from "./cli.js";
import { freePort } from "../fixtures/free-port.js";

const nginx = ["nginx", "/usr/sbin/nginx"].find((program) => spawnSync(program, ["-v"]).status === 0);
if (nginx === undefined) console.log("skipped: nginx is not there (Debian: nginx-light)");

const fixtures = join(projectRoot, "test", "fixtures", "service");
const HOST = "hpo.example.org";

/** The page's `location`, for a service at this port. */
async function documented(port: number): Promise<string> {
  const page = await readFile(join(projectRoot, "docs", "service.md"), "utf8");
  const block = /```nginx\n(.*?)```/s.exec(page)?.[1] ?? "";
  expect(block).toContain("http://127.0.0.1:7070/");
  return block.replaceAll("127.0.0.1:7070", `127.0.0.1:${port}`);
}

interface Proxied {
  readonly token: string;
  /** The answer to a request below `https://hpo.example.org/hpo`. */
  readonly ask: (path: string, given?: Given) => Promise<Answer>;
  /** One whose body is still coming. */
  readonly open: (path: string, given?: Given) => Promise<IncomingMessage>;
}

interface Given {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function proxied(): Promise<Proxied> {
  const folder = await mkdtemp(join(tmpdir(), "nginx-"));
  const host = await openStudyHost({ storage: join(folder, "studies"), executor: new ManualExecutor(1) });
  const service = await aService(
    { behindProxy: true, allowedHosts: [HOST], assetsFolder: join(projectRoot, "dist", "web") },
    host,
    join(folder, "studies"),
  );
  const inner = Number(new URL(await service.listen()).port);
  const port = await freePort();
  await mkdir(join(folder, "logs"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  await writeFile(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off; ${temporary.join(" ")}
  server {
    listen 127.0.0.1:${port} ssl;
    server_name ${HOST};
    ssl_certificate ${fixtures}/localhost.cert.pem;
    ssl_certificate_key ${fixtures}/localhost.key.pem;
    ${await documented(inner)}
  }
}
`,
  );
  const child = spawn(nginx as string, ["-p", folder, "-c", "nginx.conf"], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (part: Buffer) => (said += part.toString()));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    await host.close({ graceMs: 0 });
    await rm(folder, { recursive: true });
  });
  const open = (path: string, { method = "GET", headers = {}, body }: Given = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const sent = {
        host: HOST,
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        ...headers,
      };
      const options = { host: "127.0.0.1", port, path: `/hpo${path}`, method, headers: sent, agent: false };
      // The certificate is for localhost: what is asked here is what the proxy hands on.
      const asked = request({ ...options, rejectUnauthorized: false }, resolve).on("error", reject);
      asked.end(body);
    });
  const ask: Proxied["ask"] = async (path, given) => {
    const answer = await open(path, given);
    let text = "";
    for await (const part of answer) text += String(part);
    return { status: answer.statusCode ?? 0, headers: answer.headers, text };
  };
  await expect
    .poll(
      () =>
        ask("/health").then(
          ({ status }) => status,
          () => said,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
  return { token: service.token, ask, open };
}

describe.skipIf(nginx === undefined)("the service behind nginx, as the page says", { timeout: 60_000 }, () => {
  test("pages, cookies, origins and links are those of the proxy's name and path", async () => {
    const { token, ask } = await proxied();
    const page = await ask("/");
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const script = /src="([^"]+\.js)"/.exec(page.text)?.[1] ?? "";
    expect(script).toMatch(/^\/hpo\//);
    expect((await ask(script.slice("/hpo".length))).status).toBe(200);
    const origin = `https://${HOST}`;
    const json = { "content-type": "application/json" };
    const login = await ask("/api/v1/session", {
      method: "POST",
      headers: { ...json, origin },
      body: JSON.stringify({ token }),
    });
    expect(login.status).toBe(204);
    const [cookie = ""] = login.headers["set-cookie"] ?? [];
    expect(cookie).toMatch(/; Path=\/hpo(?:\/[^;]*)?;/);
    expect(cookie).toMatch(/; Secure$/);
    const body = JSON.stringify({ name: "s", space: { x: { type: "float", low: 0, high: 1 } } });
    const held = { ...json, cookie: cookie.split(";")[0] ?? "" };
    const refused = await ask("/api/v1/studies", {
      method: "POST",
      body,
      headers: { ...held, origin: "https://evil.example" },
    });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("foreign-origin")]);
    const made = await ask("/api/v1/studies", { method: "POST", body, headers: { ...held, origin } });
    expect([made.status, made.headers.location]).toEqual([201, "/hpo/api/v1/studies/s"]);
    const elsewhere = await ask("/api/v1/studies", {
      headers: { host: "other.example", authorization: `Bearer ${token}` },
    });
    expect(elsewhere.status).toBe(421);
  });

  test("events come as they happen, and files of more than a mebibyte are taken", async () => {
    const { token, ask, open } = await proxied();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const post = (path: string, body: object): Promise<Answer> =>
      ask(`/api/v1/studies${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    await post("", { name: "s", space: { x: { type: "float", low: 0, high: 1 } }, sampler: "random", pruner: "nop" });
    const stream = await open("/api/v1/studies/s/events", { headers });
    expect(stream.statusCode).toBe(200);
    let seen = "";
    stream.on("data", (part: Buffer) => (seen += part.toString()));
    stream.on("error", () => undefined);
    // The stream stays open: whatever of it came through was not gathered until its end.
    const asked = JSON.parse((await post("/s/ask", {})).text) as { lease: { token: string } };
    await expect.poll(() => seen).toContain('"number":[0]');
    const before = seen.length;
    await post("/s/trials/0/reports", { lease: asked.lease.token, step: 1, value: 0.5 });
    await expect.poll(() => seen.slice(before)).toContain("0.5");
    const file = Buffer.alloc(5 * 2 ** 20, "weights");
    const put = await ask("/api/v1/studies/s/trials/0/files/model.pt", {
      ...{ method: "PUT", body: file },
      headers: { authorization: headers.authorization, "lease-token": asked.lease.token },
    });
    expect([put.status, JSON.parse(put.text)]).toMatchObject([200, { size: file.length }]);
    expect(stream.readableEnded).toBe(false);
    stream.destroy();
  });
});
