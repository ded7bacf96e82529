// Puts the files of a room that every command loads into one, beside them: Node takes some 0.7 ms of CPU for each module of
// its own, and `studies` had 110. Every file of the room stays, and hands on what it exports: there is one copy of each thing.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { filesUnder } from "./build-stamp.mjs";

const typescript = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .map((name) => join(folder, name));

/**
 * What goes together, by the folder whose `room.js` it becomes. Of a room's files that import a package such as zod only
 * those are here that need it always: what is imported in one file of a bundle is imported by all.
 */
const rooms = {
  "src/core": typescript("src/core"),
  "src/storage/json-file": [
    ...typescript("src/storage/json-file"),
    ...typescript("src/storage/migrations"),
    ...["artifacts", "lock-owner", "stored-event", "study-errors", "study-summary"].map(
      (name) => `src/storage/${name}.ts`,
    ),
  ],
  "src/app": [
    ...["address", "find-study", "read-study", "storage"],
    ...["annotated", "baselines", "study-list", "trial-query"].map((name) => `views/${name}`),
  ].map((name) => `src/app/${name}.ts`),
  "src/cli": [
    ...[
      "program",
      "command",
      "global-options",
      "io",
      "render",
      "server-option",
      "shared-options",
      "study-ref",
      "teller",
      "trial-table",
      "version",
    ],
    ...["commands/index", "commands/studies", "commands/trials", "../app/find-project-file"],
  ].map((name) => join("src/cli", `${name}.ts`)),
};

/**
 * What goes together for those who optimize, found by what they import: of all that is reached from `from` without a
 * dynamic import what is in no room and in no group before. A group is loaded as soon as one of its files is, so what needs
 * TensorFlow.js stands apart from what does not, and a worker's own from what the study's process has as well.
 */
const run = ["training/load-parts", "training/run", "models/lstm/lstm", "models/gru/gru", "models/mlp/mlp"];
const groups = [
  // All that the samplers' thread needs stands apart from what is loaded with a study.
  { name: "unit-interval", from: ["search-space/unit-interval", "samplers/tpe/truncated-normal"], takes: () => true },
  { name: "gp-proposal", from: ["samplers/gp/propose"], takes: () => true },
  {
    name: "registries",
    from: [
      ...run,
      "plugins/load-plugins",
      "training/config",
      "training/part-scores",
      "worker/run-objective",
      "app/study-kernels",
    ],
    takes: (file, needsTensors) => !needsTensors && !file.startsWith("src/worker/"),
  },
  {
    name: "training",
    from: run,
    takes: () => true,
  },
  { name: "worker", from: ["worker/run-trial", "worker/warm-up"], takes: () => true },
  {
    name: "study",
    from: [
      ...["app/study", "app/executor-of", "app/checkpoint-keeper", "app/study-warnings", "app/study-baselines"],
      ...["search-space/index", "app/resolve-objectives"],
    ],
    takes: (_file, needsTensors) => !needsTensors,
  },
  // A program that uses the library loads nothing of the command line.
  {
    name: "optimize-command",
    from: ["cli/commands/optimize", "cli/optimize-view", "cli/optimize-details", "cli/interrupt"],
    takes: (_file, needsTensors) => !needsTensors,
  },
  { name: "new-study", from: ["app/create-study"], takes: (_file, needsTensors) => !needsTensors },
  { name: "run-study", from: ["app/optimize-study"], takes: (_file, needsTensors) => !needsTensors },
  // A service's main thread runs studies without it.
  { name: "study-work", from: ["app/work-here"], takes: () => true },
  { name: "tpe", from: ["samplers/tpe/tpe"], takes: () => true },
  { name: "gp", from: ["samplers/gp/gp"], takes: () => true },
];
const tensors = "src/tensor/tf.ts";

/** Commands that need no group, beside those of a room: what they load stays as it is, else they would load groups. */
const light = ["cli/commands/show", "cli/commands/best-trial", "app/views/study-overview", "app/winners"].map(
  (file) => `src/${file}.ts`,
);

const asModule = (path) => (path.startsWith(".") ? path : `./${path}`).replaceAll("\\", "/");
const inDist = (file) => file.replace(/^src/, "dist").replace(/\.ts$/, ".js");

/** The bundle's own files go into it; others are imported as from its place, and when they were. */
function onlyThese(files, folder) {
  const own = new Set(files.map((file) => resolve(file)));
  return {
    name: "only-these",
    setup: (build) => {
      build.onResolve({ filter: /^#/ }, ({ path }) => ({ path, external: true }));
      build.onResolve({ filter: /^zod$/ }, () => ({
        path: asModule(relative(folder, join("src", "vendor", "zod.js"))),
        external: true,
      }));
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, kind }) => {
        const source = resolve(resolveDir, path).replace(/\.js$/, ".ts");
        if (kind === "entry-point" || (own.has(source) && kind !== "dynamic-import")) return { path: source };
        return { path: asModule(relative(resolve(folder), source)).replace(/\.ts$/, ".js"), external: true };
      });
    },
  };
}

/**
 * Compiles every file of src/ by itself. Types are checked, and declarations written, by TypeScript's own compiler
 * meanwhile. zod, of which each file wants a few functions and which comes as 95 files, is the one of the vendor folder.
 */
export async function compileSources() {
  const { build } = await import("esbuild");
  const files = filesUnder("src").filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.split(sep).includes("assembly"));
  // The service needs all of it, and the very one of the packages that it stands on.
  const zod = ({ path, importer }) =>
    importer.startsWith(join(resolve("src", "service"), sep))
      ? { path, external: true }
      : { path: asModule(relative(dirname(importer), resolve("src", "vendor", "zod.js"))), external: true };
  await build({
    ...{ entryPoints: files, outdir: "dist", outbase: "src", format: "esm", platform: "node", target: "node20" },
    ...{ bundle: true, logLevel: "error" },
    plugins: [
      {
        name: "one-by-one",
        setup: (own) => {
          own.onResolve({ filter: /^zod$/ }, zod);
          own.onResolve({ filter: /./ }, ({ path, kind }) =>
            kind === "entry-point" ? undefined : { path, external: true },
          );
        },
      },
    ],
  });
}

