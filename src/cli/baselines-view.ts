/** A model beside the four baselines, as a table and in plain words. */
import { baselinesOf, errorsOf, foldBaselinesOf, partNames } from "../app/views/baselines.js";
import type { Metrics, StudyHeader, Trial } from "../core/index.js";
import { renderTable, shortNumber } from "./render.js";

const baselineNames = ["persistence", "linear", "mean_change", "ridge"] as const;

/** A model's errors and the baselines', on the same windows. */
export interface Compared {
  readonly metrics: Metrics;
  readonly baselines: Metrics;
}

/** The model's metric on the part that was scored: `val_rmse` after a run, `test_rmse` of `evaluate --split test`. */
function ofPart(metrics: Metrics, name: string): number | undefined {
  return ["val", "test", "train"].map((part) => metrics[`${part}_${name}`]).find((value) => value !== undefined);
}

interface Row {
  readonly name: string;
  readonly rmse: number | undefined;
  readonly end: number | undefined;
  readonly mae: number | undefined;
  /** Of the remaining useful life, cycles. */
  readonly life: number | undefined;
}

/** The model beside the four baselines, on the same windows. */
export function resultTable(model: string, { metrics, baselines }: Compared): string {
  const rows: readonly Row[] = [
    {
      ...{ name: model, rmse: ofPart(metrics, "rmse"), end: ofPart(metrics, "rmse_end"), mae: ofPart(metrics, "mae") },
      life: ofPart(metrics, "rul_mae"),
    },
    ...baselineNames.map((name) => ({
      name,
      rmse: baselines[`${name}_rmse`],
      end: baselines[`${name}_rmse_end`],
      mae: baselines[`${name}_mae`],
      life: baselines[`${name}_rul_mae`],
    })),
  ];
  const life = rows.some((row) => row.life !== undefined);
  return renderTable(
    [
      { title: "", text: (row) => row.name },
      { title: "RMSE", align: "right", text: (row) => shortNumber(row.rmse) },
      { title: "RMSE at last step", align: "right", text: (row) => shortNumber(row.end) },
      { title: "MAE", align: "right", text: (row) => shortNumber(row.mae) },
      ...(life
        ? [{ title: "RUL MAE [cycles]", align: "right" as const, text: (row: Row) => shortNumber(row.life) }]
        : []),
    ],
    rows,
  );
}

/** Each part of a cross-validated trial in a row, and the baselines' errors in its fold where they were scored. */
export function partsTable(header: StudyHeader, trial: Trial): string {
  const { parts } = trial;
  if (!parts) return "";
  const names = partNames(parts);
  const folds = foldBaselinesOf(header, trial);
  const seeds = header.settings.seeds ?? 1;
  const rows = parts.map(({ values }, i) => ({
    name: names[i] ?? "",
    values,
    others: folds[Math.floor(i / seeds)]?.metrics,
  }));
  return renderTable(
    [
      { title: "part", text: (row) => row.name },
      ...header.objectives.map(({ metric }, i) => ({
        title: metric,
        align: "right" as const,
        text: (row: (typeof rows)[number]) => shortNumber(row.values[i], 5),
      })),
      ...(folds.length === 0 ? [] : baselineNames).map((name) => ({
        title: `${name} RMSE`,
        align: "right" as const,
        text: (row: (typeof rows)[number]) => shortNumber(row.others?.[`${name}_rmse`]),
      })),
    ],
    rows,
  );
}

function bestBaseline(baselines: Metrics): { name: string; rmse: number } | null {
  const scored = baselineNames.flatMap((name) => {
    const rmse = baselines[`${name}_rmse`];
    return rmse === undefined || !Number.isFinite(rmse) ? [] : [{ name, rmse }];
  });
  return scored.reduce<(typeof scored)[number] | null>(
    (best, one) => (best && best.rmse <= one.rmse ? best : one),
    null,
  );
}

/** The baselines in a line, where they were scored: `persistence 0.0231, linear 0.0128, … (RMSE)`. */
export function baselinesLine(baselines: Metrics | null): string | null {
  const known = baselineNames.flatMap((name) => {
    const rmse = baselines?.[`${name}_rmse`];
    return rmse === undefined ? [] : [`${name} ${shortNumber(rmse)}`];
  });
  return known.length === 0 ? null : `${known.join(", ")} (RMSE, same windows)`;
}

/** By how much an error is smaller than another (above 0) or larger. */
function percent(ours: number, other: number): string {
  return `${((100 * Math.abs(other - ours)) / other).toFixed(1)} %`;
}

/** How a trial of a study stands to the baselines, in plain words; null where they were not scored. */
export function trialVerdict(header: StudyHeader, trial: Trial): string | null {
  const [metrics, baselines] = [errorsOf(header, trial), baselinesOf(header, trial)];
  return metrics && baselines ? verdict(`trial ${trial.number}`, { metrics, baselines }) : null;
}

/**
 * In plain words whether the model has learned more than the best of the baselines, and if not, whether it has learned
 * more than the mean fade; null when that cannot be told.
 */
export function verdict(model: string, { metrics, baselines }: Compared): string | null {
  const ours = ofPart(metrics, "rmse");
  const best = bestBaseline(baselines);
  if (ours === undefined || best === null || !Number.isFinite(ours)) return null;
  const rival = `${best.name} (RMSE ${shortNumber(best.rmse)})`;
  if (ours < best.rmse) return `${model} beats the best baseline, ${rival}, by ${percent(ours, best.rmse)}`;
  const loss = `${model} does NOT beat the best baseline, ${rival}: ${percent(ours, best.rmse)} worse`;
  const fade = baselines["mean_change_rmse"];
  if (fade === undefined || !Number.isFinite(fade)) return loss;
  return ours < fade
    ? `${loss}, though ${percent(ours, fade)} better than mean_change`
    : `${loss}; it has learned nothing beyond the mean fade`;
}
