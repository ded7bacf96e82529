/** The suite of samplers finds what is wrong: implementations that each break one promise. */
import { describe } from "vitest";
import type { History, Params, Rng, SearchSpace, Trial } from "../../../src/core/index.js";
import { createRng } from "../../../src/core/index.js";
import { drawUniform } from "../../../src/search-space/draw-uniform.js";
import { buildParams } from "../../../src/search-space/points.js";
import { samplerConformance } from "../../../src/testing/index.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of samplers finds one that", () => {
  type Suggest = (space: SearchSpace, history: History, rng: Rng) => Params | null;
  const uniform: Suggest = (space, _history, rng) => buildParams(space, (_name, d) => drawUniform(d, rng));
  const broken = (make: () => Suggest): Register => {
    return (runner) => {
      samplerConformance(runner, { name: "broken", make: () => ({ name: "broken", suggest: make() }) });
    };
  };
  passes(broken(() => uniform));
  finds([
    [
      "gives values to parameters that are not active",
      broken(
        () => (space, _h, rng) => Object.fromEntries(Object.entries(space).map(([k, d]) => [k, drawUniform(d, rng)])),
      ),
      /conditional tree > stays in the space|parents last > gives only active/,
    ],
    [
      "leaves a parameter out",
      broken(() => (space, h, rng) => Object.fromEntries(Object.entries(uniform(space, h, rng) ?? {}).slice(1))),
      /plain ranges > stays in the space/,
    ],
    [
      "has randomness of its own",
      broken(() => (space, h) => uniform(space, h, Math.random)),
      /ranges > gives the same/,
    ],
    [
      "counts how often it is asked",
      broken(() => {
        let asked = 0;
        return (space, h) => uniform(space, h, createRng(asked++));
      }),
      /ranges > gives the same output/,
    ],
    [
      "changes the history",
      broken(() => (space, h, rng) => {
        (h.trials as Trial[]).pop();
        return uniform(space, h, rng);
      }),
      /leaves its input/,
    ],
    [
      "takes the value of a failed trial for a good one",
      broken(() => (space, h) => uniform(space, h, createRng(h.trials.filter((t) => !((t.value ?? 0) > 1)).length))),
      /learns nothing from trials that failed/,
    ],
    [
      "expects every trial to be of its space",
      broken(() => (space, h, rng) => {
        for (const { params } of h.trials) for (const name of Object.keys(space)) if (!(name in params)) return null;
        return uniform(space, h, rng);
      }),
      /makes do with trials of another space/,
    ],
    [
      "is at its end too early",
      broken(() => (s, h, rng) => (h.trials.length > 8 ? null : uniform(s, h, rng))),
      /stays in/,
    ],
  ]);
});
