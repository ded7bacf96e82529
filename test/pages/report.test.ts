/** Every command of docs/report.md in the page's order in one folder; what is shown is what they print, but for numbers. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { followPage, PageFolder } from "./page.js";

test("docs/report.md: its commands run, print the lines that it shows, and leave the files that it names", async () => {
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  expect(await followPage("report.md", folder)).toEqual({ wrong: [], shown: 2 });
  for (const [file, least] of [
    ["report.html", 500_000],
    ["forecast.svg", 5_000],
    ["folds.html", 500_000],
  ] as const)
    expect((await stat(join(folder.cwd, file))).size).toBeGreaterThan(least);
}, 120_000);
