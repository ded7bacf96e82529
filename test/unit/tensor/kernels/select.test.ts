import { afterEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../../../../src/core/errors.js";
import { installOps, plainOps, useKernels } from "../../../../src/tensor/index.js";
import { resolveKernels } from "../../../../src/tensor/kernels/index.js";
import { kernelBytes } from "../../../../src/tensor/kernels/select.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** An engine that validates only these builds. */
function engineRuns(...runnable: ("plain" | "relaxed")[]): void {
  vi.spyOn(WebAssembly, "validate").mockImplementation((bytes) =>
    runnable.some((build) => kernelBytes(build) === bytes),
  );
}

/** The name of the ops in force. */
function active(): string {
  const ops = installOps(plainOps);
  installOps(ops);
  return ops.name;
}

describe("choice of kernels", () => {
  test("auto takes relaxed, else plain, else none", () => {
    engineRuns("plain", "relaxed");
    expect(resolveKernels("auto")).toBe("relaxed");
    engineRuns("plain");
    expect(resolveKernels("auto")).toBe("plain");
    engineRuns();
    expect(resolveKernels("auto")).toBe("none");
  });

  test("a build that the engine lacks is refused with a remedy", () => {
    engineRuns("plain");
    expect(() => resolveKernels("relaxed")).toThrow(UsageError);
    expect(() => resolveKernels("relaxed")).toThrow("--kernels plain");
    expect(() => resolveKernels("fast" as never)).toThrow('unknown kernels "fast": known: relaxed, plain, none, auto');
  });

  test("the choice is what is then active", async () => {
    expect(await useKernels("plain")).toBe("plain");
    expect(active()).toBe("plain");
    expect(await useKernels("none")).toBe("none");
    expect(active()).toBe("none");
  });
});
