import { expect, test } from "vitest";
import { componentOptions } from "../../../src/cli/component-options.js";

test("options are read by the component's schema and stand over a study file's", async () => {
  const base = { name: "tpe", options: { preset: "optuna", n_startup_trials: 20 } };
  expect(await componentOptions("sampler", undefined, ["multivariate=yes", "n-startup-trials=3"], base)).toEqual({
    name: "tpe",
    options: { preset: "optuna", n_startup_trials: 3, multivariate: true },
  });
  expect(await componentOptions("pruner", "percentile", ["percentile=40", "n_min_trials=1"], base)).toEqual({
    name: "percentile",
    options: { percentile: 40, n_min_trials: 1 },
  });
});

test("without a name the default component takes the options; nothing said is what the file says", async () => {
  expect(await componentOptions("pruner", undefined, ["n_warmup_steps=2"], undefined)).toEqual({
    name: "prospect",
    options: { n_warmup_steps: 2 },
  });
  const base = { name: "random", options: {} };
  expect(await componentOptions("sampler", undefined, undefined, base)).toBe(base);
  expect(await componentOptions("sampler", undefined, [], undefined)).toBeUndefined();
});

test.each([
  ["sampler", "n_startup_trials=many", "n_startup_trials must be a whole number, at least 0, got many"],
  ["sampler", "startup=3", 'sampler "tpe" has no option "startup": known: preset, seed'],
  ["pruner", "n_warmup_steps", "--pruner-option n_warmup_steps: expected name=value, as in --pruner-option n_warmup"],
] as const)("--%s-option %s is refused in one line", async (kind, text, message) => {
  await expect(componentOptions(kind, undefined, [text], undefined)).rejects.toThrow(message);
});
