/** A training run shown as it goes. */
import type { EpochEvent } from "../core/index.js";
import type { CliIo } from "./io.js";
import { printNote } from "./io.js";
import { tellerOf } from "./teller.js";
import { duration, shortNumber } from "./render.js";

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
    printNote(this.io.stderr, `${this.label}${epochLine(event, this.epochs)}`);
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
    private readonly record: (event: EpochEvent) => void,
  ) {}
  epoch(event: EpochEvent): void {
    this.record(event);
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
 * @param quiet nothing is shown (`--format json`); a log hears all the same
 */
export async function createTrainView(io: CliIo, epochs: number, label: string, quiet: boolean): Promise<TrainView> {
  const teller = tellerOf(io.stderr);
  const record = (event: EpochEvent): void => teller?.record(`${label}${epochLine(event, epochs)}`);
  if (quiet) return { epoch: record, stop: () => {} };
  if (!io.stderr.isTTY || teller?.quiet || teller?.verbose) return new PlainView(io, epochs, label);
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
  return new BarView(bar, epochs, record);
}
