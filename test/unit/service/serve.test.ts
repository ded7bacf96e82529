/** A storage that is served: what is refused before anything listens, one service a storage, TLS, tokens beside it. */
import { X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { StudyHost } from "../../../src/host/host.js";
import { openService } from "../../../src/service/open.js";
import { runningService } from "../../../src/service/running.js";
import { TokenStore } from "../../../src/service/security/tokens.js";
import { serve } from "../../../src/service/serve.js";
import type { OpenHost, ServedStorage, ServeOptions } from "../../../src/service/serve.js";
import { emptyFolder } from "../../integration/cli.js";
import { fakeHost } from "./fake-host.js";

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/service/${name}`, import.meta.url));
const [cert, key] = [fixture("localhost.cert.pem"), fixture("localhost.key.pem")];

interface Opened {
  readonly asked: Parameters<OpenHost>[0][];
  readonly calls: string[];
}

/** A host that notes how it is opened and what is asked of it. */
function noted(): Opened & { readonly open: OpenHost } {
  const [asked, calls]: [Parameters<OpenHost>[0][], string[]] = [[], []];
  const open: OpenHost = async (options) => {
    asked.push(options);
    const host: StudyHost = fakeHost({
      resume: async () => void calls.push(`resume at ${options.url()}`),
      close: async () => void calls.push("close"),
    });
    return host;
  };
  return { asked, calls, open };
}

async function served(options: Partial<ServeOptions> = {}, open = noted().open): Promise<ServedStorage> {
  const storage = options.storage ?? (await emptyFolder());
  const service = await serve({ storage, version: "0", host: "127.0.0.1", port: 0, ...options }, open);
  onTestFinished(() => service.close());
  return service;
}

/** The line of a refusal. */
async function refusal(options: Partial<ServeOptions>): Promise<string> {
  return served(options).then(
    () => "served",
    (error: { code: string; exitCode: number; message: string }) => `${error.exitCode} ${error.code}: ${error.message}`,
  );
}

test("beyond this machine it takes TLS or a proxy: one line names both", async () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "lab.example.org"]) {
    const line = await refusal({ host });
    expect(line).toMatch(/^2 insecure-address: --host .*--tls-cert FILE and --tls-key FILE.*--behind-proxy/);
    expect(line).not.toContain("\n");
  }
  const open = await served({ host: "0.0.0.0", behindProxy: true });
  expect(open.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test("what does not go together, or is not there, is said before anything is made", async () => {
  const parent = await emptyFolder();
  const storage = join(parent, "studies");
  const file = join(parent, "file");
  await writeFile(file, "x");
  expect(await refusal({ storage, tlsCert: cert })).toMatch(/^2 conflicting-options: .*--tls-key FILE goes with it/);
  expect(await refusal({ storage, tlsKey: key })).toMatch(/^2 conflicting-options: .*--tls-cert FILE goes with it/);
  expect(await refusal({ storage, tlsCert: cert, tlsKey: key, behindProxy: true })).toMatch(/^2 conflicting-options: /);
  expect(await refusal({ storage, tlsCert: join(parent, "no.pem"), tlsKey: key })).toMatch(
    /^2 invalid-tls: --tls-cert .*no\.pem: cannot be read/,
  );
  expect(await refusal({ storage, tlsCert: file, tlsKey: key })).toMatch(/^2 invalid-tls: --tls-cert .*no certificate/);
  expect(await refusal({ storage, tlsCert: cert, tlsKey: cert })).toMatch(/^2 invalid-tls: --tls-key .*no private key/);
  expect(await refusal({ storage, tlsCert: cert, tlsKey: fixture("other.key.pem") })).toMatch(
    /^2 invalid-tls: .*do not belong together/,
  );
  expect(await refusal({ storage, allow: [join(parent, "nowhere")] })).toMatch(/^2 invalid-option: --allow .*folder/);
  expect(await refusal({ storage, allow: [file] })).toMatch(/^2 invalid-option: --allow .*folder/);
  expect(await refusal({ storage, allowedHosts: ["https://x"] })).toMatch(/^2 invalid-option: --allowed-host /);
  expect(await refusal({ storage, pathPrefix: '/"x' })).toMatch(/^2 invalid-option: --path-prefix /);
  expect(await refusal({ storage: "s3://bucket/x" })).toMatch(/^2 invalid-option: --storage /);
  expect(await refusal({ storage: join(file, "x") })).toMatch(/^2 cannot-write: /);
  await expect(stat(storage)).rejects.toThrow("ENOENT");
});

test("a storage that cannot be written is said in a line", async () => {
  // Root may write everywhere but where the system itself refuses.
  const line = await refusal({ storage: "/proc/studies" });
  expect(line).toMatch(/^2 cannot-write: cannot write /);
});

test("a storage has one service; when that ends the next one has it", async () => {
  const storage = await emptyFolder();
  const { open, calls } = noted();
  const first = await served({ storage }, open);
  expect(calls).toEqual([`resume at ${first.url}`]);
  expect(await refusal({ storage })).toMatch(
    new RegExp(`^1 service-running: .* by process ${process.pid} on .*, at ${first.url}: stop it`),
  );
  await first.close();
  expect(calls).toEqual([`resume at ${first.url}`, "close"]);
  expect(await runningService(storage)).toBeNull();
  const second = await served({ storage });
  expect([second.token, (await runningService(storage))?.url]).toEqual([first.token, second.url]);
});

test("a start that fails leaves nothing open and nothing claimed", async () => {
  const first = await served();
  const [storage, { open, calls }] = [await emptyFolder(), noted()];
  const port = Number(new URL(first.url).port);
  await expect(served({ storage, port }, open)).rejects.toMatchObject({ code: "port-in-use", exitCode: 2 });
  expect([calls, await runningService(storage)]).toEqual([["close"], null]);
  await served({ storage });
});

test("open has the URL with the token of the service that runs, and says where none does", async () => {
  const storage = await emptyFolder();
  await expect(openService(storage)).rejects.toMatchObject({ code: "no-service", exitCode: 1 });
  const { url, token } = await served({ storage });
  expect((await openService(storage)).url).toBe(`${url}#token=${token}`);
});

