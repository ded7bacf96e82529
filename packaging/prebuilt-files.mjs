// The prebuilt kernels of a release: which there are, what they are made from, and what is wrong with those that stand here.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { filesUnder } from "../build-stamp.mjs";
import { readBinary } from "./binary-file.mjs";

/** Their names are what src/tensor/kernels/native.ts looks for; the triples are zig's. glibc 2.17 is older than any Node here. */
export const targets = [
  { name: "linux-x64-glibc", triple: "x86_64-linux-gnu.2.17", platform: "linux", arch: "x64" },
  { name: "linux-x64-musl", triple: "x86_64-linux-musl", platform: "linux", arch: "x64" },
  { name: "linux-arm64-glibc", triple: "aarch64-linux-gnu.2.17", platform: "linux", arch: "arm64" },
  { name: "linux-arm64-musl", triple: "aarch64-linux-musl", platform: "linux", arch: "arm64" },
  { name: "darwin-arm64", triple: "aarch64-macos.11.0", platform: "darwin", arch: "arm64" },
];

export const prebuiltFile = (root, name) => join(root, "prebuilds", `${name}.node`);
const manifestFile = (root) => join(root, "prebuilds", "manifest.json");
export const hashOf = (content) => createHash("sha256").update(content).digest("hex");

/** A hash of the sources and of the flags with which they are compiled. */
export function kernelsHash(root) {
  const files = [...filesUnder(join(root, "src", "tensor", "native")), join(root, "build-native.mjs")];
  return hashOf(files.map((file) => `${relative(root, file)}\0${hashOf(readFileSync(file))}\n`).join(""));
}

/** `{ sources, compiler, files: { NAME: { bytes, sha256 } } }`, or null where none is readable. */
export function readManifest(root) {
  try {
    const manifest = JSON.parse(readFileSync(manifestFile(root), "utf8"));
    return typeof manifest?.files === "object" && manifest.files !== null ? manifest : null;
  } catch {
    return null;
  }
}

export { manifestFile };

/** `missing` and `wrong` files, each in one line. */
export function stateOfPrebuilds(root) {
  const manifest = readManifest(root);
  const state = { missing: [], wrong: [] };
  const stale = manifest !== null && manifest.sources !== kernelsHash(root);
  for (const { name } of targets) {
    const file = prebuiltFile(root, name);
    if (!existsSync(file)) state.missing.push(`prebuilds/${name}.node is missing`);
    else if (stale) state.wrong.push(`prebuilds/${name}.node is older than src/tensor/native or its flags`);
    else if (hashOf(readFileSync(file)) !== manifest?.files[name]?.sha256)
      state.wrong.push(`prebuilds/${name}.node is not what prebuilds/manifest.json says`);
  }
  return state;
}

const libraries = {
  glibc: ["libc.so.6", "libm.so.6"],
  musl: ["libc.so"],
  darwin: ["/usr/lib/libSystem.B.dylib"],
};
/** Node's own, and C's for memory, text and mathematics: what every process that can load the file has. */
const known =
  /^(?:napi_\w+|mem[a-z]+|str[a-z]+|(?:[cm]|re)alloc|free|bzero|(?:a?(?:sin|cos|tan)h?|exp2?|expm1|log|pow|sqrt|fma)f?)$/;

/** What is wrong with a file that was built for a target, in one line; null: nothing. */
export function wrongWith({ name, platform, arch }, file) {
  const { format, machine, exports, wants, needs, glibc, signed } = readBinary(file);
  if (format !== (platform === "darwin" ? "mach-o" : "elf") || machine !== arch)
    return `it is ${format} for ${machine}`;
  if (!exports.includes("napi_register_module_v1")) return "it does not export napi_register_module_v1";
  const libc = platform === "darwin" ? "darwin" : name.split("-")[2];
  const more = needs.filter((library) => !libraries[libc].includes(library));
  if (more.length > 0) return `it needs ${more.join(", ")}`;
  const own = platform === "darwin" ? /^(?:dyld_stub_binder|__(?:mem|str)[a-z]+_chk)$/ : /^$/;
  const strange = wants.filter((symbol) => !known.test(symbol) && !own.test(symbol));
  if (strange.length > 0) return `it wants what not every process has: ${strange.join(", ")}`;
  const [, minor] = glibc?.split(".") ?? [];
  if (minor !== undefined && Number(minor) > 17) return `it asks for glibc ${glibc}`;
  // macOS on arm64 loads no code without a signature; that of the linker ("ad hoc") will do.
  return platform === "darwin" && !signed ? "it is not signed" : null;
}
