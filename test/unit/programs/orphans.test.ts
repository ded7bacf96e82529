/** Programs whose optimizer is killed end soon after it, whatever they make of SIGTERM, with all that they have started. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const runner = fileURLToPath(new URL("../../../dist/programs/run-program.js", import.meta.url));

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test.skipIf(process.platform !== "linux")("a program and its child, of which neither heeds SIGTERM", async () => {
  const script = `trap '' TERM HUP; sleep 300 & echo "{\\"value\\":$$}"; echo "{\\"step\\":$!,\\"value\\":0}"; wait`;
  const program = { words: ["sh", "-c", script], shell: false, cwd: "/", reportPattern: null };
  const job = {
    ...{ number: 0, attempt: 1, seed: 1, params: {}, artifacts: null, trialValue: "best" },
    objectives: [{ metric: "value", direction: "minimize" }],
  };
  const own = `const { runProgram } = await import(${JSON.stringify(runner)});
    const workload = { kind: "command", study: "s", pruneBy: null, program: ${JSON.stringify(program)} };
    const onReport = (step) => { console.log(step); return "continue"; };
    const write = (bytes) => { const pid = /"value":([1-9][0-9]*)/.exec(String(bytes)); if (pid) console.log(pid[1]); };
    await runProgram({ ...${JSON.stringify(job)}, workload }, workload, { signal: new AbortController().signal, onReport }, write);`;
  const optimizer = spawn(process.execPath, ["--input-type=module", "-e", own], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pids: number[] = [];
  for await (const line of createInterface({ input: optimizer.stdout })) if (pids.push(Number(line)) === 2) break;
  expect(pids.filter(isAlive)).toEqual(pids);
  optimizer.kill("SIGKILL");
  await once(optimizer, "exit");
  // Told by nobody: it is no child of ours. A watch that does not work is noticed by the test's own limit.
  while (pids.some(isAlive)) await delay(20);
});
