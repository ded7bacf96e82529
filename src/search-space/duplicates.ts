/** Asks the sampler for a proposal: how a duplicate (or banned) one is noticed, and what each rule does about it. */
import type { History, OnDuplicate, Params, Rng, SearchSpace, Trial } from "../core/index.js";
import { isPromised } from "../core/index.js";
import { drawUniform } from "./draw-uniform.js";
import { trialsAt } from "./point-lookup.js";
import { activeParams, buildParams, indexPoints, samePoint } from "./points.js";

/** The next thing to do: run new parameters, take over an equal trial's value, or stop because every point was tried. */
export type Proposal =
  | { readonly kind: "run"; readonly params: Params }
  | { readonly kind: "reuse"; readonly params: Params; readonly of: Trial }
  | { readonly kind: "exhausted" };

/** A sampler, as far as this room needs to know one. */
export interface SuggestsParams {
  suggest(space: SearchSpace, history: History, rng: Rng): Params | null | Promise<Params | null>;
}

/** How repeated parameters are treated. */
export interface DuplicateRule {
  readonly onDuplicate: OnDuplicate;
  /** Never proposed again, under no rule. */
  readonly banned?: readonly Params[];
}

/** Proposals of known parameters that a sampler may make before points are looked up directly. */
const ATTEMPTS = 20;

/** The number of points of a space, judged on active parameters; Infinity for a continuous one. */
export function spaceSize(space: SearchSpace): number {
  return indexPoints(space)?.size ?? Infinity;
}

/** The first trial, whatever its state, with the same active parameters. */
export function findDuplicate(space: SearchSpace, history: History, params: Params): Trial | undefined {
  return trialsAt(space, history, params)[0];
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
 * @returns at once for a sampler that answers at once, else a promise
 */
export function propose(
  sampler: SuggestsParams,
  space: SearchSpace,
  history: History,
  rng: Rng,
  { onDuplicate, banned = [] }: DuplicateRule,
): Proposal | Promise<Proposal> {
  const judged = (params: Params | null, attempt: number): Proposal | null => {
    if (params === null) return { kind: "exhausted" };
    if (banned.some((point) => samePoint(space, params, point))) return null;
    if (onDuplicate === "run") return { kind: "run", params };
    const known = trialsAt(space, history, params);
    if (known.length === 0) return { kind: "run", params };
    if (attempt === 0 && isExhausted(space, history)) return { kind: "exhausted" };
    if (onDuplicate === "resample") return null;
    const complete = known.find(({ state }) => state === "complete");
    return complete ? { kind: "reuse", params, of: complete } : null;
  };
  const ask = (attempt: number): Proposal | Promise<Proposal> => {
    for (let n = attempt; n < ATTEMPTS; n++) {
      const params = sampler.suggest(space, history, rng);
      if (isPromised(params)) return Promise.resolve(params).then((given) => judged(given, n) ?? ask(n + 1));
      const proposal = judged(params, n);
      if (proposal) return proposal;
    }
    return onDuplicate === "run"
      ? proposeUnseen(space, rng, banned, (point) => banned.some((other) => samePoint(space, point, other)))
      : proposeUnseen(space, rng, paramsOf(history), (point) => trialsAt(space, history, point).length > 0);
  };
  return ask(0);
}

function isExhausted(space: SearchSpace, history: History): boolean {
  const size = spaceSize(space);
  return size <= history.trials.length && visitedPoints(space, history) >= size;
}

const paramsOf = ({ trials }: History): Params[] => trials.map(({ params }) => params);

/** A uniformly drawn point that is not `taken`; in a finite space the next free one after a drawn place. */
function proposeUnseen(
  space: SearchSpace,
  rng: Rng,
  taken: readonly Params[],
  isTaken: (params: Params) => boolean,
): Proposal {
  let params: Params = {};
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    params = buildParams(space, (_name, d) => drawUniform(d, rng));
    if (!isTaken(activeParams(space, params))) return { kind: "run", params };
  }
  const points = indexPoints(space);
  if (!points) return { kind: "run", params };
  const places = new Set(taken.map((point) => points.indexOf(point)));
  const start = Math.floor(rng() * points.size);
  for (let i = 0; i < points.size; i++) {
    const place = (start + i) % points.size;
    if (!places.has(place)) return { kind: "run", params: points.at(place) };
  }
  return { kind: "exhausted" };
}
