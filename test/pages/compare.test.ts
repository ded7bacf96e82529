/** The commands of docs/compare.md in one folder, with few trials: the tables that the page shows are what they print, but for numbers. */
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nasaDirectory, projectRoot } from "../integration/cli.js";
import { blocksOf, PageFolder } from "./page.js";

/** The first words of a table's rows and the titles of its columns: what no number of trials changes. */
function outline(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => /^(study|group|best of|tpe|random)\b/.test(line))
    .map((line) => (/^(tpe|random)/.test(line) ? (line.split(" ")[0] as string) : line.replaceAll(/ +/g, " ")));
}

test("docs/compare.md: its commands run, and print the tables that it shows", async ({ skip }) => {
  const cells = nasaDirectory();
  if (cells === null) return skip("no NASA cells");
  const folder = await PageFolder.create();
  onTestFinished(() => folder.remove());
  await mkdir(join(folder.cwd, "data"));
  await symlink(cells, join(folder.cwd, "data", "nasa"));
  const blocks = blocksOf(await readFile(join(projectRoot, "docs", "compare.md"), "utf8"));
  let printed: string[] = [];
  for (const { language, text } of blocks) {
    if (language === "sh") {
      const few = text.replace("--trials 20", "--trials 2 -q").replace("--epochs 10", "--epochs 2 -q");
      const { code, stdout, stderr } = await folder.run(few);
      expect(code, `${few}${stderr}`).toBe(0);
      printed = outline(stdout);
    }
    if (language === "text") expect(outline(text)).toEqual(printed);
    if (language === "js") {
      await folder.write("compare.mjs", `${text}\nconsole.log(groups.length, typeof pairs[0].probability);\n`);
      expect((await folder.run(`"${process.execPath}" compare.mjs`)).stdout).toBe("2 number\n");
    }
  }
  expect(await readFile(join(folder.cwd, "compare.svg"), "utf8")).toContain("seconds in trials");
  expect(JSON.parse(await readFile(join(folder.cwd, "compare.json"), "utf8"))).toMatchObject({ groups: [{}, {}] });
}, 120_000);
