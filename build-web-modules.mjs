// How the dashboard's threads bundle rooms of src/ that were written for Node: what of them a page never calls is left out.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const rooms = /[\\/]src[\\/](?:core|plots|analysis|registry|search-space)[\\/]/;

/** In the place of what pages have not: whatever is asked of it is itself. */
const nothing = "module.exports = new Proxy(function () {}, { get: (_, key) => (key === '__esModule' ? true : key === Symbol.toPrimitive ? () => '' : module.exports), apply: () => module.exports });";

/** `createRequire` has one use in these rooms: it loads what compares words at the first mistake. */
const requires = 'import * as distance from "fastest-levenshtein"; export const createRequire = () => () => distance;';

/** An esbuild plugin. */
export const pureModules = {
  name: "pure-modules",
  setup(build) {
    build.onResolve({ filter: /^(?:node:.*|zod)$/ }, ({ path }) => ({ path, namespace: "absent", sideEffects: false }));
    build.onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: path === "node:module" ? requires : nothing,
      resolveDir: root,
    }));
    // Each file of these rooms only declares: one that nothing is used of need not be there.
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, resolveDir }) => {
      if (!path.endsWith(".js") || !importer.endsWith(".ts")) return undefined;
      const file = join(resolveDir, path.replace(/\.js$/, ".ts"));
      return rooms.test(file) ? { path: file, sideEffects: false } : undefined;
    });
  },
};
