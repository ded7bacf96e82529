/** A model beside the four baselines, as a table and in plain words. */
import { foldBaselinesOf, partNames } from "../app/views/baselines.js";
import { baselineNames, ofPart } from "../app/views/verdict.js";
import type { Compared } from "../app/views/verdict.js";
import type { Metrics, StudyHeader, Trial } from "../core/index.js";
import { renderTable, shortNumber } from "./render.js";

export { trialVerdict, verdict } from "../app/views/verdict.js";
export type { Compared } from "../app/views/verdict.js";

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

/** The baselines in a line, where they were scored: `persistence 0.0231, linear 0.0128, … (RMSE)`. */
export function baselinesLine(baselines: Metrics | null): string | null {
  const known = baselineNames.flatMap((name) => {
    const rmse = baselines?.[`${name}_rmse`];
    return rmse === undefined ? [] : [`${name} ${shortNumber(rmse)}`];
  });
  return known.length === 0 ? null : `${known.join(", ")} (RMSE, same windows)`;
}
