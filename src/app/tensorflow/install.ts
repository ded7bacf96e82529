/** `backends install tensorflow`: libtensorflow, tfjs-node's code and the addon between them, made in the user's cache. */
import { cp, mkdir, readdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MlbenchError, UsageError } from "../../core/index.js";
import { cannotWrite } from "../../io/atomic-write.js";
import { libcOf } from "../../tensor/c-library.js";
import { damageOf, INSTALLED, inCache, tensorflowCache, tensorflowLink } from "../../tensor/tensorflow-files.js";
import type { InstalledTensorflow } from "../../tensor/tensorflow-files.js";
import { compileAddon, findCompiler } from "./compile-addon.js";
import { beginFolder, leaveDownload, putInPlace, removeInstallation, sweep } from "./folders.js";
import { fetchPackages } from "./npm-packages.js";
import { runProgram } from "./run-program.js";
import { TENSORFLOW_SOURCES } from "./sources.js";
import type { TensorflowSources, WheelSource } from "./sources.js";
import { fetchWheel, locateWheel, unpackWheel } from "./wheel.js";
import type { FetchedWheel, WheelPlace } from "./wheel.js";

export interface InstallOptions {
  /** A file or an address to take in place of PyPI's wheel. */
  readonly wheel?: string | undefined;
  /** What the wheel's SHA-256 must be (hex). @default the published one, for the published wheel */
  readonly sha256?: string | undefined;
  /** Install anew what is there. @default false */
  readonly force?: boolean;
  /** What is done next. */
  readonly onStep?: (what: string) => void;
  /** Of the wheel's download. @param total null where the server does not say */
  readonly onProgress?: (received: number, total: number | null) => void;
  /** Ends the call; what was downloaded of the wheel stays for the next one, nothing else does. */
  readonly signal?: AbortSignal;
  /** Attempts to take up a broken connection again. @default 3 */
  readonly retries?: number;
  /** Before the first retry, doubled for each further one. @default 1000 */
  readonly retryDelayMs?: number;
  /** For tests: other sources, and another trial of what was made. */
  readonly sources?: TensorflowSources;
  readonly tryOut?: (folder: string, signal?: AbortSignal) => Promise<void>;
}

export interface Installation {
  readonly folder: string;
  readonly installed: InstalledTensorflow;
  /** False where it was there already. */
  readonly isNew: boolean;
  /** Whether the wheel's digest was compared with an expected one. */
  readonly verified: boolean;
}

/** The wheel, what comes out of it, and the headers, at the same time. */
const NEEDED_BYTES = 0.9e9;

function requirePlatform(sources: TensorflowSources): WheelSource {
  const { platform, arch } = process;
  const source = sources.wheels[arch];
  if (platform !== "linux" || !source)
    throw new UsageError(
      "install-unsupported",
      `TensorFlow is installed on Linux x64 and arm64 alone, this is ${platform} ${arch}; ` +
        "`npm install @tensorflow/tfjs-node` beside mlbench-hpo may bring one that is built for it",
    );
  if (libcOf(process.execPath) === "musl")
    throw new UsageError("install-unsupported", "TensorFlow's wheels need glibc, this Linux has musl");
  return source;
}

async function requireSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  if (free < NEEDED_BYTES)
    throw new MlbenchError(
      "cannot-write",
      `cannot write ${folder}: ${gigabytes(NEEDED_BYTES)} GB are needed, ${gigabytes(free)} GB are free`,
    );
}

/** The published wheel is installed and whole. */
function alreadyThere({ wheel, force }: InstallOptions, source: WheelSource): Installation | null {
  const there = inCache();
  if (!there?.installed || force || wheel !== undefined) return null;
  if (there.installed.sha256 !== source.sha256 || damageOf(there) !== null) return null;
  return { folder: there.folder, installed: there.installed, isNew: false, verified: true };
}

/**
 * Makes the TensorFlow backend in the user's cache. Until the last step whatever was installed before stays in use; that
 * step is a rename. Several at once don't meet: each works in a folder of its own.
 * @throws UsageError `install-unsupported`, `file-not-found`, `invalid-url`, `invalid-sha256`, `cannot-write`
 * @throws MlbenchError `install-failed`, `download-failed`, `download-interrupted`, `download-too-large`,
 * `checksum-mismatch`, `archive-refused`, `cannot-write`
 * @throws the signal's reason when aborted
 */
export async function installTensorflow(options: InstallOptions = {}): Promise<Installation> {
  const { signal, sources = TENSORFLOW_SOURCES } = options;
  const source = requirePlatform(sources);
  const place = await locateWheel({ source, wheel: options.wheel, sha256: options.sha256 });
  const there = alreadyThere(options, source);
  if (there) return there;
  const compiler = await findCompiler(process.env, signal);
  const cache = tensorflowCache();
  let folder: string | null = null;
  try {
    folder = await beginFolder(cache);
    await sweep(cache);
    await requireSpace(folder);
    return await makeInstallation({ options, place, sources, compiler, cache, folder });
  } catch (error) {
    signal?.throwIfAborted();
    const isOfTheSystem = error instanceof Error && "syscall" in error && !(error instanceof MlbenchError);
    throw isOfTheSystem ? cannotWrite((error as NodeJS.ErrnoException).path ?? cache, error) : error;
  } finally {
    if (folder !== null) await clearAway(cache, folder);
  }
}

