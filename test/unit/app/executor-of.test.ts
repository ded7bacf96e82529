import { afterEach, expect, test, vi } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { studyExecutor } from "../../../src/app/executor-of.js";
import type { Trial } from "../../../src/core/index.js";
import { blankTrial } from "../../../src/core/index.js";
import type { ExpectedTrials } from "../../../src/executors/executor.js";
import { createExecutor } from "../../../src/executors/index.js";
import type { PiscinaExecutor } from "../../../src/executors/piscina.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { OptimizeStudyOptions, Study } from "../../../src/study/study.js";
import { small } from "../../fixtures/app/small-studies.js";

// The class that the registry makes: registries outlive modules that another file of the same process had loaded anew.
const made = await createExecutor("thread", { places: 1 });
await made.close();
const warmUp = vi.spyOn(Object.getPrototypeOf(made) as PiscinaExecutor, "warmUp").mockReturnValue(undefined);
afterEach(() => {
  warmUp.mockClear();
});

const study = await createStudy({ storage: new MemoryStorage(), ...small });

/** What the workers of a study with such trials are told to load. */
async function expectedOf(trials: readonly Trial[], options: OptimizeStudyOptions = {}): Promise<ExpectedTrials> {
  const { header, state } = study;
  const { executor } = await studyExecutor({ header, state, trials } as Study, { trials: 5, workers: 1, ...options });
  await executor.close();
  return warmUp.mock.calls[0]?.[1] as ExpectedTrials;
}

test("workers load the backend and the kernels that their trials will have", async () => {
  const kept = [blankTrial(0), blankTrial(1, { backend: "tensorflow/none", kernels: "none", isa: null })];
  expect(await expectedOf([])).toMatchObject({ backend: "auto", kernels: "auto" });
  warmUp.mockClear();
  expect(await expectedOf(kept)).toMatchObject({ backend: "tensorflow", kernels: "none" });
  warmUp.mockClear();
  expect(await expectedOf(kept, { backend: "cpu", kernels: "plain" })).toMatchObject({
    ...{ backend: "cpu", kernels: "plain" },
  });
});
