/** Lets users' modules import this package where they could not find it. */
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { join, parse, dirname } from "node:path";

type Resolved = { url: string; shortCircuit?: boolean };
type ResolveHook = (specifier: string, context: unknown, next: (s: string, c: unknown) => Resolved) => Resolved;
/** Node >= 22.15. */
const { registerHooks } = nodeModule as { registerHooks?: (hooks: { resolve: ResolveHook }) => unknown };

const NAME = "mlbench-hpo";
const own: Readonly<Record<string, string>> = {
  [NAME]: new URL("../index.js", import.meta.url).href,
  [`${NAME}/config`]: new URL("../app/define-config.js", import.meta.url).href,
};
let provided = false;

/** Whether a file would find this package by itself: in a `node_modules` above it, or as a file of the package. */
function findsPackage(file: string): boolean {
  const { root } = parse(file);
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "node_modules", NAME))) return true;
    if (folder === root) return false;
  }
}

const fallback = `
  let own;
  export const initialize = (data) => { own = data; };
  export async function resolve(specifier, context, next) {
    if (!own[specifier]) return next(specifier, context);
    try { return await next(specifier, context); } catch { return { url: own[specifier], shortCircuit: true }; }
  }`;

/**
 * Lets a plug-in or an objective import this package where no `node_modules` above it has one: the command line may be
 * installed globally. Nothing is changed for a file that finds the package itself.
 */
export function providePackage(file: string): void {
  if (provided || findsPackage(file)) return;
  provided = true;
  if (!registerHooks) {
    nodeModule.register(`data:text/javascript,${encodeURIComponent(fallback)}`, { data: own });
    return;
  }
  registerHooks({
    resolve(specifier, context, next) {
      const url = own[specifier];
      if (url === undefined) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch {
        return { url, shortCircuit: true };
      }
    },
  });
}
