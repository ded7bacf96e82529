/** `best-trial --retrain`: the winner beside the defaults, printed. */
import type { Trial } from "../core/index.js";
import type { RetrainResult, RetrainRow } from "../app/retrain.js";
import type { Interval } from "../app/student-t.js";
import type { CliIo, OutputFormat } from "./io.js";
import { printNote } from "./io.js";
import { verdict } from "./baselines-view.js";
import { withInterrupt } from "./interrupt.js";
import { printData, renderTable } from "./render.js";
import { hangText } from "./text-layout.js";
import type { StudyRef } from "./study-ref.js";

const plusMinus = ({ mean, sd }: Interval): string => `${mean.toFixed(5)} ± ${sd.toFixed(5)}`;
const interval = ({ mean, low, high }: Interval): string =>
  `${mean.toFixed(5)} [${low.toFixed(5)}, ${high.toFixed(5)}]`;

/** Only an interval that excludes 0 is called a difference. */
export function differenceInWords({ difference: { low, high }, direction }: RetrainRow): string {
  if (low <= 0 && high >= 0) return "no difference shown";
  return high < 0 === (direction === "minimize") ? "winner is better" : "winner is worse";
}

/** What was trained, and on what. */
function headOf({ trial, epochs }: RetrainResult, seeds: number): string {
  const both = `trial ${trial} and the defaults under the same ${seeds} fresh seeds`;
  if (epochs === null) return `${both}, all epochs`;
  return (
    `${both}, on all cells but those of the test, for as many epochs as was best in the mean over the folds ` +
    `(${epochs.winner} and ${epochs.defaults})`
  );
}

/** Why there is no test score. */
function untestedInWords({ epochs }: RetrainResult): string {
  const none = "no test score: the study sets no cells aside for the test (data.test_cells)";
  return epochs === null ? none : `${none}, and its folds have seen all others`;
}

/** `best-trial --retrain`: the table of both sides under the same fresh seeds. */
export async function retrain(options: {
  io: CliIo;
  ref: StudyRef;
  trial: Trial;
  seeds: number;
  /** Where the winner's weights go; null: nowhere. */
  checkpoint: string | null;
  format: OutputFormat;
}): Promise<void> {
  const { io, ref, trial, seeds, checkpoint, format } = options;
  const { retrain: retrainBoth } = await import("../app/retrain.js");
  const result = await withInterrupt((signal) =>
    retrainBoth(ref, {
      ...{ trial: trial.number, seeds, signal, checkpoint: checkpoint ?? undefined },
      onRun: (run, done, total) => {
        const test = run.test ? `  test ${run.test["test_rmse"]?.toFixed(5)}` : "";
        const val = run.val["val_rmse"];
        const shown = val === undefined ? "" : `  val ${val.toFixed(5)}`;
        printNote(io.stderr, `${done}/${total}  ${run.who.padEnd(8)}${shown}${test}`);
      },
    }),
  );
  if (checkpoint !== null && format === "table") printNote(io.stderr, `weights: ${checkpoint}`);
  await printData(io, format, result, {
    table: (width) => {
      const table = renderTable(
        [
          { title: "metric", text: (row) => row.metric },
          { title: "winner", align: "right", text: (row) => plusMinus(row.winner) },
          { title: "defaults", align: "right", text: (row) => plusMinus(row.defaults) },
          { title: "difference, 95 %", align: "right", text: (row) => interval(row.difference) },
          { title: "", text: (row) => differenceInWords(row) },
        ],
        result.rows,
        width,
      );
      const lines = (["val", "test"] as const).flatMap((part) => {
        const baselines = result.baselines[part];
        const rmse = result.rows.find((row) => row.metric === `${part}_rmse`)?.winner.mean;
        if (!baselines || rmse === undefined) return [];
        const words = verdict("the winner", { metrics: { [`${part}_rmse`]: rmse }, baselines });
        return words === null ? [] : [hangText(`${part}: ${words}`, width, 2)];
      });
      const untested = result.baselines.test === null ? [hangText(untestedInWords(result), width, 2)] : [];
      if (result.rows.length === 0) return untested.join("\n");
      return [hangText(headOf(result, seeds), width, 2), table, ...lines, ...untested].join("\n");
    },
  });
}
