/** Every file and command of the pages in docs/extending/, each page in a folder of its own beside the examples. */
import { cp, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import type { Block } from "./page.js";
import { blocksOf, PageFolder } from "./page.js";

const docs = join(projectRoot, "docs", "extending");
const examples = join(projectRoot, "examples", "extending");

/** `expression; // -> value` becomes a check; the program ends with how many there were. */
function checked(code: string): string {
  const body = code.replace(
    /^(?!\s)(.+); \/\/ -> (.+)$/gm,
    (_all, expression: string, value: string) =>
      `check(${JSON.stringify(expression)}, await (${expression}), ${value});`,
  );
  return `import assert from "node:assert";
let checks = 0;
function check(expression, value, wanted) {
  assert.deepStrictEqual(value, wanted, expression + ": " + JSON.stringify(value));
  checks += 1;
}
${body}
console.log("checks", checks);
`;
}

/** How a page was followed. */
interface Followed {
  /** `// ->` lines that were checked. */
  checks: number;
  /** Cases of a suite that ran. */
  cases: number;
}

class Page {
  readonly #folder: PageFolder;
  readonly #followed: Followed = { checks: 0, cases: 0 };
  #printed = "";

  constructor(folder: PageFolder) {
    this.#folder = folder;
  }

  async follow(blocks: readonly Block[]): Promise<Followed> {
    for (const block of blocks) await this.#step(block);
    return this.#followed;
  }

  async #step({ language, settings, text }: Block): Promise<void> {
    const { from, file, exit = "0" } = settings;
    if (from) expect(await readFile(join(examples, from), "utf8"), `a part of ${from}`).toContain(text);
    else if (file) await this.#write(file, text);
    else if (language === "sh") this.#printed = await this.#run(text, Number(exit));
    else if (language === "text") expect(this.#printed).toContain(text);
    else throw new Error(`nothing is done with this block:\n${text}`);
  }

  async #write(file: string, text: string): Promise<void> {
    const isProgram = text.includes("; // -> ");
    await this.#folder.write(file, isProgram ? checked(text) : text);
    if (!isProgram) return;
    const promised = text.match(/; \/\/ -> /g)?.length ?? 0;
    expect(await this.#run(`node ${file}`, 0)).toContain(`checks ${promised}\n`);
    this.#followed.checks += promised;
  }

  async #run(text: string, exit: number): Promise<string> {
    const { code, stdout, stderr } = await this.#folder.run(text);
    expect(code, `${text}${(stdout + stderr).slice(-4000)}`).toBe(exit);
    if (text.includes("node --test")) this.#followed.cases += Number(/^(?:#|ℹ) pass (\d+)/m.exec(stdout)?.[1] ?? 0);
    return stdout + stderr;
  }
}

/** What each page must come to: its suite's least number of cases. */
const suites: Readonly<Record<string, number>> = {
  ...{ "dataset.md": 13, "executor.md": 21, "metric.md": 10, "model.md": 14, "pruner.md": 7 },
  ...{ "sampler.md": 45, "storage.md": 59, "tracker.md": 6 },
};

test("every part that can be added has its page and its example", async () => {
  const pages = (await readdir(docs)).filter((page) => page !== "README.md");
  expect(pages.sort()).toEqual(Object.keys(suites));
  expect((await readdir(examples)).sort()).toEqual(pages.map((page) => page.replace(/\.md$/, ".mjs")));
  const readme = await readFile(join(docs, "README.md"), "utf8");
  for (const page of pages) expect(readme).toContain(`(${page})`);
});

describe.skipIf(process.platform === "win32")("what the pages on extending say", () => {
  test.each(Object.entries(suites))(
    "%s",
    async (page, cases) => {
      const folder = await PageFolder.create();
      try {
        await cp(examples, folder.cwd, { recursive: true });
        await cp(join(projectRoot, "examples", "objective.mjs"), join(folder.cwd, "objective.mjs"));
        const followed = await new Page(folder).follow(blocksOf(await readFile(join(docs, page), "utf8")));
        expect(followed.checks).toBeGreaterThan(0);
        expect(followed.cases).toBeGreaterThanOrEqual(cases);
      } finally {
        await folder.remove();
      }
    },
    240_000,
  );
});
