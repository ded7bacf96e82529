/** Every command of docs/importance.md in the page's order in one folder, and the program at its end. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import { blocksOf, followPage, PageFolder } from "./page.js";

test("docs/importance.md: its commands run, and print the lines that it shows; so does its program", async () => {
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  expect(await followPage("importance.md", folder)).toEqual({ wrong: [], shown: 2 });
  const blocks = blocksOf(await readFile(join(projectRoot, "docs", "importance.md"), "utf8"));
  const programs = blocks.filter(({ language, settings }) => language === "js" && !settings["file"]);
  expect(programs).toHaveLength(1);
  await folder.write("program.mjs", programs[0]?.text ?? "");
  expect(await folder.run("node program.mjs")).toMatchObject({ code: 0, stderr: "" });
}, 120_000);
