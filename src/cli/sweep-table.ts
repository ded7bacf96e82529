/** The points of a sweep as a table: parameters, means over the seeds with their spread, and what went wrong. */
import type { StudyObjective } from "../core/index.js";
import type { SweepPoint, SweepScore } from "../app/views/sweep-points.js";
import { renderTable, shortNumber } from "./render.js";
import type { Column } from "./render.js";
import { paramText, shortNames } from "./trial-table.js";

/** A line a point, best first. @param repeat how many trials each point is to have */
export function sweepTable(
  points: readonly SweepPoint[],
  objectives: readonly StudyObjective[],
  repeat: number,
  width = Infinity,
): string {
  const columns: Column<SweepPoint>[] = [...shortNames(points)].map(([name, short]) => ({
    title: short,
    align: "right",
    text: ({ params }) => paramText(params[name]),
  }));
  const best = points[0];
  for (const [i, { metric }] of objectives.entries())
    columns.push(...scoreColumns(metric, points, ({ scores }) => scores[i] as SweepScore, i === 0 ? best : undefined));
  columns.push({ title: "n", align: "right", text: ({ complete }) => `${complete} of ${repeat}` });
  if (points.some((point) => remark(point) !== ""))
    columns.push({ title: "note", text: remark, style: () => "muted", below: true });
  return renderTable(columns, points, width);
}

function scoreColumns(
  metric: string,
  points: readonly SweepPoint[],
  scoreOf: (point: SweepPoint) => SweepScore,
  best: SweepPoint | undefined,
): Column<SweepPoint>[] {
  const has = (part: "sd" | "interval"): boolean => points.some((point) => scoreOf(point)[part] !== null);
  const columns: Column<SweepPoint>[] = [
    {
      title: has("sd") ? `mean ${metric}` : metric,
      align: "right",
      text: (point) => shortNumber(scoreOf(point).mean, 5),
      style: (point) => (point === best && point.complete > 0 ? "best" : undefined),
    },
  ];
  if (has("sd")) columns.push({ title: "sd", align: "right", text: (point) => shortNumber(scoreOf(point).sd, 3) });
  if (has("interval"))
    columns.push({ title: "95 % interval", align: "right", text: (point) => intervalText(scoreOf(point)) });
  return columns;
}

function intervalText({ interval }: SweepScore): string {
  return interval === null ? "-" : `${shortNumber(interval[0])} to ${shortNumber(interval[1])}`;
}

/** `1 failed, 1 infeasible`: what a mean does not say. */
function remark({ failed, pruned, unfinished, infeasible }: SweepPoint): string {
  const words = Object.entries({ failed, pruned, infeasible, unfinished });
  return words.flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`])).join(", ");
}
