import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { buildNative, nativeFile, systemCompiler } from "../../build-native.mjs";
import { emptyFolder } from "../fixtures/app/small-studies.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const reasonIn = (folder: string): string | null =>
  (JSON.parse(readFileSync(join(folder, "native.json"), "utf8")) as { reason: string | null }).reason;

test("without a compiler nothing fails: the reason is kept, and no file of an earlier build", async () => {
  vi.stubEnv("CC", "no-such-compiler");
  expect(systemCompiler()).toBeNull();
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const folder = await emptyFolder();
  writeFileSync(nativeFile(folder), "old");
  await buildNative(folder, null);
  expect(existsSync(nativeFile(folder))).toBe(false);
  expect(reasonIn(folder)).toContain("no C compiler was found when this was built (no-such-compiler)");
  expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("WebAssembly runs instead"));
});

test.skipIf(!["linux", "darwin"].includes(process.platform))(
  "a compiler that fails is named with its message",
  async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const folder = await emptyFolder();
    const script = "process.stderr.write('error: no such target'); process.exit(1)";
    await buildNative(folder, { command: [process.execPath, "-e", script, "--"], version: "odd-cc 1.0" });
    expect(reasonIn(folder)).toBe("odd-cc 1.0 does not compile them: error: no such target");
    expect(existsSync(nativeFile(folder))).toBe(false);
  },
);
