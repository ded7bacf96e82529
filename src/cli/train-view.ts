/** A training run shown as it goes. */
import type { EpochEvent } from "../core/index.js";
import type { CliIo } from "./io.js";
import { printNote } from "./io.js";
import type { LiveRegion } from "./live-region.js";
import { tellerOf } from "./teller.js";
import { duration, progressBar, shortNumber } from "./render.js";
import { movesCursor } from "./terminal.js";

/** Shows a training run to people, on stderr: a bar on a terminal, plain lines elsewhere. */
export interface TrainView {
  epoch(event: EpochEvent): void;
  /** Leaves a clean line behind for what follows. */
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

/** More lines than that would bury the result: of longer runs every second, third … epoch is told. */
const MOST_LINES = 40;

class PlainView implements TrainView {
  #last: EpochEvent | null = null;
  #told: EpochEvent | null = null;
  constructor(
    private readonly io: CliIo,
    private readonly epochs: number,
  ) {}
  epoch(event: EpochEvent): void {
    this.#last = event;
    const every = Math.ceil(this.epochs / MOST_LINES);
    if (this.#told === null || event.epoch % every === 0 || event.epoch === this.epochs) this.#tell(event);
  }
  #tell(event: EpochEvent): void {
    this.#told = event;
    printNote(this.io.stderr, epochLine(event, this.epochs));
  }
  /** The epoch at which an early end came is told as well. */
  stop(): void {
    if (this.#last !== null && this.#last !== this.#told) this.#tell(this.#last);
  }
}

class BarView implements TrainView {
  readonly #started = performance.now();
  #first = 0;
  #last: EpochEvent | null = null;
  constructor(
    private readonly region: LiveRegion,
    private readonly epochs: number,
    private readonly record: (event: EpochEvent) => void,
  ) {
    this.region.update(({ columns }) => this.#text(columns));
  }
  epoch(event: EpochEvent): void {
    // A resumed run does not begin with the first.
    if (this.#last === null) this.#first = event.epoch - 1;
    this.record(event);
    this.#last = event;
    this.region.update(({ columns }) => this.#text(columns));
  }

  /** The bar with its figures, which stand below it where the terminal is narrow. */
  #text(columns: number): string {
    const epoch = this.#last?.epoch ?? 0;
    const count = `${epoch}/${this.epochs}`;
    const figures = this.#last === null ? "" : this.#figures(this.#last);
    const least = 8 + count.length + figures.length + 4;
    const two = least > columns - 1;
    const width = Math.max(8, Math.min(40, columns - least + 8 + (two ? figures.length : 0)));
    const bar = progressBar(Math.round((width * epoch) / this.epochs), width);
    return `${bar} ${count}${two ? "\n" : "  "}${figures}`.trimEnd();
  }

  #figures({ epoch, train_rmse, val_rmse, lr }: EpochEvent): string {
    const each = (performance.now() - this.#started) / 1000 / (epoch - this.#first);
    const left = duration(each * (this.epochs - epoch));
    return `train ${rmse(train_rmse)}  val ${rmse(val_rmse)}  lr ${shortNumber(lr, 3)}  ${left} left`;
  }

  stop(): void {
    this.region.done();
  }
}

/** @param quiet nothing is shown (`--format json`); a log hears all the same */
export async function createTrainView(io: CliIo, epochs: number, quiet: boolean): Promise<TrainView> {
  const teller = tellerOf(io.stderr);
  const record = (event: EpochEvent): void => teller?.record(epochLine(event, epochs));
  if (quiet) return { epoch: record, stop: () => {} };
  if (!movesCursor(io.stderr) || teller?.quiet || teller?.verbose) return new PlainView(io, epochs);
  const { liveRegion } = await import("./live-region.js");
  return new BarView(liveRegion(io.stderr), epochs, record);
}
