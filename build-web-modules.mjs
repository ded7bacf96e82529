// How the dashboard's threads bundle rooms of src/ that were written for Node: what of them a page never calls is left out.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const rooms = /[\\/]src[\\/](?:core|plots|analysis|registry|search-space)[\\/]/;

/** In the place of what pages have not: nothing of it is called there. */
const nothing = "module.exports = {};";

/** Options are checked by the service; in a page they only have their defaults. */
const schemas = `
const schema = (fallback) => new Proxy({}, {
  get: (_, key) => (key === "fallback" ? fallback : key === "default" ? schema : () => schema(fallback)),
});
const object = (shape) => ({
  safeParse: (given) => {
    const defaults = Object.entries(shape).map(([name, one]) => [name, one.fallback]);
    return { success: true, data: { ...Object.fromEntries(defaults), ...given } };
  },
});
export const z = new Proxy({}, { get: (_, key) => (key === "strictObject" ? object : () => schema()) });`;

/** Parts of ECharts that no chart of ours reaches, though others import them. */
const unreached = {
  // Tooltips are painted.
  "component/tooltip/TooltipHTMLContent": "export default class {}",
  "i18n/langZH": "export default {}",
  // Colours are ours, in every theme.
  "theme/dark": "export default {}",
  "util/decal": "export const createOrUpdatePatternFromDecal = () => null",
  // Times are written as numbers.
  "scale/Time": "export default class { static type = 'time' }; export const calcNiceForTimeScale = () => {}",
  // A thread hears of pointers from its page.
  "dom/HandlerProxy": "export default class {}",
  // Clouds of a million points come thinned, and nothing of ours is round.
  "chart/helper/LargeSymbolDraw": "export default class {}",
  "graphic/helper/roundSector": "export const buildPath = () => {}",
  "label/sectorLabel": "export const createSectorCalculateTextPosition = () => null, setSectorTextRotation = () => {}",
  // Options are written for this version.
  "preprocessor/backwardCompat": "export default () => {}",
  "util/styleCompat":
    "export const isEC4CompatibleStyle = () => false, convertFromEC4CompatibleStyle = () => ({}), convertToEC4StyleForCustomSerise = () => ({}), warnDeprecated = () => {}",
  // Files stand still.
  "svg/cssAnimation": "export const createCSSAnimation = () => ''",
};
const unreachedPath = new RegExp(
  `[\\\\/](?:echarts|zrender)[\\\\/]lib[\\\\/](${Object.keys(unreached).join("|")})\\.js$`,
);

/** `createRequire` has one use in these rooms: it loads what compares words at the first mistake. */
const requires = 'import * as distance from "fastest-levenshtein"; export const createRequire = () => () => distance;';

/** An esbuild plugin. */
export const pureModules = {
  name: "pure-modules",
  setup(build) {
    build.onResolve({ filter: /^(?:node:.*|zod)$/ }, ({ path }) => ({ path, namespace: "absent", sideEffects: false }));
    build.onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: path === "node:module" ? requires : path === "zod" ? schemas : nothing,
      resolveDir: root,
    }));
    build.onLoad({ filter: unreachedPath }, ({ path }) => ({
      contents: unreached[unreachedPath.exec(path)[1].replaceAll("\\", "/")],
    }));
    // Each file of these rooms only declares: one that nothing is used of need not be there.
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, resolveDir }) => {
      if (!path.endsWith(".js") || !importer.endsWith(".ts")) return undefined;
      const file = join(resolveDir, path.replace(/\.js$/, ".ts"));
      // Forests of trees are the service's to grow: it is asked for what needs them.
      if (/[\\/]analysis[\\/]fanova[\\/]/.test(file)) return { path, namespace: "absent", sideEffects: false };
      return rooms.test(file) ? { path: file, sideEffects: false } : undefined;
    });
  },
};
