/** A dist/ that is not what the sources make is noticed before any test runs. */
import { spawnSync } from "node:child_process";
import { mkdir, rename, utimes, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { clearStamp, sourceHash, staleBuild, staleTypes, writeStamp } from "../../build-stamp.mjs";
import { emptyFolder, projectRoot } from "./cli.js";

/** A project that has been built, with a vitest of its own that passes. */
async function builtProject(): Promise<string> {
  const root = await emptyFolder();
  await mkdir(join(root, "src", "core"), { recursive: true });
  await mkdir(join(root, "dist"));
  const config = {
    globals: true,
    globalSetup: [join(projectRoot, "test", "require-build.ts")],
    include: ["*.test.mjs"],
  };
  for (const [name, text] of Object.entries({
    "src/index.ts": "export {};\n",
    "src/core/a.ts": "export const a = 1;\n",
    ...{
      "build.mjs": "",
      "build-native.mjs": "",
      "build-web.mjs": "",
      "build-web-modules.mjs": "",
      "bundle-rooms.mjs": "",
      "vendor-types.mjs": "",
      "tsconfig.json": "{}",
      "package-lock.json": "{}",
    },
    "vitest.config.mjs": `export default { test: ${JSON.stringify(config)} };\n`,
    "one.test.mjs": 'test("it runs", () => {});\n',
  }))
    await writeFile(join(root, name), text);
  writeStamp(root, sourceHash(root));
  return root;
}

const older = "dist/ is older than src/: run npm run build";

describe("a build", () => {
  test("is up to date until a source, its name or a setting changes; times do not count", async () => {
    const root = await builtProject();
    const source = join(root, "src", "core", "a.ts");
    expect(staleBuild(root)).toBeNull();
    await utimes(source, new Date(0), new Date());
    expect(staleBuild(root)).toBeNull();
    for (const file of [
      source,
      ...[
        "tsconfig.json",
        "package-lock.json",
        "build.mjs",
        "build-native.mjs",
        "build-web.mjs",
        "build-web-modules.mjs",
        "bundle-rooms.mjs",
        "vendor-types.mjs",
      ].map((f) => join(root, f)),
    ]) {
      await writeFile(file, "/* changed */");
      expect(staleBuild(root), file).toBe(older);
      writeStamp(root, sourceHash(root));
      expect(staleBuild(root)).toBeNull();
    }
    await rename(source, join(root, "src", "core", "b.ts"));
    expect(staleBuild(root)).toBe(older);
  });

  test("without declarations is one, and leaves those of another time behind", async () => {
    const root = await builtProject();
    const behind = "the declarations in dist/ are older than src/: run npm run build:types";
    expect([staleBuild(root), staleTypes(root)]).toEqual([null, behind]);
    writeStamp(root, sourceHash(root), "types");
    expect(staleTypes(root)).toBeNull();
    await writeFile(join(root, "src", "index.ts"), "export const changed = 1;\n");
    writeStamp(root, sourceHash(root));
    expect([staleBuild(root), staleTypes(root)]).toEqual([null, behind]);
  });

  test("that has never come to its end is told apart", async () => {
    const root = await builtProject();
    clearStamp(root);
    expect(staleBuild(root)).toBe("dist/ is missing or half built: run npm run build");
  });

  test("that is stale ends vitest with one line, run alone as by npm", async () => {
    const root = await builtProject();
    const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
    const run = (): { status: number | null; stderr: string; stdout: string } => {
      const env = { ...process.env, NO_COLOR: "1" };
      return spawnSync(process.execPath, [vitest, "run", "--root", root], { cwd: root, env, encoding: "utf8" });
    };
    expect(run()).toMatchObject({ status: 0, stdout: expect.stringContaining("1 passed") as string });
    await writeFile(join(root, "src", "index.ts"), "export const changed = 1;\n");
    const { status, stdout, stderr } = run();
    expect([status, stderr.trim()]).toEqual([1, older]);
    expect(stdout).not.toContain("passed");
  });
});
