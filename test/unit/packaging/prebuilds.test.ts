/** What stands between a checkout and a released package: prebuilt files, what they are built from, what a release wants. */
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findZig, isAskedFor } from "../../../packaging/prebuild.mjs";
import * as prebuilt from "../../../packaging/prebuilt-files.mjs";
import { refusals } from "../../../packaging/release.mjs";
import { emptyFolder } from "../../fixtures/app/small-studies.js";
import { isas } from "../tensor/kernels/builds.js";
import { nativeAddon } from "../../../src/tensor/kernels/native.js";

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

/** A project with the scripts and sources that a release looks at, and a file for each prebuilt one. */
async function project(): Promise<string> {
  const root = await emptyFolder();
  for (const part of ["packaging", "build-native.mjs", "build-stamp.mjs", join("src", "tensor", "native")])
    cpSync(join(projectRoot, part), join(root, part), { recursive: true });
  mkdirSync(join(root, "prebuilds"));
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const { name } of prebuilt.targets) {
    writeFileSync(prebuilt.prebuiltFile(root, name), name);
    files[name] = { bytes: name.length, sha256: prebuilt.hashOf(name) };
  }
  const manifest = { sources: prebuilt.kernelsHash(root), compiler: "zig 0", files };
  writeFileSync(prebuilt.manifestFile(root), JSON.stringify(manifest));
  return root;
}

function prebuild(root: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, npm_lifecycle_event: "prepack", MLBENCH_HPO_ZIG: "/no/such/zig" };
  const script = join(root, "packaging", "prebuild.mjs");
  return spawnSync(process.execPath, [script, ...args], { cwd: root, env, encoding: "utf8" });
}

describe("prebuilt files", () => {
  test("are those that were built from these sources, with these flags, and no others", async () => {
    const root = await project();
    expect(prebuilt.stateOfPrebuilds(root)).toEqual({ missing: [], wrong: [] });
    appendFileSync(prebuilt.prebuiltFile(root, "linux-x64-musl"), "?");
    rmSync(prebuilt.prebuiltFile(root, "darwin-arm64"));
    expect(prebuilt.stateOfPrebuilds(root)).toEqual({
      missing: ["prebuilds/darwin-arm64.node is missing"],
      wrong: ["prebuilds/linux-x64-musl.node is not what prebuilds/manifest.json says"],
    });
    for (const source of [join("src", "tensor", "native", "simd.h"), "build-native.mjs"]) {
      const changed = await project();
      appendFileSync(join(changed, source), "\n");
      expect(prebuilt.stateOfPrebuilds(changed).wrong, source).toHaveLength(prebuilt.targets.length);
    }
    rmSync(prebuilt.manifestFile(root));
    expect(prebuilt.stateOfPrebuilds(root).wrong).toHaveLength(prebuilt.targets.length - 1);
  });

  test.skipIf(isas.length === 0 || process.platform !== "linux")("are checked for what they run on", () => {
    const addon = nativeAddon();
    if ("reason" in addon) throw new Error(addon.reason);
    const wrong = (name: string, file = addon.file): string | null =>
      prebuilt.wrongWith(prebuilt.targets.find((target) => target.name === name) as prebuilt.Target, file);
    const other = process.arch === "x64" ? "arm64" : "x64";
    expect(wrong(`linux-${other}-glibc`)).toBe(`it is elf for ${process.arch}`);
    expect(wrong("darwin-arm64")).toMatch(/^it is elf for/);
    expect(wrong(`linux-${process.arch}-glibc`, "/bin/sh")).toBe("it does not export napi_register_module_v1");
    expect(() => wrong("darwin-arm64", fileURLToPath(import.meta.url))).toThrow("neither a 64-bit ELF nor");
    // This machine's own compiler links with one of the two.
    const said = ["glibc", "musl"].map((libc) => wrong(`linux-${process.arch}-${libc}`));
    expect(said.filter((line) => line?.startsWith("it needs libc."))).toHaveLength(1);
  });

  test("are not built by the way, where npm runs `prebuild` before `build`", () => {
    const tree: Record<number, [parent: number, line: string]> = {
      4: [3, "sh -c node packaging/prebuild.mjs"],
      3: [2, "npm run build --prefix ../prebuild"],
      2: [1, "bash"],
      8: [7, "sh -c node packaging/prebuild.mjs"],
      7: [2, "node /usr/lib/node_modules/npm/bin/npm-cli.js run prebuild"],
      9: [2, "make prebuild"],
    };
    const at = (id: number): { words: string[]; parent: number } => {
      const [parent, line] = tree[id] ?? [0, ""];
      return { parent, words: line.split(" ") };
    };
    const hook = { npm_lifecycle_event: "prebuild" };
    expect(isAskedFor(hook, 4, at)).toBe(false);
    expect(isAskedFor(hook, 8, at)).toBe(true);
    expect(isAskedFor(hook, 9, at)).toBe(false);
    expect(isAskedFor({}, 4, at)).toBe(true);
  });

  test("need zig, and one line says where from", async () => {
    expect(findZig({ ...process.env, MLBENCH_HPO_ZIG: "/no/such/zig" })).toBeNull();
    const root = await project();
    expect(prebuild(root)).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^prebuilt kernels need zig: pip install ziglang .*MLBENCH_HPO_ZIG\n$/) as string,
    });
    expect(prebuild(root, "linux-x64")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^unknown target "linux-x64": known: linux-x64-glibc, /) as string,
    });
  });
});

