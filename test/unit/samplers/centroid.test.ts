import { expect, test } from "vitest";
import type { Params, SearchSpace } from "../../../src/core/index.js";
import { createRng, float } from "../../../src/core/index.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { streamOf } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../fixtures/trials.js";

test.each([
  [3, 0],
  [20, 5],
])("of %d floats the mean of the good trials is drawn from as often as from %f of them", (n, weight) => {
  const names = Array.from({ length: n }, (_, i) => `x${i}`);
  const wide: SearchSpace = Object.fromEntries(names.map((name) => [name, float(0, 1)]));
  const rng = createRng(4, "corners");
  const corners = Array.from({ length: 5 }, () => names.map(() => (rng() < 0.5 ? 0.2 : 0.8)));
  const paramsOf = (point: readonly number[]): Params =>
    Object.fromEntries(names.map((name, i) => [name, point[i] as number]));
  // fifty-five others of one value, which is a plateau and no noise
  const trials = Array.from({ length: 60 }, (_, k) =>
    trialOf(k, paramsOf(corners[k] ?? names.map(() => rng())), { value: k < 5 ? k : 10 }),
  );
  const ranks = corners.map((_, k) => Math.log(6 / (k + 1)));
  const total = ranks.reduce((a, b) => a + b, 0);
  const mean = names.map((_, i) => corners.reduce((sum, c, k) => sum + ((ranks[k] ?? 0) * (c[i] ?? 0)) / total, 0));
  const sampler = new TpeSampler({ nEiCandidates: 1, gamma: () => 5 });
  const fromMean = Array.from({ length: 150 }, (_, seed) => {
    const params = sampler.suggest(wide, { direction: "minimize", trials }, streamOf(seed, 60));
    const [nearest, ...others] = [mean, ...corners].map((c) =>
      Math.hypot(...names.map((name, i) => (params[name] as number) - (c[i] as number))),
    ) as [number, ...number[]];
    return others.every((other) => nearest < other);
  }).filter(Boolean).length;
  // the prior's .35 is anywhere, also near the mean; .12 is three standard errors
  expect(Math.abs(fromMean / 150 - weight / (5.35 + weight))).toBeLessThan(0.12);
});
