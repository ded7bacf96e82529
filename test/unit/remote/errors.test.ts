/** What goes wrong between a command and a service is one line, with the exit code that it has without a service. */
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { aBowl, aHostedService } from "../service/a-hosted-service.js";
import { ServiceClient } from "../../../src/remote/client.js";
import { typed } from "../../fixtures/cli/typed.js";

afterEach(() => vi.unstubAllEnvs());

/** A server that is no service. */
async function aServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "remote-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const line = (code: number, text: string) => ({
  code,
  out: "",
  err: expect.stringMatching(new RegExp(`^error: [^\n]*${text}[^\n]*\n$`)) as string,
});

test("tokens: none, a wrong one, one of too little scope, from a file and from the environment", async () => {
  const { url, token, folder, newToken } = await aHostedService();
  await aBowl(folder, 2);
  expect(await typed(["show", "bowl", "--server", url])).toEqual(
    line(2, "wants a token: --token-file FILE, MLBENCH_HPO_TOKEN"),
  );
  expect(await typed(["show", "bowl", "--server", `${url}#token=hpo_wrong`])).toEqual(
    line(2, "does not take this token"),
  );
  const reader = await newToken(["read"]);
  expect(await typed(["study", "note", "bowl", "x", "--server", `${url}#token=${reader}`])).toEqual(
    line(2, "this needs a token of scope run"),
  );
  const file = join(await aFolder(), "token");
  await writeFile(file, `${token}\n`);
  const names = { code: 0, out: "bowl\n", err: "" };
  expect(await typed(["studies", "--format", "value", "--server", url, "--token-file", file])).toEqual(names);
  expect(await typed(["studies", "--server", url, "--token-file", `${file}s`])).toEqual(
    line(2, "--token-file .*ENOENT"),
  );
  vi.stubEnv("MLBENCH_HPO_SERVER", `${url}/`);
  vi.stubEnv("MLBENCH_HPO_TOKEN", token);
  expect(await typed(["studies", "--format", "value"])).toEqual(names);
  // What is typed comes before what is set.
  expect((await typed(["studies", "--storage", folder, "--format", "json"])).out).toContain(join(folder, "bowl.json"));
});

test("a proxy without its service is a service that is not there, and not another server", async () => {
  const url = await aServer((_request, response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>");
  });
  expect(await typed(["studies", "--server", `${url}#token=x`])).toEqual(
    line(1, "cannot be reached: what stands before it answers 502; is mlbench-hpo serve running there\\?"),
  );
});

test("events are followed on when a proxy has its service back", async () => {
  let asked = 0;
  const url = await aServer((_request, response) => {
    asked += 1;
    if (asked === 2) response.writeHead(503, { "content-type": "text/html" }).end();
    else {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`event: n\ndata: ${asked}\n\n`);
    }
  });
  const heard: string[] = [];
  for await (const { data } of new ServiceClient({ url, token: null }).events("/x", { lastId: () => 0 })) {
    heard.push(data);
    if (heard.length === 2) break;
  }
  expect(heard).toEqual(["1", "3"]);
});

test("a token is in nothing that is written down", async () => {
  const { url, token, folder } = await aHostedService();
  await aBowl(folder, 2);
  const log = join(await aFolder(), "log.txt");
  const { code, out, err } = await typed([
    "show",
    "bowl",
    "--server",
    `${url}#token=${token}`,
    "--log-file",
    log,
    "--verbose",
  ]);
  const logged = await readFile(log, "utf8");
  expect(code).toBe(0);
  expect(err).toContain(`--server: ${url}#token=*** (typed)`);
  for (const text of [out, err, logged]) expect(text).not.toContain(token);
  const wrong = await typed(["show", "bowl", "--server", `ftp://x#token=${token}`]);
  expect(wrong.err).toBe("error: --server ftp://x: expected the URL of a service, such as http://127.0.0.1:7070\n");
});

