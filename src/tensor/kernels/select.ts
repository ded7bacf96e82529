/** The choice between the kernels' builds: relaxed SIMD, plain SIMD, none. */
import { readFileSync } from "node:fs";
import { UsageError } from "../../core/errors.js";
import type { KernelsName } from "../../core/run.js";
import { vendorDirectory } from "../vendor-directory.js";

export type Build = Exclude<KernelsName, "none">;

const bytes = new Map<Build, Uint8Array<ArrayBuffer>>();

/** The compiled module of one build; read once a thread. */
export function kernelBytes(build: Build): Uint8Array<ArrayBuffer> {
  let found = bytes.get(build);
  if (!found) bytes.set(build, (found = new Uint8Array(readFileSync(`${vendorDirectory()}kernels-${build}.wasm`))));
  return found;
}

/** Whether this engine runs a build: SIMD for both, relaxed SIMD (Node 22 and later) for `relaxed`. */
export function kernelsWork(name: KernelsName): boolean {
  return name === "none" || WebAssembly.validate(kernelBytes(name));
}

/**
 * `auto` is the fastest build that validates: relaxed, else plain, else none. The two builds differ in the last bits, so
 * a run that must repeat elsewhere bit for bit asks for `plain`.
 * @throws UsageError `kernels-unavailable` for a build that this engine can't run.
 */
export function resolveKernels(name: KernelsName | "auto"): KernelsName {
  if (name === "auto") return (["relaxed", "plain"] as const).find(kernelsWork) ?? "none";
  if (!["relaxed", "plain", "none"].includes(name))
    throw new UsageError("unknown-kernels", `unknown kernels "${String(name)}": known: relaxed, plain, none, auto`);
  if (kernelsWork(name)) return name;
  const remedy = name === "relaxed" ? "use Node 22 or later, or --kernels plain" : "use --kernels none";
  throw new UsageError("kernels-unavailable", `kernels "${name}" do not run on Node ${process.version}: ${remedy}`);
}
