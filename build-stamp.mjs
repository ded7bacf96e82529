// The mark that a build leaves in dist/: a hash of what it was built from. The tests, whose workers and command line run
// from dist/, refuse one that is older than the sources.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** `build` says what runs, `types` the declarations. */
const stampOf = (root, of = "build") => join(root, "dist", `.${of}-stamp`);

/** What decides what a build makes, beside all files of src/. */
const settings = [
  "build.mjs",
  "build-native.mjs",
  "build-web.mjs",
  "build-web-modules.mjs",
  "bundle-rooms.mjs",
  "vendor-types.mjs",
  "package-lock.json",
  "tsconfig.json",
];

/** All files below a folder, sorted. */
export function filesUnder(directory) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A hash of the names and contents of all that a build reads; times do not count. */
export function sourceHash(root) {
  const hash = createHash("sha256");
  const web = existsSync(join(root, "web")) ? filesUnder(join(root, "web")) : [];
  for (const file of [...filesUnder(join(root, "src")), ...web, ...settings.map((name) => join(root, name))]) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file).replaceAll("\\", "/")}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** Takes the mark away, so that a build that fails half way leaves none. */
export function clearStamp(root, of) {
  rmSync(stampOf(root, of), { force: true });
}

export function writeStamp(root, hash, of) {
  writeFileSync(stampOf(root, of), hash);
}

/** What is wrong with dist/, in one line; null when it is what the sources make. */
export function staleBuild(root) {
  const stamp = stampOf(root);
  if (!existsSync(stamp)) return "dist/ is missing or half built: run npm run build";
  return readFileSync(stamp, "utf8") === sourceHash(root) ? null : "dist/ is older than src/: run npm run build";
}

/** {@link staleBuild} of the declarations, which `npm run build` leaves out. */
export function staleTypes(root) {
  const stamp = stampOf(root, "types");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sourceHash(root)) return null;
  return "the declarations in dist/ are older than src/: run npm run build:types";
}
