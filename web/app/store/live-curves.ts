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
  /** Points that were copied for this call: they take what follows as they are. */
  const copied = new Map<number, Curve["points"][number][]>();
  for (const [number, attempt, step, value, seen] of reports) {
    const before = grown.get(number);
    if (before && before.attempt > attempt) continue;
    const isSame = before?.attempt === attempt;
    const last = isSame ? before.points.at(-1) : undefined;
    if (last && step <= last[0]) continue;
    let points = isSame ? copied.get(number) : undefined;
    if (!points) {
      points = isSame ? [...before.points] : [];
      copied.set(number, points);
      grown.set(number, { number, attempt, points });
    }
    points.push([step, value, seen]);
  }
  return grown;
}
