/** The points of a sweep: what the trials at each came to, over their seeds. */
import type { Direction, Params, SearchSpace, StudyState, Trial } from "../../core/index.js";
import { canonicalJson, comparableTrials, directionsOf, isBetter, isFeasible } from "../../core/index.js";
import { pointKey } from "../../search-space/index.js";
import { Study } from "../../study/study.js";
import { locate } from "../address.js";
import type { StudyTarget } from "../address.js";
import { meanInterval } from "../student-t.js";

/** A metric over the complete trials at a point. */
export interface SweepScore {
  readonly metric: string;
  /** How many values it is of. */
  readonly n: number;
  /** Null where there is none. */
  readonly mean: number | null;
  /** Sample standard deviation (n - 1); null below two values. */
  readonly sd: number | null;
  /** The 95 % t interval of the mean; null below three values: two say next to nothing. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Parameters, and what the trials with them came to. */
export interface SweepPoint {
  readonly params: Params;
  /** Their numbers. Of a failed trial that was repeated only the last repeat is one of them. */
  readonly trials: readonly number[];
  readonly complete: number;
  readonly pruned: number;
  readonly failed: number;
  /** Waiting or running. */
  readonly unfinished: number;
  /** Complete ones that miss a constraint; their values count all the same. */
  readonly infeasible: number;
  /** One an objective. */
  readonly scores: readonly SweepScore[];
}

/** An interval of two values is twelve times as wide as their spread: nobody is helped by it. */
const LEAST_OF_INTERVAL = 3;

/**
 * The points of a study that have trials, best mean of the first objective first; after them those with trials that miss
 * a constraint, then those without any value. Banned trials are left out.
 * @throws UsageError `unknown-study`.
 * @example
 * const points = await sweepPoints({ name: "lr-grid", storage: "studies" });
 * points.map(({ params, scores: [score] }) => [params["train.lr"], score?.mean, score?.sd]);
 */
export async function sweepPoints(target: StudyTarget): Promise<readonly SweepPoint[]> {
  if (target instanceof Study) return pointsOfState(target.state);
  const { storage, name } = await locate("sweepPoints", target);
  return pointsOfState(await storage.read(name));
}

/** {@link sweepPoints} of records at hand. */
export async function pointsOfState(state: StudyState): Promise<readonly SweepPoint[]> {
  const { header } = state;
  const groups = groupsOf(comparableTrials(state), header.space);
  const metrics = header.objectives.map(({ metric }) => metric);
  const points = await Promise.all(groups.map((trials) => pointOf(trials, metrics)));
  const direction = directionsOf(header)[0] ?? "minimize";
  return points.sort((a, b) => order(a, b, direction));
}

/** Trials by their point, in the order in which the points came; a failed trial gives way to its repeat. */
function groupsOf(trials: readonly Trial[], space: SearchSpace): (readonly [Trial, ...Trial[]])[] {
  const repeated = new Set(trials.map(({ retry_of }) => retry_of));
  const groups = new Map<string, [Trial, ...Trial[]]>();
  for (const trial of trials) {
    if (repeated.has(trial.number)) continue;
    const key = pointKey(space, trial.params) ?? canonicalJson(trial.params);
    const group = groups.get(key);
    if (group) group.push(trial);
    else groups.set(key, [trial]);
  }
  return [...groups.values()];
}

async function pointOf(trials: readonly [Trial, ...Trial[]], metrics: readonly string[]): Promise<SweepPoint> {
  const complete = trials.filter(({ state, values }) => state === "complete" && values !== null);
  const count = (...states: readonly Trial["state"][]): number =>
    trials.filter(({ state }) => states.includes(state)).length;
  return {
    params: trials[0].params,
    trials: trials.map(({ number }) => number),
    complete: complete.length,
    pruned: count("pruned"),
    failed: count("failed"),
    unfinished: count("waiting", "running"),
    infeasible: complete.filter((trial) => !isFeasible(trial)).length,
    scores: await Promise.all(
      metrics.map((metric, i) =>
        scoreOf(
          metric,
          complete.map(({ values }) => values?.[i] as number),
        ),
      ),
    ),
  };
}

async function scoreOf(metric: string, values: readonly number[]): Promise<SweepScore> {
  const n = values.length;
  if (n < 2) return { metric, n, mean: values[0] ?? null, sd: null, interval: null };
  const { mean, sd, low, high } = await meanInterval(values);
  return { metric, n, mean, sd, interval: n < LEAST_OF_INTERVAL ? null : [low, high] };
}

function order(a: SweepPoint, b: SweepPoint, direction: Direction): number {
  const [x, y] = [a.scores[0]?.mean ?? null, b.scores[0]?.mean ?? null];
  if (x === null || y === null) return Number(x === null) - Number(y === null) || first(a) - first(b);
  const feasible = Number(a.infeasible > 0) - Number(b.infeasible > 0);
  if (feasible !== 0) return feasible;
  if (isBetter(x, y, direction)) return -1;
  return isBetter(y, x, direction) ? 1 : first(a) - first(b);
}

const first = ({ trials }: SweepPoint): number => trials[0] ?? 0;
