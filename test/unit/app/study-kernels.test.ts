import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { replayTrial } from "../../../src/app/replay.js";
import { retrain } from "../../../src/app/retrain.js";
import { kernelsOf, keptKernels } from "../../../src/app/ran-on.js";
import { studyKernels } from "../../../src/app/study-kernels.js";
import { loadStudy } from "../../../src/app/study.js";
import type { Trial } from "../../../src/core/index.js";
import { blankTrial } from "../../../src/core/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { evaluateCheckpoint } from "../../../src/training/index.js";
import { installOps, kernelsWork, plainOps } from "../../../src/tensor/index.js";
import { nativeAddon } from "../../../src/tensor/kernels/native.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";

vi.mock(import("../../../src/tensor/kernels/native.js"), async (original) => {
  const real = await original();
  return { ...real, nativeAddon: vi.fn(real.nativeAddon) };
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.mocked(nativeAddon).mockReset();
});

const native = "reason" in nativeAddon() ? null : nativeAddon();

describe("the kernels that a study keeps", () => {
  const trial = (number: number, backend: string | null, kernels?: string) =>
    blankTrial(number, { backend, ...(kernels === undefined ? {} : { kernels, isa: null }) });

  test("are those of its first trial to tell, in new records and old", () => {
    expect(keptKernels([])).toBeUndefined();
    expect(keptKernels([trial(0, null), trial(1, "wasm/plain"), trial(2, "wasm/native", "native")])).toBe("plain");
    expect(keptKernels([trial(0, "cpu/none", "none")])).toBe("none");
    expect(kernelsOf(trial(0, "wasm/relaxed"))).toBe("relaxed");
    expect(kernelsOf(trial(0, "elsewhere"))).toBeUndefined();
  });

  test("come before MLBENCH_HPO_KERNELS and auto, and after what is asked for", () => {
    vi.stubEnv("MLBENCH_HPO_KERNELS", "none");
    const study = { name: "s", trials: [trial(0, "wasm/plain", "plain")] };
    expect(studyKernels(study)).toBe("plain");
    expect(studyKernels(study, "none")).toBe("none");
    expect(studyKernels({ name: "s", trials: [] })).toBe("none");
  });

  test("are refused where the machine lacks them, with the option that goes on", () => {
    vi.mocked(nativeAddon).mockReturnValue({ reason: "no C compiler was found", remedy: "install one" });
    vi.stubEnv("MLBENCH_HPO_KERNELS", "plain");
    expect(() => studyKernels({ name: "s", trials: [trial(0, "wasm/native", "native")] })).toThrow(
      /"s" keeps the kernels of its first trial, "native", which do not run here: no C compiler was found; --kernels plain goes on/,
    );
    // Where there is no such option.
    expect(() => studyKernels({ name: "s", trials: [trial(0, "wasm/native", "native")] }, "auto", "retrain")).toThrow(
      /^study "s" keeps the kernels of its first trial, "native", which do not run here: no C compiler was found; install one, or retrain on a machine that has them$/,
    );
  });
});

describe("a study's trials", () => {
  test.skipIf(native === null)(
    "say what trained them, keep to the first one's kernels, and replay on their own, whatever the instruction set",
    async () => {
      const directory = await emptyFolder();
      const study = await createStudy({ storage: "s", directory, ...small, name: "kept" });
      await study.optimize({ trials: 1, workers: 1, kernels: "plain", keepCheckpoints: "all" });
      await study.optimize({ trials: 1, workers: 1 });
      expect(study.trials.map(({ backend, kernels, isa }) => [backend, kernels, isa])).toEqual([
        ["wasm/plain", "plain", null],
        ["wasm/plain", "plain", null],
      ]);
      await study.optimize({ trials: 1, workers: 1, kernels: "native", keepCheckpoints: "all" });
      const isas = native && !("reason" in native) ? native.addon.isas : [];
      expect(study.trials[2]).toMatchObject({ backend: "wasm/native", kernels: "native", isa: isas[0] });
      await study.close();
      const target = { storage: "s", directory, name: "kept" };
      const again = await loadStudy(target);
      expect(again.trials[2]).toMatchObject({ kernels: "native", isa: isas[0] });
      await again.close();
      for (const isa of isas) {
        vi.stubEnv("MLBENCH_HPO_ISA", isa);
        expect(await replayTrial(target, 2)).toMatchObject({ same: true, backend: "wasm/native" });
      }
      expect(await replayTrial(target, 0)).toMatchObject({ same: true, backend: "wasm/plain" });
      // A checkpoint is scored by the kernels that trained it.
      for (const [number, kernels] of [
        [2, "native"],
        [0, "plain"],
        [2, "native"],
      ] as const) {
        const file = join(directory, "s", "kept.files", `0000${number}`, "checkpoint.safetensors");
        const { metrics } = await evaluateCheckpoint(file, { split: "val" });
        expect(metrics["val_rmse"]).toBe(study.trials[number]?.metrics.best?.["val_rmse"]);
        const ops = installOps(plainOps);
        installOps(ops);
        expect(ops.name).toBe(kernels);
      }
    },
  );

  const replayKept = async (name: string, number: number) => {
    const directory = await emptyFolder();
    const fixtures = fileURLToPath(new URL("../../fixtures/storage", import.meta.url));
    for (const file of [`${name}.json`, `${name}.journal.jsonl`].filter((file) => existsSync(join(fixtures, file))))
      await copyFile(join(fixtures, file), join(directory, file));
    return replayTrial({ storage: directory, name }, number);
  };

  test("of the first version of the file replay bit for bit on the kernels that they name", async () => {
    for (const number of [0, 3])
      expect(await replayKept("v1-hundred", number)).toMatchObject({
        ...{ same: true, difference: null, backend: "wasm/plain", recorded_backend: "wasm/plain" },
      });
  });

  test.skipIf(!kernelsWork("relaxed"))(
    `of the time before native kernels replay bit for bit on the relaxed ones (where Node has them: ${process.version})`,
    async () => {
      for (const model of ["lstm", "gru"])
        expect(await replayKept(`relaxed-${model}`, 0)).toMatchObject({
          ...{ same: true, difference: null, backend: "wasm/relaxed", recorded_backend: "wasm/relaxed" },
        });
    },
  );

  test("are not replayed by other kernels, and no option is named that there is not", async () => {
    const storage = new MemoryStorage();
    const study = await createStudy({ storage, ...small });
    await study.optimize({ trials: 1, workers: 1, kernels: "plain" });
    const copy = new MemoryStorage();
    const writer = await copy.create(study.header);
    const trial = { ...study.trials[0], kernels: "native", isa: "avx2", backend: "wasm/native" } as Trial;
    await writer.append({ type: "trial-created", trial });
    await writer.close();
    vi.mocked(nativeAddon).mockReturnValue({ reason: "no C compiler was found", remedy: "install one" });
    await expect(replayTrial({ storage: copy, name: study.name }, 0)).rejects.toMatchObject({
      code: "kernels-unavailable",
      message:
        'trial 0 was trained by the "native" kernels, which do not run here: no C compiler was found; ' +
        "install one, or replay it on a machine that has them",
    });
    // Nor has a retraining another choice.
    await expect(retrain({ storage: copy, name: study.name }, { trial: 0 })).rejects.toMatchObject({
      code: "kernels-unavailable",
      message: expect.stringMatching(/no C compiler was found; install one, or retrain on a machine/) as unknown,
    });
  });
});
