// Puts the files of a room that every command loads into one, beside them: Node takes some 0.7 ms of CPU for each module of
// its own, and `studies` had 110. Every file of the room stays, and hands on what it exports: there is one copy of each thing.
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

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
    ...["annotated", "baselines", "study-list", "study-overview", "trial-query"].map((name) => `views/${name}`),
  ].map((name) => `src/app/${name}.ts`),
  "src/cli": [
    ...[
      "program",
      "command",
      "global-options",
      "io",
      "render",
      "shared-options",
      "study-ref",
      "teller",
      "trial-table",
      "version",
    ],
    ...["commands/index", "commands/studies", "commands/trials", "../app/find-project-file"],
  ].map((name) => join("src/cli", `${name}.ts`)),
};

const asModule = (path) => (path.startsWith(".") ? path : `./${path}`).replaceAll("\\", "/");
const inDist = (file) => file.replace(/^src/, "dist").replace(/\.ts$/, ".js");

/** The room's own files are bundled; others are imported as from the bundle's place, when the room did. */
function onlyTheRoom(files, folder) {
  const own = new Set(files.map((file) => resolve(file)));
  return {
    name: "only-the-room",
    setup: (build) =>
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, kind }) => {
        const source = resolve(resolveDir, path).replace(/\.js$/, ".ts");
        if (kind === "entry-point" || own.has(source)) return { path: source };
        return { path: asModule(relative(resolve(folder), source)).replace(/\.ts$/, ".js"), external: true };
      }),
  };
}

/** What each file exports, by file. */
async function exportsOf(build, files) {
  const { metafile } = await build({
    ...{ entryPoints: files, outdir: "dist", outbase: "src", format: "esm", platform: "node", write: false },
    ...{ metafile: true, logLevel: "error" },
  });
  const outputs = Object.values(metafile.outputs).map(({ entryPoint, exports }) => [entryPoint, exports]);
  return Object.fromEntries(outputs);
}

/** Writes `room.js` of every room, and what is left of its files. */
export async function bundleRooms() {
  const { build } = await import("esbuild");
  for (const [folder, files] of Object.entries(rooms)) {
    const barrel = files.filter((file) => file === "src/core/index.ts");
    const parts = files.filter((file) => !barrel.includes(file));
    const names = await exportsOf(build, parts);
    const entry = parts.map((file, i) => {
      const list = names[file].map((name) => `${name} as ${name}_${i}`).join(", ");
      return `export { ${list} } from ${JSON.stringify(asModule(relative(folder, file)).replace(/\.ts$/, ".js"))};`;
    });
    await build({
      ...{ stdin: { contents: entry.join("\n"), resolveDir: folder, loader: "ts" }, bundle: true, format: "esm" },
      ...{ platform: "node", target: "node20", packages: "external", outfile: join(inDist(folder), "room.js") },
      ...{ plugins: [onlyTheRoom(files, folder)], logLevel: "error" },
    });
    for (const [i, file] of parts.entries()) {
      const room = asModule(relative(dirname(file), join(folder, "room.js")));
      const list = names[file].map((name) => `${name}_${i} as ${name}`).join(", ");
      writeFileSync(inDist(file), `export { ${list} } from ${JSON.stringify(room)};\n`);
    }
    // A barrel would go through the files that are left: it takes from the room itself.
    for (const file of barrel) {
      const all = await exportsOf((options) => build({ ...options, bundle: true, packages: "external" }), [file]);
      const list = all[file].map((name) => {
        const at = parts.findIndex((part) => names[part].includes(name));
        return `${name}_${at} as ${name}`;
      });
      writeFileSync(inDist(file), `export { ${list.join(", ")} } from "./room.js";\n`);
    }
  }
}
