/** The search for the point with the largest acquisition: many candidates, the most promising of them climbed from. */
import type { Rng } from "../../core/index.js";
import { createNormal } from "../../core/index.js";
import type { Acquisition } from "./acquisition.js";
import type { Coordinate, FullPoint } from "./coordinates.js";
import { activeAt, allPoints, drawCoordinate, gate, neighboursOf, snap, valuesOf } from "./coordinates.js";
import { minimize } from "./lbfgs.js";

/** What is searched, and at what cost. */
export interface SearchTask {
  readonly coordinates: readonly Coordinate[];
  readonly acquisition: Acquisition;
  /** Points (as the process sees them) that candidates are also drawn around, the best first. */
  readonly around: readonly Float64Array[];
  /** Points of a finite space that are not to be proposed again while there are others. */
  readonly visited: ReadonlySet<string>;
  readonly candidates: number;
  /** A finite space of at most so many points is looked at whole. */
  readonly listed: number;
  /** Candidates that are climbed from. */
  readonly climbs: number;
  /** Evaluations of the acquisition a climb. */
  readonly evaluations: number;
  /** [D]: what the coordinates are scaled by. */
  readonly lengthscales: Float64Array;
}

/** A stepped range with more values is moved in as if it were continuous, and rounded. */
const LISTED = 16;

/** A point's acquisition; -Infinity where it is above what it has to exceed, and not to be proposed. */
type Judge = (point: FullPoint, above: number) => number;

interface Scored {
  readonly point: FullPoint;
  readonly value: number;
}

/** Places of a range that are told apart: a sum of steps is rounded, a value that somebody wrote is not. */
const PLACES = 2 ** 33;

/** A text that points have in common when the process cannot tell them apart. */
export function keyOfPoint(point: Float64Array): string {
  let key = "";
  for (const v of point) key += `${Math.round(v * PLACES)},`;
  return key;
}

/** The best point that was found; of a small finite space, the best that there is. */
export function searchPoint(task: SearchTask, rng: Rng): FullPoint {
  const { acquisition, coordinates, climbs, visited } = task;
  // Without conditions a point is seen as it is; copies of it would cost as much as the process.
  const conditional = coordinates.some(({ when }) => when.length > 0);
  const seen = (point: FullPoint): Float64Array =>
    conditional ? gate(coordinates, point, activeAt(coordinates, point)) : point;
  const score = (point: FullPoint): number => acquisition(seen(point));
  const known = (point: FullPoint): boolean => visited.size > 0 && visited.has(keyOfPoint(seen(point)));
  const all = allPoints(coordinates, task.listed);
  const candidates = all ?? drawCandidates(task, rng);
  const fresh = candidates.filter((point) => !known(point));
  const scored = (fresh.length > 0 ? fresh : candidates).map((point): Scored => ({ point, value: score(point) }));
  if (all) return bestOf(scored).point;
  const anew = fresh.length > 0 && visited.size > 0;
  // Only what would be taken is looked up.
  const judge: Judge = (point, above) => {
    const value = score(point);
    return anew && value > above && known(point) ? -Infinity : value;
  };
  const starts = chooseStarts(scored, climbs, rng);
  // The best trials themselves are known in a finite space, and no candidates there: their neighbours are the nearest.
  if (anew) starts.push(...incumbents(task));
  return bestOf(starts.map((start) => climb(task, start, judge))).point;
}

function bestOf(scored: readonly Scored[]): Scored {
  return scored.reduce((a, b) => (b.value > a.value ? b : a));
}

/** The two best trials, of those that have a value in every coordinate. */
function incumbents({ coordinates, around }: SearchTask): Scored[] {
  const whole = around.filter((point) =>
    coordinates.every(({ unit }, i) => unit.choices === 0 || (point[i] as number) >= 0),
  );
  return whole
    .slice(0, 2)
    .map((centre) => ({ point: centre.map((v, k) => snap(coordinates[k] as Coordinate, v)), value: -Infinity }));
}

function drawCandidates({ coordinates, around, candidates }: SearchTask, rng: Rng): FullPoint[] {
  const normal = createNormal(rng);
  const near = around.length === 0 ? 0 : Math.floor(candidates / 3);
  const drawn = Array.from({ length: candidates - near }, () =>
    Float64Array.from(coordinates, (c) => drawCoordinate(c, rng)),
  );
  for (let i = 0; i < near; i++) {
    const centre = around[i % around.length] as Float64Array;
    const spread = [0.2, 0.05, 0.01][Math.floor(i / around.length) % 3] as number;
    const share = Math.max(0.3, Math.min(1, 2 / coordinates.length));
    drawn.push(
      Float64Array.from(coordinates, (c, k) => {
        const value = centre[k] as number;
        const isAbsent = c.unit.choices > 0 && value < 0;
        if (isAbsent || (c.unit.choices > 0 && rng() < spread)) return drawCoordinate(c, rng);
        if (c.unit.choices > 0 || rng() > share) return value;
        return snap(c, value + spread * normal());
      }),
    );
  }
  for (const centre of around) drawn.push(centre.map((v, k) => snap(coordinates[k] as Coordinate, v)));
  return drawn;
}

