// npm run release: refuses, in one line each, whatever must not be released, then packs; it publishes nothing.
// npm run release:check stops before the packing.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stateOfPrebuilds, targets } from "./prebuilt-files.mjs";

/** What git says, in lines. */
function git(root, ...words) {
  const said = execFileSync("git", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return said.split("\n").filter(Boolean);
}

/** Version, lock file, tag and changelog that do not agree. */
function wrongVersions(root) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const wrong = [];
  if (lock.version !== version || lock.packages?.[""]?.version !== version)
    wrong.push(`package-lock.json has version ${lock.version}, package.json ${version}: run npm install`);
  const tags = git(root, "tag", "--points-at", "HEAD");
  if (!tags.includes(`v${version}`))
    wrong.push(`HEAD has no tag v${version}${tags.length > 0 ? ` (but ${tags.join(", ")})` : ""}: git tag v${version}`);
  const [heading] = /^## .*/m.exec(readFileSync(join(root, "CHANGELOG.md"), "utf8")) ?? ["no heading"];
  if (/unreleased/i.test(heading) || heading.split(/\s+/)[1] !== version)
    wrong.push(`CHANGELOG.md begins with "${heading}": give version ${version} its heading and date`);
  return wrong;
}

/** All that speaks against releasing what stands in `root`, a line each. */
export function refusals(root) {
  const { missing, wrong } = stateOfPrebuilds(root);
  const dirty = git(root, "status", "--porcelain");
  const again = "npm run prebuild makes them";
  return [
    ...[...missing, ...wrong].map((line) => `${line}: ${again}`),
    ...(dirty.length > 0 ? [`the tree is not clean: ${dirty.length} files differ from HEAD, ${dirty[0]}`] : []),
    ...wrongVersions(root),
  ];
}

/** Packs, and looks at what came out. */
function pack(root) {
  const folder = join(root, "artifacts");
  mkdirSync(folder, { recursive: true });
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const said = execFileSync(npm, ["pack", "--json", "--pack-destination", folder], {
    ...{ cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 },
  });
  // What the build says may stand before it; an array in older versions of npm, an object in newer ones.
  const [packed] = Object.values(JSON.parse(said.slice(said.search(/^[[{]/m))));
  const files = packed.files.map(({ path }) => path);
  const lacking = targets.map(({ name }) => `prebuilds/${name}.node`).filter((file) => !files.includes(file));
  if (lacking.length > 0) throw new Error(`the package lacks ${lacking.join(", ")}`);
  const own = files.filter(
    (file) => file.endsWith(".node") && !targets.some(({ name }) => file === `prebuilds/${name}.node`),
  );
  if (own.length > 0) throw new Error(`the package has what runs on this machine alone: ${own.join(", ")}`);
  console.log(`${join(folder, packed.filename)}: ${files.length} files, ${(packed.unpackedSize / 1e6).toFixed(1)} MB`);
  console.log("nothing is published: npm publish FILE does that");
}

function main(root) {
  const lines = refusals(root);
  for (const line of lines) console.error(line);
  if (lines.length > 0) process.exitCode = 1;
  else if (!process.argv.includes("--check")) pack(root);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  try {
    main(dirname(dirname(fileURLToPath(import.meta.url))));
  } catch (error) {
    console.error(`release: ${String(error.stderr || error.message).trim()}`);
    process.exitCode = 1;
  }
