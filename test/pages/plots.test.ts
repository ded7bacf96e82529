/** Every command of docs/plots.md, from the studies that its pictures were made of: they draw what the page shows. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot, runHere } from "../integration/cli.js";
import { blocksOf } from "./page.js";

test("docs/plots.md: its commands draw its pictures", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-plots-"));
  onTestFinished(() => rm(cwd, { recursive: true }));
  for (const name of ["tuned", "traded"]) {
    const packed = await readFile(join(projectRoot, "test", "fixtures", "plots", `${name}.json.gz`));
    await writeFile(join(cwd, `${name}.json`), gunzipSync(packed));
  }
  const page = await readFile(join(projectRoot, "docs", "plots.md"), "utf8");
  const lines = blocksOf(page).flatMap(({ language, text }) => (language === "sh" ? text.trim().split("\n") : []));
  const drawn: string[] = [];
  for (const line of lines) {
    const words = line.split(" ").slice(1);
    expect(await runHere([...words, "--storage", "."], cwd)).toMatchObject({ code: 0, stdout: "" });
    const file = words.at(-1) as string;
    // Compared as a whole, but not printed as one.
    const kept = await readFile(join(projectRoot, "docs", "plots", file), "utf8");
    expect((await readFile(join(cwd, file), "utf8")) === kept, `${file}: node docs/plots/generate.mjs`).toBe(true);
    drawn.push(file);
  }
  expect(drawn.sort()).toEqual([...page.matchAll(/\]\(plots\/(\w+\.svg)\)/g)].map(([, file]) => file).sort());
});
