/** The lines for nginx and Caddy of docs/service.md, in the real ones (Debian's `nginx-light` and `caddy`) in front of a real service. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
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

const found = (names: readonly string[], ask: string): string | undefined =>
  names.find((program) => spawnSync(program, [ask]).status === 0);

const fixtures = join(projectRoot, "test", "fixtures", "service");
const HOST = "hpo.example.org";

/** The page's lines for a proxy, for a service at this port. @param which of its blocks */
async function documented(heading: string, port: number, which = 0): Promise<string> {
  const page = await readFile(join(projectRoot, "docs", "service.md"), "utf8");
  const section = page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const block = [...section.matchAll(/^```\w*\n(.*?)^```/gms)][which]?.[1] ?? "";
  expect(block).toContain("127.0.0.1:7070");
  return block.replaceAll("127.0.0.1:7070", `127.0.0.1:${port}`);
}

/** Where a proxy is to listen, and for what. */
interface Place {
  readonly folder: string;
  readonly port: number;
  /** The service's port. */
  readonly inner: number;
}

/** A proxy: what stands around the page's lines, and how it is started. */
interface Proxy {
  readonly name: string;
  readonly program: string | undefined;
  /** The path that it hands on. */
  readonly prefix: string;
  /** What it answers a request with another name. */
  readonly elsewhere: number;
  readonly start: (program: string, place: Place) => Promise<ChildProcess>;
}

/** @param which of the page's blocks */
function caddy(name: string, prefix: string, which: number): Proxy {
  return {
    // A name that its file does not have is not handed on.
    ...{ name, program: found(["caddy"], "version"), prefix, elsewhere: 200 },
    start: async (program, { folder, port, inner }) => {
      const options = [
        ...["admin off", "local_certs", "skip_install_trust", "auto_https disable_redirects"],
        ...["default_bind 127.0.0.1", `https_port ${port}`, `storage file_system ${folder}/caddy`],
      ];
      const file = join(folder, "Caddyfile");
      const site = await documented("Caddy", inner, which);
      await writeFile(file, `{\n${options.map((line) => `    ${line}\n`).join("")}}\n${site}`);
      const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
      return spawn(program, ["run", "--config", file, "--adapter", "caddyfile"], {
        ...{ stdio: ["ignore", "ignore", "pipe"], env },
      });
    },
  };
}

const proxies: readonly Proxy[] = [
  {
    ...{ name: "nginx", program: found(["nginx", "/usr/sbin/nginx"], "-v"), prefix: "/hpo", elsewhere: 421 },
    start: async (program, { folder, port, inner }) => {
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
    ${await documented("nginx", inner)}
  }
}
`,
      );
      return spawn(program, ["-p", folder, "-c", "nginx.conf"], { stdio: ["ignore", "ignore", "pipe"] });
    },
  },
  caddy("Caddy", "", 0),
  caddy("Caddy below a path", "/hpo", 1),
];

interface Proxied {
  readonly token: string;
  /** The answer to a request below the proxy's path of `https://hpo.example.org`. */
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

async function proxied({ program, prefix, start }: Proxy): Promise<Proxied> {
  const folder = await mkdtemp(join(tmpdir(), "proxied-"));
  const host = await openStudyHost({ storage: join(folder, "studies"), executor: new ManualExecutor(1) });
  const service = await aService(
    { behindProxy: true, allowedHosts: [HOST], assetsFolder: join(projectRoot, "dist", "web") },
    host,
    join(folder, "studies"),
  );
  const inner = Number(new URL(await service.listen()).port);
  const port = await freePort();
  const child = await start(program as string, { folder, port, inner });
  let said = "";
  child.stderr?.on("data", (part: Buffer) => (said += part.toString()));
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
      const options = {
        host: "127.0.0.1",
        port,
        servername: HOST,
        path: `${prefix}${path}`,
        method,
        headers: sent,
        agent: false,
      };
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

describe.for(proxies)("the service behind $name, as the page says", { timeout: 60_000 }, (proxy) => {
  const { program, prefix, name } = proxy;
  if (program === undefined) console.log(`skipped: ${name} is not there (Debian: nginx-light, caddy)`);

  test.skipIf(program === undefined)(
    "pages, cookies, origins and links are those of the proxy's name and path",
    async () => {
      const { token, ask } = await proxied(proxy);
      const page = await ask("/");
      expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
      const script = /src="([^"]+\.js)"/.exec(page.text)?.[1] ?? "";
      expect(script.startsWith(`${prefix}/`)).toBe(true);
      expect((await ask(script.slice(prefix.length))).status).toBe(200);
      const origin = `https://${HOST}`;
      const json = { "content-type": "application/json" };
      const login = await ask("/api/v1/session", {
        method: "POST",
        headers: { ...json, origin },
        body: JSON.stringify({ token }),
      });
      expect(login.status).toBe(204);
      const [cookie = ""] = login.headers["set-cookie"] ?? [];
      expect(/; Path=([^;]*);/.exec(cookie)?.[1]?.startsWith(`${prefix}/`)).toBe(true);
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
      expect([made.status, made.headers.location]).toEqual([201, `${prefix}/api/v1/studies/s`]);
      const elsewhere = await ask("/api/v1/studies", {
        headers: { host: "other.example", authorization: `Bearer ${token}` },
      });
      expect([elsewhere.status, elsewhere.text.includes('"studies"')]).toEqual([proxy.elsewhere, false]);
    },
  );

  test.skipIf(program === undefined)(
    "events come as they happen, and files of more than a mebibyte are taken",
    async () => {
      const { token, ask, open } = await proxied(proxy);
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
    },
  );
});
