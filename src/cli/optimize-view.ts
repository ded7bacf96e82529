/** A call of `optimize` for people: a live picture on a terminal, plain lines elsewhere. */
import type { OptimizeEvent, StudyHeader, Trial } from "../core/index.js";
import { directionsOf, isFeasible, oneLine, RunningFront } from "../core/index.js";
import { JsonView } from "./json-view.js";
import type { JsonViewOptions } from "./json-view.js";
import { duration, shortNumber } from "./render.js";
import type { CliIo } from "./io.js";
import { printDetail, printNote, shown } from "./io.js";
import { OptimizeDetails } from "./optimize-details.js";
import { tellerOf } from "./teller.js";
import { note, paramText } from "./trial-table.js";

/** Shows a call of `optimize` as it goes. */
export interface OptimizeView {
  onEvent(event: OptimizeEvent): void;
  /** Leaves a clean line behind; what follows is printed below. */
  stop(): void;
}

export interface ViewOptions extends JsonViewOptions {
  /** The best trial, or the Pareto front, before this call. */
  readonly front: readonly Trial[];
  /** What the study fixes, for details. @default no details */
  readonly header?: StudyHeader;
}

/** `lr 0.00312  hidden_size 48`: parameters in a line, without their groups. */
export function paramsLine(params: Trial["params"]): string {
  return Object.entries(params)
    .map(([name, value]) => `${name.slice(name.indexOf(".") + 1)} ${paramText(value)}`)
    .join("  ");
}

/**
 * The line of a finished trial: `trial 17  complete  0.01234 *  lr 0.003 …`; `*` marks a new best, or a new point of the
 * front.
 */
export function trialLine(trial: Trial, isNewBest: boolean): string {
  const mark = isNewBest ? " *" : isFeasible(trial) ? "" : " infeasible";
  const values = (trial.values ?? []).map((value) => shortNumber(value, 5)).join(", ");
  const value = trial.state === "complete" ? `${values}${mark}` : note(trial);
  return `trial ${String(trial.number).padStart(3)}  ${trial.state.padEnd(8)}  ${value.padEnd(10)}  ${paramsLine(trial.params)}`;
}

/** `best 0.0123`, or with several objectives `front 5`; nothing before there is any. */
function bestText(front: RunningFront, several: boolean): string {
  if (front.values.length === 0) return "";
  return several ? `  front ${front.values.length}` : `  best ${shortNumber(front.best, 5)}`;
}

function startLine(event: Extract<OptimizeEvent, { event: "start" }>): string {
  const goal = Number.isFinite(event.more) ? ` of ${event.finished + event.more}` : "";
  const recovered = event.recovered.length > 0 ? `; rerun first: ${event.recovered.join(", ")}` : "";
  return `${event.study}: ${event.finished}${goal} trials done, ${event.slots} in parallel${recovered}`;
}

function drainLine(event: Extract<OptimizeEvent, { event: "draining" }>): string {
  const running =
    event.running.length > 0
      ? `waiting for ${event.running.length === 1 ? "trial" : "trials"} ${event.running.join(", ")}`
      : "nothing is running";
  return event.by === "interrupt" ? `interrupted: ${running}; Ctrl-C again stops now` : `${event.by}: ${running}`;
}

/** The line of an event that both views tell alike; null for the others. */
function commonLine(event: OptimizeEvent): string | null {
  switch (event.event) {
    case "start":
      return startLine(event);
    case "requeued":
      return `trial ${event.number} interrupted; it will be rerun first`;
    case "held":
      return `trial ${event.number} is done; its result waits for trial ${event.waitsFor}`;
    case "paused":
      return "paused: no further trial starts until `mlbench-hpo resume`";
    case "resumed":
      return "resumed";
    case "subscriber-failed":
      return `${event.subscriber} failed, and goes on being called: ${oneLine(event.message)}`;
    case "draining":
      return drainLine(event);
    default:
      return null;
  }
}

