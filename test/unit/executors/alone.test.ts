/** A process that has nothing else to do waits for its workers' ends. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { projectRoot } from "../../integration/cli.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mlbench-alone-"));
});
afterEach(() => rm(folder, { recursive: true }));

const dist = (file: string): string => JSON.stringify(pathToFileURL(join(projectRoot, "dist", file)).href);

test.runIf(process.platform !== "win32")(
  "a trial's end is told, however late the end of its output comes",
  async () => {
    const objective = join(folder, "objective.mjs");
    // Its output is still open when the worker has gone.
    await writeFile(
      objective,
      `import { spawn } from "node:child_process";
export default () => {
  spawn("sleep", ["0.3"], { stdio: ["ignore", "inherit", "inherit"], detached: true }).unref();
  process.exit(3);
};
`,
    );
    const program = join(folder, "program.mjs");
    await writeFile(
      program,
      `import { ProcessExecutor } from ${dist("executors/process.js")};
import { jobOf, recordedHooks } from ${dist("testing/trial-jobs.js")};
const executor = new ProcessExecutor({ slots: 1 });
const place = await executor.acquire();
const job = jobOf("exits", { module: ${JSON.stringify(pathToFileURL(objective).href)} });
console.log(JSON.stringify(await place.run(job, recordedHooks())));
place.release();
await executor.close();
`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    expect(JSON.parse(stdout)).toMatchObject({ state: "failed", failure: { class: "worker-crash" } });
  },
);
