/** Every command of docs/remote.md, at a service; what is shown is what they print, but for numbers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openStudyHost } from "../../src/host/index.js";
import { serve } from "../../src/service/serve.js";
import { followPage, PageFolder } from "./page.js";

test("docs/remote.md", { timeout: 120_000 }, async () => {
  const [folder, root] = [await PageFolder.create(), await mkdtemp(join(tmpdir(), "remote-page-"))];
  const options = { storage: join(root, "studies"), version: "0.0.0-test", host: "127.0.0.1", port: 0, workers: 1 };
  const served = await serve(options, openStudyHost);
  const { url, token } = served;
  vi.stubEnv("MLBENCH_HPO_SERVER", url);
  vi.stubEnv("MLBENCH_HPO_TOKEN", token);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await served.close();
    await Promise.all([folder.remove(), rm(root, { recursive: true, force: true })]);
  });
  const { wrong, shown } = await followPage("remote.md", folder);
  expect(wrong).toEqual([]);
  expect(shown).toBe(2);
});
