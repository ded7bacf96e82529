import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import { datasets } from "../../../src/datasets/index.js";
import type { DatasetSource } from "../../../src/datasets/dataset.js";
import { models } from "../../../src/models/index.js";
import { lazy } from "../../../src/registry/index.js";
import { loadParts } from "../../../src/training/load-parts.js";

test("a part that does not load is told once the others are there: none goes on behind", async () => {
  let arrive: (source: DatasetSource) => void = () => undefined;
  const source = new Promise<DatasetSource>((resolve) => (arrive = resolve));
  datasets.register("comes_later", { summary: "a source", parameters: z.object({}) })(lazy(() => source));
  models.register("does_not_load", { summary: "a model", parameters: z.object({}) })(
    lazy(() => Promise.reject(new Error("no such file"))),
  );
  let ended = false;
  const loading = loadParts({ model: "does_not_load", dataset: "comes_later", backend: "cpu", kernels: "none" });
  loading.catch(() => undefined).finally(() => (ended = true));
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  expect(ended).toBe(false);
  arrive({ load: () => Promise.reject(new Error("not asked for")) });
  await expect(loading).rejects.toThrow("no such file");
});
