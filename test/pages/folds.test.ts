/** Every command of docs/folds.md in the page's order in one folder; what is shown is what they print, but for numbers. */
import { expect, onTestFinished, test } from "vitest";
import { followPage, PageFolder } from "./page.js";

test("docs/folds.md: its commands run, and print the lines that it shows", async () => {
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  expect(await followPage("folds.md", folder)).toEqual({ wrong: [], shown: 6 });
}, 120_000);
