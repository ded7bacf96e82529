import { describe, expect, test } from "vitest";
import { AutoSampler } from "../../../src/samplers/auto/auto.js";
import { BruteForceSampler } from "../../../src/samplers/brute-force/brute-force.js";
import { CmaesSampler } from "../../../src/samplers/cmaes/cmaes.js";
import { GpSampler } from "../../../src/samplers/gp/gp.js";
import { NsgaIISampler } from "../../../src/samplers/nsga2/nsga2.js";
import { QmcSampler } from "../../../src/samplers/qmc/qmc.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";

/** As JavaScript may call it. */
type Make = new (options: Record<string, unknown>) => Sampler;
const made: Readonly<Record<string, Make>> = {
  tpe: TpeSampler,
  gp: GpSampler,
  cmaes: CmaesSampler,
  nsga2: NsgaIISampler,
  qmc: QmcSampler,
  random: RandomSampler,
  auto: AutoSampler,
  "brute-force": BruteForceSampler,
};
const refusal = { code: "invalid-sampler-option", exitCode: 2 };

describe.each(Object.entries(made))("%s", (name, Made) => {
  test.each([-1, 1.5, NaN, 2 ** 53, "7", null])("refuses the seed %j", (seed) => {
    expect(() => new Made({ seed })).toThrow(
      expect.objectContaining({ ...refusal, message: expect.stringContaining(`${name}: seed must be`) as unknown }),
    );
  });
  test("takes a seed", () => {
    expect(new Made({ seed: 0 }).seed).toBe(0);
    expect(new Made({ seed: undefined }).seed).toBeUndefined();
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["tpe", { magicClip: "no" }, 'tpe: magicClip must be true or false, got "no"'],
  ["tpe", { constantLiar: 1 }, "tpe: constantLiar must be true or false, got 1"],
  ["tpe", { gamma: 0.1 }, "tpe: gamma must be a function, got 0.1"],
  ["tpe", { priorWeight: "1" }, 'tpe: priorWeight must be finite and not negative, got "1"'],
  ["gp", { offThread: "no" }, 'gp: offThread must be true or false, got "no"'],
  ["cmaes", { sigma0: "0.3" }, 'cmaes: sigma0 must be above 0 and at most 1, got "0.3"'],
  ["nsga2", { crossoverProbability: "0.3" }, 'nsga2: crossoverProbability must lie in [0, 1], got "0.3"'],
  ["qmc", { scramble: "no" }, 'qmc: scramble must be true or false, got "no"'],
])("%s refuses %j", (name, options, message) => {
  expect(() => new (made[name] as Make)(options)).toThrow(expect.objectContaining({ ...refusal, message }));
});
