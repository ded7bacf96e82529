/** A prediction as a figure: measured SOH, predicted paths, their range, and the end of life, a panel a cell. */
import type { CellTable } from "../core/index.js";
import { UsageError, didYouMean } from "../core/index.js";
import type { CellForecast, Prediction, PredictionRow } from "../training/prediction.js";
import { evenly } from "../plots/chart-parts.js";
import type { Band, Panel, Series } from "../plots/line-panels.js";

/** More panels are no figure; of more cells so many are drawn, taken evenly. */
const MOST_CELLS = 8;
/** Named ones are drawn up to here. */
const MOST_NAMED = 40;
/** More points than this on a line cannot be told apart at its width. */
const MOST_POINTS = 500;

/** Before a forecast so many times its length is drawn, and so many cycles at least: of a long life it would be a dot. */
const HISTORY = { paths: 12, cycles: 100 };

export interface PredictionFigure {
  readonly panels: readonly Panel[];
  /** What is not drawn, in words. */
  readonly note?: string;
}

/** The cells that are drawn, by index. */
function chosenCells(prediction: Prediction, names: readonly string[] | undefined): readonly number[] {
  const there = prediction.predictedCells();
  if (names === undefined) return evenly(there, MOST_CELLS);
  const known = there.map((c) => (prediction.cells[c] as CellTable).cell);
  if (names.length > MOST_NAMED)
    throw new UsageError(
      "invalid-parameter",
      `--plot-cells: at most ${MOST_NAMED} cells make a figure, got ${names.length}`,
    );
  return [...new Set(names)].map((name) => {
    const at = known.indexOf(name);
    if (at >= 0) return there[at] as number;
    const some = known.length > MOST_CELLS ? [...known.slice(0, MOST_CELLS), "…"] : known;
    throw new UsageError(
      "unknown-cell",
      `--plot-cells: no prediction for a cell "${name}":${didYouMean(name, known)} cells: ${some.join(", ")}`,
    );
  });
}

/** The points of a cell's lines, all of them. */
interface CellLines {
  readonly measured: Series["points"];
  readonly predicted: readonly Endpoint[];
  readonly ahead: readonly PredictionRow[];
  readonly forecast: CellForecast | undefined;
}

type Endpoint = ReturnType<Prediction["endPoints"]>[number]["points"][number];

const hasRange = <P extends { readonly low?: number; readonly high?: number }>(
  point: P,
): point is P & { readonly low: number; readonly high: number } => point.low !== undefined && point.high !== undefined;

/** A cell's title says what a figure is looked at for. */
function titleOf(cell: string, forecast: CellForecast | undefined, horizon: number): string {
  if (!forecast) return cell;
  const { end_of_life_cycle: end, remaining_life: left, last_cycle: last } = forecast;
  if (end === null) return `${cell}: no end of life within ${horizon} cycles of cycle ${last}`;
  if (left === 0) return `${cell}: end of life measured at cycle ${end}`;
  return `${cell}: end of life forecast at cycle ${end}, ${left} after the last measured`;
}

/** The range over several checkpoints, of paths' ends and of the forecast: two areas under one name. */
function bandsOf(
  name: string,
  predicted: readonly Endpoint[],
  last: PathPoint | null,
  ahead: readonly PathPoint[],
): Band[] {
  const edge = (points: readonly PathPoint[]): Band["points"] =>
    points.filter(hasRange).map(({ cycle, low, high }) => [cycle, low, high] as const);
  const start = last && ahead.some(hasRange) ? [{ ...last, low: last.soh, high: last.soh }] : [];
  const ends = predicted.map(({ cycle, predicted: soh, ...range }) => ({ cycle, soh, ...range }));
  return [edge(ends), edge([...start, ...ahead])]
    .filter((points) => points.length > 1)
    .map((points) => ({ name, points }));
}

interface PathPoint {
  readonly cycle: number;
  readonly soh: number;
  readonly low?: number;
  readonly high?: number;
}

