/** The native kernels: the addon of this machine, and which instruction set it runs. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { messageOf, UsageError } from "../../core/errors.js";
import type { IsaName } from "../../core/run.js";
import { libcOf } from "../c-library.js";
import { vendorDirectory } from "../vendor-directory.js";
import type { KernelExports } from "./exports.js";

/** The table over one memory. `rebind` must follow whenever that grows. */
export type NativeExports = KernelExports & {
  rebind(buffer: ArrayBuffer): void;
  /**
   * Many calls in one: `count` f64 numbers, each call its function's place in `operations` and its arguments.
   * @returns 16 * the place of the call whose status ended it + that status; undefined when all ran
   */
  run(address: number, count: number): number | undefined;
};

interface Addon {
  /** Of the table and the memory's layout. */
  readonly version: number;
  /** What this CPU runs, fastest first. */
  readonly isas: readonly IsaName[];
  /** The functions' names in the order of their numbers in a program. */
  readonly operations: readonly (keyof KernelExports)[];
  bind(buffer: ArrayBuffer, isa: IsaName): NativeExports;
}

/** The table that this package's code calls; `VERSION` in ../native/addon.c. */
const VERSION = 3;

/** Made by this machine's compiler, or brought by the package. */
export type NativeOrigin = "built" | "prebuilt";

/** The addon that runs here. */
export interface FoundAddon {
  readonly addon: Addon;
  readonly file: string;
  readonly origin: NativeOrigin;
}

/** Why none does, and what to do about it, where anything can be done. */
export interface NoAddon {
  readonly reason: string;
  readonly remedy: string | null;
}

let found: FoundAddon | NoAddon | undefined;

/** The addon that loads here, or why there is none; looked for once a thread. */
export function nativeAddon(): FoundAddon | NoAddon {
  return (found ??= findAddon());
}

/** Where an addon is looked for, and by whom it is loaded; every default is this process's. */
export interface AddonPlaces {
  /** dist/vendor/. */
  readonly vendor?: string;
  /** prebuilds/ of the package. */
  readonly prebuilds?: string;
  readonly platform?: string;
  readonly arch?: string;
  /** The executable of Node. */
  readonly executable?: string;
  readonly load?: (file: string) => unknown;
}

const rebuild = "run `npm run build` on this machine";
const reinstall = "install mlbench-hpo anew, for this machine";

/** What the build made on this machine, else what the package brings; a file that does not load is passed over, and said. */
export function findAddon(places: AddonPlaces = {}): FoundAddon | NoAddon {
  const vendor = places.vendor ?? vendorDirectory();
  const { platform = process.platform, arch = process.arch } = places;
  const prebuilds = places.prebuilds ?? join(vendorDirectory(), "..", "..", "prebuilds", "/");
  const load = places.load ?? ((file) => createRequire(import.meta.url)(file) as unknown);
  const name = targetName(platform, arch, places.executable ?? process.execPath);
  const files = [
    { file: `${vendor}kernels-${platform}-${arch}.node`, origin: "built" },
    { file: `${prebuilds}${name}.node`, origin: "prebuilt" },
  ] as const;
  const refused: NoAddon[] = [];
  for (const { file, origin } of files) {
    if (!existsSync(file)) continue;
    const outcome = tryAddon(file, load, origin === "built" ? rebuild : reinstall);
    if ("isas" in outcome) return { addon: outcome, file, origin };
    refused.push(outcome);
  }
  return refused.length > 0 ? together(refused) : whyNone(vendor, platform, arch, name);
}

function tryAddon(file: string, load: (file: string) => unknown, remedy: string): Addon | NoAddon {
  try {
    const addon = load(file) as Partial<Addon> | null;
    if (addon?.version !== VERSION || !addon.isas || !addon.bind)
      return { reason: `${file} belongs to another version of mlbench-hpo`, remedy };
    if (addon.isas.length === 0) return { reason: "this CPU has neither AVX2 nor AVX-512", remedy: null };
    return addon as Addon;
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === "ERR_DLOPEN_DISABLED")
      return { reason: "this Node may load no addons", remedy: "start it without --no-addons, or with --allow-addons" };
    return { reason: `${file} does not load: ${messageOf(error).split("\n")[0] ?? ""}`, remedy };
  }
}

function together(refused: readonly NoAddon[]): NoAddon {
  const reasons = new Set(refused.map(({ reason }) => reason));
  return { reason: [...reasons].join("; "), remedy: refused[0]?.remedy ?? null };
}

/** Of a prebuilt file, as packaging/prebuilt-files.mjs names them. */
function targetName(platform: string, arch: string, executable: string): string {
  return platform === "linux" ? `${platform}-${arch}-${libcOf(executable)}` : `${platform}-${arch}`;
}

/** What dist/vendor/native.json says of the last build here; a packed package has none. */
function buildRecord(vendor: string): { readonly reason?: string | null; readonly compiler?: string | null } | null {
  try {
    return JSON.parse(readFileSync(`${vendor}native.json`, "utf8")) as { reason: string | null };
  } catch {
    return null;
  }
}

function whyNone(vendor: string, platform: string, arch: string, name: string): NoAddon {
  if (!["linux", "darwin"].includes(platform) || !["x64", "arm64"].includes(arch))
    return {
      reason: `there are none for ${platform} ${arch}, only for Linux and macOS on x64 and arm64`,
      remedy: null,
    };
  const record = buildRecord(vendor);
  if (typeof record?.reason === "string")
    return { reason: record.reason, remedy: `install a C compiler (gcc or clang) and ${rebuild}` };
  const remedy = record ? rebuild : "install a released package, or build a checkout of the sources with a C compiler";
  return { reason: `this package came without a prebuilt file for ${name}`, remedy };
}

/** The compiler that made an addon, as it calls itself; null where nobody wrote that down. */
export function compilerOf({ file, origin }: Pick<FoundAddon, "file" | "origin">): string | null {
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  if (origin === "built") return buildRecord(folder)?.compiler ?? null;
  try {
    return (JSON.parse(readFileSync(`${folder}manifest.json`, "utf8")) as { compiler?: string }).compiler ?? null;
  } catch {
    return null;
  }
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

/** The number of each function in a native program. */
export function nativeOperations(): ReadonlyMap<keyof KernelExports, number> {
  const state = nativeAddon();
  return new Map("reason" in state ? [] : state.addon.operations.map((name, i) => [name, i] as const));
}