/** What each file exports, by file. */
async function exportsOf(build, files) {
  // What `export * from` hands on is only known once that is read as well.
  const star = (file) => /^export \* from/m.test(readFileSync(file, "utf8"));
  const barrels = files.filter(star);
  const lists = [
    await exportLists(
      build,
      files.filter((file) => !star(file)),
      {},
    ),
    await exportLists(build, barrels, { bundle: true, packages: "external", external: ["#*"] }),
  ];
  return Object.fromEntries(lists.flat());
}

async function exportLists(build, files, options) {
  if (files.length === 0) return [];
  const { metafile } = await build({
    ...{ entryPoints: files, outdir: "dist", outbase: "src", format: "esm", platform: "node", write: false },
    ...{ metafile: true, logLevel: "error", ...options },
  });
  return Object.values(metafile.outputs).map(({ entryPoint, exports }) => [entryPoint, exports]);
}

/** Refuses a file that looks for another by a URL that leads elsewhere from the bundle's folder. */
function requireSameUrls(parts, folder) {
  for (const part of parts)
    for (const [, url] of readFileSync(part, "utf8").matchAll(/new URL\(\s*"([^"]+)",\s*import\.meta\.url/g))
      if (resolve(dirname(part), url) !== resolve(folder, url))
        throw new Error(`${part}: ${url} leads elsewhere from ${folder}, where the file is bundled`);
}

/**
 * Bundles `parts` into a module of `folder` (in src/, as it were), and leaves files that hand on what it exports.
 * @returns what each exports, and under which name the bundle does.
 */
async function bundleFiles(build, parts, folder, file) {
  requireSameUrls(parts, folder);
  const names = await exportsOf(build, parts);
  const entry = parts.map((part, i) => {
    const list = names[part].map((name) => `${name} as ${name}_${i}`).join(", ");
    return `export { ${list} } from ${JSON.stringify(asModule(relative(folder, part)).replace(/\.ts$/, ".js"))};`;
  });
  await build({
    ...{ stdin: { contents: entry.join("\n"), resolveDir: folder, loader: "ts" }, bundle: true, format: "esm" },
    ...{ platform: "node", target: "node20", packages: "external", outfile: join(inDist(folder), file) },
    ...{ plugins: [onlyThese(parts, folder)], logLevel: "error" },
  });
  for (const [i, part] of parts.entries()) {
    const bundle = asModule(relative(dirname(part), join(folder, file)));
    const list = names[part].map((name) => `${name}_${i} as ${name}`).join(", ");
    writeFileSync(inDist(part), `export { ${list} } from ${JSON.stringify(bundle)};\n`);
  }
  return names;
}

/** What each source file imports when it is loaded, by file. */
async function importsOf(build) {
  const ofGroups = groups.flatMap(({ from }) => from.map((file) => `src/${file}.ts`));
  const entryPoints = [...new Set([...ofGroups, ...light, ...Object.values(rooms).flat()])];
  const { metafile } = await build({
    ...{ entryPoints, bundle: true, outdir: "dist", format: "esm", platform: "node", packages: "external" },
    ...{ external: ["#*"], write: false, metafile: true, logLevel: "error" },
  });
  return Object.fromEntries(
    Object.entries(metafile.inputs).map(([file, { imports }]) => [
      file,
      imports.filter(({ kind, external }) => kind === "import-statement" && !external).map(({ path }) => path),
    ]),
  );
}

/** All that is loaded with a file, itself included. */
function reached(imports, file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const next of imports[file] ?? []) reached(imports, next, found);
  return found;
}

async function bundleGroups(build) {
  const imports = await importsOf(build);
  const taken = new Set();
  for (const file of [...light, ...Object.values(rooms).flat()]) reached(imports, file, taken);
  // What hands on all of a package can't name it.
  const handsOnPackage = (file) => /^export \* from "[^.]/m.test(readFileSync(file, "utf8"));
  for (const { name, from, takes } of groups) {
    const all = new Set(from.flatMap((file) => [...reached(imports, `src/${file}.ts`)]));
    const needsTensors = (file) => reached(imports, file).has(tensors);
    const parts = [...all]
      .filter((file) => !taken.has(file) && !handsOnPackage(file) && takes(file, needsTensors(file)))
      .sort();
    for (const file of parts) taken.add(file);
    // One folder below dist/, as most of them: what they find beside themselves by URL is where it was.
    await bundleFiles(build, parts, "src/groups", `${name}.js`);
  }
}

/** Writes `room.js` of every room, the groups, and what is left of their files. */
export async function bundleRooms() {
  const { build } = await import("esbuild");
  for (const [folder, files] of Object.entries(rooms)) {
    const barrel = files.filter((file) => file === "src/core/index.ts");
    const parts = files.filter((file) => !barrel.includes(file));
    const names = await bundleFiles(build, parts, folder, "room.js");
    // A barrel would go through the files that are left: it takes from the room itself.
    for (const file of barrel) {
      const list = (await exportsOf(build, [file]))[file].map((name) => {
        const at = parts.findIndex((part) => names[part].includes(name));
        return `${name}_${at} as ${name}`;
      });
      writeFileSync(inDist(file), `export { ${list.join(", ")} } from "./room.js";\n`);
    }
  }
  await bundleGroups(build);
}