/** Piped: a plain line for each thing worth keeping in a log; the reader of the pipe gets the first line first. */
export class PlainView implements OptimizeView {
  readonly #front: RunningFront;

  /** @param print where the lines go. @default stdout */
  constructor(
    private readonly io: CliIo,
    options: ViewOptions,
    private readonly print: (line: string) => void = (line) => printNote(this.io.stdout, line),
  ) {
    this.#front = new RunningFront(directionsOf(options), options.front);
  }

  onEvent(event: OptimizeEvent): void {
    const line = this.#line(event);
    if (line !== null) this.print(line);
  }

  #line(event: OptimizeEvent): string | null {
    switch (event.event) {
      case "trial":
        return trialLine(event.trial, this.#front.take(event.trial));
      case "held":
        // Worth seeing while it lasts; in a log the trial's own line says it.
        return null;
      default:
        return commonLine(event);
    }
  }

  stop(): void {}
}

interface Bar {
  update(value: number, payload: object): void;
  setTotal(total: number): void;
}

interface Bars {
  create(total: number, start: number, payload: object, options?: object): Bar;
  log(text: string): void;
  remove(bar: Bar): void;
  stop(): void;
  update(): void;
}

interface Running {
  readonly number: number;
  readonly started: number;
  text: string;
}

/** What stood on the line before may have been longer. */
const CLEAR_TO_END = "\u001b[K";

/** On a terminal: a bar over all, a line a running trial, and a line above for each finished one. */
export class LiveView implements OptimizeView {
  readonly #front: RunningFront;
  readonly #several: boolean;
  readonly #started = performance.now();
  readonly #slots: Bar[] = [];
  readonly #running = new Map<number, Running & { readonly slot: number }>();
  #total: Bar | null = null;
  #stopped = false;
  #goal = 0;
  #done = 0;
  #added = 0;

  constructor(
    private readonly bars: Bars,
    options: ViewOptions,
    private readonly columns: () => number,
  ) {
    this.#front = new RunningFront(directionsOf(options), options.front);
    this.#several = options.objectives.length > 1;
  }

