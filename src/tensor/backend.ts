/** The choice of the TensorFlow.js backend: wasm, cpu or tensorflow. */
import { UsageError, messageOf } from "../core/errors.js";
import type { BackendName } from "../core/run.js";
import { useExplicitTransposes } from "./kernels/mat-mul.js";
import * as tf from "./tf.js";
import { vendorDirectory } from "./vendor-directory.js";

/** The backend that is in use. */
export interface Backend {
  readonly name: BackendName;
  /** TensorFlow.js's version, or that of `@tensorflow/tfjs-node`. */
  readonly version: string;
}

async function activate(name: string): Promise<boolean> {
  if (tf.getBackend() === name) return true;
  const works = await tf.setBackend(name);
  if (works) await tf.ready();
  return works;
}

/**
 * Runs `action` and takes off the process what it hung there. TensorFlow.js's WebAssembly module rethrows every uncaught
 * error from a line of its own, so that Node would show all of that line (it is minified) in place of the user's.
 */
async function withoutErrorListeners<T>(action: () => Promise<T>): Promise<T> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => new Set(process.listeners(event as "uncaughtException")));
  try {
    return await action();
  } finally {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as "uncaughtException"))
        if (!before[i]?.has(listener)) process.off(event, listener);
    });
  }
}

async function useWasm(): Promise<Backend> {
  if (tf.getBackend() !== "wasm") tf.setWasmPaths(vendorDirectory());
  if (!(await withoutErrorListeners(() => activate("wasm"))))
    throw new UsageError("backend-unavailable", 'backend "wasm" does not start here: use --backend cpu');
  useExplicitTransposes();
  return { name: "wasm", version: tf.version_core };
}

async function useCpu(): Promise<Backend> {
  await activate("cpu");
  return { name: "cpu", version: tf.version_core };
}

/** Runs `action` with the console silent: tfjs-node prints banners and notices while it loads. */
async function silently<T>(action: () => Promise<T>): Promise<T> {
  const methods = ["log", "info", "warn", "error", "debug"] as const;
  const kept: Record<string, unknown> = { ...console };
  for (const method of methods) console[method] = () => {};
  try {
    return await action();
  } finally {
    Object.assign(console, kept);
  }
}

/** Node 23 removed `util.isNullOrUndefined`, which tfjs-node still calls. */
async function shimNodeUtil(): Promise<void> {
  const util = (await import("node:util")).default as unknown as Record<string, unknown>;
  util["isNullOrUndefined"] ??= (value: unknown): boolean => value === null || value === undefined;
}

/** The error that says in one line why `@tensorflow/tfjs-node` did not load, and what to do. */
export function explainTensorflow(error: unknown): UsageError {
  const code = (error as { code?: unknown } | null)?.code;
  const first = messageOf(error).split("\n")[0]?.trim() ?? "";
  const notInstalled =
    (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && /['"]@tensorflow\/tfjs-node['"]/.test(first);
  const why = notInstalled
    ? "@tensorflow/tfjs-node is not installed (an optional peer, never installed by itself: its install step downloads libtensorflow)"
    : `@tensorflow/tfjs-node is installed but does not load: ${first}`;
  const remedy = notInstalled
    ? "run `npm install @tensorflow/tfjs-node` beside mlbench-hpo, or build it against a local libtensorflow"
    : "reinstall it for this Node version with `npm rebuild @tensorflow/tfjs-node --build-addon-from-source`";
  return new UsageError(
    "backend-unavailable",
    `backend "tensorflow" is not available: ${why}; ${remedy}, or use --backend wasm`,
    { cause: error },
  );
}

async function useTensorflow(load: () => Promise<unknown>): Promise<Backend> {
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "3";
  await shimNodeUtil();
  try {
    const loaded = (await silently(load)) as { default?: { version?: Record<string, string> } };
    if (!(await activate("tensorflow"))) throw new Error("its backend does not start");
    return { name: "tensorflow", version: loaded.default?.version?.["tfjs-node"] ?? tf.version_core };
  } catch (error) {
    throw explainTensorflow(error);
  }
}

/** The specifier is a variable because the package is optional: the compiler must not ask for its types. */
const tfjsNode = "@tensorflow/tfjs-node";
const loadTfjsNode = (): Promise<unknown> => import(/* @vite-ignore */ tfjsNode);

/**
 * Makes a backend the active one of this thread.
 *
 * `auto` takes `wasm`, else `tensorflow`, else `cpu`: with this package's fused kernels `wasm` is the fastest at the
 * sizes that studies search, and the native addon's own LSTM op is not used.
 * @throws UsageError `backend-unavailable`, saying why and what to do; `not-built` when the wasm files are missing.
 */
export async function useBackend(
  name: BackendName | "auto",
  load: () => Promise<unknown> = loadTfjsNode,
): Promise<Backend> {
  switch (name) {
    case "wasm":
      return useWasm();
    case "cpu":
      return useCpu();
    case "tensorflow":
      return useTensorflow(load);
    case "auto":
      try {
        return await useWasm();
      } catch {
        return useTensorflow(load).catch(() => useCpu());
      }
    default:
      throw new UsageError("unknown-backend", `unknown backend "${String(name)}": known: wasm, cpu, tensorflow, auto`);
  }
}
