import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliReference } from "../../../docs/reference/generate-cli.mjs";
import { commands } from "../../../src/cli/commands/index.js";
import { projectRoot } from "../../integration/cli.js";

const page = readFileSync(join(projectRoot, "docs", "reference", "cli.md"), "utf8");

test("the reference of the command line is what the program says (node docs/reference/generate-cli.mjs)", async () => {
  expect(page).toBe(await cliReference());
});

test("every command has its section", () => {
  const sections = [...page.matchAll(/^## (\S+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(commands.flatMap(({ name, hidden }) => (hidden ? [] : [name])));
});
