/** The curves of running trials, as they grow. */
import type { Curve, ReportRow } from "../api/types.js";

/** A curve that grows. */
export type LiveCurve = Pick<Curve, "number" | "attempt" | "points">;

/** Adds reports to curves, in a new map; reports of an earlier attempt and those that are there already are left out. */
export function withReports(
  curves: ReadonlyMap<number, LiveCurve>,
  reports: readonly ReportRow[],
): ReadonlyMap<number, LiveCurve> {
  const grown = new Map(curves);
  for (const [number, attempt, step, value, seen] of reports) {
    const before = grown.get(number);
    if (before && before.attempt > attempt) continue;
    const points = before?.attempt === attempt ? before.points : [];
    const last = points.at(-1);
    if (last && step <= last[0]) continue;
    grown.set(number, { number, attempt, points: [...points, [step, value, seen]] });
  }
  return grown;
}
