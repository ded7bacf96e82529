/** Every command of docs/exchange.md in the page's order in one folder, and the lines that it shows, but for numbers. */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { emptyFolder, projectRoot, runHere } from "../integration/cli.js";
import { blocksOf } from "./page.js";

test("docs/exchange.md: its commands run, and print the lines that it shows", async () => {
  const cwd = await emptyFolder();
  await copyFile(join(projectRoot, "test", "fixtures", "exchange", "optuna-5.log"), join(cwd, "journal.log"));
  const shape = (text: string): string[] => text.split("\n").map((line) => line.replaceAll(/\d+/g, "#").trim());
  let printed: string[] = [];
  let shown = 0;
  for (const { language, settings, text } of blocksOf(
    await readFile(join(projectRoot, "docs", "exchange.md"), "utf8"),
  )) {
    if (language === "js") await writeFile(join(cwd, settings["file"] as string), text);
    if (language === "sh") printed = [];
    for (const line of language === "sh" ? text.trim().split("\n") : []) {
      const { code, stdout, stderr } = await runHere(line.split(" ").slice(1), cwd);
      expect(code, `${line}\n${stderr}`).toBe(Number(settings["exit"] ?? 0));
      printed.push(...shape(stdout + stderr));
    }
    if (language !== "text") continue;
    const missing = shape(text).filter((line) => line !== "" && !printed.includes(line));
    expect(missing).toEqual([]);
    shown++;
  }
  expect(shown).toBe(4);
});
