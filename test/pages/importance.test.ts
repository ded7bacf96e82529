/** Every command of docs/importance.md in the page's order in one folder; what is shown is what they print, but for numbers. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import { blocksOf, PageFolder, shapeOf } from "./page.js";

test("docs/importance.md: its commands run, and print the lines that it shows", async () => {
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  let printed: string[] = [];
  let shown = 0;
  const blocks = blocksOf(await readFile(join(projectRoot, "docs", "importance.md"), "utf8"));
  for (const { language, settings, text } of blocks) {
    if (settings["file"]) await folder.write(settings["file"], text);
    if (language === "sh") {
      const { code, stdout, stderr } = await folder.run(text);
      expect(code, `${text}${stderr}`).toBe(0);
      printed = shapeOf(stdout);
    }
    if (language !== "text") continue;
    for (const line of shapeOf(text).filter((shape) => shape !== "")) expect(printed).toContain(line);
    shown++;
  }
  expect(shown).toBe(2);
  // The program at the end of the page.
  await folder.write(
    "program.mjs",
    blocks.filter(({ language, settings }) => language === "js" && !settings["file"])[0]?.text ?? "",
  );
  expect(await folder.run("node program.mjs")).toMatchObject({ code: 0, stderr: "" });
}, 120_000);
