import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** Inside of the package, where `import "mlbench-hpo"` means this package. */
const directory = join(root, "dist", ".tour");
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The code blocks of the tour, with the file that a block is. */
function blocks(): { file: string | null; code: string }[] {
  const text = readFileSync(join(root, "docs", "study-library.md"), "utf8");
  return [...text.matchAll(/^```js(?: file=(\S+))?\n([\s\S]*?)^```$/gm)].map(([, file, code]) => ({
    file: file ?? null,
    code: code as string,
  }));
}

/** One program of all blocks; `expression; // -> value` becomes a check. */
function program(codes: readonly string[]): string {
  const imports: string[] = [];
  const body = codes.join("\n").replace(/^import .*$/gm, (line) => (imports.push(line), ""));
  const checked = body.replace(
    /^(?!\s)(.+); \/\/ -> (.+)$/gm,
    (_all, expression: string, value: string) =>
      `check(${JSON.stringify(expression)}, await (${expression}), ${value});`,
  );
  const merged = [...new Set(imports.flatMap((line) => /\{(.*)\}/.exec(line)?.[1]?.split(",") ?? []))];
  return `import assert from "node:assert";
import { ${[...new Set(merged.map((name) => name.trim()))].join(", ")} } from "mlbench-hpo";
let checks = 0;
function check(expression, value, wanted) {
  assert.deepStrictEqual(value, wanted, expression);
  checks += 1;
}
${checked}
console.log(checks);
`;
}

it("the tour of the library does what it says", () => {
  expect(existsSync(join(root, "dist", "index.js")), "dist/ is missing: build first (npm run build)").toBe(true);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const all = blocks();
  for (const { file, code } of all) if (file) writeFileSync(join(directory, file), code);
  const codes = all.flatMap(({ file, code }) => (file ? [] : [code]));
  writeFileSync(join(directory, "tour.mjs"), program(codes));
  const said = execFileSync(process.execPath, ["tour.mjs"], { cwd: directory, encoding: "utf8" });
  const promised = codes.join("\n").match(/; \/\/ -> /g)?.length ?? 0;
  expect(Number(said)).toBe(promised);
  // The blocks were found at all.
  expect(promised).toBeGreaterThan(15);
});
