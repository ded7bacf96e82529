/** docs/clients.md, followed against a service. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { openStudyHost } from "../../src/host/index.js";
import { ManualExecutor } from "../fixtures/study/studies.js";
import { projectRoot } from "../integration/cli.js";
import { aService } from "../unit/service/a-service.js";
import { blocksOf, followPage, PageFolder } from "./page.js";

const missing = ["curl", "python3"].filter((program) => spawnSync(program, ["--version"]).status !== 0);
if (missing.length > 0) console.log(`skipped: ${missing.join(", ")} is not there`);

const blocks = async (): Promise<ReturnType<typeof blocksOf>> =>
  blocksOf(await readFile(join(projectRoot, "docs", "clients.md"), "utf8"));

/** A service, where the page expects to find it. */
async function served(): Promise<void> {
  const storage = await mkdtemp(join(tmpdir(), "clients-"));
  const host = await openStudyHost({ storage, executor: new ManualExecutor(1) });
  const service = await aService({ limits: { requestsPerSecond: 5000 } }, host);
  process.env["MLBENCH_HPO_URL"] = await service.listen();
  process.env["MLBENCH_HPO_TOKEN"] = service.token;
  onTestFinished(async () => {
    delete process.env["MLBENCH_HPO_URL"];
    delete process.env["MLBENCH_HPO_TOKEN"];
    await host.close({ graceMs: 0 });
    await rm(storage, { recursive: true });
  });
}

test.skipIf(missing.length > 0)(
  "its commands run, and print the lines that it shows",
  { timeout: 120_000 },
  async () => {
    const folder = await PageFolder.create();
    onTestFinished(() => folder.remove());
    await served();
    expect(await followPage("clients.md", folder)).toEqual({ wrong: [], shown: 4 });
  },
);

test("without a client fifteen lines of Python do", async () => {
  const script = (await blocks()).find(({ settings }) => settings["file"] === "tune.py");
  expect(script?.text.trimEnd().split("\n").length).toBeLessThanOrEqual(15);
});

test("its TypeScript runs", { timeout: 60_000 }, async () => {
  const source = (await blocks()).find(({ language }) => language === "ts")?.text ?? "";
  await served();
  const { outputFiles } = await build({
    stdin: { contents: source, loader: "ts", resolveDir: join(projectRoot, "clients", "typescript") },
    ...({ bundle: true, format: "esm", write: false, platform: "node" } as const),
  });
  const url = `data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? "")}`;
  await import(/* @vite-ignore */ url);
  const headers = { authorization: `Bearer ${process.env["MLBENCH_HPO_TOKEN"]}` };
  const answer = await fetch(`${process.env["MLBENCH_HPO_URL"]}/api/v1/studies/net-ts`, { headers });
  expect(await answer.json()).toMatchObject({ counted: 20 });
});
