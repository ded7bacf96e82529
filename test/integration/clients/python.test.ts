/** The Python client's own tests, against a service of ours: under this machine's Python, the oldest one, and a late one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openStudyHost } from "../../../src/host/index.js";
import { ManualExecutor } from "../../fixtures/study/studies.js";
import { aService } from "../../unit/service/a-service.js";
import { python, pythonOf, versions } from "./pythons.js";

const cases = [["this machine's", python] as const, ...versions.map((one) => [one, pythonOf(one)] as const)];

for (const [version, interpreter] of cases) {
  if (interpreter === null) console.log(`skipped: no Python ${version} is there`);
  test.skipIf(interpreter === null)(
    `passes its tests under Python ${version}, NumPy's and scikit-learn's models where they are`,
    { timeout: 120_000 },
    async () => {
      const storage = await mkdtemp(join(tmpdir(), "python-"));
      const host = await openStudyHost({ storage, executor: new ManualExecutor(1) });
      onTestFinished(async () => {
        await host.close({ graceMs: 0 });
        await rm(storage, { recursive: true });
      });
      // Below a path, as behind a proxy.
      const service = await aService({ limits: { requestsPerSecond: 10_000 }, pathPrefix: "/hpo" }, host);
      const MLBENCH_HPO_URL = `${await service.listen()}/hpo#token=${service.token}`;
      const words = ["-W", "error::ResourceWarning", "-m", "unittest", "discover", "-s", "clients/python/tests", "-v"];
      // Versions do not write over each other's compiled files.
      const env = { ...process.env, MLBENCH_HPO_URL, PYTHONDONTWRITEBYTECODE: "1" };
      const child = spawn(interpreter as string, words, { env });
      let said = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (said += part.toString()));
      const [code] = (await once(child, "exit")) as [number];
      for (const line of said.split("\n")) if (line.includes("skipped ")) console.log(`${version}: ${line}`);
      expect(code, said).toBe(0);
      expect(said).toMatch(/\nOK/);
    },
  );
}