  /** `cut` leaves room for the terminal's edge: a line that wraps would break the picture. */
  #cut(text: string): string {
    const width = this.columns() - 1;
    return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
  }

  #log(text: string): void {
    this.bars.log(`${this.#cut(shown(text))}${CLEAR_TO_END}\n`);
  }

  onEvent(event: OptimizeEvent): void {
    switch (event.event) {
      case "start":
        this.#log(startLine(event));
        return this.#start(event);
      case "trial-start":
        this.#running.set(event.number, {
          ...{ number: event.number, slot: event.slot, started: performance.now() },
          text: paramsLine(event.params),
        });
        return this.#showSlot(event.number);
      case "report":
        return this.#report(event);
      case "trial":
        this.#leave(event.trial.number);
        this.#done++;
        this.#added++;
        this.#log(trialLine(event.trial, this.#front.take(event.trial)));
        return this.#showTotal();
      case "requeued":
        this.#leave(event.number);
        break;
      case "finish":
        return;
    }
    const line = commonLine(event);
    if (line !== null) this.#log(line);
  }

  #start(event: Extract<OptimizeEvent, { event: "start" }>): void {
    this.#done = event.finished;
    this.#goal = event.finished + event.more;
    this.#total = this.bars.create(1, 0, { text: "" });
    for (let slot = 0; slot < event.slots; slot++) this.#slots.push(this.bars.create(1, 0, { text: "" }));
    this.#showTotal();
  }

  #report(event: Extract<OptimizeEvent, { event: "report" }>): void {
    const running = this.#running.get(event.number);
    if (!running) return;
    const prefix = `step ${event.step}: `;
    const reason = event.reason.startsWith(prefix) ? event.reason.slice(prefix.length) : event.reason;
    running.text = shown(oneLine(`step ${event.step}  ${shortNumber(event.value, 5)}  ${reason}`));
    this.#showSlot(event.number);
  }

  #leave(number: number): void {
    const running = this.#running.get(number);
    this.#running.delete(number);
    if (running) this.#slots[running.slot]?.update(0, { text: this.#cut(`  [${running.slot}] free`) });
  }

  #showSlot(number: number): void {
    const running = this.#running.get(number);
    if (!running) return;
    const seconds = duration((performance.now() - running.started) / 1000);
    const text = this.#cut(`  [${running.slot}] trial ${running.number}  ${seconds}  ${running.text}`);
    this.#slots[running.slot]?.update(0, { text });
  }

  #showTotal(): void {
    const seconds = (performance.now() - this.#started) / 1000;
    const best = bestText(this.#front, this.#several);
    const rate = this.#added === 0 ? "" : `  ${((60 * this.#added) / seconds).toFixed(1)}/min`;
    const known = Number.isFinite(this.#goal);
    const left =
      known && this.#added > 0 ? `  ${duration((seconds / this.#added) * (this.#goal - this.#done))} left` : "";
    const figures = `${this.#done}/${known ? this.#goal : "?"}${best}${rate}${left}`;
    const width = Math.max(5, Math.min(40, this.columns() - figures.length - 4));
    const filled = known && this.#goal > 0 ? Math.round((width * this.#done) / this.#goal) : 0;
    const bar = "█".repeat(Math.min(width, filled)) + "░".repeat(Math.max(0, width - filled));
    this.#total?.update(0, { text: this.#cut(`${bar} ${figures}`) });
  }

  stop(): void {
    // Once only: another picture would be drawn over what was printed since.
    if (this.#stopped) return;
    this.#stopped = true;
    for (const slot of this.#slots.splice(0)) this.bars.remove(slot);
    this.bars.update();
    this.bars.stop();
  }
}

/** Several views of one call. */
function together(views: readonly OptimizeView[]): OptimizeView {
  return {
    onEvent: (event) => {
      for (const view of views) view.onEvent(event);
    },
    stop: () => {
      for (const view of views) view.stop();
    },
  };
}

/** Details, where somebody hears them. */
function detailsView(io: CliIo, { header }: ViewOptions): OptimizeView[] {
  if (!header || !tellerOf(io.stderr)?.hearsDetails) return [];
  const details = new OptimizeDetails(header);
  const onEvent = (event: OptimizeEvent): void => {
    const line = details.line(event);
    if (line !== null) printDetail(io.stderr, () => line);
  };
  return [{ onEvent, stop: () => {} }];
}

/**
 * The view that fits: events for programs, a live picture on a terminal, plain lines elsewhere and beside details. The
 * log hears the plain lines whatever is shown.
 */
export async function createOptimizeView(io: CliIo, json: boolean, options: ViewOptions): Promise<OptimizeView> {
  const teller = tellerOf(io.stderr);
  const isPlain = !json && (teller?.quiet || teller?.verbose || !io.stdout.isTTY || !io.stderr.isTTY);
  const shownView = isPlain
    ? new PlainView(io, options)
    : json
      ? new JsonView(io, options)
      : await liveView(io, options);
  const logged =
    teller?.hearsRecord && !isPlain ? [new PlainView(io, options, (line) => teller.record(shown(line)))] : [];
  return together([shownView, ...logged, ...detailsView(io, options)]);
}

async function liveView(io: CliIo, options: ViewOptions): Promise<LiveView> {
  const { default: progress } = await import("cli-progress");
  const bars = new progress.MultiBar({
    format: "{text}",
    stream: io.stderr,
    hideCursor: true,
    linewrap: null,
    fps: 10,
    clearOnComplete: false,
    noTTYOutput: false,
    emptyOnZero: true,
    // A line above moves the picture down: lines that did not change have to be drawn there all the same.
    forceRedraw: true,
  });
  return new LiveView(bars, options, () => io.stderr.columns ?? 80);
}
