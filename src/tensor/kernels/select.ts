/** The choice between the kernels: native, relaxed SIMD, plain SIMD, none. */
import { readFileSync } from "node:fs";
import { UsageError } from "../../core/errors.js";
import type { IsaName, KernelsName } from "../../core/run.js";
import { vendorDirectory } from "../vendor-directory.js";
import { nativeAddon, nativeIsa } from "./native.js";

export type Build = Exclude<KernelsName, "none">;
/** The builds that are WebAssembly modules. */
export type WasmBuild = Exclude<Build, "native">;

const bytes = new Map<WasmBuild, Uint8Array<ArrayBuffer>>();

/** The compiled module of one build; read once a thread. */
export function kernelBytes(build: WasmBuild): Uint8Array<ArrayBuffer> {
  let found = bytes.get(build);
  if (!found) bytes.set(build, (found = new Uint8Array(readFileSync(`${vendorDirectory()}kernels-${build}.wasm`))));
  return found;
}

/** All names, the one that `auto` would rather take first. */
export const kernelsNames = ["native", "relaxed", "plain", "none"] as const satisfies readonly KernelsName[];

/** Why kernels do not run here, in words; null: they do. */
export function kernelsReason(name: KernelsName): string | null {
  if (name === "none") return null;
  if (name === "native") {
    const state = nativeAddon();
    return "reason" in state ? state.reason : null;
  }
  if (WebAssembly.validate(kernelBytes(name))) return null;
  return name === "relaxed"
    ? `Node ${process.version} has no relaxed SIMD (Node 22 has)`
    : `Node ${process.version} has no WebAssembly SIMD on this CPU`;
}

/** Whether kernels run here. */
export function kernelsWork(name: KernelsName): boolean {
  return kernelsReason(name) === null;
}

/** What to do about kernels that do not run here; null: nothing, or they do run. */
export function kernelsRemedy(name: KernelsName): string | null {
  if (kernelsReason(name) === null) return null;
  if (name === "relaxed") return "use Node 22 or later";
  if (name === "plain") return "use another machine";
  const state = nativeAddon();
  return "remedy" in state ? state.remedy : null;
}

/** The first that does run, by the option that takes it. */
const instead = (): string => `--kernels ${kernelsNames.find(kernelsWork) ?? "none"}`;

/** A name as a user wrote it, in an option or a variable. */
function requireKernelsName(text: string, where: string): KernelsName | "auto" {
  const name = [...kernelsNames, "auto" as const].find((known) => known === text);
  if (name) return name;
  throw new UsageError("unknown-kernels", `unknown kernels "${text}"${where}: known: ${kernelsNames.join(", ")}, auto`);
}

/**
 * `auto` is `MLBENCH_HPO_KERNELS` where that is set, else the first that runs: native, relaxed, plain, none. They differ in
 * the last bits: a run that must repeat elsewhere bit for bit asks for one by name.
 * @throws UsageError `kernels-unavailable` for kernels that this machine can't run, `unknown-kernels`; `unknown-isa` and
 * `isa-unavailable` for what `MLBENCH_HPO_ISA` names
 */
export function resolveKernels(name: KernelsName | "auto"): KernelsName {
  const variable = process.env["MLBENCH_HPO_KERNELS"] ?? "";
  const asked = requireKernelsName(String(name), "");
  const byVariable = asked === "auto" && variable !== "";
  const wanted = byVariable ? requireKernelsName(variable, " in MLBENCH_HPO_KERNELS") : asked;
  const chosen = wanted === "auto" ? (kernelsNames.find(kernelsWork) as KernelsName) : wanted;
  const reason = kernelsReason(chosen);
  if (reason === null) {
    isaOf(chosen);
    return chosen;
  }
  const remedies = [kernelsRemedy(chosen), byVariable ? "unset MLBENCH_HPO_KERNELS" : `use ${instead()}`];
  const remedy = remedies.filter((text) => text !== null).join(", or ");
  throw new UsageError("kernels-unavailable", `kernels "${chosen}" do not run here: ${reason}; ${remedy}`);
}

/** The instruction set that kernels use; null where that is not theirs to choose. */
export function isaOf(name: KernelsName): IsaName | null {
  if (name !== "native") return null;
  const state = nativeAddon();
  return "reason" in state ? null : nativeIsa(state.addon);
}
