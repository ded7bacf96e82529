/** A scheduler that a plug-in registers: its parameters join those of every configuration from then on. */
import { expect, test } from "vitest";
import { z } from "zod";
import type { ConfigValue } from "../../../src/core/index.js";
import { parameter } from "../../../src/registry/index.js";
import { resolveConfig } from "../../../src/training/config.js";
import { schedulers } from "../../../src/training/schedulers/index.js";

const resolve = (params: Record<string, ConfigValue>) =>
  resolveConfig({ model: "lstm", dataset: "dummy", seed: 1, params });

test("a scheduler registered by a plug-in joins the configuration with its own parameters", () => {
  const parameters = z.object({
    scheduler_halflife: parameter(z.number().int().min(1).default(5), { description: "epochs to half the rate" }),
  });
  schedulers.register("halving_test", { summary: "halves", parameters })(() => ({
    ...{ lr: 1, step: () => {}, state: () => ({}), restore: () => {} },
  }));
  const { params } = resolve({ "train.scheduler": "halving_test" });
  expect(params["train.scheduler_halflife"]).toBe(5);
  expect(Object.keys(resolve({}).params)).not.toContain("train.scheduler_halflife");
});
