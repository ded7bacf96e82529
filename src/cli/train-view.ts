/** A training run shown as it goes. */
import type { EpochEvent, FinishEvent } from "../core/index.js";
import type { CliIo } from "./io.js";
import { printLine } from "./io.js";
import { duration, renderTable, shortNumber } from "./render.js";

/** Shows a training run to people, on stderr: a bar on a terminal, plain lines elsewhere. */
export interface TrainView {
  epoch(event: EpochEvent): void;
  /** Removes the bar, so that what follows starts on a clean line. */
  stop(): void;
}

const rmse = (value: number): string => value.toFixed(5);

/** A line an epoch: `epoch  3/30  train 0.01230  val 0.01541  lr 0.003`. */
export function epochLine(event: EpochEvent, epochs: number): string {
  const count = String(event.epoch).padStart(String(epochs).length);
  return (
    `epoch ${count}/${epochs}  train ${rmse(event.train_rmse)}  val ${rmse(event.val_rmse)}  ` +
    `lr ${shortNumber(event.lr, 3)}  ${duration(event.seconds)}`
  );
}

class PlainView implements TrainView {
  constructor(
    private readonly io: CliIo,
    private readonly epochs: number,
    private readonly label: string,
  ) {}
  epoch(event: EpochEvent): void {
    printLine(this.io.stderr, `${this.label}${epochLine(event, this.epochs)}`);
  }
  stop(): void {}
}

interface Bar {
  update(value: number, payload: object): void;
  stop(): void;
}

class BarView implements TrainView {
  #started = performance.now();
  constructor(
    private readonly bar: Bar,
    private readonly epochs: number,
  ) {}
  epoch(event: EpochEvent): void {
    const elapsed = (performance.now() - this.#started) / 1000;
    this.bar.update(event.epoch, {
      train: rmse(event.train_rmse),
      val: rmse(event.val_rmse),
      lr: shortNumber(event.lr, 3),
      left: duration((elapsed / event.epoch) * (this.epochs - event.epoch)),
    });
  }
  stop(): void {
    this.bar.stop();
  }
}

/**
 * @param label stands before the bar and each line: `"B0005 "`, the cell held out
 * @param quiet nothing at all (`--format json`)
 */
export async function createTrainView(io: CliIo, epochs: number, label: string, quiet: boolean): Promise<TrainView> {
  if (quiet) return { epoch: () => {}, stop: () => {} };
  if (!io.stderr.isTTY) return new PlainView(io, epochs, label);
  const { default: progress } = await import("cli-progress");
  const width = Math.max(8, Math.min(40, (io.stderr.columns ?? 80) - 66 - label.length));
  const bar = new progress.SingleBar(
    {
      format: `${label}{bar} {value}/{total}  train {train}  val {val}  lr {lr}  {left} left`,
      barsize: width,
      stream: io.stderr,
      hideCursor: true,
      linewrap: false,
    },
    progress.Presets.shades_classic,
  );
  bar.start(epochs, 0, { train: "-", val: "-", lr: "-", left: "-" });
  return new BarView(bar, epochs);
}

const baselineNames = ["persistence", "linear", "mean_change", "ridge"] as const;

/** The model's metric on the part that was scored: `val_rmse` after a run, `test_rmse` of `evaluate --split test`. */
function ofPart(metrics: FinishEvent["metrics"], name: string): number | undefined {
  return ["val", "test", "train"].map((part) => metrics[`${part}_${name}`]).find((value) => value !== undefined);
}

/** The closing table: the model beside the four baselines, on the same windows. */
export async function resultTable(model: string, finish: Pick<FinishEvent, "metrics" | "baselines">): Promise<string> {
  const { metrics, baselines } = finish;
  const rows = [
    { name: model, rmse: ofPart(metrics, "rmse"), end: ofPart(metrics, "rmse_end"), mae: ofPart(metrics, "mae") },
    ...baselineNames.map((name) => ({
      name,
      rmse: baselines[`${name}_rmse`],
      end: baselines[`${name}_rmse_end`],
      mae: baselines[`${name}_mae`],
    })),
  ];
  return renderTable(
    [
      { title: "", text: (row) => row.name },
      { title: "RMSE", align: "right", text: (row) => shortNumber(row.rmse) },
      { title: "RMSE end", align: "right", text: (row) => shortNumber(row.end) },
      { title: "MAE", align: "right", text: (row) => shortNumber(row.mae) },
    ],
    rows,
  );
}

/**
 * In plain words whether the model has learned more than the mean fade, and whether a linear model has learned more;
 * null when that cannot be told.
 */
export function verdict(model: string, finish: Pick<FinishEvent, "metrics" | "baselines">): string | null {
  const ours = ofPart(finish.metrics, "rmse");
  const baseline = finish.baselines["mean_change_rmse"];
  if (ours === undefined || baseline === undefined || !Number.isFinite(baseline)) return null;
  const share = (100 * (baseline - ours)) / baseline;
  const ridge = finish.baselines["ridge_rmse"] ?? Infinity;
  const beaten = ridge < ours ? `; ridge does better still (RMSE ${shortNumber(ridge)})` : "";
  return ours < baseline
    ? `${model} beats mean_change by ${share.toFixed(1)} %${beaten}`
    : `${model} does NOT beat mean_change (${(-share).toFixed(1)} % worse): it has learned nothing beyond the mean fade`;
}
