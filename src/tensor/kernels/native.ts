/** The native kernels: the addon of this machine, and which instruction set it runs. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { messageOf, UsageError } from "../../core/errors.js";
import type { IsaName } from "../../core/run.js";
import { vendorDirectory } from "../vendor-directory.js";
import type { KernelExports } from "./exports.js";

/** The table over one memory. `rebind` must follow whenever that grows. */
export type NativeExports = KernelExports & { rebind(buffer: ArrayBuffer): void };

interface Addon {
  /** Of the table and the memory's layout. */
  readonly version: number;
  /** What this CPU runs, fastest first. */
  readonly isas: readonly IsaName[];
  bind(buffer: ArrayBuffer, isa: IsaName): NativeExports;
}

/** The table that this package's code calls; `VERSION` in ../native/addon.c. */
const VERSION = 2;

type Found = { readonly addon: Addon; readonly file: string } | { readonly reason: string };

let found: Found | undefined;

/** The addon that loads here, or why there is none; looked for once a thread. */
export function nativeAddon(): Found {
  return (found ??= findAddon());
}

function findAddon(): Found {
  let reason = reasonOfBuild();
  for (const file of candidates()) {
    if (!existsSync(file)) continue;
    try {
      const addon = createRequire(import.meta.url)(file) as Addon;
      if (addon.version !== VERSION) reason = `${file} belongs to another version of mlbench-hpo`;
      else if (addon.isas.length === 0) reason = "this CPU has neither AVX2 nor AVX-512";
      else return { addon, file };
    } catch (error) {
      reason = `${file} does not load: ${messageOf(error).split("\n")[0] ?? ""}`;
    }
  }
  return { reason };
}

/** What the build made on this machine, then what the package brings for others. */
function candidates(): string[] {
  const { platform, arch } = process;
  const vendor = vendorDirectory();
  const prebuilt =
    platform === "linux" ? ["glibc", "musl"].map((libc) => `linux-${arch}-${libc}`) : [`${platform}-${arch}`];
  return [
    `${vendor}kernels-${platform}-${arch}.node`,
    ...prebuilt.map((name) => `${vendor}../../prebuilds/${name}.node`),
  ];
}

/** Why the build made none. */
function reasonOfBuild(): string {
  const { platform, arch } = process;
  try {
    const { reason } = JSON.parse(readFileSync(`${vendorDirectory()}native.json`, "utf8")) as { reason: string | null };
    if (reason !== null) return reason;
  } catch {
    // A package that was built without the record.
  }
  return `this package brings none for ${platform} ${arch}`;
}

const isaNames: readonly IsaName[] = ["avx512", "avx2", "neon"];

/**
 * The instruction set that the native kernels use: `MLBENCH_HPO_ISA`, or the fastest here. It changes no bit of a result.
 * @throws UsageError `unknown-isa`, `isa-unavailable`: what the variable names
 */
export function nativeIsa({ isas }: Addon): IsaName {
  const asked = process.env["MLBENCH_HPO_ISA"];
  if (asked === undefined || asked === "") return isas[0] as IsaName;
  const isa = isaNames.find((name) => name === asked);
  if (!isa) throw new UsageError("unknown-isa", `MLBENCH_HPO_ISA=${asked}: known: ${isaNames.join(", ")}`);
  if (!isas.includes(isa))
    throw new UsageError("isa-unavailable", `MLBENCH_HPO_ISA=${asked}: this CPU runs ${isas.join(" and ")}`);
  return isa;
}

/** The native table over a memory. */
export function bindNative(buffer: ArrayBuffer, isa?: IsaName): NativeExports {
  const state = nativeAddon();
  if ("reason" in state) throw new Error(`no native kernels: ${state.reason}`);
  return state.addon.bind(buffer, isa ?? nativeIsa(state.addon));
}