test("what is there is no service, another version, or nothing", async () => {
  const gone = await aServer(() => undefined);
  const port = new URL(gone).port;
  const page = await aServer((_request, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  );
  const elsewhere = await aServer((_request, response) =>
    response.writeHead(302, { location: "http://example.org/" }).end(),
  );
  const cut = await aServer((request) => request.socket.destroy());
  const older = await aServer((request, response) => {
    const known = request.url === "/api/v1/server";
    const body = known ? { version: "0.0.9" } : { code: "unknown-route", detail: "there is nothing here", status: 404 };
    response.writeHead(known ? 200 : 404, { "content-type": "application/problem+json" }).end(JSON.stringify(body));
  });
  const nobody = await aServer(() => undefined).then(() => `http://127.0.0.1:${port === "1" ? 2 : 1}`);
  for (const [server, code, text] of [
    [page, 1, "is no service of mlbench-hpo: it answers 200 text/html"],
    [elsewhere, 1, "is no service of mlbench-hpo: it answers 302 no content"],
    [cut, 1, "cannot be reached: .*; is mlbench-hpo serve running there\\?"],
    [older, 1, "runs mlbench-hpo 0.0.9, which cannot do this yet: update it"],
    [nobody, 1, "cannot be reached: "],
    ["https://127.0.0.1:".concat(new URL(page).port), 1, "it speaks no TLS: try http://"],
    ["http://user:secret@127.0.0.1", 2, "no user or password goes into the URL"],
    ["127.0.0.1:7070", 2, "expected the URL of a service"],
    ["http://127.0.0.1:7070#abc", 2, "behind the # nothing but token=… is expected"],
  ] as const)
    expect(await typed(["studies", "--server", `${server}`]), server).toEqual(line(code, text));
});

test("what a service is not asked for is said before it is asked", async () => {
  const server = ["--server", "http://127.0.0.1:1"];
  for (const words of [
    ["doctor", "bowl"],
    ["replay", "1"],
    ["import", "x.csv"],
    ["sweep", "bowl"],
    ["study", "rename", "a", "b"],
    ["study", "copy", "a", "b"],
    ["mlflow", "sync", "a"],
  ])
    expect(await typed([...words, ...server])).toEqual(line(2, "not by the service at http://127.0.0.1:1"));
  expect(await typed(["show", "bowl", ...server, "--storage", "studies"])).toEqual(
    line(2, "--server and --storage exclude each other"),
  );
  expect(await typed(["show", "./bowl.json", ...server])).toEqual(line(2, "a file of this machine"));
  expect(await typed(["show", "bowl", "--token-file", "x"])).toEqual(line(2, "--token-file x: goes with --server URL"));
});

test("a mistake has the service's one line", async () => {
  const { url, token, folder } = await aHostedService();
  await aBowl(folder, 2);
  const there = ["--server", `${url}#token=${token}`];
  expect(await typed(["show", "bowk", ...there])).toEqual(
    line(2, `no study "bowk" in ${url}: did you mean "bowl"\\? known: bowl`),
  );
  expect(await typed(["trial", "note", "9", "x", "--study-name", "bowl", ...there])).toEqual(
    line(2, 'study "bowl" has no trial 9: it has trials 0 to 1'),
  );
  expect(await typed(["enqueue-trial", "bowl", "--params", '{"y": 1}', ...there])).toMatchObject({ code: 2, out: "" });
  expect(await typed(["tell", "--trial-number", "0", "--value", "1", "--study-name", "bowl", ...there])).toEqual(
    line(2, "--lease TOKEN, as ask printed it"),
  );
  expect(await typed(["optimize", "bowl", "--deterministic", ...there])).toEqual(
    line(2, "--deterministic: a run of a service has no such option"),
  );
  expect(await typed(["create-study", "--model", "lstm", "--config", "./x.yaml", ...there])).toMatchObject({ code: 2 });
});
