// npm run prebuild [NAME …]: the native kernels for other machines, into prebuilds/, with zig as a cross compiler; checks
// each file, and that the one for this machine gives the same bits as the one that its own compiler made.
// With --before-pack it builds nothing: it says in one line when a package would have none, and refuses old ones.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileNative, nativeFile, systemCompiler } from "../build-native.mjs";
import * as prebuilt from "./prebuilt-files.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const digestScript = join(root, "packaging", "digest.mjs");

/** zig and its version; null where there is none. */
export function findZig(env = process.env) {
  const given = env.MLBENCH_HPO_ZIG;
  const commands = given ? [[given]] : [["zig"], ["python3", "-m", "ziglang"], ["python", "-m", "ziglang"]];
  for (const command of commands) {
    const { status, stdout } = spawnSync(command[0], [...command.slice(1), "version"], { encoding: "utf8", env });
    if (status === 0) return { command, version: stdout.trim() };
  }
  return null;
}

/** The words of a process's command line, and its parent; by /proc, or where there is none by ps. */
function processAt(id) {
  if (existsSync("/proc/self/stat")) {
    const words = readFileSync(`/proc/${id}/cmdline`, "utf8").split(/[\0\s]+/);
    return { words, parent: Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) };
  }
  const { stdout } = spawnSync("ps", ["-o", "ppid=,args=", "-p", String(id)], { encoding: "utf8" });
  const [parent, ...words] = (stdout ?? "").trim().split(/\s+/);
  return { words, parent: Number(parent) };
}

/**
 * npm runs a script called `prebuild` before every `npm run build`, too, and nothing tells the two apart but npm's own
 * command line, a shell or two above.
 */
export function isAskedFor(env = process.env, id = process.ppid, at = processAt) {
  if (env.npm_lifecycle_event !== "prebuild") return true;
  for (let i = 0; i < 4 && id > 1; i++) {
    const { words, parent } = at(id);
    if (words.some((word) => /\b(?:p?npm|yarn)(?:-cli)?(?:\.c?js)?$/.test(word))) return words.includes("prebuild");
    id = parent;
  }
  return false;
}

/** A user's mistake, or what this machine lacks: one line, exit code 2. */
class Refusal extends Error {}

/** The target of this machine; undefined where there is none. */
function hostTarget() {
  const { platform, arch, report } = process;
  const libc = report.getReport().header.glibcVersionRuntime === undefined ? "musl" : "glibc";
  const name = platform === "linux" ? `${platform}-${arch}-${libc}` : `${platform}-${arch}`;
  return prebuilt.targets.find((target) => target.name === name);
}

const digestOf = (file) => execFileSync(process.execPath, [digestScript, file], { encoding: "utf8" });

/** What this machine's own compiler makes of the same sources; null where it has none. */
async function ownDigest() {
  const own = nativeFile(join(root, "dist", "vendor"));
  if (existsSync(own)) return digestOf(own);
  const compiler = systemCompiler();
  if (!compiler) return null;
  const folder = mkdtempSync(join(tmpdir(), "mlbench-own-"));
  try {
    const file = join(folder, "own.node");
    await compileNative({ ...compiler, platform: process.platform, arch: process.arch, file });
    return digestOf(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loads this machine's file in a process of its own and compares; returns what was found, in words. */
async function tryHere(target) {
  if (target.name !== hostTarget()?.name) return "not for this machine, so not run";
  if (!existsSync(join(root, "dist", "tensor"))) throw new Refusal("dist/ is missing: run npm run build first");
  const [here, own] = [digestOf(prebuilt.prebuiltFile(root, target.name)), await ownDigest()];
  if (own === null) return "runs here; no C compiler to compare with";
  if (own !== here)
    throw new Error(`${target.name}.node gives other bits than this machine's own compiler: ${here} ${own}`);
  return "runs here, with the same bits as this machine's own compiler gives";
}

function chosenTargets(names) {
  for (const name of names)
    if (!prebuilt.targets.some((target) => target.name === name))
      throw new Refusal(`unknown target "${name}": known: ${prebuilt.targets.map((target) => target.name).join(", ")}`);
  return prebuilt.targets.filter(({ name }) => names.length === 0 || names.includes(name));
}

async function prebuild(names) {
  const chosen = chosenTargets(names);
  const zig = findZig();
  if (!zig)
    throw new Refusal(
      "prebuilt kernels need zig: pip install ziglang (then python3 -m ziglang works), put zig on PATH, or name it in MLBENCH_HPO_ZIG",
    );
  mkdirSync(join(root, "prebuilds"), { recursive: true });
  const [kept, sources] = [prebuilt.readManifest(root), prebuilt.kernelsHash(root)];
  const files = kept?.sources === sources ? kept.files : {};
  for (const target of chosen) {
    const file = prebuilt.prebuiltFile(root, target.name);
    const started = performance.now();
    rmSync(file, { force: true });
    await compileNative({
      command: [...zig.command, "cc"],
      target: ["-target", target.triple],
      ...target,
      file,
      zig: true,
    });
    const wrong = prebuilt.wrongWith(target, file);
    if (wrong) throw new Error(`${target.name}.node: ${wrong}`);
    const found = await tryHere(target);
    const content = readFileSync(file);
    files[target.name] = { bytes: content.length, sha256: prebuilt.hashOf(content) };
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${target.name}: ${(content.length / 1e3).toFixed(0)} kB in ${seconds} s; ${found}`);
  }
  const manifest = { sources, compiler: `zig ${zig.version}`, files };
  writeFileSync(prebuilt.manifestFile(root), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Of a package that is about to be packed. */
function beforePack() {
  const { missing, wrong } = prebuilt.stateOfPrebuilds(root);
  if (wrong.length > 0) throw new Refusal(`${wrong.join("; ")}: run npm run prebuild again, or delete prebuilds/`);
  if (missing.length === prebuilt.targets.length)
    console.error("this package has no prebuilt kernels: it will train with WebAssembly (npm run prebuild makes them)");
  else if (missing.length > 0) console.error(`this package lacks prebuilt kernels: ${missing.join("; ")}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && isAskedFor())
  try {
    const names = process.argv.slice(2);
    if (names.includes("--before-pack")) beforePack();
    else await prebuild(names);
  } catch (error) {
    console.error(error instanceof Refusal ? error.message : `prebuild: ${error.stderr || error.message}`);
    process.exitCode = error instanceof Refusal ? 2 : 1;
  }
