/** Every file and command of docs/sweeps.md and docs/hooks.md, each page in a folder; what is shown is what they print, but for numbers. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import { blocksOf, PageFolder } from "./page.js";

/** Lines without their numbers and times, and without what these do to their widths. */
function shapeOf(text: string): string[] {
  return text.split("\n").map((line) =>
    line
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replaceAll(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g, "#")
      .replaceAll(/\s+/g, " ")
      .trim(),
  );
}

test.each([
  ["sweeps", 4, 1],
  ["hooks", 2, 2],
])(
  "docs/%s.md: its commands run, and print the lines that it shows",
  async (page, texts, programs) => {
    const folder = await PageFolder.create();
    onTestFinished(() => folder.remove());
    let printed: string[] = [];
    const seen = { text: 0, js: 0 };
    for (const { language, settings, text } of blocksOf(
      await readFile(join(projectRoot, "docs", `${page}.md`), "utf8"),
    )) {
      if (language === "js") {
        const file = settings["file"] ?? "";
        await folder.write(file, text);
        seen.js++;
        if (file !== "notify.mjs")
          expect(await folder.run(`node ${file}`), file).toMatchObject({ code: 0, stderr: "" });
      } else if (language === "sh") {
        const { code, stdout, stderr } = await folder.run(text);
        expect(code, `${text}${stderr}`).toBe(0);
        printed = shapeOf(stdout);
      } else {
        const missing = shapeOf(text).filter((shape) => shape !== "" && !printed.includes(shape));
        expect(missing, printed.join("\n")).toEqual([]);
        seen.text++;
      }
    }
    expect(seen).toEqual({ text: texts, js: programs });
  },
  120_000,
);
