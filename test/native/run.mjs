// node test/native/run.mjs MODE: builds the harness and the kernels in a folder of their own, and runs them.
//   sanitize   with AddressSanitizer and UndefinedBehaviorSanitizer; 77 where the compiler has none
//   compilers  with every compiler of this machine (cc, clang, zig): the same digests
//   arm64      compiled for arm64, under qemu-aarch64, against this machine's digests; 77 where there is no compiler or no qemu
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { commonFlags, compileKernels, nodeHeaders, systemCompiler } from "../../build-native.mjs";
import { findZig } from "../../packaging/prebuild.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [mode, draws = "60", calls = "1500"] = process.argv.slice(2);

/** What a part of .ci/run says when it cannot run. */
class Skip extends Error {}

const folder = mkdtempSync(join(tmpdir(), "mlbench-harness-"));

/** The harness, statically linked where it is to run elsewhere. */
async function build({ name, command, target = [], arch = process.arch, zig = false, extra = [], link = [] }) {
  const into = mkdtempSync(join(folder, `${name}-`));
  const [cc, ...before] = command;
  const own = [...before, ...target, ...commonFlags, "-Wall", "-Wextra", ...extra, `-I${nodeHeaders()}`];
  const kernels = compileKernels({ command, target, arch, zig, extra, folder: into });
  const objects = ["harness", "cases"].map((source) => {
    const object = join(into, `${source}.o`);
    execFileSync(cc, [...own, "-c", join(here, `${source}.c`), "-o", object], { stdio: "inherit" });
    return object;
  });
  objects.push(...(await kernels).flatMap((one) => one.objects));
  const file = join(into, "harness");
  execFileSync(cc, [...before, ...target, ...extra, ...link, ...objects, "-o", file, "-lm"], { stdio: "inherit" });
  return file;
}

/** Its digests; throws when it fails. */
function run(command, more = [draws, calls]) {
  const [program, ...words] = command;
  const { status, signal, stdout } = spawnSync(program, [...words, ...more], {
    ...{ encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
    env: { ...process.env, UBSAN_OPTIONS: "print_stacktrace=1" },
  });
  if (status === 77) throw new Skip(stdout.trim());
  if (status !== 0) throw new Error(`${stdout}the harness ended with ${status ?? signal}`);
  return stdout;
}

function requireCompiler(cc) {
  const compiler = systemCompiler(cc);
  if (!compiler) throw new Skip(`there is no compiler ${cc ?? "cc"} here`);
  return { name: cc ?? "cc", ...compiler };
}

async function sanitize() {
  const extra = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];
  const compiler = requireCompiler();
  const probe = ["-fsanitize=address,undefined", "-x", "c", "-", "-o", join(folder, "probe")];
  const { status } = spawnSync(compiler.command[0], probe, { input: "int main(void) { return 0; }\n" });
  if (status !== 0) throw new Skip(`${compiler.version} has no sanitizers here`);
  process.stdout.write(run([await build({ ...compiler, extra })]));
}

/** Compares digests with those of this machine's own compiler. */
function same(name, digests, reference) {
  if (digests !== reference) throw new Error(`${name} gives other bits:\n${digests}\ninstead of\n${reference}`);
  console.log(`${name}: the same bits`);
}

async function compilers() {
  const reference = run([await build(requireCompiler())]);
  process.stdout.write(reference);
  const others = ["clang", "clang-14", "gcc"].flatMap((cc) => (systemCompiler(cc) ? [requireCompiler(cc)] : []));
  const zig = findZig();
  if (zig) others.push({ name: "zig", command: [...zig.command, "cc"], version: `zig ${zig.version}`, zig: true });
  for (const other of others) same(other.version, run([await build(other)]), reference);
  // Sums must not come out by the flags of optimization either.
  for (const level of ["-O1", "-O3"])
    same(`cc ${level}`, run([await build({ ...requireCompiler(), extra: [level] })]), reference);
}

async function arm64() {
  if (spawnSync("qemu-aarch64", ["--version"]).status !== 0) throw new Skip("there is no qemu-aarch64 here");
  const cross = systemCompiler("aarch64-linux-gnu-gcc");
  const zig = findZig();
  const builds = [];
  if (cross) builds.push({ name: "gcc", ...cross, arch: "arm64", link: ["-static"] });
  if (zig) {
    const target = ["-target", "aarch64-linux-musl"];
    builds.push({
      name: "zig",
      command: [...zig.command, "cc"],
      version: `zig ${zig.version}`,
      zig: true,
      target,
      arch: "arm64",
    });
  }
  if (builds.length === 0) throw new Skip("there is no compiler for arm64 here (aarch64-linux-gnu-gcc or zig)");
  const reference = run([await build(requireCompiler())]);
  process.stdout.write(reference);
  for (const one of builds)
    same(`NEON from ${one.version}, under qemu-aarch64`, run(["qemu-aarch64", await build(one)]), reference);
}

const modes = { sanitize, compilers, arm64 };
try {
  if (!modes[mode]) throw new Error(`known: ${Object.keys(modes).join(", ")}`);
  await modes[mode]();
} catch (error) {
  console.log(error.message);
  process.exitCode = error instanceof Skip ? 77 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