/** Nothing is left of a folder that was not put in place but what was downloaded of the wheel. */
async function clearAway(cache: string, folder: string): Promise<void> {
  await leaveDownload(cache, folder).catch(() => undefined);
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

interface Work {
  readonly options: InstallOptions;
  readonly place: WheelPlace;
  readonly sources: TensorflowSources;
  readonly compiler: readonly string[];
  readonly cache: string;
  readonly folder: string;
}

async function makeInstallation({ options, place, sources, compiler, cache, folder }: Work): Promise<Installation> {
  const { signal, onStep, retries = 3, retryDelayMs = 1000, tryOut = tryInProcess } = options;
  const [lib, include, addon] = [join(folder, "lib"), join(folder, "include"), join(folder, "tfjs_binding.node")];
  const { code, headers } = sources;
  onStep?.(`fetching ${code.name} ${code.version} and ${headers.name} ${headers.version} with npm`);
  const packages = await fetchPackages([code, headers], join(folder, "npm"), signal);
  const [codeFolder, headersFolder] = packages as [string, string];
  onStep?.(place.file === undefined ? `fetching ${place.name}` : `reading ${place.file}`);
  const index = process.env["PIP_INDEX_URL"] ?? sources.index;
  const progress = { onProgress: options.onProgress, signal, retries, retryDelayMs };
  const wheel = await fetchWheel(place, index, { cache, folder }, progress);
  onStep?.(`unpacking libtensorflow; the wheel's SHA-256 is ${wheel.sha256}${wheel.verified ? ", as expected" : ""}`);
  const tensorflow = await unpackWheel(wheel, folder, { lib, include }, signal);
  onStep?.(`compiling the addon with ${compiler.join(" ")}`);
  const nodeHeaders = join(headersFolder, "include");
  const log = join(cache, "compile.log");
  await compileAddon(compiler, { code: codeFolder, nodeHeaders, tensorflowHeaders: include, lib, addon, log }, signal);
  await keepCode(codeFolder, join(folder, "tfjs-node"));
  onStep?.("trying it");
  await writeDescription(folder, { tensorflow, tfjs_node: code.version, wheel });
  await tryOut(folder, signal);
  await removeMaterials(folder, wheel);
  const link = tensorflowLink();
  const installed = await writeDescription(folder, { tensorflow, tfjs_node: code.version, wheel });
  signal?.throwIfAborted();
  const final = await putInPlace(folder, link, tensorflow);
  await sweep(cache);
  return { folder: final, installed, isNew: true, verified: wheel.verified };
}

/** Of the package, what is loaded. */
async function keepCode(from: string, to: string): Promise<void> {
  await mkdir(to);
  await rename(join(from, "package.json"), join(to, "package.json"));
  await cp(join(from, "dist"), join(to, "dist"), {
    recursive: true,
    filter: (path) => !/(\.d\.ts|_test\.js|\.map)$/.test(path),
  });
}

async function removeMaterials(folder: string, { path, downloaded }: FetchedWheel): Promise<void> {
  const own = downloaded ? [path, `${path}.json`] : [];
  for (const old of [...["npm", "include", "unpacking"].map((name) => join(folder, name)), ...own])
    await rm(old, { recursive: true, force: true });
}

async function sizesIn(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      sizes.set(path.slice(folder.length + 1), (await stat(path)).size);
    }
  return sizes;
}

async function writeDescription(
  folder: string,
  what: { readonly tensorflow: string; readonly tfjs_node: string; readonly wheel: FetchedWheel },
): Promise<InstalledTensorflow> {
  const sizes = await sizesIn(folder);
  const installed: InstalledTensorflow = {
    ...{ tensorflow: what.tensorflow, tfjs_node: what.tfjs_node, wheel: what.wheel.name, sha256: what.wheel.sha256 },
    bytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
    files: Object.fromEntries([...sizes].filter(([name]) => /^lib\/|\.node$/.test(name))),
    installed_at: new Date().toISOString(),
  };
  await writeFile(join(folder, INSTALLED), `${JSON.stringify(installed, null, 2)}\n`);
  return installed;
}

/** In a process of its own: a library that is not for this machine may end the process that loads it. */
async function tryInProcess(folder: string, signal?: AbortSignal): Promise<void> {
  const program = `
    const { tryTensorflow } = await import(process.argv[1]);
    await tryTensorflow(process.argv[2]);`;
  const trial = new URL("../../tensor/tensorflow-trial.js", import.meta.url).href;
  const command = [process.execPath, "--input-type=module", "--eval", program, trial, folder];
  const done = await runProgram(command, { signal });
  if (done?.code === 0) return;
  const error = done?.output.split("\n").find((line) => /^\w*Error\b/.test(line.trim()));
  const why = done?.signal ? `it ends with ${done.signal}` : (error?.trim() ?? "it ends without a word");
  throw new MlbenchError("install-failed", `what was made does not run on this machine: ${why}`);
}

/** `backends uninstall tensorflow`. @returns the folder that it was in; null where nothing was installed */
export async function uninstallTensorflow(): Promise<string | null> {
  const cache = tensorflowCache();
  try {
    const folder = await removeInstallation(cache, tensorflowLink());
    await rm(join(cache, "compile.log"), { force: true });
    return folder;
  } catch (error) {
    throw cannotWrite((error as NodeJS.ErrnoException).path ?? cache, error);
  }
}
