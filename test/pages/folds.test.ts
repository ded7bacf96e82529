/** Every command of docs/folds.md in the page's order in one folder; what is shown is what they print, but for numbers. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import { blocksOf, PageFolder, shapeOf } from "./page.js";

test("docs/folds.md: its commands run, and print the lines that it shows", async () => {
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  let printed: string[] = [];
  let shown = 0;
  for (const { language, text } of blocksOf(await readFile(join(projectRoot, "docs", "folds.md"), "utf8"))) {
    if (language === "sh") {
      const { code, stdout, stderr } = await folder.run(text);
      expect(code, `${text}${stderr}`).toBe(0);
      printed = shapeOf(stdout);
      continue;
    }
    for (const line of shapeOf(text).filter((shape) => shape !== "")) expect(printed).toContain(line);
    shown++;
  }
  expect(shown).toBe(6);
}, 120_000);
