/** What runs on this machine, and why: the fused kernels and the tensor backends. */
import { UsageError } from "../core/index.js";
import type { BackendName, IsaName, KernelsName } from "../core/index.js";
import type { NativeOrigin } from "../tensor/kernels/native.js";
import { compilerOf, nativeAddon } from "../tensor/kernels/native.js";
import { inCache, inNodeModules } from "../tensor/tensorflow-files.js";
import { isaOf, kernelsNames, kernelsReason, kernelsRemedy, resolveKernels } from "../tensor/kernels/select.js";

/** Kernels or a backend. */
export interface Runnable<Name extends string> {
  readonly name: Name;
  readonly runs: boolean;
  /** Whether it is taken where nothing else is asked for. */
  readonly chosen: boolean;
  /** Why it does not run; null where it does. */
  readonly reason: string | null;
}

/** Kernels, and what to do where they do not run; null: they do, or nothing helps. */
export interface RunnableKernels extends Runnable<KernelsName> {
  readonly remedy: string | null;
}

export interface BackendsReport {
  readonly kernels: readonly RunnableKernels[];
  /** Why the chosen kernels are: `MLBENCH_HPO_KERNELS`, or because they are the first that run. */
  readonly chosen_by: "MLBENCH_HPO_KERNELS" | "auto";
  /** The instruction set that native kernels use here, and all that they could use; null and none without them. */
  readonly isa: IsaName | null;
  readonly isas: readonly IsaName[];
  /** The addon's file; null without native kernels. */
  readonly native_file: string | null;
  /** Whether this machine's compiler made it, or the package brought it; and which compiler it was, where that is known. */
  readonly native_origin: NativeOrigin | null;
  readonly native_compiler: string | null;
  readonly backends: readonly (Runnable<BackendName> & { readonly version: string | null })[];
  /** What `backends install tensorflow` or npm brought, whether it loads or not; null where there is neither. */
  readonly tensorflow: TensorflowReport | null;
}

/** An installation of TensorFlow. */
export interface TensorflowReport {
  readonly source: "cache" | "npm";
  readonly folder: string;
  /** Of libtensorflow, and of all files; null for what npm brought. */
  readonly version: string | null;
  readonly bytes: number | null;
}

/**
 * Looks at everything that could run here. Loads TensorFlow.js.
 * @throws UsageError for what `MLBENCH_HPO_KERNELS` and `MLBENCH_HPO_ISA` name wrongly
 */
export async function describeBackends(): Promise<BackendsReport> {
  const chosen = resolveKernels("auto");
  const variable = process.env["MLBENCH_HPO_KERNELS"] ?? "";
  const native = nativeAddon();
  return {
    kernels: kernelsNames.map((name) => {
      const reason = kernelsReason(name);
      return { name, runs: reason === null, chosen: name === chosen, reason, remedy: kernelsRemedy(name) };
    }),
    chosen_by: variable === "" || variable === "auto" ? "auto" : "MLBENCH_HPO_KERNELS",
    isa: isaOf("native"),
    ...("reason" in native
      ? { isas: [], native_file: null, native_origin: null, native_compiler: null }
      : {
          ...{ isas: native.addon.isas, native_file: native.file, native_origin: native.origin },
          native_compiler: compilerOf(native),
        }),
    backends: await describeTensorBackends(),
    tensorflow: describeTensorflow(),
  };
}

function describeTensorflow(): TensorflowReport | null {
  const files = inCache() ?? inNodeModules();
  if (!files) return null;
  const { source, folder, installed } = files;
  return { source, folder, version: installed?.tensorflow ?? null, bytes: installed?.bytes ?? null };
}

async function describeTensorBackends(): Promise<BackendsReport["backends"]> {
  const { useBackend } = await import("../tensor/index.js");
  const found: (Runnable<BackendName> & { version: string | null })[] = [];
  for (const name of ["wasm", "cpu", "tensorflow"] as const) {
    const given = { name, chosen: name === "wasm" };
    try {
      const { version } = await useBackend(name);
      found.push({ ...given, runs: true, reason: null, version });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      found.push({ ...given, runs: false, reason: error.message, version: null });
    }
  }
  return found;
}
