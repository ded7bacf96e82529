/** Spaces, histories and streams that samplers are tried on. */
import type { Direction, History, Params, SearchSpace, Trial } from "../core/index.js";
import { categorical, createRng, deriveSeed, float, int } from "../core/index.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import { buildParams } from "../search-space/points.js";
import { trialOf } from "./trials.js";

/** The stream of one trial, as a study makes it. */
export function streamOf(seed: number, number: number): () => number {
  return createRng(deriveSeed(seed, "sampler"), number);
}

function mixedTrial(number: number, params: Params, value: number, last: boolean): Trial {
  const report = number % 2 ? NaN : value;
  if (number % 7 === 3)
    return trialOf(number, params, {
      state: "pruned",
      intermediate: [
        [1, value],
        [2, report],
      ],
    });
  if (number % 7 === 4) return trialOf(number, params, { state: "failed" });
  if (number % 11 === 5) return trialOf(number, params, { value: NaN });
  if (number % 13 === 6) return trialOf(number, params, { value: number % 2 ? Infinity : -Infinity });
  return trialOf(number, params, last ? { state: "running" } : { value });
}

/** `n` trials in mixed states, drawn at random and scored by `score`. */
export function mixedHistory(
  space: SearchSpace,
  n: number,
  direction: Direction = "minimize",
  score: (params: Params) => number = (p) => JSON.stringify(p).length,
): History {
  const rng = createRng(1, "history");
  const trials = Array.from({ length: n }, (_, i) => {
    const params = buildParams(space, (_name, d) => drawUniform(d, rng));
    return mixedTrial(i, params, score(params), i >= n - 2);
  });
  return { direction, trials };
}

/**
 * `n` trials in mixed states with two values each, the first to be minimized and the second to be maximized, under a
 * constraint that half of them miss. Finite values are all different.
 */
export function severalHistory(space: SearchSpace, n: number): Required<Pick<History, "directions">> & History {
  const { trials } = mixedHistory(space, n);
  const several = trials.map(({ value: _one, ...trial }, i): Trial => {
    const values = trial.values && [(i * 7) % 31, ((i * 11) % 37) + 0.5];
    return Object.freeze({ ...trial, values, constraints: { c: i % 6 === 0 ? NaN : i - n / 2 } });
  });
  return { direction: "minimize", directions: ["minimize", "maximize"], trials: several };
}

/** Spaces without continuous ranges. */
export const finiteSpaces = {
  "stepped and single": { q: float(0, 1, { step: 0.1 }), one: int(3, 3), same: float(2, 2), c: categorical(["x"]) },
  integers: { n: int(-5, 5), k: int(16, 64, { step: 16 }), l: int(1, 8, { log: true }) },
  choices: { a: categorical(["x", "y", null]), b: categorical([true, false]), c: categorical([0, 1.5]) },
  "a conditional tree": {
    depth: int(1, 3),
    width_2: int(1, 4, { when: { depth: [2, 3] } }),
    mode: categorical(["u", "v"], { when: { depth: 3 } }),
    rate: float(0, 1, { step: 0.25, when: { mode: "v" } }),
  },
} satisfies Readonly<Record<string, SearchSpace>>;

export const continuousSpaces = {
  "plain ranges": { x: float(-5, 10), y: float(0, 1e-9) },
  "log ranges": { lr: float(1e-8, 1, { log: true }), n: int(1, 1_000_000, { log: true }) },
  "everything, parents last": {
    sgd_lr: float(1e-4, 1, { log: true, when: { opt: "sgd" } }),
    momentum: float(0, 0.99, { when: { opt: "sgd", nesterov: true } }),
    nesterov: categorical([true, false], { when: { opt: "sgd" } }),
    adam_lr: float(1e-5, 1e-1, { log: true, when: { opt: "adam" } }),
    opt: categorical(["adam", "sgd"]),
    q: float(0, 1, { step: 0.1 }),
    one: categorical(["only"]),
    under_one: int(1, 9, { when: { one: "only" } }),
    never: float(0, 1, { when: { elsewhere: 1 } }),
  },
} satisfies Readonly<Record<string, SearchSpace>>;
