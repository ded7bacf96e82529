/** TensorFlow's kernels, loaded into this package's TensorFlow.js. */
import { existsSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { join, sep } from "node:path";
import util from "node:util";
import { messageOf } from "../core/errors.js";
import { BackendUnavailable } from "./backend-unavailable.js";
import { libcOf } from "./c-library.js";
import { damageOf, inCache, inNodeModules, tensorflowCache } from "./tensorflow-files.js";
import type { TensorflowFiles } from "./tensorflow-files.js";
import * as tf from "./tf.js";

/** What was loaded. */
export interface LoadedTensorflow {
  /** Of `@tensorflow/tfjs-node`. */
  readonly version: string;
  /** Of libtensorflow. */
  readonly tensorflow: string;
  readonly files: TensorflowFiles;
}

interface Binding {
  readonly TF_Version: string;
}

type NodeBackend = new (binding: Binding, packageName: string) => tf.KernelBackend;

/** Node's own loader of CommonJS modules, which every `require` goes through. */
const loader = Module as unknown as {
  _load: (this: void, id: string, parent: { filename?: string } | null, main: boolean) => unknown;
};

/**
 * What the package's files are handed in place of what they ask for: this package's TensorFlow.js, so that there is one
 * engine and not the 141 MB of the umbrella package beside it; and `util` as it was before Node 23, which took from it
 * what the package calls.
 */
function replacements(): Record<string, unknown> {
  // Its classes are compiled to functions and call their parent as one, which a class of today does not allow.
  function KernelBackend(): void {}
  KernelBackend.prototype = Object.create(tf.KernelBackend.prototype) as object;
  const isNullOrUndefined = (value: unknown): boolean => value === null || value === undefined;
  const bundled = { ...tf, KernelBackend };
  return {
    "@tensorflow/tfjs": bundled,
    "@tensorflow/tfjs-core": bundled,
    util: { ...util, isNullOrUndefined, isArray: Array.isArray },
    // Messages of saved models and of TensorBoard's event files, which need another package and are not used here.
    "./proto/api_pb": {},
  };
}

/** Requires files of the package with the replacements in force for them alone, and for no longer than it takes. */
export function requireCode(code: string): NodeBackend {
  const dist = join(code, "dist");
  const given = replacements();
  const original = loader._load;
  loader._load = function (id, parent, main) {
    const ours = parent?.filename?.startsWith(dist + sep) === true && Object.hasOwn(given, id);
    return ours ? given[id] : original(id, parent, main);
  };
  try {
    const require = createRequire(join(dist, "index.js"));
    require("./register_all_kernels.js");
    return (require("./nodejs_kernel_backend.js") as { NodeJSKernelBackend: NodeBackend }).NodeJSKernelBackend;
  } finally {
    loader._load = original;
  }
}

/**
 * Before libtensorflow is loaded: its notices stay out of the user's terminal, and it computes in the thread that calls
 * it. Its own threads share out a sum's terms by how many they are, so that bits would depend on the machine; and a
 * study's workers would have N of them each. What the user has set stays. A worker thread's environment is a copy that
 * C code does not see, so an addon of `backends install` sets the same again when it is loaded.
 */
function setEnvironment(): void {
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "3";
  process.env["TF_NUM_INTRAOP_THREADS"] ??= "1";
  process.env["TF_NUM_INTEROP_THREADS"] ??= "1";
}

/** Loads what lies there and registers the backend `tensorflow`. @throws whatever is wrong with it */
export function loadTensorflowFrom(files: TensorflowFiles): LoadedTensorflow {
  const damage = damageOf(files);
  if (damage !== null) throw new Error(damage);
  if (!existsSync(files.addon)) throw new Error(`${files.addon} is missing`);
  setEnvironment();
  const require = createRequire(join(files.code, "package.json"));
  const { version } = require("./package.json") as { version: string };
  const binding = require(files.addon) as Binding;
  if (!tf.findBackendFactory("tensorflow")) {
    const Backend = requireCode(files.code);
    tf.registerBackend("tensorflow", () => new Backend(binding, "@tensorflow/tfjs-node"), 1);
  }
  return { version, tensorflow: binding.TF_Version, files };
}

/**
 * Loads TensorFlow from the user's cache, or else from `@tensorflow/tfjs-node` beside this package.
 * @throws UsageError `backend-unavailable`
 */
export function loadTensorflow(): Promise<LoadedTensorflow> {
  const candidates = [inCache(), inNodeModules()].filter((files) => files !== null);
  let error: BackendUnavailable | null = null;
  for (const files of candidates) {
    try {
      return Promise.resolve(loadTensorflowFrom(files));
    } catch (failure) {
      error ??= broken(files, failure);
    }
  }
  return Promise.reject(error ?? notInstalled());
}

function lacking(why: string, remedy: string, cause?: unknown): BackendUnavailable {
  return new BackendUnavailable("tensorflow", { why, remedy }, "wasm", cause === undefined ? {} : { cause });
}

function notInstalled(): BackendUnavailable {
  const { platform, arch, execPath } = process;
  const none = "it is not installed, and";
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64"))
    return lacking(
      `${none} on ${platform} ${arch} mlbench-hpo installs none`,
      "run `npm install @tensorflow/tfjs-node` beside mlbench-hpo",
    );
  if (libcOf(execPath) === "musl")
    return lacking(`${none} it needs glibc, this Linux has musl`, "use a Linux with glibc");
  return lacking(
    `it is not installed in ${tensorflowCache()}`,
    "run `mlbench-hpo backends install tensorflow` (207 MB are downloaded, a C++ compiler is needed)",
  );
}

function broken({ source, folder }: TensorflowFiles, error: unknown): BackendUnavailable {
  const first = messageOf(error).split("\n")[0]?.trim() ?? "";
  return source === "cache"
    ? lacking(
        `${folder} does not load: ${first}`,
        "run `mlbench-hpo backends install tensorflow --force` to install it anew",
        error,
      )
    : lacking(
        `@tensorflow/tfjs-node in ${folder} does not load: ${first}`,
        "run `mlbench-hpo backends install tensorflow`, or reinstall the package for this Node version",
        error,
      );
}
