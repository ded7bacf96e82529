/** The search for the point with the largest acquisition: many candidates, the most promising of them climbed from. */
import type { Rng } from "../../core/index.js";
import { createNormal } from "../../core/index.js";
import type { Acquisition } from "./acquisition.js";
import type { Coordinate, FullPoint } from "./coordinates.js";
import { activeAt, drawCoordinate, gate, neighboursOf, snap, valuesOf } from "./coordinates.js";
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
  /** Candidates that are climbed from. */
  readonly climbs: number;
  /** Evaluations of the acquisition a climb. */
  readonly evaluations: number;
  /** [D]: what the coordinates are scaled by. */
  readonly lengthscales: Float64Array;
}

/** A stepped range with more values is moved in as if it were continuous, and rounded. */
const LISTED = 16;

interface Scored {
  readonly point: FullPoint;
  readonly value: number;
}

/** A text that points have in common when the process cannot tell them apart. */
export function keyOfPoint(point: Float64Array): string {
  return point.join(",");
}

/** The best point that was found. */
export function searchPoint(task: SearchTask, rng: Rng): FullPoint {
  const { acquisition, coordinates, climbs, visited } = task;
  const score = (point: FullPoint): number => acquisition(gate(coordinates, point, activeAt(coordinates, point)));
  const known = (point: FullPoint): boolean =>
    visited.size > 0 && visited.has(keyOfPoint(gate(coordinates, point, activeAt(coordinates, point))));
  let scored = drawCandidates(task, rng).map((point): Scored => ({ point, value: score(point) }));
  const fresh = scored.filter(({ point }) => !known(point));
  const judge = fresh.length === 0 ? score : (point: FullPoint) => (known(point) ? -Infinity : score(point));
  if (fresh.length > 0) scored = fresh;
  const starts = chooseStarts(scored, climbs, rng);
  const ends = starts.map((start) => climb(task, start, judge));
  return ends.reduce((a, b) => (b.value > a.value ? b : a)).point;
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
function climb(task: SearchTask, start: Scored, judge: (point: FullPoint) => number): Scored {
  const { coordinates } = task;
  const isContinuous = coordinates.some(({ size }) => size === Infinity);
  let best: Scored = { point: start.point, value: judge(start.point) };
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
  judge: (point: FullPoint) => number,
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
  const value = judge(point);
  return value > from.value ? { point, value } : from;
}

/** For each discrete coordinate the best of its values, or of the neighbouring ones where it has many. */
function climbBySteps(coordinates: readonly Coordinate[], from: Scored, judge: (point: FullPoint) => number): Scored {
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
        const value = judge(point);
        if (value > best.value) {
          best = { point, value };
          improved = true;
        }
      }
    }
  }
  return best;
}
