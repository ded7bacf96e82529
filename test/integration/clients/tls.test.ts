/** The clients over TLS: with a certificate that nobody knows, with a trusted one, and below a path of a proxy that has the TLS. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, onTestFinished, test } from "vitest";
import { openStudyHost } from "../../../src/host/index.js";
import { ManualExecutor } from "../../fixtures/study/studies.js";
import { aService } from "../../unit/service/a-service.js";
import { projectRoot } from "../cli.js";
import { python, pythonOf, versions } from "./pythons.js";

const file = (name: string): string => fileURLToPath(new URL(`../../fixtures/service/${name}`, import.meta.url));
const ca = file("localhost.cert.pem");

/** A service behind a proxy of TLS that serves it below `/team/hpo`; its URL, token included. */
async function behindProxy(): Promise<{ readonly url: string; readonly asked: string[] }> {
  const storage = await mkdtemp(join(tmpdir(), "tls-"));
  const host = await openStudyHost({ storage, executor: new ManualExecutor(1) });
  const service = await aService({ behindProxy: true }, host);
  const inner = new URL(await service.listen());
  const asked: string[] = [];
  const tls = { cert: await readFile(ca), key: await readFile(file("localhost.key.pem")) };
  const proxy = createServer(tls, ({ url = "", method = "", headers, socket }, answer) => {
    asked.push(`${method} ${url}`);
    const prefix = "/team/hpo";
    if (!url.startsWith(`${prefix}/`)) return void answer.writeHead(404).end();
    const told = {
      "x-forwarded-for": socket.remoteAddress,
      "x-forwarded-proto": "https",
      "x-forwarded-prefix": prefix,
    };
    const onward = { method, path: url.slice(prefix.length), headers: { ...headers, ...told } };
    const passed = request({ host: inner.hostname, port: inner.port, ...onward }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    answer.req.pipe(passed);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await host.close({ graceMs: 0 });
    await rm(storage, { recursive: true });
  });
  const { port } = proxy.address() as AddressInfo;
  return { url: `https://localhost:${port}/team/hpo#token=${service.token}`, asked };
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program, with these variables and without any that would have it trust more than others do. */
async function run(command: string, words: readonly string[], given: Readonly<Record<string, string>>): Promise<Ran> {
  const { SSL_CERT_FILE: _a, NODE_EXTRA_CA_CERTS: _b, ...env } = process.env;
  const child = spawn(command, words, { env: { ...env, ...given, PYTHONDONTWRITEBYTECODE: "1" } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, stdout, stderr };
}

/** A trial from its start to its end, with a file and reports. */
const PYTHON = `
import os, sys
sys.path.insert(0, "clients/python")
import mlbench_hpo as hpo
client = hpo.connect(retry_seconds=2, cafile=os.environ.get("GIVEN_CA"))
try:
    study = client.create_study("s", {"x": hpo.real(0, 1)}, sampler="random", pruner="nop", seed=1)
except hpo.HpoError as error:
    print(error.code, error.detail)
    sys.exit(3)
trial = study.ask()
trial.report(0.5, 1)
trial.upload("clients/python/README.md")
trial.tell(0.25)
print([record.value for record in study.trials])
`;

const TYPESCRIPT = `
import { Client, HpoError, real } from "./mlbench-hpo.js";
const client = new Client({ url: process.env.MLBENCH_HPO_URL!, retrySeconds: 2 });
try {
  const study = await client.createStudy({ name: "s", space: { x: real(0, 1) }, sampler: "random", pruner: "nop", seed: 1 });
  const trial = await study.ask();
  await trial!.report(1, 0.5);
  console.log((await trial!.tell({ value: 0.25 })).value);
} catch (error) {
  if (!(error instanceof HpoError)) throw error;
  console.log(error.code, error.message);
  process.exitCode = 3;
}
`;

const pythons = [["this machine's", python] as const, ...versions.map((one) => [one, pythonOf(one)] as const)];

for (const [version, interpreter] of pythons) {
  if (interpreter === null) console.log(`skipped: no Python ${version} is there`);
  describe.skipIf(interpreter === null)(`the client under Python ${version}`, { timeout: 60_000 }, () => {
    const tune = (env: Readonly<Record<string, string>>): Promise<Ran> =>
      run(interpreter as string, ["-c", PYTHON], env);

    test("says in a line what to do about a certificate that is not trusted, at once", async () => {
      const { url, asked } = await behindProxy();
      const { code, stdout, stderr } = await tune({ MLBENCH_HPO_URL: url });
      expect([code, stderr]).toEqual([3, ""]);
      expect(stdout).toMatch(
        /^invalid-certificate https:\/\/localhost:\d+\/team\/hpo: its certificate is not trusted \([^)\n]+\); cafile=FILE or SSL_CERT_FILE=FILE [^\n]*\n$/,
      );
      expect(stdout).not.toContain("hpo_");
      expect(asked).toEqual([]);
    });

    test("trusts what cafile or SSL_CERT_FILE names, and finds a service below a path", async () => {
      for (const variable of ["GIVEN_CA", "SSL_CERT_FILE"]) {
        const { url, asked } = await behindProxy();
        expect(await tune({ MLBENCH_HPO_URL: url, [variable]: ca })).toEqual({
          code: 0,
          stdout: "[0.25]\n",
          stderr: "",
        });
        expect(asked).toContain("PUT /team/hpo/api/v1/studies/s/trials/0/files/README.md");
        expect(asked.every((line) => line.includes(" /team/hpo/api/v1/"))).toBe(true);
      }
    });

    test("names a cafile that holds no certificates, and a service that speaks no TLS", async () => {
      const given = { MLBENCH_HPO_URL: "https://localhost:1#token=t", GIVEN_CA: "package.json" };
      expect((await tune(given)).stderr).toMatch(/ValueError: cafile package\.json: cannot be read as certificates/);
      const plain = await aService();
      const url = (await plain.listen()).replace("http:", "https:");
      expect(await tune({ MLBENCH_HPO_URL: `${url}#token=t` })).toMatchObject({
        code: 3,
        stdout: `no-tls ${url}: it speaks no TLS: try http://\n`,
      });
    });
  });
}

describe("the TypeScript client", { timeout: 60_000 }, () => {
  const tune = async (env: Readonly<Record<string, string>>): Promise<Ran> => {
    const folder = await mkdtemp(join(tmpdir(), "tls-ts-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { outputFiles } = await build({
      stdin: { contents: TYPESCRIPT, loader: "ts", resolveDir: join(projectRoot, "clients", "typescript") },
      ...({ bundle: true, format: "esm", write: false, platform: "node" } as const),
    });
    await writeFile(join(folder, "tune.mjs"), outputFiles[0]?.text ?? "");
    return run(process.execPath, [join(folder, "tune.mjs")], env);
  };

  test("says in a line what to do about a certificate that is not trusted, at once", async () => {
    const { url, asked } = await behindProxy();
    const { code, stdout, stderr } = await tune({ MLBENCH_HPO_URL: url });
    expect([code, stderr]).toEqual([3, ""]);
    expect(stdout).toMatch(
      /^invalid-certificate https:\/\/localhost:\d+\/team\/hpo\/api\/v1: its certificate is not trusted \([^)\n]+\); NODE_EXTRA_CA_CERTS=FILE [^\n]*\n$/,
    );
    expect(asked).toEqual([]);
  });

  test("trusts what NODE_EXTRA_CA_CERTS names, and finds a service below a path", async () => {
    const { url, asked } = await behindProxy();
    const ran = await tune({ MLBENCH_HPO_URL: url, NODE_EXTRA_CA_CERTS: ca });
    expect(ran).toEqual({ code: 0, stdout: "0.25\n", stderr: "" });
    expect(asked.every((line) => line.includes(" /team/hpo/api/v1/"))).toBe(true);
  });

  test("says of a service that speaks no TLS which URL to try", async () => {
    const plain = await aService();
    const url = (await plain.listen()).replace("http:", "https:");
    expect((await tune({ MLBENCH_HPO_URL: `${url}#token=t` })).stdout).toBe(
      `no-tls ${url}/api/v1: it speaks no TLS: try http://\n`,
    );
  });
});
