// Compiles the native kernels (src/tensor/native) with the system's C compiler: once for every instruction set, and one
// link. Where that does not work the reason is kept beside the other results and nothing fails: WebAssembly runs instead.
// prebuild.mjs compiles the same for other machines.
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const source = join(dirname(fileURLToPath(import.meta.url)), "src", "tensor", "native");

/** W is the width of a register in float32 lanes; `flags` ask for what addon.c looks for in the CPU, and for no more. */
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
export const commonFlags =
  "-O2 -std=gnu11 -fPIC -fno-math-errno -fno-trapping-math -ffp-contract=off -fvisibility=hidden -Wno-psabi".split(" ");
const linking = { linux: ["-shared", "-s"], darwin: ["-bundle", "-undefined", "dynamic_lookup"] };
/** zig 0.17 writes no header into a bundle; Node loads a library as well. */
const zigLinking = { linux: linking.linux, darwin: ["-shared", "-s", "-undefined", "dynamic_lookup"] };

/** What turns an instruction set on, and its width. */
export const compilerFlags = (isa) => {
  const { W, flags } = Object.values(instructionSets)
    .flat()
    .find((set) => set.isa === isa);
  return [`-DW=${W}`, ...flags.split(" ").filter(Boolean)];
};

/** The compiler and what it calls itself; null where there is none. */
export function systemCompiler(cc = process.env.CC || "cc") {
  const { status, stdout } = spawnSync(cc, ["--version"], { encoding: "utf8" });
  return status === 0 ? { command: [cc], version: `${cc}: ${stdout.split("\n")[0]}` } : null;
}

/** Where the addon for this machine goes. */
export const nativeFile = (folder) => join(folder, `kernels-${process.platform}-${process.arch}.node`);

/** zig takes instruction sets as features of -mcpu, and ignores -m. */
function flagsFor(flags, zig) {
  const all = flags.split(" ").filter(Boolean);
  if (!zig) return all;
  const features = all.filter((flag) => /^-m(?:avx|fma)/.test(flag)).map((flag) => flag.slice(2));
  return features.length > 0 ? [`-mcpu=x86_64+${features.join("+")}`] : [];
}

/**
 * Compiles every C source of the kernels (all but addon.c) once for each instruction set into `folder`; throws what the
 * compiler says. `extra` flags come last, so that they win.
 * @returns the object files of each instruction set
 */
export async function compileKernels({ command, target = [], arch, zig = false, extra = [], folder, files = source }) {
  const [cc, ...before] = command;
  const sources = readdirSync(files).filter((name) => name.endsWith(".c") && name !== "addon.c");
  return Promise.all(
    instructionSets[arch].map(async ({ isa, W, flags }) => {
      const own = [`-DISA=${isa}`, `-DW=${W}`, ...flagsFor(flags, zig)];
      const objects = await Promise.all(
        sources.map(async (name) => {
          const object = join(folder, `${name.slice(0, -2)}-${isa}.o`);
          await run(cc, [
            ...before,
            ...target,
            ...commonFlags,
            ...own,
            ...extra,
            "-c",
            join(files, name),
            "-o",
            object,
          ]);
          return object;
        }),
      );
      return { isa, objects };
    }),
  );
}

/** The headers of Node's C interface. */
export const nodeHeaders = () => createRequire(import.meta.url)("node-api-headers").include_dir;

/** Compiles for `platform` and `arch` into `file`; throws what the compiler says. */
export async function compileNative({ command, target = [], platform, arch, file, zig = false }) {
  const folder = mkdtempSync(join(tmpdir(), "mlbench-native-"));
  const [cc, ...before] = command;
  try {
    const addon = join(folder, "addon.o");
    const given = [...before, ...target, ...commonFlags, `-I${nodeHeaders()}`];
    const [kernels] = await Promise.all([
      compileKernels({ command, target, arch, zig, folder }),
      run(cc, [...given, "-c", join(source, "addon.c"), "-o", addon]),
    ]);
    const inputs = [addon, ...kernels.flatMap(({ objects }) => objects)];
    await run(cc, [...before, ...target, ...(zig ? zigLinking : linking)[platform], "-o", file, ...inputs, "-lm"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Builds for this machine into `folder`, or writes there why not: `{ reason, compiler }` in `native.json`, the reason null
 * when built.
 */
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
  writeFileSync(join(folder, "native.json"), `${JSON.stringify({ reason, compiler: compiler?.version ?? null })}\n`);
  if (reason) console.error(`native kernels are not built, WebAssembly runs instead: ${reason}`);
}
