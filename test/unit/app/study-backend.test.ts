import { afterEach, describe, expect, test, vi } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { replayTrial } from "../../../src/app/replay.js";
import { backendOf } from "../../../src/app/ran-on.js";
import { requireThreads } from "../../../src/app/require-threads.js";
import { studyBackend, withoutBackend } from "../../../src/app/study-backend.js";
import { blankTrial } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { BackendUnavailable, opCostOf, useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { suitsTensorflow } from "../../../src/training/choose-backend.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";

afterEach(() => vi.unstubAllEnvs());

const trial = (number: number, backend: string | null) => blankTrial(number, { backend });

describe("the backend that a study keeps", () => {
  test("is that of the first trial to tell; asked for another it takes that; without trials it is open", async () => {
    expect(backendOf(trial(0, "cpu/none"))).toBe("cpu");
    expect(backendOf(trial(0, "elsewhere"))).toBeUndefined();
    const trials = [trial(0, null), trial(1, "cpu/plain"), trial(2, "wasm/native")];
    expect(await studyBackend({ name: "s", trials })).toBe("cpu");
    expect(await studyBackend({ name: "s", trials }, "wasm")).toBe("wasm");
    expect(await studyBackend({ name: "s", trials: [] })).toBe("auto");
  });

  test("is refused where the machine lacks it, with what installs it and the option that goes on", async () => {
    vi.stubEnv("XDG_CACHE_HOME", "/nowhere");
    const kept = studyBackend({ name: "s", trials: [trial(0, "tensorflow/native")] });
    await expect(kept).rejects.toMatchObject({ code: "backend-unavailable", exitCode: 2 });
    await expect(kept).rejects.toThrow(
      /^study "s" keeps that of its first trial: backend "tensorflow" is not available: .*backends install tensorflow.*or use --backend wasm, whose numbers differ in the last bits$/,
    );
  });

  test("several threads on an addon that does not stand them are refused, before any trial", () => {
    const refused = () => requireThreads("tensorflow", { concurrency: 2 }, () => false);
    expect(refused).toThrow(/--isolation process or --workers 1, or run `mlbench-hpo backends install tensorflow`/);
    for (const pool of [{ concurrency: 1 }, { concurrency: 2, isolation: "process" as const }])
      expect(() => requireThreads("tensorflow", pool, () => false)).not.toThrow();
    expect(() => requireThreads("wasm", { concurrency: 2 }, () => false)).not.toThrow();
    expect(() => requireThreads("tensorflow", { concurrency: 2 }, () => true)).not.toThrow();
  });

  test("is refused with no option where there is none", async () => {
    vi.stubEnv("XDG_CACHE_HOME", "/nowhere");
    const kept = studyBackend({ name: "s", trials: [trial(0, "tensorflow/native")] }, "auto", "retrain");
    await expect(kept).rejects.toMatchObject({ code: "backend-unavailable", exitCode: 2 });
    await expect(kept).rejects.toThrow(
      /^study "s" keeps the "tensorflow" backend of its first trial, which does not run here: it is not installed.*, or retrain on a machine that has it$/,
    );
    const silent = new BackendUnavailable("wasm", null, "cpu");
    expect(silent.message).toBe('backend "wasm" does not start here: use --backend cpu');
    expect(withoutBackend(silent, "replay it")).toBe("which does not start here: replay it on a machine that has it");
  });

  test("goes on in later calls, whatever auto would take", async () => {
    const directory = await emptyFolder();
    const study = await createStudy({ storage: "s", directory, ...small, name: "kept" });
    await study.optimize({ trials: 1, workers: 1, backend: "cpu", keepCheckpoints: "none" });
    await study.optimize({ trials: 1, workers: 1, keepCheckpoints: "none" });
    expect(study.trials.map(({ backend }) => backend?.split("/")[0])).toEqual(["cpu", "cpu"]);
    await study.close();
  });
});

test("a trial whose backend the machine lacks is not replayed, and no option is named that replay has not", async () => {
  const study = await createStudy({ storage: new MemoryStorage(), ...small });
  await study.optimize({ trials: 1, workers: 1, backend: "cpu", keepCheckpoints: "none" });
  const copy = new MemoryStorage();
  const writer = await copy.create(study.header);
  const elsewhere = { ...study.trials[0], kernels: "none", isa: null, backend: "tensorflow/none" } as Trial;
  await writer.append({ type: "trial-created", trial: elsewhere });
  await writer.close();
  vi.stubEnv("XDG_CACHE_HOME", "/nowhere");
  const replayed = replayTrial({ storage: copy, name: study.name }, 0);
  await expect(replayed).rejects.toMatchObject({ code: "backend-unavailable", exitCode: 2 });
  await expect(replayed).rejects.toThrow(
    /^trial 0 was trained on the "tensorflow" backend, which does not run here: it is not installed.*, or replay it on a machine that has it$/,
  );
  await expect(replayed).rejects.not.toThrow("--backend");
});

describe("whether a model's ops suit TensorFlow", () => {
  test("is a matter of how large they are, with fused ones counting for nothing", () => {
    expect(suitsTensorflow({ ops: 0, elements: 0 })).toBe(false);
    expect(suitsTensorflow({ ops: 100, elements: 699_900 })).toBe(false);
    expect(suitsTensorflow({ ops: 100, elements: 700_000 })).toBe(true);
  });

  test("is counted in numbers of the results", async () => {
    await useBackend("wasm");
    const cost = await opCostOf(() => {
      tf.tidy(() => {
        const a = tf.ones([10, 20]);
        tf.add(tf.matMul(a, a, false, true), tf.sum(tf.mul(a, 2)));
      });
    });
    // matMul 100, mul 200, sum 1, add 100; making `ones` and taking `sum` apart may be ops of their own.
    expect(cost.ops).toBeGreaterThanOrEqual(4);
    expect(cost.elements).toBeGreaterThanOrEqual(401);
    expect(cost.elements).toBeLessThan(1_000);
  });
});
