import { afterEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../../../../src/core/errors.js";
import { installOps, plainOps, useKernels } from "../../../../src/tensor/index.js";
import { isaOf, resolveKernels } from "../../../../src/tensor/kernels/index.js";
import { nativeAddon } from "../../../../src/tensor/kernels/native.js";
import { kernelBytes } from "../../../../src/tensor/kernels/select.js";
import { isas } from "./builds.js";

vi.mock(import("../../../../src/tensor/kernels/native.js"), async (original) => {
  const real = await original();
  return { ...real, nativeAddon: vi.fn(real.nativeAddon) };
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.mocked(nativeAddon).mockReset();
  vi.unstubAllEnvs();
});

/** A machine that runs only these. */
function machineRuns(...runnable: ("native" | "plain" | "relaxed")[]): void {
  const bind = vi.fn();
  vi.mocked(nativeAddon).mockReturnValue(
    runnable.includes("native")
      ? { addon: { version: 2, isas: ["avx2"], operations: [], bind }, file: "kernels.node" }
      : { reason: "no C compiler was found" },
  );
  vi.spyOn(WebAssembly, "validate").mockImplementation((bytes) =>
    runnable.some((build) => build !== "native" && kernelBytes(build) === bytes),
  );
}

/** The name of the ops in force. */
function active(): string {
  const ops = installOps(plainOps);
  installOps(ops);
  return ops.name;
}

describe("choice of kernels", () => {
  test("auto takes native, else relaxed, else plain, else none", () => {
    vi.stubEnv("MLBENCH_HPO_KERNELS", "");
    machineRuns("native", "plain", "relaxed");
    expect(resolveKernels("auto")).toBe("native");
    machineRuns("plain", "relaxed");
    expect(resolveKernels("auto")).toBe("relaxed");
    machineRuns("plain");
    expect(resolveKernels("auto")).toBe("plain");
    machineRuns();
    expect(resolveKernels("auto")).toBe("none");
  });

  test("kernels that the machine lacks are refused with the reason and a remedy", () => {
    machineRuns("plain");
    expect(() => resolveKernels("relaxed")).toThrow(UsageError);
    expect(() => resolveKernels("relaxed")).toThrow("--kernels plain");
    expect(() => resolveKernels("native")).toThrow(
      /"native" do not run here: no C compiler was found; .*--kernels plain/,
    );
    expect(() => resolveKernels("fast" as never)).toThrow(
      'unknown kernels "fast": known: native, relaxed, plain, none, auto',
    );
  });

  test("the choice is what is then active", async () => {
    expect(await useKernels("plain")).toBe("plain");
    expect(active()).toBe("plain");
    expect(await useKernels("none")).toBe("none");
    expect(active()).toBe("none");
  });
});

describe("MLBENCH_HPO_KERNELS", () => {
  test("stands in for auto, and for nothing else", () => {
    machineRuns("native", "plain", "relaxed");
    vi.stubEnv("MLBENCH_HPO_KERNELS", "plain");
    expect(resolveKernels("auto")).toBe("plain");
    expect(resolveKernels("relaxed")).toBe("relaxed");
    vi.stubEnv("MLBENCH_HPO_KERNELS", "auto");
    expect(resolveKernels("auto")).toBe("native");
  });

  test("what it names wrongly, or the machine lacks, is said with its name", () => {
    machineRuns("plain");
    vi.stubEnv("MLBENCH_HPO_KERNELS", "fast");
    expect(() => resolveKernels("auto")).toThrow(/"fast" in MLBENCH_HPO_KERNELS/);
    vi.stubEnv("MLBENCH_HPO_KERNELS", "native");
    expect(() => resolveKernels("auto")).toThrow(/unset MLBENCH_HPO_KERNELS/);
  });
});

describe("MLBENCH_HPO_ISA", () => {
  test("is refused where it names none, or one that the CPU lacks", () => {
    machineRuns("native", "plain");
    vi.stubEnv("MLBENCH_HPO_ISA", "avx512");
    expect(() => resolveKernels("auto")).toThrow(/MLBENCH_HPO_ISA=avx512: this CPU runs avx2/);
    vi.stubEnv("MLBENCH_HPO_ISA", "sse");
    expect(() => resolveKernels("native")).toThrow("MLBENCH_HPO_ISA=sse: known: avx512, avx2, neon");
    expect(resolveKernels("plain")).toBe("plain");
  });

  test.skipIf(isas.length === 0)("chooses; without it the fastest is taken", async () => {
    expect(isaOf("native")).toBe(isas[0]);
    for (const isa of isas) {
      vi.stubEnv("MLBENCH_HPO_ISA", isa);
      expect(isaOf("native")).toBe(isa);
      expect(await useKernels("native")).toBe("native");
    }
    expect(isaOf("plain")).toBeNull();
  });
});