test("what the host is told: folders with their links followed", async () => {
  const folder = await emptyFolder();
  await mkdir(join(folder, "objectives"));
  await symlink(join(folder, "objectives"), join(folder, "link"));
  const { open, asked } = noted();
  await served({ allow: [join(folder, "link")], workers: 3, isolation: "process" }, open);
  expect(asked).toMatchObject([{ allow: [join(folder, "objectives")], workers: 3, isolation: "process" }]);
});

test("with a certificate it speaks TLS, and marks its cookie for it", async () => {
  const { url, token } = await served({ tlsCert: cert, tlsKey: key });
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const body = JSON.stringify({ token });
  const ca = await readFile(cert, "utf8");
  const cookie = await new Promise<string>((resolve, reject) => {
    const headers = { origin: url, "content-type": "application/json" };
    request(`${url}/api/v1/session`, { method: "POST", headers, ca, agent: false }, (answer) => {
      answer.resume();
      resolve(`${answer.statusCode} ${String(answer.headers["set-cookie"])}`);
    })
      .on("error", reject)
      .end(body);
  });
  expect(cookie).toMatch(/^204 .*; Secure$/);
});

/** The fingerprint of the certificate that a new connection is shown. */
function shownCertificate(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("a certificate that is renewed is used without a restart; one that is none is not, and the operator is told", async () => {
  const folder = await emptyFolder();
  const files = { tlsCert: join(folder, "cert.pem"), tlsKey: join(folder, "key.pem") };
  const [first, second] = await Promise.all(
    ["localhost", "other"].map(async (name) => ({
      cert: await readFile(fixture(`${name}.cert.pem`), "utf8"),
      key: await readFile(fixture(`${name}.key.pem`), "utf8"),
    })),
  );
  const print = (of: { cert: string } | undefined): string => new X509Certificate(of?.cert ?? "").fingerprint256;
  await writeFile(files.tlsCert, first?.cert ?? "");
  await writeFile(files.tlsKey, first?.key ?? "");
  const told: string[] = [];
  const tell = (kind: string, line: string): void => void told.push(`${kind}: ${line}`);
  const { url } = await served({ ...files, tell, tlsLookMs: 5 });
  expect(await shownCertificate(url)).toBe(print(first));
  // Half of a renewal that goes no further: they do not belong together.
  await writeFile(files.tlsCert, second?.cert ?? "");
  await expect.poll(() => told.length).toBe(1);
  expect(told[0]).toMatch(
    /^warning: --tls-cert .*do not belong together.*; the certificate that was read before stays/,
  );
  expect(told[0]).not.toContain("\n");
  expect(await shownCertificate(url)).toBe(print(first));
  // One connection stays open over the renewal.
  const agent = new Agent({ keepAlive: true, ca: first?.cert ?? "", maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const health = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request(`${url}/health`, { agent }, (answer) => answer.resume().on("end", () => resolve(answer.statusCode)))
        .on("error", reject)
        .end();
    });
  expect(await health()).toBe(200);
  await writeFile(files.tlsKey, second?.key ?? "");
  await expect.poll(() => shownCertificate(url)).toBe(print(second));
  expect(told.slice(1)).toEqual([
    expect.stringMatching(/^note: the certificate was renewed: .* good until \d{4}-\d\d-\d\d$/),
  ]);
  expect(await health()).toBe(200);
  // What cannot be read any more is told once, and changes nothing.
  await rm(files.tlsKey);
  await expect.poll(() => told.length).toBe(3);
  expect(told[2]).toMatch(/^warning: --tls-key .*cannot be read/);
  expect(await shownCertificate(url)).toBe(print(second));
  await writeFile(files.tlsKey, second?.key ?? "");
  await writeFile(files.tlsCert, first?.cert ?? "");
  await writeFile(files.tlsKey, first?.key ?? "");
  await expect.poll(() => shownCertificate(url)).toBe(print(first));
});

test("files that others could read are taken back", async () => {
  if (process.platform === "win32") return;
  const storage = await emptyFolder();
  const first = await served({ storage });
  await first.close();
  const folder = join(storage, ".service");
  await chmod(folder, 0o755);
  await chmod(join(folder, "token"), 0o644);
  await served({ storage });
  const modes = await Promise.all([folder, join(folder, "token")].map(async (path) => (await stat(path)).mode & 0o777));
  expect(modes).toEqual([0o700, 0o600]);
});

test("a damaged token file is said, not replaced", async () => {
  const storage = await emptyFolder();
  await (await served({ storage })).close();
  await writeFile(join(storage, ".service", "token"), "short\n");
  expect(await refusal({ storage })).toMatch(/^2 invalid-token-file: .*delete it/);
  expect(await readFile(join(storage, ".service", "token"), "utf8")).toBe("short\n");
});

test("tokens made by several at once are all there; their texts are nowhere", async () => {
  const storage = await emptyFolder();
  const names = Array.from({ length: 8 }, (_, i) => `t${i}`);
  const made = await Promise.all(
    names.map(async (name) =>
      (await TokenStore.open(storage)).create({ name, scopes: ["read"], studies: null, expiresAt: null }),
    ),
  );
  const store = await TokenStore.open(storage);
  expect((await store.list()).map(({ name }) => name).sort()).toEqual(names);
  const file = await readFile(join(storage, ".service", "tokens.json"), "utf8");
  expect(made.filter(({ text }) => file.includes(text))).toEqual([]);
  for (const { text } of made) expect(await store.identify(text)).toMatchObject({ scopes: ["read"] });
  expect(new Set(made.map(({ text }) => text)).size).toBe(8);
  if (process.platform !== "win32")
    expect((await stat(join(storage, ".service", "tokens.json"))).mode & 0o777).toBe(0o600);
  // 256 bits in base64url.
  expect(made[0]?.text).toMatch(/^hpo_[A-Za-z0-9_-]{43}$/);
  await rm(join(storage, ".service", "tokens.json"));
});

test("a service hears of tokens that another process makes and revokes", async () => {
  const storage = await emptyFolder();
  const { url } = await served({ storage });
  const other = TokenStore.at(storage);
  const { text } = await other.create({ name: "late", scopes: ["read"], studies: null, expiresAt: null });
  const status = async (): Promise<number> => {
    const answer = await fetch(`${url}/api/v1/server`, { headers: { authorization: `Bearer ${text}` } });
    await answer.arrayBuffer();
    return answer.status;
  };
  await expect.poll(status).toBe(200);
  await other.revoke("late");
  await expect.poll(status).toBe(401);
});

test("a file of tokens that cannot be read lets nobody in by name, and the first token still", async () => {
  const storage = await emptyFolder();
  const store = await TokenStore.open(storage);
  const { text } = await store.create({ name: "named", scopes: ["read"], studies: null, expiresAt: null });
  expect(await store.identify(text)).not.toBeNull();
  await writeFile(join(storage, ".service", "tokens.json"), "{");
  store.lookAgain();
  for (let again = 0; again < 2; again++)
    await expect(store.identify(text)).rejects.toMatchObject({ code: "invalid-token-file" });
  expect(await store.identify(store.first as string)).not.toBeNull();
  await expect(store.list()).rejects.toMatchObject({ code: "invalid-token-file" });
});