/** The best candidate and others by lot, each as probable as it is good (Gumbel's trick draws without repeats). */
function chooseStarts(scored: readonly Scored[], count: number, rng: Rng): Scored[] {
  const best = scored.reduce((a, b) => (b.value > a.value ? b : a));
  const lots = scored
    .filter((s) => s !== best)
    .map((s) => ({ s, lot: s.value - Math.log(-Math.log(Math.max(rng(), 1e-300))) }))
    .sort((a, b) => b.lot - a.lot);
  return [best, ...lots.slice(0, count - 1).map(({ s }) => s)];
}

/** Gradient steps in what is continuous and steps on the grids of what is not, in turn. */
function climb(task: SearchTask, start: Scored, judge: Judge): Scored {
  const { coordinates } = task;
  const isContinuous = coordinates.some(({ size }) => size === Infinity);
  let best: Scored = { point: start.point, value: judge(start.point, -Infinity) };
  for (let round = 0; round < 4; round++) {
    const before = best.value;
    // Relaxed coordinates move once: later rounds are for what stays continuous.
    const moves = (c: Coordinate): boolean =>
      c.size === Infinity || (round === 0 && c.unit.choices === 0 && c.size > LISTED);
    if (coordinates.some(moves)) best = climbByGradient(task, best, moves, judge);
    const stepped = climbBySteps(coordinates, best, judge);
    const changed = stepped !== best;
    best = stepped;
    if (!changed || !isContinuous || !(best.value > before + 1e-6)) break;
  }
  return best;
}

function climbByGradient(
  { acquisition, coordinates, evaluations, lengthscales }: SearchTask,
  from: Scored,
  moves: (coordinate: Coordinate) => boolean,
  judge: Judge,
): Scored {
  const active = activeAt(coordinates, from.point);
  const moving = coordinates.flatMap((c, i) => (active[i] && moves(c) ? [i] : []));
  if (moving.length === 0) return from;
  const seen = gate(coordinates, from.point, active);
  const full = new Float64Array(seen.length);
  const scales = moving.map((i) => Math.min(10, lengthscales[i] as number));
  // Scaled by the lengthscales every direction is about as steep.
  const objective = (scaled: Float64Array, gradient: Float64Array): number => {
    moving.forEach((i, k) => (seen[i] = (scaled[k] as number) * (scales[k] as number)));
    const value = acquisition(seen, full);
    moving.forEach((i, k) => (gradient[k] = -(full[i] as number) * (scales[k] as number)));
    return -value;
  };
  const start = Float64Array.from(moving, (i, k) => (seen[i] as number) / (scales[k] as number));
  const low = new Float64Array(moving.length);
  const high = scales.map((s) => 1 / s);
  const { x } = minimize(objective, start, { low, high, evaluations, tolerance: 1e-3 });
  const point = from.point.slice();
  moving.forEach((i, k) => (point[i] = snap(coordinates[i] as Coordinate, (x[k] as number) * (scales[k] as number))));
  const value = judge(point, from.value);
  return value > from.value ? { point, value } : from;
}

/** For each discrete coordinate the best of its values, or of the neighbouring ones where it has many. */
function climbBySteps(coordinates: readonly Coordinate[], from: Scored, judge: Judge): Scored {
  let best = from;
  for (let improved = true, round = 0; improved && round < 10; round++) {
    improved = false;
    const active = activeAt(coordinates, best.point);
    for (const [i, c] of coordinates.entries()) {
      if (!active[i] || c.size === 1 || c.size === Infinity) continue;
      const current = best.point[i] as number;
      const values =
        c.unit.choices > 0 || c.size <= LISTED ? valuesOf(c) : [1, 2, 4].flatMap((k) => neighboursOf(c, current, k));
      for (const v of values) {
        if (v === current) continue;
        const point = best.point.slice();
        point[i] = v;
        const value = judge(point, best.value);
        if (value > best.value) {
          best = { point, value };
          improved = true;
        }
      }
    }
  }
  return best;
}
