/** What `train` says when it is over: errors beside the baselines, of one run or of each part and their mean. */
import type { FinishEvent } from "../core/index.js";
import type { FoldResult } from "../app/cross-validate.js";
import { resultTable, verdict } from "./baselines-view.js";
import { printLine } from "./io.js";
import type { CliIo } from "./io.js";
import { lifeOfRun, ownMetricsLine } from "./metrics-view.js";
import { duration, shortNumber } from "./render.js";
import { sizeOf } from "./terminal.js";
import { hangText } from "./text-layout.js";

/** What there is beside the usual errors: metrics of one's own, the remaining useful life. */
async function printFurther(io: CliIo, { metrics }: FinishEvent): Promise<void> {
  const { columns } = sizeOf(io.stdout);
  for (const line of [await ownMetricsLine(metrics, "val"), lifeOfRun(metrics)])
    if (line) printLine(io.stdout, hangText(line, columns, 2));
}

/** Whether the model beats the baselines, and {@link printFurther}. */
async function printWords(io: CliIo, model: string, finish: FinishEvent): Promise<void> {
  const words = verdict(model, finish);
  if (words) printLine(io.stdout, hangText(words, sizeOf(io.stdout).columns, 2));
  await printFurther(io, finish);
}

/** What one run came to. @param model its name */
export async function printResult(io: CliIo, model: string, finish: FinishEvent): Promise<void> {
  printLine(io.stdout, resultTable(model, finish));
  await printWords(io, model, finish);
  const where = finish.checkpoint === null ? "" : `; weights: ${finish.checkpoint}`;
  printLine(io.stdout, `best epoch ${finish.best_epoch}, ${duration(finish.seconds)}${where}`);
}

/** How a fold's table is headed: whole cells are held out, blocks of time validated. */
function headOf({ cell, fold }: FoldResult): string {
  if (fold.length === 0) return cell;
  return fold.length === 1 ? `${cell} held out` : `${cell}: ${fold.join(", ")} held out`;
}

/** What a run over folds or seeds came to: a table a part, and their mean. */
export async function printFolds(
  io: CliIo,
  model: string,
  { folds, mean, spread }: { folds: readonly FoldResult[]; mean: FinishEvent; spread: number | null },
): Promise<void> {
  const { columns } = sizeOf(io.stdout);
  for (const fold of folds) {
    printLine(io.stdout, `\n${hangText(headOf(fold), columns, 2)}`);
    printLine(io.stdout, resultTable(model, fold.finish));
    await printFurther(io, fold.finish);
  }
  const beside = spread === null ? "" : `, whose RMSE have a standard deviation of ${shortNumber(spread, 2)}`;
  printLine(io.stdout, `\nmean of ${folds.length} parts${beside}`);
  printLine(io.stdout, resultTable(model, mean));
  await printWords(io, model, mean);
  const files = folds.flatMap(({ finish }) => finish.checkpoint ?? []);
  const where = files.length === 0 ? "" : `; weights: ${files.join(", ")}`;
  const words = `best epoch of the mean ${mean.best_epoch}, ${duration(mean.seconds)}${where}`;
  printLine(io.stdout, hangText(words, columns, 2));
}
