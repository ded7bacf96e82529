/** Repeated parameters: how a duplicate proposal is noticed, and what each rule does about it. */
import type { History, OnDuplicate, Params, Rng, SearchSpace, Trial } from "../core/index.js";
import { drawUniform } from "./draw-uniform.js";
import { activeParams, buildParams, indexPoints, samePoint } from "./points.js";

/** The next thing to do: run new parameters, take over an equal trial's value, or stop because every point was tried. */
export type Proposal =
  | { readonly kind: "run"; readonly params: Params }
  | { readonly kind: "reuse"; readonly params: Params; readonly of: Trial }
  | { readonly kind: "exhausted" };

/** A sampler, as far as this room needs to know one. */
export interface SuggestsParams {
  suggest(space: SearchSpace, history: History, rng: Rng): Params | null;
}

/** Proposals of known parameters that a sampler may make before points are looked up directly. */
const ATTEMPTS = 20;

/** The number of points of a space, judged on active parameters; Infinity for a continuous one. */
export function spaceSize(space: SearchSpace): number {
  return indexPoints(space)?.size ?? Infinity;
}

/** The first trial, whatever its state, with the same active parameters. */
export function findDuplicate(space: SearchSpace, history: History, params: Params): Trial | undefined {
  const wanted = activeParams(space, params);
  return history.trials.find((t) => samePoint(space, wanted, t.params));
}

/** The number of different points of the space that the history has, in any state. */
export function visitedPoints(space: SearchSpace, history: History): number {
  const points = indexPoints(space);
  if (!points) return new Set(history.trials.map((t) => JSON.stringify(t.params))).size;
  const places = new Set(history.trials.map((t) => points.indexOf(t.params)));
  places.delete(-1);
  return places.size;
}

/**
 * Asks the sampler under a duplicate rule. Every trial of the history counts, failed and running ones too, so that a
 * point that always fails cannot hold the study up. `resample` proposes again until the point is new; `reuse` hands over
 * a complete trial's value and proposes again where there is none; `run` accepts repeats. A finite space whose points
 * are all known is exhausted under `resample` and `reuse`, not under `run`; a sampler at its end always is.
 */
export function propose(
  sampler: SuggestsParams,
  space: SearchSpace,
  history: History,
  rng: Rng,
  onDuplicate: OnDuplicate,
): Proposal {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const params = sampler.suggest(space, history, rng);
    if (params === null) return { kind: "exhausted" };
    if (onDuplicate === "run") return { kind: "run", params };
    const known = findDuplicate(space, history, params);
    if (!known) return { kind: "run", params };
    if (attempt === 0 && isExhausted(space, history)) return { kind: "exhausted" };
    if (onDuplicate === "reuse") {
      const complete = history.trials.find((t) => t.state === "complete" && samePoint(space, params, t.params));
      if (complete) return { kind: "reuse", params, of: complete };
    }
  }
  return proposeUnseen(space, history, rng);
}

function isExhausted(space: SearchSpace, history: History): boolean {
  const size = spaceSize(space);
  return size <= history.trials.length && visitedPoints(space, history) >= size;
}

/** A uniformly drawn point that is new; in a finite space the next free one after a drawn place. */
function proposeUnseen(space: SearchSpace, history: History, rng: Rng): Proposal {
  let params: Params = {};
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    params = buildParams(space, (_name, d) => drawUniform(d, rng));
    if (!findDuplicate(space, history, params)) return { kind: "run", params };
  }
  const points = indexPoints(space);
  if (!points) return { kind: "run", params };
  const taken = new Set(history.trials.map((t) => points.indexOf(t.params)));
  const start = Math.floor(rng() * points.size);
  for (let i = 0; i < points.size; i++) {
    const place = (start + i) % points.size;
    if (!taken.has(place)) return { kind: "run", params: points.at(place) };
  }
  return { kind: "exhausted" };
}
