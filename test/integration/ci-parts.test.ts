/** What .ci/run and .ci/full count: each part as passed, failed or skipped. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, test } from "vitest";
import { projectRoot } from "./cli.js";

/** Runs parts as the scripts do. */
async function check(parts: string): Promise<{ code: number | null; lines: string[] }> {
  const script = `set -u -o pipefail\n. .ci/parts.sh\n${parts}\nfinish`;
  const child = spawn("bash", ["-c", script], { cwd: projectRoot, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [code, stdout] = await Promise.all([ended, text(child.stdout)]);
  return { code, lines: stdout.trimEnd().split("\n") };
}

// Limits are whole seconds: all of them pass at the same time.
describe.skipIf(process.platform === "win32").concurrent("parts", () => {
  test("a part that fails or outlives its limit has failed, 77 is a skip", async ({ expect }) => {
    const { code, lines } = await check(`
      part good 60 true
      part bad 60 false
      part slow 1 sleep 600
      part absent 60 bash -c 'echo "not here"; exit 77'
      python=/nowhere/python
      with_peers peers 60 true`);
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe("1 passed, 2 failed, 2 skipped");
    expect(lines).toEqual(
      expect.arrayContaining([
        "-- bad: FAILED (exit 1)",
        "-- slow: FAILED (past its limit of 1 s)",
        "not here",
        "-- absent: skipped (see above)",
        "-- peers: skipped (no Python peers here)",
      ]),
    );
  });

  test("no part outlives what is left of all the time", async ({ expect }) => {
    const { code, lines } = await check("total=1\npart slow 600 sleep 600\npart late 600 sleep 600");
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe("0 passed, 2 failed, 0 skipped");
  });

  test("skips alone are no failure", async ({ expect }) => {
    expect(await check("part good 60 true\nskip other reason")).toMatchObject({ code: 0 });
  });

  test("where it is said so, a part past its limit is skipped instead", async ({ expect }) => {
    const { code, lines } = await check("late=skipped\npart slow 1 sleep 600\npart bad 60 false");
    expect(code).toBe(1);
    expect(lines).toContain("-- slow: skipped (past its limit of 1 s)");
    expect(lines.at(-1)).toBe("0 passed, 1 failed, 1 skipped");
  });
});
