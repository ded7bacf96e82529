import { expect, test } from "vitest";
import { resolveConfig } from "../../../src/training/config.js";
import { models } from "../../../src/models/index.js";

/** TensorFlow.js leaves its engine and registries on the global object. */
const loaded = () => Object.keys(globalThis).filter((key) => /^_tf/.test(key));

test("schemas, spaces and configurations need no TensorFlow.js; an implementation brings it", async () => {
  expect(models.names()).toContain("lstm");
  expect(resolveConfig({ model: "lstm", dataset: "dummy", seed: 1 }).params["model.hidden_size"]).toBe(32);
  expect(loaded()).toEqual([]);
  await models.get("lstm").load();
  expect(loaded()).not.toEqual([]);
});
