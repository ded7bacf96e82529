/** Every command and file of docs/tutorial.md, in the page's order in one folder: a case a section. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Trial } from "../../src/core/index.js";
import { projectRoot, runCli } from "../integration/cli.js";
import type { Block } from "./page.js";
import { blocksOf, PageFolder } from "./page.js";

interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** The page's sections in which something is run. */
async function sectionsOf(page: string): Promise<Section[]> {
  const text = await readFile(join(projectRoot, "docs", page), "utf8");
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({ title: section.slice(0, section.indexOf("\n")), blocks: blocksOf(section) }))
    .filter(({ blocks }) => blocks.some(({ language }) => language === "sh"));
}

let folder: PageFolder;

/** Does what a section says; gives what its commands printed. */
async function follow({ blocks }: Section): Promise<string> {
  const printed: string[] = [];
  for (const { language, settings, text } of blocks) {
    const file = /^\/\/ (\S+\.mjs)\n/.exec(text)?.[1];
    if (language === "js" && file) await folder.write(file, text);
    if (language !== "sh") continue;
    const { code, stdout, stderr } = await folder.run(text);
    expect(code, `${text}${stderr}`).toBe(Number(settings["exit"] ?? 0));
    printed.push(stdout + stderr);
  }
  return printed.join("\n");
}

async function trials(): Promise<Trial[]> {
  return JSON.parse((await runCli(["trials", "--format", "json"], { cwd: folder.cwd })).stdout) as Trial[];
}

/** What each section must have come to, beside the commands' exit codes. */
const outcomes: Readonly<Record<string, (printed: string) => void | Promise<void>>> = {
  "1. Install": (printed) => {
    expect(printed).toMatch(/^\d+\.\d+\.\d+/);
    expect(printed).toMatch(/lstm/);
  },
  "2. Train something, and look at the baselines first": (printed) => {
    expect(printed).toMatch(/lstm (beats|does NOT beat) the best baseline/);
  },
  "3. A model of your own": (printed) => {
    expect(printed).toMatch(/half_life/);
    expect(printed).toMatch(/smooth (beats|does NOT beat) the best baseline/);
  },
  "4. A study": async () => {
    const all = await trials();
    expect(all).toHaveLength(25);
    expect(all[0]?.params).toMatchObject({ "model.half_life": 5, "model.hidden_size": 16 });
    expect(all.some((trial) => trial.state === "pruned")).toBe(true);
    const best = Math.min(...all.flatMap((trial) => (trial.state === "complete" ? [trial.value as number] : [])));
    expect(best).toBeLessThan(all[0]?.value as number);
  },
  "5. What came out": (printed) => {
    expect(printed).toMatch(/trial 0: the same numbers, bit for bit/);
  },
  "6. The winner": async (printed) => {
    expect(printed).toMatch(/smooth on dummy, test part/);
    const csv = await readFile(join(folder.cwd, "predictions.csv"), "utf8");
    expect(csv.split("\n")[0]).toBe("cell,cycle,step,soh_true,soh_pred");
    expect(csv).toContain("D04,");
  },
  "7. When the plug-in changes": async (printed) => {
    expect(printed).toMatch(/smooth\.mjs changed since it was created/);
    expect(await trials()).toHaveLength(26);
  },
  "8. Two goals at once": (printed) => {
    const [, size, complete] = /^front: (\d+) of (\d+) complete trials/m.exec(printed) ?? [];
    expect(Number(size)).toBeGreaterThan(0);
    expect(Number(complete)).toBeGreaterThanOrEqual(Number(size));
    expect(printed).toMatch(/^number +state +val_rmse +parameters /m);
  },
  "9. The same studies from a program": (printed) => {
    expect(printed).toMatch(/trial 0: complete/);
    expect(printed).toMatch(/the same first trial: true\n/);
    expect(printed).toMatch(/replayed bit for bit: true\n/);
    expect(printed).toMatch(/smooth: 26 trials, best 0\.\d+\nsmooth-2: 5 trials, best 0\.\d+\n5 lines of CSV\n/);
    expect(printed).toMatch(/smooth-2: smooth on dummy/);
    expect(printed).toMatch(/5 of 6 trials done, \d in parallel/);
  },
  "10. Your own data, and a forecast": async (printed) => {
    expect(printed).toMatch(/warning: 3 discharges below a tenth of their cell's median are left out/);
    expect(printed.match(/warning: the largest capacity is 1092 Ah: is the column in mAh/g)).toHaveLength(1);
    const lines = (await readFile(join(folder.cwd, "ahead.csv"), "utf8")).trimEnd().split("\n");
    const ahead = lines.filter((line) => /^new,\d+,\d+,,0\.\d+$/.test(line));
    expect(ahead.map((line) => Number(line.split(",")[1]))).toEqual(Array.from({ length: 15 }, (_, h) => 61 + h));
    // 1 - 0.0045 i falls to 0.7 at cycle 67.
    const figure = await readFile(join(folder.cwd, "ahead.svg"), "utf8");
    expect(figure).toMatch(/new: end of life forecast at cycle (6[4-9]|70), \d+ after the last measured/);
  },
};

const sections = await sectionsOf("tutorial.md");

describe.skipIf(process.platform === "win32")("what the tutorial says", () => {
  const failed: string[] = [];

  beforeAll(async () => {
    folder = await PageFolder.create();
  });
  afterAll(() => folder.remove());

  test("each section has its outcome here, and each outcome its section", () => {
    expect(sections.map(({ title }) => title)).toEqual(Object.keys(outcomes));
  });

  test.each(sections.map((section) => [section.title, section] as const))(
    "%s",
    async (title, section) => {
      const before = failed.map((other) => `"${other}"`).join(", ");
      failed.push(title);
      try {
        await outcomes[title]?.(await follow(section));
      } catch (error) {
        if (before) throw new Error(`after ${before} failed: ${(error as Error).message}`, { cause: error });
        throw error;
      }
      failed.splice(failed.indexOf(title), 1);
    },
    120_000,
  );
});
