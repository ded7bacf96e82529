// Builds dist/: the fused kernels (AssemblyScript), one module with TensorFlow.js, and the TypeScript sources.
// A step is skipped when nothing that it reads has changed since it last ran.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { clearStamp, filesUnder, sourceHash, writeStamp } from "./build-stamp.mjs";

const root = dirname(fileURLToPath(import.meta.url));
process.chdir(root);
const require = createRequire(import.meta.url);
const vendor = join("dist", "vendor");
mkdirSync(vendor, { recursive: true });
const builtFrom = sourceHash(root);
clearStamp(root);

/** Runs `make` when the inputs' hash differs from the one kept beside the outputs. */
async function step(name, inputs, outputs, make) {
  const hash = createHash("sha256");
  for (const file of [...inputs, "build.mjs", "package-lock.json"]) hash.update(file).update(readFileSync(file));
  const digest = hash.digest("hex");
  const stamp = join(vendor, `.${name}.stamp`);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest && outputs.every((file) => existsSync(file))) return;
  const started = performance.now();
  await make();
  writeFileSync(stamp, digest);
  console.error(`built ${name} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

const assembly = join("src", "tensor", "assembly");
const entry = join(assembly, "index.ts");
if (existsSync(entry)) {
  const variants = [
    ["kernels-plain.wasm", []],
    ["kernels-relaxed.wasm", ["--enable", "relaxed-simd"]],
  ];
  await step(
    "kernels",
    filesUnder(assembly),
    variants.map(([file]) => join(vendor, file)),
    async () => {
      const asc = (await import("assemblyscript/asc")).default;
      for (const [file, flags] of variants) {
        const { error, stderr } = await asc.main([
          ...[entry, "-o", join(vendor, file), "-O3", "--converge", "--runtime", "stub", "--noAssert"],
          ...["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536", "--memoryBase", "1024"],
          ...["--enable", "simd", ...flags, "--disableWarning", "201"],
        ]);
        if (error) throw new Error(`${file}: ${error.message}\n${stderr.toString()}`);
      }
    },
  );
}

const bundleEntry = join("src", "tensor", "tfjs.entry.js");
if (existsSync(bundleEntry)) {
  const wasm = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];
  await step("tfjs", [bundleEntry], [join(vendor, "tfjs.js"), ...wasm.map((file) => join(vendor, file))], async () => {
    const { build } = await import("esbuild");
    await build({
      entryPoints: [bundleEntry],
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      mainFields: ["module", "main"],
      minify: true,
      legalComments: "linked",
      outfile: join(vendor, "tfjs.js"),
      // The node builds of TensorFlow.js are CommonJS and call require for node's own modules.
      banner: {
        js: 'import { createRequire as __cr } from "node:module"; import { fileURLToPath as __fu } from "node:url"; import { dirname as __dn } from "node:path"; const require = __cr(import.meta.url); const __filename = __fu(import.meta.url); const __dirname = __dn(__filename);',
      },
      logLevel: "error",
    });
    const from = dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
    for (const file of wasm) copyFileSync(join(from, "dist", file), join(vendor, file));
  });
}

execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.json"], { stdio: "inherit" });
writeStamp(root, builtFrom);
