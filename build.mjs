// Builds dist/: the fused kernels (AssemblyScript, and C where there is a compiler), a module with TensorFlow.js and one
// each with ECharts and zod, their licences, the script and style of reports' pages, and the TypeScript sources, those that are loaded together in one file. With
// --types their types as well: what is tested, checked and packed has them. The steps run beside each other; one is skipped
// when nothing that it reads has changed since it last ran.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative, nativeFile, systemCompiler } from "./build-native.mjs";
import { buildWeb } from "./build-web.mjs";
import { bundleRooms, compileSources } from "./bundle-rooms.mjs";
import { clearStamp, filesUnder, sourceHash, writeStamp } from "./build-stamp.mjs";

const root = dirname(fileURLToPath(import.meta.url));
process.chdir(root);
const types = process.argv.includes("--types");
const require = createRequire(import.meta.url);
const vendor = join("dist", "vendor");
mkdirSync(vendor, { recursive: true });
const builtFrom = sourceHash(root);
clearStamp(root);
if (types) clearStamp(root, "types");

/** A script in a process of its own. */
function run(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${args[0]} ended with exit code ${code}`));
    });
  });
}

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
const asc = join(dirname(require.resolve("assemblyscript/package.json")), "bin", "asc.js");
const variants = [
  ["plain", []],
  ["relaxed", ["--enable", "relaxed-simd"]],
];
const kernels = variants.map(([variant, flags]) => {
  const file = join(vendor, `kernels-${variant}.wasm`);
  return step(`kernels-${variant}`, filesUnder(assembly), [file], () =>
    run(
      ...[asc, join(assembly, "index.ts"), "-o", file, "-O3", "--converge", "--runtime", "stub", "--noAssert"],
      ...["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536", "--memoryBase", "1024"],
      ...["--enable", "simd", ...flags, "--disableWarning", "201"],
    ),
  );
});

const arithmetic = join("src", "samplers", "assembly");
const samplersFile = join(vendor, "samplers.wasm");
const samplers = step("samplers", filesUnder(arithmetic), [samplersFile], () =>
  run(
    ...[asc, join(arithmetic, "index.ts"), "-o", samplersFile, "-O3", "--converge", "--runtime", "stub", "--noAssert"],
    ...["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536", "--memoryBase", "1024"],
  ),
);

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

const tfjsEntry = join("src", "tensor", "tfjs.entry.js");
const wasm = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];
const tfjsOutputs = [join(vendor, "tfjs.js"), ...wasm.map((file) => join(vendor, file))];
const tfjs = step("tfjs", [tfjsEntry], tfjsOutputs, async () => {
  // The node builds of TensorFlow.js are CommonJS and call require for node's own modules.
  const js =
    'import { createRequire as __cr } from "node:module"; import { fileURLToPath as __fu } from "node:url"; import { dirname as __dn } from "node:path"; const require = __cr(import.meta.url); const __filename = __fu(import.meta.url); const __dirname = __dn(__filename);';
  await bundle(tfjsEntry, join(vendor, "tfjs.js"), { banner: { js } });
  const from = dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  for (const file of wasm) copyFileSync(join(from, "dist", file), join(vendor, file));
});
const drawnWith = ["custom-series.ts", "echarts.drawing.js", "number-text.ts", "theme.ts"].map((name) =>
  join("src", "plots", name),
);
const packages = [
  ["plots/echarts", drawnWith],
  ["registry/zod", []],
].map(([path, parts]) => {
  const [entry, name] = [join("src", `${path}.entry.js`), basename(path)];
  // A page has no `process`.
  const define = { "process.env.NODE_ENV": '"production"' };
  return step(name, [entry, ...parts], [join(vendor, `${name}.js`)], () =>
    bundle(entry, join(vendor, `${name}.js`), { define }),
  );
});

/** What the page of a report runs and looks like: a script and a style, which are put into it. */
const report = step(
  "report",
  [...filesUnder(join("web", "report")), join("src", "core", "numbers-in-words.ts")],
  ["report.js", "report.css"].map((file) => join(vendor, file)),
  async () => {
    const { build } = await import("esbuild");
    const common = { bundle: true, minify: true, charset: "ascii", legalComments: "none", logLevel: "error" };
    const [script, style] = [join("web", "report", "main.ts"), join("web", "report", "report.css")];
    await build({
      ...common,
      entryPoints: [script],
      outfile: join(vendor, "report.js"),
      format: "esm",
      target: "es2022",
    });
    await build({
      ...common,
      entryPoints: [style],
      outfile: join(vendor, "report.css"),
      target: ["chrome111", "firefox113", "safari16.4"],
    });
  },
);

/** The dashboard that the service serves. */
const dashboard = step(
  "web",
  [
    ...filesUnder(join("web", "app")),
    ...["core", "plots", "analysis"].flatMap((room) => filesUnder(join("src", room))),
    "build-web.mjs",
  ],
  [join("dist", "web", "assets.json")],
  async () => {
    const weight = await buildWeb();
    console.error(`the dashboard's scripts: ${(weight / 1000).toFixed(0)} kB compressed`);
  },
);

async function modules() {
  await compileSources();
  await bundleRooms();
}

/** Checks types, and writes declarations: what takes longest, and what running needs nothing of. */
async function declarations() {
  await step("tfjs-types", ["vendor-types.mjs"], [join(vendor, "tfjs", "index.d.ts")], () =>
    run("vendor-types.mjs", join(vendor, "tfjs")),
  );
  await run(require.resolve("typescript/bin/tsc"), "-p", "tsconfig.json", "--emitDeclarationOnly");
  // Node requires ES modules from 20.19 on, but a compiler that is told of an older one refuses to (module node16: TS1479).
  for (const folder of ["dist", join("dist", "testing")])
    writeFileSync(
      join(folder, "index.d.cts"),
      "// For require(), which Node >= 20.19 does with ES modules; module node16 knows an older one (TS1479).\n" +
        '// @ts-ignore\nexport * from "./index.js";\n',
    );
}

await Promise.all([
  ...kernels,
  samplers,
  native,
  tfjs,
  report,
  dashboard,
  ...packages,
  modules(),
  ...(types ? [declarations()] : []),
]);
writeStamp(root, builtFrom);
if (types) writeStamp(root, builtFrom, "types");
