/** docs/programs.md, followed in a folder: its programs are tuned and run again; what wants PyTorch where that is. */
import { execFileSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import { blocksOf, PageFolder } from "./page.js";

const python = process.env["MLBENCH_PYTHON"] ?? "python3";

function hasTorch(): boolean {
  try {
    execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn(
      `docs/programs.md: its PyTorch script is not tuned: ${python} has no torch (MLBENCH_PYTHON names one)`,
    );
    return false;
  }
}

/** A folder where `python` is the one that has PyTorch. */
async function folderWithPython(): Promise<PageFolder> {
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  const path = execFileSync(python, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
  await mkdir(join(folder.cwd, "bin"));
  // A virtual environment is known by where its interpreter is called.
  await folder.write("bin/python", `#!/bin/sh\nexec '${path}' "$@"\n`);
  await folder.run("chmod +x bin/python");
  return folder;
}

const page = async () => blocksOf(await readFile(join(projectRoot, "docs", "programs.md"), "utf8"));

test("the script of the page is the one in examples/", async () => {
  const block = (await page()).find(({ language }) => language === "python");
  expect(block?.text).toBe(await readFile(join(projectRoot, "examples", "fade.py"), "utf8"));
});

test("its programs are tuned, and print what the page shows", async () => {
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  let printed = "";
  let shown = 0;
  for (const { language, settings, text } of await page()) {
    if (settings["needs"] !== undefined || language === "python") continue;
    if (language === "js") await folder.write(settings["file"] as string, text);
    else if (language === "sh") {
      const { code, stdout, stderr } = await folder.run(text);
      expect(code, text + stderr).toBe(0);
      printed = stdout;
    } else {
      shown++;
      expect(printed).toContain(text);
    }
  }
  expect(shown).toBe(2);
  const best = JSON.parse((await folder.run("mlbench-hpo best-trial bowl --format json")).stdout) as {
    value: number;
    params: { x: number };
  };
  // awk prints six digits.
  expect(best.value).toBeCloseTo((best.params.x - 2) ** 2, 3);
}, 120_000);

test.skipIf(!hasTorch())(
  "a PyTorch script that knows nothing of us is tuned",
  async () => {
    const folder = await folderWithPython();
    for (const { language, settings, text } of await page()) {
      if (language === "python") await folder.write(settings["file"] as string, text);
      if (language !== "sh" || settings["needs"] !== "torch") continue;
      const { code, stderr } = await folder.run(`PATH="$PWD/bin:$PATH"; export PATH\n${text}`);
      expect(code, stderr).toBe(0);
    }
    const trials = JSON.parse((await folder.run("mlbench-hpo trials fade --format json")).stdout) as {
      state: string;
      value: number | null;
      intermediate: [number, number][];
    }[];
    expect(trials.length).toBe(6);
    const complete = trials.filter(({ state }) => state === "complete");
    expect(complete.length).toBeGreaterThan(0);
    for (const { value, intermediate } of complete) {
      expect(intermediate.map(([step]) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      expect(value).toBe(Math.min(...intermediate.map(([, loss]) => loss)));
    }
    const { stdout } = await folder.run(
      `PATH="$PWD/bin:$PATH" mlbench-hpo replay fade ${trials.findIndex(({ state }) => state === "complete")}`,
    );
    expect(stdout).toContain("the same numbers, bit for bit (20 steps)");
  },
  300_000,
);
