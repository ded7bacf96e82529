import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import type { Trial } from "../../src/core/index.js";
import { emptyFolder, projectRoot, runCli } from "./cli.js";

interface Block {
  readonly language: string;
  /** What the block's last command ends with. */
  readonly exit: number;
  readonly text: string;
}

async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(join(projectRoot, "docs", page), "utf8");
  return [...text.matchAll(/^```(\w+)(?: exit=(\d+))?\n([\s\S]*?)^```$/gm)].map(([, language, exit, body]) => ({
    language: language as string,
    exit: Number(exit ?? 0),
    text: body as string,
  }));
}

/** Runs a block as typed in a shell where `mlbench-hpo` is this checkout's. */
function shell(text: string, cwd: string, bin: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1", PATH: `${bin}${delimiter}${process.env["PATH"]}` };
    const child = execFile("sh", ["-e", "-c", text], { cwd, env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

test.skipIf(process.platform === "win32")(
  "every command and file of the tutorial, in order, does what the page says",
  async () => {
    const [cwd, bin] = [await emptyFolder(), await emptyFolder()];
    const command = join(bin, "mlbench-hpo");
    await writeFile(
      command,
      `#!/bin/sh\nexec "${process.execPath}" "${join(projectRoot, "bin", "mlbench-hpo.js")}" "$@"\n`,
    );
    await chmod(command, 0o755);
    const printed: string[] = [];
    for (const { language, exit, text } of await blocksOf("tutorial.md")) {
      const file = /^\/\/ (\S+\.mjs)\n/.exec(text)?.[1];
      if (language === "js" && file) await writeFile(join(cwd, file), text);
      if (language !== "sh") continue;
      const { code, stdout, stderr } = await shell(text, cwd, bin);
      expect(code, `${text}${stderr}`).toBe(exit);
      printed.push(stdout + stderr);
    }
    const all = printed.join("\n");
    expect(all).toMatch(/lstm (beats|does NOT beat) mean_change/);
    expect(all).toMatch(/smooth (beats|does NOT beat) mean_change/);
    expect(all).toMatch(/trial 0: the same numbers, bit for bit/);
    expect(all).toMatch(/smooth on dummy, test part/);
    expect(all).toMatch(/smooth\.mjs changed since it was created/);
    const trials = JSON.parse((await runCli(["trials", "--format", "json"], { cwd })).stdout) as Trial[];
    expect(trials).toHaveLength(26);
    expect(trials[0]?.params).toMatchObject({ "model.half_life": 5, "model.hidden_size": 16 });
    expect(trials.some((trial) => trial.state === "pruned")).toBe(true);
    const best = Math.min(...trials.flatMap((trial) => (trial.state === "complete" ? [trial.value as number] : [])));
    expect(best).toBeLessThan(trials[0]?.value as number);
    const csv = await readFile(join(cwd, "predictions.csv"), "utf8");
    expect(csv.split("\n")[0]).toBe("cell,cycle,step,soh_true,soh_pred");
    expect(csv).toContain("D04,");
  },
  240_000,
);
