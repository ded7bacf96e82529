/** The choice of the TensorFlow.js backend: wasm, cpu or tensorflow. */
import { UsageError } from "../core/errors.js";
import type { BackendName } from "../core/run.js";
import { BackendUnavailable } from "./backend-unavailable.js";
import { useExplicitTransposes } from "./kernels/mat-mul.js";
import { notePackedWeights } from "./kernels/packed-weights.js";
import { loadTensorflow } from "./tensorflow.js";
import type { LoadedTensorflow } from "./tensorflow.js";
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
  if (!(await withoutErrorListeners(() => activate("wasm")))) throw new BackendUnavailable("wasm", null, "cpu");
  // First, so that what is noted are the operands that the backend's own product is given.
  notePackedWeights();
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

async function useTensorflow(load: () => Promise<LoadedTensorflow>): Promise<Backend> {
  const { version } = await silently(load);
  if (!(await activate("tensorflow"))) throw new BackendUnavailable("tensorflow", null, "wasm");
  return { name: "tensorflow", version };
}

/**
 * Makes a backend the active one of this thread.
 *
 * `auto` takes `wasm`, else `tensorflow`, else `cpu`: with this package's fused kernels `wasm` is the fastest at the
 * sizes that studies search, and the native addon's own LSTM op is not used.
 * @throws UsageError `backend-unavailable`, saying why and what to do; `not-built` when the wasm files are missing.
 */
export async function useBackend(
  name: BackendName | "auto",
  load: () => Promise<LoadedTensorflow> = loadTensorflow,
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