function panelOf(cell: string, lines: CellLines, { horizon, eol, members }: Prediction): Panel {
  const { forecast } = lines;
  const thinned = evenly(lines.predicted, MOST_POINTS);
  const path = lines.ahead.map(({ cycle, soh_pred: soh, soh_low: low, soh_high: high }): PathPoint => {
    const range = low === undefined || high === undefined ? {} : { low, high };
    return { cycle, soh, ...range };
  });
  // The forecast goes out from what was measured last.
  const start = forecast ? { cycle: forecast.last_cycle, soh: forecast.last_soh } : null;
  const drawn = start ? [start, ...path] : path;
  const series: Series[] = [{ name: "measured", points: evenly(lines.measured, MOST_POINTS) }];
  // Before what some panels lack: colours follow the order, and a forecast's is the same in every figure.
  if (path.length > 0) series.push({ name: "forecast", points: drawn.map(({ cycle, soh }) => [cycle, soh] as const) });
  if (thinned.length > 0)
    series.push({
      name: `predicted ${horizon} ${horizon === 1 ? "cycle" : "cycles"} ahead`,
      points: thinned.map(({ cycle, predicted }) => [cycle, predicted] as const),
    });
  const end = forecast?.end_of_life_cycle ?? null;
  return {
    title: titleOf(cell, forecast, horizon),
    series,
    bands: bandsOf(`5 to 95 % of ${members} checkpoints`, thinned, start, path),
    limits: [{ name: `end of life (SOH ${eol})`, y: eol }],
    marks:
      end === null || forecast?.remaining_life === 0
        ? []
        : [{ name: "forecast end of life", at: [end, eol], label: `cycle ${end}` }],
  };
}

function measuredOf({ cycles, soh }: CellTable): Series["points"] {
  return Array.from(cycles, (cycle, i) => [cycle, soh[i] as number] as const).filter(([, value]) =>
    Number.isFinite(value),
  );
}

const thinnedWords = `at most ${MOST_POINTS} points of a line, taken evenly`;

/** What is drawn where that is not all. */
function noteOf(words: readonly (string | false)[]): string | undefined {
  const told = words.filter((word) => word !== false);
  return told.length === 0 ? undefined : `drawn: ${told.join("; ")}`;
}

/**
 * What `predict --plot` draws. Only the windows of the cells that are drawn are predicted for it.
 * @param names the cells to draw. @default all, up to 8
 * @throws UsageError for a cell that is not predicted
 */
export function predictionFigure(prediction: Prediction, names?: readonly string[]): PredictionFigure {
  const chosen = chosenCells(prediction, names);
  const only = new Set(chosen);
  const ends = new Map(prediction.endPoints(only).map(({ cell, points }) => [cell, points]));
  const all = names === undefined ? prediction.predictedCells().length : chosen.length;
  const paths = new Map<string, PredictionRow[]>();
  for (const row of prediction.ahead(only)) paths.set(row.cell, [...(paths.get(row.cell) ?? []), row]);
  const forecasts = new Map(prediction.forecasts(only).map((forecast) => [forecast.cell, forecast]));
  const history = Math.max(HISTORY.cycles, HISTORY.paths * prediction.horizon);
  let thinned = false;
  let cut = false;
  const panels = chosen.map((c) => {
    const table = prediction.cells[c] as CellTable;
    const { cell } = table;
    const forecast = forecasts.get(cell);
    const from = forecast ? forecast.last_cycle - history : -Infinity;
    const whole = measuredOf(table);
    const measured = whole.filter(([cycle]) => cycle >= from);
    const predicted = (ends.get(cell) ?? []).filter(({ cycle }) => cycle >= from);
    cut ||= measured.length < whole.length;
    thinned ||= Math.max(measured.length, predicted.length) > MOST_POINTS;
    return panelOf(cell, { measured, predicted, ahead: paths.get(cell) ?? [], forecast }, prediction);
  });
  const note = noteOf([
    chosen.length < all && `${chosen.length} of ${all} cells, taken evenly (--plot-cells names others)`,
    cut && `the last ${history} cycles before a forecast`,
    thinned && thinnedWords,
  ]);
  return note === undefined ? { panels } : { panels, note };
}

/** What `train --plot` draws: predicted and true SOH at each path's end. */
export function endPointsFigure(prediction: Prediction): PredictionFigure {
  const all = prediction.predictedCells();
  const chosen = evenly(all, MOST_CELLS);
  let thinned = false;
  const panels = prediction.endPoints(new Set(chosen)).map(({ cell, points }): Panel => {
    const drawn = evenly(points, MOST_POINTS);
    thinned ||= drawn.length < points.length;
    return {
      title: `${cell}: SOH ${prediction.horizon} cycles ahead`,
      series: [
        { name: "true", points: drawn.map((p) => [p.cycle, p.true] as const) },
        { name: "predicted", points: drawn.map((p) => [p.cycle, p.predicted] as const) },
      ],
    };
  });
  const note = noteOf([
    chosen.length < all.length && `${chosen.length} of ${all.length} cells, taken evenly`,
    thinned && thinnedWords,
  ]);
  return note === undefined ? { panels } : { panels, note };
}
