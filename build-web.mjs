// Builds the dashboard into dist/web/: scripts, style and icon under names with their hash, each also as .br and .gz, the page
// that names them, and assets.json, the map from URL paths to files that the service serves and nothing else.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { pureModules } from "./build-web-modules.mjs";

const source = join("web", "app");
const target = join("dist", "web");

/** The most that all scripts together may weigh, compressed with gzip. */
export const SCRIPT_LIMIT = 330_000;

const types = { ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)];

const common = {
  ...{ bundle: true, minify: true, format: "esm", charset: "ascii", logLevel: "error", metafile: true, write: false },
  ...{
    target: ["es2022", "chrome111", "firefox114", "safari16.4"],
    legalComments: "none",
    outdir: join(target, "assets"),
  },
  ...{ entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]", assetNames: "[name]-[hash]" },
  ...{ jsx: "automatic", jsxImportSource: "preact", loader: { ".svg": "copy" } },
  alias: { "#echarts": "./src/plots/echarts.drawing.js" },
};

/** Scripts that have a thread of their own; the page knows each by a constant with its file's name. */
const workers = {
  __LIVE_WORKER__: join(source, "live", "shared-worker.ts"),
  __COLUMNS_WORKER__: join(source, "columns", "worker.ts"),
  __PAINT_WORKER__: join(source, "charts", "parallel", "paint-worker.ts"),
  __DRAW_WORKER__: join(source, "charts", "draw-worker.ts"),
};

const nameOf = (result, entry) => {
  const found = Object.entries(result.metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint === entry.replaceAll("\\", "/"),
  );
  return basename(found[0]);
};

/** The plots' colours as the style's variables: those of a theme, and of the other where the reader's system or they want it. */
async function themeStyle() {
  const { transform } = await import("esbuild");
  const { code } = await transform(readFileSync(join("src", "plots", "theme.ts"), "utf8"), { loader: "ts" });
  const { themes } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const of = (name) =>
    Object.entries(themes[name])
      .map(([color, value]) => `--${color}:${value};`)
      .join("") + `color-scheme:${name};`;
  return [
    `:root{${of("light")}}`,
    `@media (prefers-color-scheme:dark){:root:not([data-theme="light"]){${of("dark")}}}`,
    `:root[data-theme="dark"]{${of("dark")}}`,
    `@media print{:root:root{${of("light")}}}`,
  ].join("\n");
}

/** `@import "theme:colors"`. */
const themePlugin = {
  name: "theme",
  setup(build) {
    build.onResolve({ filter: /^theme:/ }, ({ path }) => ({ path, namespace: "theme" }));
    build.onLoad({ filter: /.*/, namespace: "theme" }, async () => ({ contents: await themeStyle(), loader: "css" }));
  },
};

/** Writes a file and what it is compressed to; its line of the map. */
async function put(folder, name, content, type, immutable) {
  const file = join(folder, name);
  const [br, gz] = await Promise.all([
    brotli(content, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
    }),
    zip(content, { level: 9 }),
  ]);
  for (const [suffix, bytes] of [
    ["", content],
    [".br", br],
    [".gz", gz],
  ])
    writeFileSync(join(target, `${file}${suffix}`), bytes);
  const path = file.replaceAll("\\", "/");
  return { file: path, type, immutable, bytes: content.length, br: br.length, gz: gz.length };
}

/** @returns what the scripts weigh, compressed with gzip, in bytes; an error when that is beyond the limit */
export async function buildWeb() {
  const { build } = await import("esbuild");
  const define = { "process.env.NODE_ENV": '"production"' };
  const outputs = [];
  for (const [constant, entry] of Object.entries(workers)) {
    if (!existsSync(entry)) continue;
    const made = await build({ ...common, define, entryPoints: [entry], plugins: [pureModules] });
    define[constant] = JSON.stringify(nameOf(made, entry));
    outputs.push(...made.outputFiles);
  }
  const script = join(source, "main.tsx");
  const [style, icon] = [join(source, "styles", "style.css"), join(source, "icon.svg")];
  const page = await build({ ...common, define, entryPoints: [script], splitting: true, plugins: [pureModules] });
  const looks = await build({ ...common, entryPoints: [style, icon], plugins: [themePlugin] });
  outputs.push(...page.outputFiles, ...looks.outputFiles);

  const { imports } = page.metafile.outputs[join(target, "assets", nameOf(page, script)).replaceAll("\\", "/")];
  const first = imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
  const preloads = first.map((name) => `<link rel="modulepreload" href="/assets/${name}" />`).join("\n    ");

  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, "assets"), { recursive: true });
  const html = readFileSync(join(source, "index.html"), "utf8")
    .replace("%script%", `/assets/${nameOf(page, script)}`)
    .replace("%preloads%", preloads)
    .replace("%style%", `/assets/${nameOf(looks, style)}`)
    .replace("%icon%", `/assets/${basename(looks.outputFiles.find(({ path }) => path.endsWith(".svg")).path)}`);
  const files = { "/": await put("", "index.html", Buffer.from(html), "text/html; charset=utf-8", false) };
  for (const { path, contents } of outputs) {
    const name = basename(path);
    if (name in files) continue;
    const type = types[/\.\w+$/.exec(name)?.[0]];
    files[`/assets/${name}`] = await put("assets", name, Buffer.from(contents), type, true);
  }
  // Asked for without a look at the page, as for a bookmark.
  files["/favicon.ico"] = await put("", "favicon.ico", readFileSync(icon), types[".svg"], false);
  writeFileSync(join(target, "assets.json"), `${JSON.stringify({ files }, null, 1)}\n`);
  const scripts = Object.values(files).filter(({ file }) => file.endsWith(".js"));
  const weight = scripts.reduce((sum, { gz }) => sum + gz, 0);
  if (weight > SCRIPT_LIMIT)
    throw new Error(`the dashboard's scripts weigh ${weight} bytes compressed; ${SCRIPT_LIMIT} is the limit`);
  return weight;
}
