/** Where the native kernels are found, and what is said where they are not; nothing here is ever an error. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AddonPlaces, NoAddon } from "../../../../src/tensor/kernels/native.js";
import { compilerOf, findAddon, nativeAddon } from "../../../../src/tensor/kernels/native.js";
import { emptyFolder } from "../../../fixtures/app/small-studies.js";

const own = nativeAddon();
const rebuild = "run `npm run build` on this machine";
const reinstall = "install mlbench-hpo anew, for this machine";

/** A package on Linux x64 with glibc, with these files in it. */
async function packageWith(files: Record<string, string>): Promise<Required<Omit<AddonPlaces, "load">>> {
  const folder = await emptyFolder();
  for (const name of ["vendor", "prebuilds"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "node"), "\x7fELF /lib64/ld-linux-x86-64.so.2 ");
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return {
    ...{ vendor: `${folder}/vendor/`, prebuilds: `${folder}/prebuilds/`, executable: join(folder, "node") },
    ...{ platform: "linux", arch: "x64" },
  };
}
const built = "vendor/kernels-linux-x64.node";
const prebuilt = "prebuilds/linux-x64-glibc.node";
const addon = { version: 3, isas: ["avx2"], bind: () => ({}) };

describe("the native kernels are", () => {
  test("what this machine's build made, else what the package brings for its C library", async () => {
    const places = await packageWith({ [built]: "", [prebuilt]: "", "prebuilds/linux-x64-musl.node": "" });
    const asked: string[] = [];
    const load = (file: string): unknown => {
      asked.push(file.split("/").slice(-2).join("/"));
      return addon;
    };
    expect(findAddon({ ...places, load })).toMatchObject({ addon, origin: "built" });
    const none = { ...places, vendor: "/nowhere/", load };
    expect(findAddon(none)).toMatchObject({ origin: "prebuilt" });
    writeFileSync(places.executable, "\x7fELF /lib/ld-musl-x86_64.so.1 ");
    expect(findAddon(none)).toMatchObject({ origin: "prebuilt" });
    expect(findAddon({ ...none, executable: "/no/such/node" })).toMatchObject({ origin: "prebuilt" });
    expect(asked).toEqual([built, prebuilt, "prebuilds/linux-x64-musl.node", prebuilt]);
  });

  test.skipIf("reason" in own)("passed over where a file does not load, for the next one", async () => {
    if ("reason" in own) throw new Error(own.reason);
    const places = { ...(await packageWith({})), platform: process.platform, arch: process.arch };
    const name = process.platform === "linux" ? `linux-${process.arch}-glibc` : `${process.platform}-${process.arch}`;
    writeFileSync(`${places.vendor}kernels-${process.platform}-${process.arch}.node`, "half a fi");
    copyFileSync(own.file, `${places.prebuilds}${name}.node`);
    const found = findAddon(places);
    expect(found).toMatchObject({ file: `${places.prebuilds}${name}.node`, origin: "prebuilt" });
    expect("addon" in found && found.addon.isas).toEqual(own.addon.isas);
  });

  test("never an error: each file that does not load is named with its reason", async () => {
    const places = await packageWith({ [built]: "no library", [prebuilt]: "" });
    const { reason, remedy } = findAddon(places) as NoAddon;
    const [first, second] = reason.split("; ");
    expect(first).toMatch(/vendor\/kernels-linux-x64\.node does not load: .*\S/);
    expect(second).toMatch(/prebuilds\/linux-x64-glibc\.node does not load: .*\S/);
    expect(reason).not.toContain("\n");
    expect(remedy).toBe(rebuild);
  });

  test("not loaded where Node may load no addons, said once", async () => {
    const load = (): never => {
      throw Object.assign(new Error("loading addons is disabled."), { code: "ERR_DLOPEN_DISABLED" });
    };
    expect(findAddon({ ...(await packageWith({ [built]: "", [prebuilt]: "" })), load })).toEqual({
      reason: "this Node may load no addons",
      remedy: "start it without --no-addons, or with --allow-addons",
    });
  });

  test.each([
    [{ ...addon, version: 2 }, / belongs to another version of mlbench-hpo$/, reinstall],
    [{}, / belongs to another version of mlbench-hpo$/, reinstall],
    [null, / belongs to another version of mlbench-hpo$/, reinstall],
    [{ ...addon, isas: [] }, /^this CPU has neither AVX2 nor AVX-512$/, null],
  ])("not a file of another version, or without a CPU for it: %o", async (loaded, reason, remedy) => {
    const places = await packageWith({ [prebuilt]: "" });
    expect(findAddon({ ...places, load: () => loaded })).toEqual({
      reason: expect.stringMatching(reason) as string,
      remedy,
    });
  });

  test("not there, and it is said why and what to do", async () => {
    const record = (text: string) => packageWith({ "vendor/native.json": text });
    expect(findAddon(await record('{"reason":"no C compiler was found (cc)"}'))).toEqual({
      reason: "no C compiler was found (cc)",
      remedy: `install a C compiler (gcc or clang) and ${rebuild}`,
    });
    const missing = "this package came without a prebuilt file for linux-x64-glibc";
    expect(findAddon(await record('{"reason":null}'))).toEqual({ reason: missing, remedy: rebuild });
    expect(findAddon(await packageWith({}))).toEqual({
      reason: missing,
      remedy: "install a released package, or build a checkout of the sources with a C compiler",
    });
    for (const [platform, arch] of [
      ["win32", "x64"],
      ["linux", "s390x"],
    ] as const)
      expect(findAddon({ ...(await packageWith({})), platform, arch })).toEqual({
        reason: `there are none for ${platform} ${arch}, only for Linux and macOS on x64 and arm64`,
        remedy: null,
      });
  });
});

test("the compiler of an addon is known by the record of its build, or the package's", async () => {
  const { vendor, prebuilds } = await packageWith({
    "vendor/native.json": '{"reason":null,"compiler":"cc: gcc 12"}',
    "prebuilds/manifest.json": '{"compiler":"zig 0.17.1"}',
  });
  expect(compilerOf({ file: `${vendor}a.node`, origin: "built" })).toBe("cc: gcc 12");
  expect(compilerOf({ file: `${prebuilds}a.node`, origin: "prebuilt" })).toBe("zig 0.17.1");
  expect(compilerOf({ file: "/nowhere/a.node", origin: "prebuilt" })).toBeNull();
});