describe("before packing", () => {
  test("a package without prebuilt files is one line of warning, old ones are refused, all is silence", async () => {
    const root = await project();
    expect(prebuild(root, "--before-pack")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    appendFileSync(join(root, "src", "tensor", "native", "kernels.c"), "\n");
    expect(prebuild(root, "--before-pack")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^prebuilds\/linux-x64-glibc\.node is older .*: run npm run prebuild again, .*\n$/,
      ) as string,
    });
    rmSync(join(root, "prebuilds"), { recursive: true });
    expect(prebuild(root, "--before-pack")).toMatchObject({
      status: 0,
      stderr: "this package has no prebuilt kernels: it will train with WebAssembly (npm run prebuild makes them)\n",
    });
  });
});

test("a release is refused with a line for each reason, and passes when there is none", async () => {
  const root = await project();
  const git = (...words: string[]): void => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"];
    execFileSync("git", [...who, ...words], { cwd: root, stdio: "pipe" });
  };
  const versions = (lock: string, heading: string): void => {
    writeFileSync(join(root, "package.json"), JSON.stringify({ version: "1.2.3" }));
    writeFileSync(
      join(root, "package-lock.json"),
      JSON.stringify({ version: lock, packages: { "": { version: lock } } }),
    );
    writeFileSync(join(root, "CHANGELOG.md"), `# Changelog\n\n## ${heading}\n\n- All.\n\n## 1.2.2 (2020-01-01)\n`);
  };
  writeFileSync(join(root, ".gitignore"), "prebuilds/\n");
  versions("1.2.2", "1.2.3 (unreleased)");
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "all");
  git("tag", "v1.2.2");
  writeFileSync(join(root, "more"), "");
  rmSync(prebuilt.prebuiltFile(root, "linux-arm64-musl"));
  expect(refusals(root)).toEqual([
    "prebuilds/linux-arm64-musl.node is missing: npm run prebuild makes them",
    "the tree is not clean: 1 files differ from HEAD, ?? more",
    "package-lock.json has version 1.2.2, package.json 1.2.3: run npm install",
    "HEAD has no tag v1.2.3 (but v1.2.2): git tag v1.2.3",
    'CHANGELOG.md begins with "## 1.2.3 (unreleased)": give version 1.2.3 its heading and date',
  ]);
  writeFileSync(prebuilt.prebuiltFile(root, "linux-arm64-musl"), "linux-arm64-musl");
  rmSync(join(root, "more"));
  versions("1.2.3", "1.2.3 (2027-01-01)");
  git("commit", "-qam", "release");
  git("tag", "v1.2.3");
  expect(refusals(root)).toEqual([]);
  appendFileSync(join(root, "build-native.mjs"), "\n");
  git("commit", "-qam", "flags");
  git("tag", "-f", "v1.2.3");
  expect(refusals(root)).toHaveLength(prebuilt.targets.length);
});
