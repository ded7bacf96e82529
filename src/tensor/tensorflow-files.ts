/** Where TensorFlow lies on this machine: in the user's cache, or in an npm package beside this one. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** What `backends install tensorflow` leaves beside what it installed, as `installed.json`. */
export interface InstalledTensorflow {
  readonly tensorflow: string;
  readonly tfjs_node: string;
  /** The wheel's file name and its SHA-256 (hex). */
  readonly wheel: string;
  readonly sha256: string;
  /** Of everything, and of the files that must be whole, by their path in the folder. */
  readonly bytes: number;
  readonly files: Readonly<Record<string, number>>;
  readonly installed_at: string;
}

/** What can be loaded: JavaScript for the kernels, and the addon that calls libtensorflow. */
export interface TensorflowFiles {
  /** `cache`: made by `backends install`; `npm`: the optional peer `@tensorflow/tfjs-node`. */
  readonly source: "cache" | "npm";
  readonly folder: string;
  /** The package `@tensorflow/tfjs-node`. */
  readonly code: string;
  readonly addon: string;
  /** Of the cache alone. */
  readonly installed: InstalledTensorflow | null;
}

/** The file that says what an installation is. */
export const INSTALLED = "installed.json";

/** The folder of all installations: `$XDG_CACHE_HOME/mlbench-hpo/tensorflow`, or the same in `~/.cache`. */
export function tensorflowCache(env: NodeJS.ProcessEnv = process.env): string {
  const given = env["XDG_CACHE_HOME"] ?? "";
  // The standard has relative paths ignored.
  return join(isAbsolute(given) ? given : join(homedir(), ".cache"), "mlbench-hpo", "tensorflow");
}

/** This machine's installation: a link to a folder, so that another one can take its place in one step. */
export function tensorflowLink(env?: NodeJS.ProcessEnv): string {
  return join(tensorflowCache(env), `${process.platform}-${process.arch}`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/** What is installed in the cache; null where nothing is. Reads one small file. */
export function inCache(env?: NodeJS.ProcessEnv): TensorflowFiles | null {
  let folder: string;
  try {
    // What the link means now: all files are of one installation, whatever takes its place meanwhile.
    folder = realpathSync(tensorflowLink(env));
  } catch {
    return null;
  }
  const installed = readJson(join(folder, INSTALLED)) as InstalledTensorflow | null;
  if (typeof installed?.tensorflow !== "string") return null;
  return { source: "cache", folder, code: join(folder, "tfjs-node"), addon: join(folder, ADDON), installed };
}

const ADDON = "tfjs_binding.node";

/** What is missing or cut short in an installation of the cache; null where it is whole. */
export function damageOf({ folder, installed }: TensorflowFiles): string | null {
  for (const [name, bytes] of Object.entries(installed?.files ?? {})) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
    if (found === undefined) return `${name} is missing`;
    if (found !== bytes) return `${name} has ${found} of ${bytes} bytes`;
  }
  return null;
}

/** The optional peer, if npm put it where this package finds it; its addon may still be missing. */
export function inNodeModules(): TensorflowFiles | null {
  let code: string;
  try {
    code = realpathSync(dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-node/package.json")));
  } catch {
    return null;
  }
  return { source: "npm", folder: code, code, addon: addonOfPackage(code), installed: null };
}

/** The package's own install step puts its addon into a folder for the version of Node-API that it was built for. */
function addonOfPackage(code: string): string {
  const lib = join(code, "lib");
  const versions = (existsSync(lib) ? readdirSync(lib) : [])
    .map((name) => Number(/^napi-v(\d+)$/.exec(name)?.[1]))
    .filter((version) => version <= Number(process.versions.napi))
    .sort((a, b) => b - a);
  return join(lib, `napi-v${versions[0] ?? process.versions.napi}`, ADDON);
}

/** Whether there is something to load, by the looks of it. Reads one small file. */
export function hasTensorflow(): boolean {
  return (inCache() ?? inNodeModules()) !== null;
}

/**
 * Whether the TensorFlow that would be loaded may run in several threads of a process: what `backends install` compiles
 * may, the npm package's own addon writes to a set that its threads share without a lock.
 */
export function tensorflowTakesThreads(env?: NodeJS.ProcessEnv): boolean {
  return inCache(env) !== null || inNodeModules() === null;
}
