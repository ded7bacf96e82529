/** `mlbench-hpo serve` as a process: its first line, its signals, what is said when it cannot start. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { emptyFolder, projectRoot, runHere } from "./cli.js";

interface Serving {
  readonly child: ChildProcess;
  readonly line: string;
  readonly url: string;
  readonly token: string | null;
  readonly stderr: () => string;
  readonly ended: Promise<readonly [code: number | null]>;
}

async function serving(cwd: string, ...options: string[]): Promise<Serving> {
  const words = [join(projectRoot, "bin", "mlbench-hpo.js"), "serve", "--port", "0", "--workers", "1", ...options];
  const child = spawn(process.execPath, words, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, "exit").then(([code]) => [code as number | null] as const);
  await expect.poll(() => stdout.includes("\n") || child.exitCode !== null).toBe(true);
  const [line = ""] = stdout.split("\n");
  const [, url = "", token = null] = / at (\S+?)(?:#token=(\S+))?$/.exec(line) ?? [];
  return { child, line, url, token, stderr: () => stderr, ended };
}

test("from the first line to SIGTERM: served, found by others, drained", async () => {
  const cwd = await emptyFolder();
  const { child, line, url, token, stderr, ended } = await serving(cwd, "--storage", "my studies", "--verbose");
  expect(line).toBe(`mlbench-hpo serving my studies at ${url}#token=${token}`);
  const answer = await fetch(`${url}/api/v1/server`, { headers: { authorization: `Bearer ${token}` } });
  expect(await answer.json()).toMatchObject({ storage: join(cwd, "my studies"), url });

  expect(await runHere(["open", "--storage", "my studies"], cwd)).toMatchObject({
    ...{ code: 0, stdout: `${url}#token=${token}\n` },
  });
  const second = await runHere(["serve", "--storage", "my studies", "--port", "0"], cwd);
  expect([second.code, second.stdout]).toEqual([1, ""]);
  expect(second.stderr).toBe(
    `error: ${join(cwd, "my studies")} is served already by process ${child.pid} on ${hostname()}, ` +
      `at ${url}: stop it, or serve another folder\n`,
  );
  // What a name might do to the terminal of whoever reads the log.
  await fetch(`${url}/studies/%1b%5d0;owned%07`);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0]);
  expect(stderr()).toContain(" first GET /api/v1/server 200 ");
  expect(stderr()).not.toContain(token as string);
  expect(stderr()).not.toMatch(/[\u001b\u0007]/);
});

test("one Ctrl-C drains and ends with 0, a second ends with 130", async () => {
  const cwd = await emptyFolder();
  const once = await serving(cwd, "--no-print-token");
  expect(once.line).toBe(`mlbench-hpo serving studies at ${once.url}`);
  once.child.kill("SIGINT");
  expect(await once.ended).toEqual([0]);
  const twice = await serving(cwd);
  // A request that is under way holds the end up.
  const socket = connect(Number(new URL(twice.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  const head = `Host: localhost\r\nAuthorization: Bearer ${twice.token}\r\nContent-Type: application/json`;
  socket.write(`POST /api/v1/tokens HTTP/1.1\r\n${head}\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{`);
  await new Promise((resolve) => socket.once("data", resolve));
  twice.child.kill("SIGINT");
  await expect.poll(twice.stderr).toContain("stopping");
  twice.child.kill("SIGINT");
  expect(await twice.ended).toEqual([130]);
});

test("after a kill -9 the retry that a run waited for is run, here and elsewhere, though the goal is met", async () => {
  const cwd = await emptyFolder();
  const objective = `import { existsSync } from "node:fs";
export const space = { x: { type: "float", low: 0, high: 1 } };
export default async (trial) => {
  if (trial.number === 0) throw new Error("once");
  if (!existsSync(${JSON.stringify(join(cwd, "open"))})) await new Promise((resolve) => setTimeout(resolve, 1e9));
  return trial.params.x;
};
`;
  await writeFile(join(cwd, "objective.mjs"), objective);
  const api = async (path: string, body?: object): Promise<Record<string, never>> => {
    const { url, token } = service;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const post = body ? { method: "POST", body: JSON.stringify(body) } : {};
    const answer = await fetch(`${url}/api/v1/studies${path}`, { headers, ...post });
    expect([path, answer.status]).toEqual([path, expect.toBeOneOf([200, 201, 202]) as number]);
    return (await answer.json()) as Record<string, never>;
  };
  const recordsOf = async (study: string): Promise<unknown[]> => {
    const { trials } = await api(`/${study}/trials`);
    return (trials as unknown as Record<string, unknown>[]).map(({ number, state, retry_of }) => [
      number,
      state,
      retry_of,
    ]);
  };
  let service = await serving(cwd, "--storage", "kept", "--allow", ".");
  await api("", { name: "near", objective: join(cwd, "objective.mjs"), seed: 1 });
  await api("", { name: "far", space: { x: { type: "float", low: 0, high: 1 } }, seed: 1 });
  for (const study of ["near", "far"]) await api(`/${study}/run`, { trials: 1, max_retries: 1 });
  const asked = await api("/far/ask", { wait_seconds: 30 });
  const { token: lease } = asked["lease"] as unknown as { token: string };
  await api("/far/trials/0/tell", { lease, state: "failed", message: "once" });
  await expect.poll(() => recordsOf("near"), { timeout: 30_000 }).toContainEqual([1, "running", 0]);
  await expect.poll(() => recordsOf("far")).toContainEqual([1, "waiting", 0]);
  service.child.kill("SIGKILL");
  await service.ended;

  await writeFile(join(cwd, "open"), "");
  service = await serving(cwd, "--storage", "kept", "--allow", ".");
  const again = await api("/far/ask", { wait_seconds: 30 });
  expect(again).toMatchObject({ number: 1, attempt: 1, params: asked["params"] });
  await api("/far/trials/1/tell", { lease: (again["lease"] as unknown as { token: string }).token, value: 1 });
  for (const study of ["near", "far"]) {
    const run = (): Promise<object> => api(`/${study}/run`);
    await expect.poll(run, { timeout: 30_000 }).toMatchObject({ state: "finished", stopped_by: "trials" });
    const records = await recordsOf(study);
    expect(records).toHaveLength(2);
    expect(records).toEqual(
      expect.arrayContaining([
        [0, "failed", null],
        [1, "complete", 0],
      ]),
    );
  }
});

test("what cannot be served is an error of one line", async () => {
  const cwd = await emptyFolder();
  const line = async (...words: string[]) => {
    const { code, stdout, stderr } = await runHere(["serve", ...words], cwd);
    expect(stdout).toBe("");
    return `${code} ${stderr}`;
  };
  expect(await line("--host", "0.0.0.0")).toMatch(
    /^2 error: --host 0\.0\.0\.0: [^\n]*--tls-cert[^\n]*--behind-proxy[^\n]*\n$/,
  );
  expect(await line("--tls-cert", "a.pem", "--tls-key", "b.pem")).toMatch(
    /^2 error: --tls-cert a\.pem: cannot be read [^\n]*\n$/,
  );
  expect(await line("--port", "70000")).toBe("2 error: --port 70000: expected a whole number from 0 to 65535\n");
  expect(await line("--isolation", "tread", "--port", "0")).toMatch(/^2 error: [^\n]*did you mean "thread"[^\n]*\n$/);
});

test("tokens: made, listed and revoked, their text shown once and in no file", async () => {
  const cwd = await emptyFolder();
  await mkdir(join(cwd, "studies"));
  expect(await runHere(["tokens", "list"], cwd)).toMatchObject({
    ...{ code: 0, stdout: "no token beside the first one; mlbench-hpo tokens create NAME --scope read makes one\n" },
  });
  const made = await runHere(
    ["tokens", "create", "lab", "--scope", "worker", "--study", "a,b", "--expires", "90d", "--log-file", "log.txt"],
    cwd,
  );
  expect(made).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('token "lab" (worker; a, b; until ') as string,
  });
  const text = made.stdout.trim();
  expect(text).toMatch(/^hpo_[A-Za-z0-9_-]{43}$/);
  const listed = await runHere(["tokens", "list", "--format", "json"], cwd);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ name: "lab", scopes: ["worker"], studies: ["a", "b"] }]);
  expect(listed.stdout).not.toMatch(/sha256/);
  const files = await readdir(cwd, { recursive: true, withFileTypes: true });
  const holding = await Promise.all(
    files
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) =>
        (await readFile(join(parentPath, name), "utf8")).includes(text) ? [name] : [],
      ),
  );
  expect([files.length > 3, holding.flat()]).toEqual([true, []]);
  const revoked = await runHere(["tokens", "revoke", "lab"], cwd);
  expect(revoked).toMatchObject({ code: 0, stdout: 'revoked "lab"\n' });
  const line = async (...words: string[]) => (await runHere(["tokens", ...words], cwd)).stderr;
  expect(await line("revoke", "lab")).toBe('error: unknown token "lab": there are none\n');
  expect(await line("create", "x", "--scope", "rea")).toMatch(/^error: scope rea: did you mean "read"\?/);
  expect(await line("create", "x", "--scope", "read", "--expires", "yesterday")).toMatch(
    /^error: --expires yesterday: /,
  );
  expect(await line("create", "\u001b[2J", "--scope", "read")).not.toContain("\u001b");
});
