import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { guardOrphan } from "../../../src/executors/orphan-guard.js";

const posix = process.platform !== "win32";

test.runIf(posix)("a stopped process goes on when what started its guard is gone", async () => {
  const stopped = spawn("/bin/sh", ["-c", "echo ready; read -r word; exit 7"], { stdio: ["pipe", "pipe", "ignore"] });
  await once(stopped.stdout, "data");
  stopped.kill("SIGSTOP");
  stopped.stdin.write("go\n");
  const guard = guardOrphan(stopped.pid as number);
  // As the end of this process would.
  guard?.stdin?.destroy();
  expect(await once(stopped, "exit")).toEqual([7, null]);
});
