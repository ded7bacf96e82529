/** Every command of docs/tutorial-neural-odes.md, in the page's order in one folder. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import { blocksOf, PageFolder } from "./page.js";

let folder: PageFolder;
beforeAll(async () => {
  folder = await PageFolder.create();
});
afterAll(() => folder.remove());

test("the page's commands do what it says", { timeout: 120_000 }, async () => {
  const page = await readFile(join(projectRoot, "docs", "tutorial-neural-odes.md"), "utf8");
  const printed: string[] = [];
  for (const { language, settings, text } of blocksOf(page)) {
    if (language !== "sh") continue;
    const { code, stdout, stderr } = await folder.run(text);
    expect(code, `${text}${stderr}`).toBe(Number(settings["exit"] ?? 0));
    printed.push(stdout + stderr);
  }
  const [rk4, dopri5, over, study] = printed as [string, string, string, string];
  expect(rk4).toMatch(/node (beats|does NOT beat) the best baseline/);
  // Four evaluations a cycle; two for the first step and six for each.
  expect(rk4).toContain("val_evaluations 120, val_steps_accepted 30, val_steps_rejected 0");
  const cost = /val_evaluations (\d+), val_steps_accepted (\d+), val_steps_rejected (\d+)/.exec(dopri5) ?? [];
  const [evaluations, accepted, rejected] = cost.slice(1).map(Number) as [number, number, number];
  expect(evaluations).toBe(2 + 6 * (accepted + rejected));
  expect(evaluations).toBeLessThan(60);
  expect(over).toMatch(/^error: diverged in epoch 1: budget of 10 evaluations spent at t=0\.1\d*$/m);
  // The defaults come first, and those are rk4's.
  expect(study).toMatch(
    /trial +0 +failed .*solver rk4 .*diverged in epoch 1: budget of 100 evaluations spent at t=1\.5625/,
  );
  expect(study).toMatch(/trial \d+ (beats|does NOT beat) the best baseline/);
  expect(study).toMatch(/val_evaluations/);
});
