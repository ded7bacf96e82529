// Compiles the native kernels (src/tensor/native) with the system's C compiler: once for every instruction set, and one
// link. Where that does not work the reason is kept beside the other results and nothing fails: WebAssembly runs instead.
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const source = join("src", "tensor", "native");

/** W is the width of a register in float32 lanes. */
const instructionSets = {
  x64: [
    {
      isa: "avx512",
      W: 16,
      flags: "-mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512",
    },
    { isa: "avx2", W: 8, flags: "-mavx2 -mfma" },
  ],
  arm64: [{ isa: "neon", W: 4, flags: "" }],
};

// Without -ffp-contract=off compilers would differ in the last bit.
const common =
  "-O2 -std=gnu11 -fPIC -fno-math-errno -fno-trapping-math -ffp-contract=off -fvisibility=hidden -Wno-psabi".split(" ");
const linking = { linux: ["-shared", "-s"], darwin: ["-bundle", "-undefined", "dynamic_lookup"] };

/** What turns an instruction set on, and its width. */
export const compilerFlags = (isa) => {
  const { W, flags } = Object.values(instructionSets)
    .flat()
    .find((set) => set.isa === isa);
  return [`-DW=${W}`, ...flags.split(" ").filter(Boolean)];
};

/** The compiler and what it calls itself; null where there is none. */
export function systemCompiler() {
  const cc = process.env.CC || "cc";
  const { status, stdout } = spawnSync(cc, ["--version"], { encoding: "utf8" });
  return status === 0 ? { command: [cc], version: `${cc}: ${stdout.split("\n")[0]}` } : null;
}

/** Where the addon for this machine goes. */
export const nativeFile = (folder) => join(folder, `kernels-${process.platform}-${process.arch}.node`);

/** Compiles for `platform` and `arch` into `file`; throws what the compiler says. */
export async function compileNative({ command, target = [], platform, arch, file }) {
  const objects = mkdtempSync(join(tmpdir(), "mlbench-native-"));
  const [cc, ...before] = command;
  const compile = (input, output, flags) =>
    run(cc, [...before, ...target, ...common, ...flags, "-c", join(source, input), "-o", output]);
  try {
    const headers = createRequire(import.meta.url)("node-api-headers").include_dir;
    const addon = join(objects, "addon.o");
    const kernels = instructionSets[arch].map(({ isa }) => ({
      output: join(objects, `${isa}.o`),
      flags: [`-DISA=${isa}`, ...compilerFlags(isa)],
    }));
    await Promise.all([
      ...kernels.map(({ output, flags }) => compile("kernels.c", output, flags)),
      compile("addon.c", addon, [`-I${headers}`]),
    ]);
    const inputs = [addon, ...kernels.map(({ output }) => output)];
    await run(cc, [...before, ...target, ...linking[platform], "-o", file, ...inputs, "-lm"]);
  } finally {
    rmSync(objects, { recursive: true });
  }
}

/** Builds for this machine into `folder`, or writes there why not: `{ reason }` in `native.json`, null when built. */
export async function buildNative(folder, compiler) {
  const { platform, arch } = process;
  const file = nativeFile(folder);
  rmSync(file, { force: true });
  let reason = null;
  if (!linking[platform] || !instructionSets[arch]) reason = `there are none for ${platform} ${arch}`;
  else if (!compiler) reason = `no C compiler was found when this was built (${process.env.CC || "cc"})`;
  else
    try {
      await compileNative({ ...compiler, platform, arch, file });
    } catch (error) {
      const lines = String(error.stderr || error.message).split("\n");
      reason = `${compiler.version} does not compile them: ${lines.find((line) => /error/i.test(line)) ?? lines[0]}`;
    }
  writeFileSync(join(folder, "native.json"), `${JSON.stringify({ reason })}\n`);
  if (reason) console.error(`native kernels are not built, WebAssembly runs instead: ${reason}`);
}
