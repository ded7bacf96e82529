// Builds dist/: the fused kernels (AssemblyScript, and C where there is a compiler), a module with TensorFlow.js and one
// with ECharts, their types and licences, and the TypeScript sources, those that every command loads in one file a room.
// A step is skipped when nothing that it reads has changed since it last ran.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative, nativeFile, systemCompiler } from "./build-native.mjs";
import { bundleRooms } from "./bundle-rooms.mjs";
import { clearStamp, filesUnder, sourceHash, writeStamp } from "./build-stamp.mjs";

const root = dirname(fileURLToPath(import.meta.url));
process.chdir(root);
const require = createRequire(import.meta.url);
const vendor = join("dist", "vendor");
mkdirSync(vendor, { recursive: true });
const builtFrom = sourceHash(root);
clearStamp(root);

/** Runs `make` when the inputs' hash, and that of `also`, differs from the one kept beside the outputs. */
async function step(name, inputs, outputs, make, also = "") {
  const hash = createHash("sha256").update(also);
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

const compiler = systemCompiler();
const nativeInputs = [...filesUnder(join("src", "tensor", "native")), "build-native.mjs"];
const nativeRecord = join(vendor, "native.json");
const nativeOutputs = [nativeRecord];
if (existsSync(nativeRecord) && JSON.parse(readFileSync(nativeRecord, "utf8")).reason === null)
  nativeOutputs.push(nativeFile(vendor));
const native = step("native", nativeInputs, nativeOutputs, () => buildNative(vendor, compiler), compiler?.version);

/** One module with all that `entry` imports, and beside it the licences of the packages that are in it. */
async function bundle(entry, outfile, options = {}) {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    ...{ entryPoints: [entry], bundle: true, format: "esm", platform: "node", target: "node20", minify: true },
    ...{ mainFields: ["module", "main"], legalComments: "linked", outfile, metafile: true, logLevel: "error" },
    ...options,
  });
  const folders = Object.keys(metafile.inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [],
  );
  writeFileSync(`${outfile}.LICENSES.txt`, [...new Set(folders)].sort().map(licenceOf).join("\n"));
}

/** A package's name, version and licence texts. */
function licenceOf(folder) {
  const { name, version, license, homepage, repository } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice|copying)\b/i.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  const none = texts.length === 0 ? [`No licence text comes with it; see ${homepage ?? repository?.url ?? name}.`] : [];
  return [`== ${name} ${version}, ${license}`, ...texts, ...none, ""].join("\n\n");
}

const tfjsCore = dirname(require.resolve("@tensorflow/tfjs-core/package.json"));
const tfjsEntry = join("src", "tensor", "tfjs.entry.js");
const wasm = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];
await step("tfjs", [tfjsEntry], [join(vendor, "tfjs.js"), ...wasm.map((file) => join(vendor, file))], async () => {
  // The node builds of TensorFlow.js are CommonJS and call require for node's own modules.
  const js =
    'import { createRequire as __cr } from "node:module"; import { fileURLToPath as __fu } from "node:url"; import { dirname as __dn } from "node:path"; const require = __cr(import.meta.url); const __filename = __fu(import.meta.url); const __dirname = __dn(__filename);';
  await bundle(tfjsEntry, join(vendor, "tfjs.js"), { banner: { js } });
  const from = dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  for (const file of wasm) copyFileSync(join(from, "dist", file), join(vendor, file));
});
await step("tfjs-types", ["vendor-types.mjs"], [join(vendor, "tfjs", "index.d.ts")], async () => {
  const { copyTensorflowTypes } = await import("./vendor-types.mjs");
  copyTensorflowTypes(join(tfjsCore, "dist"), join(vendor, "tfjs"));
});
const echartsEntry = join("src", "cli", "echarts.entry.js");
await step("echarts", [echartsEntry], [join(vendor, "echarts.js")], () =>
  bundle(echartsEntry, join(vendor, "echarts.js")),
);

await native;
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.json"], { stdio: "inherit" });
// Node requires ES modules from 20.19 on, but a compiler that is told of an older one refuses to (module node16: TS1479).
for (const folder of ["dist", join("dist", "testing")])
  writeFileSync(
    join(folder, "index.d.cts"),
    "// For require(), which Node >= 20.19 does with ES modules; module node16 knows an older one (TS1479).\n" +
      '// @ts-ignore\nexport * from "./index.js";\n',
  );
await bundleRooms();
writeStamp(root, builtFrom);
